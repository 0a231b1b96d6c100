"""`labelferry align`: the word alignment of a bitext, in Pharaoh format."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from alignment.words import ALIGNERS, DEFAULT_ALIGNER
from corpora.errors import UserError
from flows.cli.arguments import Number, check_outputs

if TYPE_CHECKING:
    from alignment.protocol import WordAligner, WordAlignment, WordPair

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
        choices=tuple(ALIGNERS),
        default=DEFAULT_ALIGNER,
        help="where links come from",
    )
    add(
        "--symmetrization",
        choices=("weighted", "intersection", "union", "grow-diag", "grow-diag-final-and"),
        help="how the two directions are joined "
        "(default: weighted; of eflomal, which has no probabilities, intersection)%(default).0s",
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
    from alignment.words.splitting import split_pair

    if args.aligner != "statistical" and (args.priors or args.save_priors):
        raise UserError("--priors and --save-priors go with --aligner statistical")
    inputs = {"SOURCE": args.source_file, "TARGET": args.target_file}
    check_outputs({"--out": args.out}, inputs | {"--priors": args.priors})
    # Priors may be brought up to date in place: they are read before they are written.
    check_outputs({"--out": args.out, "--save-priors": args.save_priors}, inputs)
    pairs = _read(args)
    words = [split_pair(pair.source.text, pair.target.text) for pair in pairs]
    started = time.perf_counter()
    links = _align(_aligner(args, words), args, pairs, words)
    seconds = time.perf_counter() - started
    count = write_pharaoh(args.out, links, weights=args.weights)
    total = sum(len(alignment.links) for alignment in links)
    print(
        f"{count} pairs, {total} links, {count / max(seconds, 1e-9):.0f} pairs per second",
        file=sys.stderr,
    )
    return 0


def _align(
    aligner: WordAligner,
    args: argparse.Namespace,
    pairs: list[WordPair],
    words: list[WordPair],
) -> list[WordAlignment]:
    """Links between the tokens of `pairs`, or with `--unspaced` between the words of the same."""
    from alignment.protocol import SoftAligner
    from alignment.symmetrize import links_from_posteriors
    from alignment.words.tokens import align_tokens, token_links

    if isinstance(aligner, SoftAligner):
        method = args.symmetrization or "weighted"
        soft = aligner.posteriors(words)
        if args.unspaced:
            return [links_from_posteriors(p, args.threshold, method) for p in soft]
        return align_tokens(pairs, soft, args.threshold, method)
    links = aligner.align(words)
    if args.unspaced:
        return links
    return [token_links(*three) for three in zip(pairs, words, links, strict=True)]


def _read(args: argparse.Namespace) -> list[WordPair]:
    from alignment.protocol import WordPair, Words
    from alignment.words.tokens import space_tokens
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


def _aligner(args: argparse.Namespace, words: list[WordPair]) -> WordAligner:
    from alignment.words import load_aligner

    if args.aligner == "statistical":
        from alignment.words.statistical.aligner import StatisticalAligner

        statistical = StatisticalAligner(args.priors)
        if args.save_priors is not None:
            statistical.fit(words).save(args.save_priors)
        return statistical
    if args.aligner == "encoder":
        if args.encoder is None:
            raise UserError("--aligner encoder needs --encoder NAME|PATH")
        return load_aligner("encoder", model=args.encoder, layer=args.layer)
    if args.aligner == "attention":
        from translators.open import open_translator

        return load_aligner(
            "attention",
            translator=open_translator(args.model),
            source=args.source,
            target=args.target,
            reverse=open_translator(args.reverse_model) if args.reverse_model else None,
        )
    if args.aligner == "eflomal" and args.symmetrization is not None:
        return load_aligner("eflomal", symmetrization=args.symmetrization)
    return load_aligner(args.aligner)
