"""`labelferry models`: the store of translation models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App

from flows.cli.arguments import Number, option
from flows.cli.messages import say

models = App(
    name="models",
    help_epilogue="""\
The store of translation models: data/store, or the folder that LABELFERRY_STORE names; what ships
is in data/models.

WHAT to add is a hub id (owner/name), a folder of a `transformers` model or of a ready CTranslate2
one, or an Argos package (.argosmodel, or the folder that Argos installed it to). Models are
converted from safetensors alone; that needs the 'torch' extra, running them does not.""",
)


_Quantization = Annotated[
    str | None,
    option(
        "Number type of a model that is converted: int8, int8_float32, int8_float16, "
        "int8_bfloat16, int16, float16, bfloat16 or float32.",
        default="int8",
        metavar="TYPE",
    ),
]
_AlignmentHead = Annotated[
    str,
    option(
        "Which decoder attention was trained to be a word alignment: none, guided (the first "
        "head of the last layer, as in Marian's guided alignment; OPUS-MT models whose README "
        "says transformer-align), or LAYER:HEADS (the first HEADS heads of LAYER, -1 the "
        "last).",
        metavar="HEAD",
        allow_leading_hyphen=True,
    ),
]


_Name = Annotated[str | None, option("Name in the store.", default="made from WHAT")]
_Family = Annotated[
    str | None,
    option(
        "marian, nllb, m2m100, small100, mbart50, mbart25, t5, argos or ct2.",
        default="by architecture and vocabulary",
    ),
]
_Source = Annotated[
    list[str] | None,
    option(
        "BCP 47 tag of what the model reads; repeat it for several.",
        default="what its files say",
    ),
]
_Target = Annotated[
    list[str] | None,
    option(
        "BCP 47 tag of what the model writes; repeat it for several.",
        default="what its files say",
    ),
]
_Prompt = Annotated[
    str | None,
    option(
        "What a T5 without language tokens has before every text, such as 'translate English to "
        "German:'; '' for nothing.",
        default="what its configuration says",
        metavar="TEXT",
    ),
]
_MaxPieces = Annotated[
    int | None,
    option(
        "Longest source and output, in pieces.",
        number=Number(1),
        default="what its configuration says, at most 500",
    ),
]
_Licence = Annotated[
    str | None, option("Licence of the model.", default="as its README's header says")
]
_Revision = Annotated[
    str | None,
    option("Branch, tag, commit or refs/pr/N of a hub id.", default="main's commit"),
]


@models.command(help="put a model into the store")
def add(
    what: Annotated[str, option("Hub id, folder, or .argosmodel file.")],
    /,
    *,
    name: _Name = None,
    family: _Family = None,
    source: _Source = None,
    target: _Target = None,
    prompt: _Prompt = None,
    quantization: _Quantization = None,
    alignment_head: _AlignmentHead = "none",
    max_pieces: _MaxPieces = None,
    licence: _Licence = None,
    revision: _Revision = None,
) -> int:
    """Put a model into the store."""
    from corpora.errors import UserError
    from translators.adding import add_model, alignment_note, parse_alignment_head
    from translators.describing import ModelFacts
    from translators.families import FAMILIES

    if family is not None and family not in FAMILIES:
        raise UserError(f"unknown family {family!r}", choices=FAMILIES)
    facts = ModelFacts(
        name=name,
        family=family,
        source=tuple(source or ()) or None,
        target=tuple(target or ()) or None,
        alignment=parse_alignment_head(alignment_head),
        licence=licence,
        max_source_pieces=max_pieces,
        prompt=prompt,
    )
    info = add_model(
        what,
        facts,
        quantization=quantization,
        revision=revision,
        report=lambda note: say(f"note: {note}", sys.stderr),
    )
    say(f"added {info.name} to {info.path.parent}")
    if note := alignment_note(Path(what).expanduser(), facts):
        say(f"note: {note}", sys.stderr)
    for line in _several_codes(info.card.sources | info.card.targets):
        say(f"note: the model has several codes for one language: {line}", sys.stderr)
    return 0


def _several_codes(languages: dict[str, str]) -> list[str]:
    """A line for each language that the model has several codes for: which tag means which."""
    from translators.languages import shared_languages

    return [
        ", ".join(f"{tag} is {code}" for tag, code in group.items())
        for group in shared_languages(languages)
    ]


@models.command(name="list", help="the models there are")
def list_models() -> int:
    """List the models of the store and those that ship."""
    from corpora.errors import UserError
    from translators.store import list_models as find_models
    from translators.store import shipped_folder, store_folder

    broken: list[UserError] = []
    models_found = find_models(broken.append)
    for problem in broken:
        say(f"left out: {problem}", sys.stderr)
    if not models_found:
        say(f"no models in {store_folder()} or {shipped_folder()}", sys.stderr)
        return 0
    rows = [("NAME", "FAMILY", "LANGUAGES", "ALIGNMENT", "WHERE")]
    for info in models_found:
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
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
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


@models.command(help="all that is known of a model; checks its files")
def show(
    name: Annotated[str, option("Name in the store, or a folder.", metavar="NAME|PATH")], /
) -> int:
    """Show all that is known of a model, and check its files."""
    from translators.model_card import verify
    from translators.store import resolve

    info = resolve(name)
    verify(info)
    size = sum(path.stat().st_size for path in info.path.iterdir() if path.is_file())
    say(f"name          {info.name}")
    say(f"folder        {info.path} ({size / 1e6:.1f} MB, files as the card says)")
    for field in (
        "family", "origin", "revision", "licence", "quantization", "max_source_pieces",
    ):  # fmt: skip
        value = getattr(info.card, field)
        say(f"{field.replace('max_source_pieces', 'pieces'):13} {'-' if value is None else value}")
    head = info.card.alignment
    say(f"alignment     {f'layer {head.layer}, {head.heads} head(s)' if head else 'none'}")
    say(f"reads         {', '.join(sorted(info.card.sources))}")
    say(f"writes        {', '.join(sorted(info.card.targets))}")
    if info.card.pairs is not None:
        say(f"pairs         {', '.join(f'{s} to {t}' for s, t in info.card.pairs)}")
    for line in _several_codes(info.card.sources | info.card.targets):
        say(f"codes         {line}")
    return 0


@models.command(help="remove a model from the store")
def remove(name: Annotated[str, option("Name in the store.")], /) -> int:
    """Remove a model from the store."""
    from translators.store import remove as remove_model

    say(f"removed {remove_model(name)}")
    return 0
