"""`labelferry align`: the word alignment of a bitext, in Pharaoh format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from alignment.words import ALIGNERS, DEFAULT_ALIGNER
from flows.cli.arguments import Number, check_outputs

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
    from augmentation.pipeline.configuration import validate
    from augmentation.projection.align import align, read_pairs
    from augmentation.projection.config import AlignConfig

    config = validate(AlignConfig, {name: getattr(args, name) for name in AlignConfig.model_fields})
    inputs = {"SOURCE": args.source_file, "TARGET": args.target_file}
    check_outputs({"--out": args.out}, inputs | {"--priors": args.priors})
    # Priors may be brought up to date in place: they are read before they are written.
    check_outputs({"--out": args.out, "--save-priors": args.save_priors}, inputs)
    result = align(read_pairs(args.source_file, args.target_file), config)
    count = result.write(args.out, weights=args.weights)
    print(
        f"{count} pairs, {result.total_links} links, "
        f"{count / max(result.seconds, 1e-9):.0f} pairs per second",
        file=sys.stderr,
    )
    return 0
