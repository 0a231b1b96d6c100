"""`labelferry align`: the word alignment of a bitext, in Pharaoh format."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import UserError
from flows.cli.arguments import Number, check_outputs

if TYPE_CHECKING:
    from alignment.protocol import SoftAligner, WordPair

DESCRIPTION = """\
Align the words of a bitext: two files with a sentence a line, or one with tab-separated pairs
(source, target; further columns are ignored). Writes one line of links a pair, such as
`0-0 1-2`, that count, from 0, what stands between spaces.

  labelferry align text.en text.es --out text.talp
  labelferry align pairs.tsv --symmetrization grow-diag-final-and --out pairs.talp
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add("source_file", metavar="SOURCE|TSV", type=Path, help="source sentences, or pairs")
    add("target_file", metavar="TARGET", type=Path, nargs="?", help="target sentences%(default).0s")
    add(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="where the links go; .gz and .zst compress (required)%(default).0s",
    )
    add(
        "--aligner",
        choices=("statistical", "attention", "encoder", "lexical"),
        default="statistical",
        help="where links come from",
    )
    add(
        "--symmetrization",
        default="weighted",
        choices=("weighted", "intersection", "union", "grow-diag", "grow-diag-final-and"),
        help="how the two directions are joined",
    )
    add(
        "--threshold",
        type=Number("--threshold", 0, 1, whole=False),
        default=0.5,
        metavar="P",
        help="least mean probability of a link, for 'weighted'",
    )
    add("--weights", action="store_true", help="write each link's probability too: 0-0:0.9731")
    add(
        "--unspaced",
        action="store_true",
        help="count our own words instead of what stands between spaces, for text that has none",
    )
    add(
        "--priors",
        type=Path,
        metavar="FILE",
        help="what an earlier run learned (statistical)%(default).0s",
    )
    add(
        "--save-priors",
        type=Path,
        metavar="FILE",
        help="keep what this run learns (statistical)%(default).0s",
    )
    add("--encoder", metavar="NAME|PATH", help="model of '--aligner encoder'%(default).0s")
    add("--layer", type=int, default=8, metavar="N", help="layer of that model")
    add(
        "--model",
        metavar="NAME|PATH",
        help="translation model of '--aligner attention' "
        "(default: the one that ships)%(default).0s",
    )
    add("--reverse-model", metavar="NAME|PATH", help="and one for the other direction%(default).0s")
    add("--source", default="en", metavar="LANG", help="source language, for attention")
    add("--target", default="de", metavar="LANG", help="target language, for attention")


def run(args: argparse.Namespace) -> int:
    """Read, align, write."""
    from alignment.pharaoh import write_pharaoh
    from alignment.symmetrize import links_from_posteriors
    from alignment.tokens import align_tokens, in_words

    if args.aligner != "statistical" and (args.priors or args.save_priors):
        raise UserError("--priors and --save-priors go with --aligner statistical")
    inputs = {"SOURCE": args.source_file, "TARGET": args.target_file}
    check_outputs({"--out": args.out}, inputs | {"--priors": args.priors})
    # Priors may be brought up to date in place: they are read before they are written.
    check_outputs({"--out": args.out, "--save-priors": args.save_priors}, inputs)
    pairs = _read(args)
    words = [in_words(pair) for pair in pairs]
    started = time.perf_counter()
    aligner = _aligner(args, words)
    soft = aligner.posteriors(words)
    seconds = time.perf_counter() - started
    if args.unspaced:
        links = [links_from_posteriors(one, args.threshold, args.symmetrization) for one in soft]
    else:
        links = align_tokens(pairs, soft, args.threshold, args.symmetrization)
    count = write_pharaoh(args.out, links, weights=args.weights)
    total = sum(len(one.links) for one in links)
    print(
        f"{count} pairs, {total} links, {count / max(seconds, 1e-9):.0f} pairs a second",
        file=sys.stderr,
    )
    return 0


def _read(args: argparse.Namespace) -> list[WordPair]:
    from alignment.protocol import WordPair, Words
    from alignment.tokens import space_tokens
    from corpora.readers.streams import text_lines

    for path in (args.source_file, args.target_file):
        if path is not None and not path.is_file():
            raise UserError("no such file", file=path)
    if args.target_file is not None:
        sources = list(text_lines(args.source_file))
        targets = list(text_lines(args.target_file))
        if len(sources) != len(targets):
            problem = f"{len(targets)} lines, but {args.source_file} has {len(sources)}"
            raise UserError(problem, file=args.target_file)
    else:
        sources, targets = [], []
        for number, line in enumerate(text_lines(args.source_file), 1):
            fields = line.split("\t")
            if len(fields) < 2:
                problem = "no tab: expected source and target"
                raise UserError(problem, file=args.source_file, line=number)
            sources.append(fields[0])
            targets.append(fields[1])
    if not sources:
        raise UserError("the file is empty", file=args.source_file)
    return [
        WordPair(Words(source, space_tokens(source)), Words(target, space_tokens(target)))
        for source, target in zip(sources, targets, strict=True)
    ]


def _aligner(args: argparse.Namespace, words: list[WordPair]) -> SoftAligner:
    if args.aligner == "statistical":
        from alignment.statistical import StatisticalAligner

        statistical = StatisticalAligner(args.priors)
        if args.save_priors is not None:
            statistical.fit(words).save(args.save_priors)
        return statistical
    if args.aligner == "lexical":
        from alignment.lexical import LexicalAligner

        return LexicalAligner()
    if args.aligner == "encoder":
        if args.encoder is None:
            raise UserError("--aligner encoder needs --encoder NAME|PATH")
        from alignment.encoder import EncoderAligner

        return EncoderAligner(args.encoder, args.layer)
    from alignment.attention import AttentionAligner
    from translators.open import open_translator

    reverse = open_translator(args.reverse_model) if args.reverse_model else None
    return AttentionAligner(open_translator(args.model), args.source, args.target, reverse)
