"""`labelferry models`: the store of translation models."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable

from flows.cli.arguments import Number

DESCRIPTION = """\
The store of translation models: data/store, or the folder that LABELFERRY_STORE names; what ships
lies in data/models.

WHAT to add is a hub id (owner/name), a folder of a `transformers` model or of a ready CTranslate2
one, or an Argos package (.argosmodel). Models are converted from safetensors alone; that needs the
'torch' extra, running them does not.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_arguments(
        actions.add_parser(
            "add",
            help="put a model into the store",
            description="Put a model into the store.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
    )
    actions.add_parser("list", help="the models there are")
    show = actions.add_parser("show", help="all that is known of a model; checks its files")
    show.add_argument("name", metavar="NAME|PATH")
    remove = actions.add_parser("remove", help="remove a model from the store")
    remove.add_argument("name", metavar="NAME")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    # As Python 3.14 has it: what begins with a minus and a digit is a value, such as `-1:1`.
    parser._negative_number_matcher = re.compile(r"-\d")
    add = parser.add_argument
    add("what", metavar="WHAT", help="hub id, folder, or .argosmodel file")
    add("--name", help="name in the store (default: made from WHAT)%(default).0s")
    add(
        "--family",
        metavar="FAMILY",
        help="marian, nllb, m2m100, mbart50, t5, argos or ct2 (default: by architecture and "
        "vocabulary)%(default).0s",
    )
    add(
        "--source",
        help="BCP 47 tag of what a model of one pair reads (default: what its files say)"
        "%(default).0s",
    )
    add(
        "--target",
        help="BCP 47 tag of what a model of one pair writes (default: what its files say)"
        "%(default).0s",
    )
    add(
        "--quantization",
        metavar="TYPE",
        help="of a model that is converted: int8, int8_float32, int8_float16, int8_bfloat16, "
        "int16, float16, bfloat16 or float32 (default: int8)%(default).0s",
    )
    add(
        "--alignment-head",
        default="none",
        metavar="HEAD",
        help="which decoder attention was taught to be a word alignment: none, guided (the first "
        "head of the last layer, as Marian's guided alignment; OPUS-MT models whose README says "
        "transformer-align), or LAYER:HEADS (the first HEADS heads of LAYER, -1 the last)",
    )
    add(
        "--max-pieces",
        type=Number("--max-pieces", 1),
        metavar="N",
        help="longest source and output, in pieces (default: what its configuration says, at most "
        "500)%(default).0s",
    )
    add(
        "--licence", help="licence of the model (default: as its README's header says)%(default).0s"
    )
    add(
        "--revision",
        help="branch, tag, commit or refs/pr/N of a hub id (default: main's commit)%(default).0s",
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "add": _add,
        "list": _list,
        "show": _show,
        "remove": _remove,
    }
    return actions[args.action](args)


def _add(args: argparse.Namespace) -> int:
    from pathlib import Path

    from corpora.errors import UserError
    from corpora.text.languages import normalise_tag
    from translators.adding import add_model, alignment_note, parse_alignment_head
    from translators.describing import ModelFacts
    from translators.families import FAMILIES

    if args.family is not None and args.family not in FAMILIES:
        raise UserError(f"unknown family {args.family!r}", choices=FAMILIES)
    facts = ModelFacts(
        name=args.name,
        family=args.family,
        source=None if args.source is None else normalise_tag(args.source),
        target=None if args.target is None else normalise_tag(args.target),
        alignment=parse_alignment_head(args.alignment_head),
        licence=args.licence,
        max_source_pieces=args.max_pieces,
    )
    info = add_model(args.what, facts, quantization=args.quantization, revision=args.revision)
    print(f"added {info.name} to {info.path.parent}")
    if note := alignment_note(Path(args.what).expanduser(), facts):
        print(f"note: {note}", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    from translators.store import list_models, shipped_folder, store_folder

    models = list_models()
    if not models:
        print(f"no models in {store_folder()} or {shipped_folder()}", file=sys.stderr)
        return 0
    rows = [("NAME", "FAMILY", "LANGUAGES", "ALIGNMENT", "WHERE")]
    for info in models:
        ships = info.path.parent == shipped_folder()
        rows.append(
            (
                info.card.name,
                info.card.family,
                _languages(info.card.sources, info.card.targets, info.card.pairs),
                "yes" if info.card.alignment else "no",
                "ships" if ships else "store",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


def _languages(
    sources: dict[str, str], targets: dict[str, str], pairs: tuple[tuple[str, str], ...] | None
) -> str:
    if pairs is not None:
        text = ", ".join(f"{source} to {target}" for source, target in pairs)
    elif sources.keys() == targets.keys():
        text = f"{', '.join(sources)} (any to any)"
    else:
        text = f"{', '.join(sources)} to {', '.join(targets)}"
    return text if len(text) <= 60 else f"{len(sources)} to {len(targets)} languages"


def _show(args: argparse.Namespace) -> int:
    from translators.model_card import verify
    from translators.store import resolve

    info = resolve(args.name)
    verify(info)
    size = sum(path.stat().st_size for path in info.path.iterdir() if path.is_file())
    print(f"name          {info.name}")
    print(f"folder        {info.path} ({size / 1e6:.1f} MB, files as the card says)")
    for field in (
        "family", "origin", "revision", "licence", "quantization", "max_source_pieces",
    ):  # fmt: skip
        value = getattr(info.card, field)
        print(
            f"{field.replace('max_source_pieces', 'pieces'):13} {'-' if value is None else value}"
        )
    head = info.card.alignment
    print(f"alignment     {f'layer {head.layer}, {head.heads} head(s)' if head else 'none'}")
    print(f"reads         {', '.join(sorted(info.card.sources))}")
    print(f"writes        {', '.join(sorted(info.card.targets))}")
    if info.card.pairs is not None:
        print(f"pairs         {', '.join(f'{s} to {t}' for s, t in info.card.pairs)}")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from translators.store import remove

    print(f"removed {remove(args.name)}")
    return 0
