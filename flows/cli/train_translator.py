"""`labelferry train-translator`: a model folder from parallel corpora."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.cli.arguments import Number, seed

DESCRIPTION = """\
Train a translation model from parallel corpora: read, clean, subwords, word alignment, training,
conversion, card. Each step goes on where an earlier run of the same command was cut off.

A BITEXT is a tab-separated file, a TMX file, or two line-aligned files joined by a comma
(corpus.en,corpus.de); gzip and zstd are unpacked. With several --target, each BITEXT says which
it has: de=corpus.tsv.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments.

    What is not given is left to the recipe and to the configuration; the help says its default.
    """
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("bitext", nargs="*", metavar="BITEXT", help="parallel corpus (see above)")
    add("--source", help="language of the first side (BCP 47 tag)")
    add(
        "--target",
        dest="targets",
        action="append",
        metavar="TARGET",
        help="language of the second side (BCP 47 tag); may be repeated, for one model of all",
    )
    add("--out", required=True, type=Path, metavar="DIR", help="model folder")
    add(
        "--bidirectional",
        action=argparse.BooleanOptionalAction,
        help="one model for both directions (default: no)",
    )
    add("--config", type=Path, metavar="YAML", help="recipe; options given here win over it")
    add(
        "--columns",
        metavar="A,B",
        help="columns of tab-separated corpora: names in the header, or numbers from 1 "
        "(default: those that the header calls SOURCE and TARGET, or the only two)",
    )
    add(
        "--weights",
        metavar="W,W",
        help="how often each BITEXT is seen, in their order (default: 1 each)",
    )
    add(
        "--dev",
        action="append",
        metavar="BITEXT",
        help="what early stopping measures on, may be repeated (default: held-out pairs)",
    )
    add("--name", help="the model's name (default: SOURCE-TARGET)")
    add(
        "--init-from",
        type=Path,
        metavar="MODEL",
        help="go on from this model, a name or a folder, with its subwords (default: from nothing)",
    )
    add(
        "--init-subwords",
        choices=("take", "new"),
        help="with --init-from: take its subwords, or make new ones, as for a further language "
        "(default: take)",
    )
    add(
        "--vocabulary",
        type=Number("--vocabulary", 300),
        metavar="N",
        help="number of subwords (default: 8000)",
    )
    add(
        "--max-steps",
        type=Number("--max-steps", 1),
        metavar="N",
        help="updates of training (default: 20000)",
    )
    add("--quantization", help="of the converted model (default: int8)")
    add("--seed", type=seed(), help="of training and subwords (default: 0)")
    add(
        "--no-guided-alignment",
        action="store_true",
        default=False,
        help="train without word alignments; attention will be no alignment",
    )
    add(
        "--max-minutes",
        type=Number("--max-minutes", 0, whole=False, above=True),
        metavar="M",
        help="train so long in this go, convert what there is, and go on next time "
        "(default: to the end)",
    )
    add("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train")
    add(
        "--threads",
        type=Number("--threads", 1, 4096),
        metavar="N",
        help="processor threads (default: all)",
    )
    add(
        "--work",
        type=Path,
        metavar="DIR",
        help="folder of the steps (default: that of --out with '.work' added)",
    )
    add(
        "--no-prefect",
        action="store_true",
        default=False,
        help="run in this process, without Prefect",
    )


def run(args: argparse.Namespace) -> int:
    """Train, and print where the model is."""
    from augmentation.pipeline.listener import Messages
    from augmentation.train_translator.config import load_config

    config = load_config(getattr(args, "config", None), _overrides(vars(args)))
    # The name that a folder goes by: `--out .` has none. A link is refused, so it is not followed.
    out = args.out.parent.resolve() / args.out.name if args.out.name else args.out.resolve()
    settings: dict[str, Any] = {
        "work": getattr(args, "work", None),
        "device": args.device,
        "threads": getattr(args, "threads", None),
        "max_seconds": 60 * args.max_minutes if "max_minutes" in args else None,
        "listener": Messages(lambda line: print(line, file=sys.stderr, flush=True)),
    }
    if args.no_prefect:
        from augmentation.train_translator.run import train_translator

        train_translator(config, out, **settings)
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.train_translator import run_flow

            run_flow(config, out, **settings)
    print(args.out)
    return 0


def _overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line says, laid out as the configuration is."""
    columns = _list(given["columns"], "--columns", 2) if "columns" in given else None
    files = given.get("bitext", [])
    weights = ["1"] * len(files)
    if "weights" in given:
        weights = _list(given["weights"], "--weights", len(files))
    out: dict[str, Any] = {
        key: given[key]
        for key in (
            "source",
            "targets",
            "bidirectional",
            "name",
            "quantization",
            "init_from",
            "init_subwords",
        )
        if key in given
    }
    if files:
        out["bitext"] = [
            _source(text, columns) | {"weight": weight}
            for text, weight in zip(files, weights, strict=True)
        ]
    if "dev" in given:
        out["dev"] = [_source(text, columns) for text in given["dev"]]
    if given["no_guided_alignment"]:
        out["alignment"] = None
    for key, names in (("subwords", ("vocabulary", "seed")), ("training", ("max_steps", "seed"))):
        if chosen := {name: given[name] for name in names if name in given}:
            out[key] = chosen
    return out


def _list(text: str, option: str, count: int) -> list[str]:
    from corpora.errors import UserError

    values = text.split(",")
    if len(values) != count:
        raise UserError(f"{option} {text}: {len(values)} given, {count} needed, parted by commas")
    return values


def _source(text: str, columns: list[str] | None) -> dict[str, Any]:
    """A BITEXT as `BitextSource` lays it out; a file may have `=` or a comma in its name."""
    from corpora.bitext import Bitext

    given: dict[str, Any] = {}
    if "=" in text and not Path(text).exists():
        given["target"], _, text = text.partition("=")
    if "," in text and not Path(text).exists():
        source, _, target = text.partition(",")
        return given | {"path": source, "target_path": target}
    if not Bitext(Path(text)).is_table:
        columns = None  # they are those of the tables among the corpora
    return given | {"path": text, "columns": columns}
