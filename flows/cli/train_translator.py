"""`labelferry train-translator`: a model folder from parallel corpora."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from augmentation.pipeline.listener import Messages
from augmentation.train_translator.config import TrainTranslatorConfig
from flows.cli.arguments import STANDARD_INPUT, ConfigFile, NoPrefect, Number, option, stream
from flows.cli.interrupts import SAME_AGAIN, kept
from flows.cli.messages import say
from flows.cli.options import Overrides, takes_settings

_Out = Annotated[Path, option("Model folder.", metavar="DIR")]
_Columns = Annotated[
    str | None,
    option(
        "Columns of tab-separated corpora: names in the header, or numbers from 1.",
        default="those that the header calls SOURCE and TARGET, or the only two",
        metavar="A,B",
    ),
]
_Weights = Annotated[
    str | None,
    option(
        "How often each BITEXT is seen in an epoch, in their order.",
        default="1 each",
        metavar="W,W",
    ),
]
_Dev = Annotated[
    list[str] | None,
    option(
        "What early stopping measures on, a BITEXT; may be repeated.",
        default="held-out pairs",
        metavar="BITEXT",
        negative=(),
    ),
]
_NoGuidedAlignment = Annotated[
    bool,
    option("Train without word alignments; attention will be no alignment.", negative=()),
]
_MaxMinutes = Annotated[
    float | None,
    option(
        "Train this long in this run, convert the model so far, and continue next time.",
        number=Number(0, whole=False, above=True),
        default="to the end",
    ),
]
_Device = Annotated[Literal["auto", "cpu", "cuda"], option("Where to train.")]
_Threads = Annotated[
    int | None, option("Processor threads.", number=Number(1, 4096), default="all")
]
_Work = Annotated[
    Path | None,
    option("Folder of the steps.", default="that of --out with '.work' added", metavar="DIR"),
]


@takes_settings(
    TrainTranslatorConfig,
    leave_out=("training.shape", "training.noise", "training.optimizer"),
    names={"targets": "--target", "training.seed": "--seed", "subwords.seed": "--seed"},
)
def train_translator(
    *bitext: Annotated[str, stream("Parallel corpus (see above).", metavar="BITEXT")],
    out: _Out,
    config: ConfigFile = None,
    columns: _Columns = None,
    weights: _Weights = None,
    dev: _Dev = None,
    no_guided_alignment: _NoGuidedAlignment = False,
    max_minutes: _MaxMinutes = None,
    device: _Device = "auto",
    threads: _Threads = None,
    work: _Work = None,
    no_prefect: NoPrefect = False,
    settings: Overrides,
) -> int:
    """Train a translation model from parallel corpora: read, clean, subwords, word alignment,
    training, conversion, card. Each step continues where an earlier run of the same command was
    interrupted.

    A BITEXT is a tab-separated file, a TMX file, or two line-aligned files joined by a comma
    (corpus.en,corpus.de); gzip and zstd are unpacked. With several --target, each BITEXT says which
    it has: de=corpus.tsv.
    """
    from augmentation.pipeline.configuration import load
    from corpora.readers.pipes import regular_file

    config = None if config is None else regular_file(config)
    settings |= _corpora(bitext, dev or (), columns, weights)
    if no_guided_alignment:
        settings["alignment"] = None
    recipe = load(TrainTranslatorConfig, config, settings)
    # Absolute, because `--out .` has no name. Links are not followed: they are refused later.
    folder = out.parent.resolve() / out.name if out.name else out.resolve()
    seconds = None if max_minutes is None else 60 * max_minutes
    listener = _Lines()
    if no_prefect:
        from augmentation.train_translator.run import train_translator as run

        run(
            recipe,
            folder,
            work=work,
            device=device,
            threads=threads,
            max_seconds=seconds,
            listener=listener,
        )
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.train_translator import run_flow

            run_flow(recipe, folder, work, device, threads, seconds, listener)
    say(out)
    return 0


class _Lines(Messages):
    """Prints what a run reports, and has an interrupt say what is kept."""

    def __init__(self) -> None:
        super().__init__(lambda line: say(line, sys.stderr))

    def saved(self, what: str) -> None:
        """Have an interrupt say `what` is kept."""
        kept(f"{what}: {SAME_AGAIN}")


def _corpora(
    bitext: Sequence[str], dev: Sequence[str], columns: str | None, weights: str | None
) -> dict[str, Any]:
    """The corpora as the configuration lays them out."""
    names = None if columns is None else _list("--columns", columns, 2)
    counts = ["1"] * len(bitext) if weights is None else _list("--weights", weights, len(bitext))
    corpora: dict[str, Any] = {}
    if bitext:
        corpora["bitext"] = [
            _corpus(text, names) | {"weight": weight}
            for text, weight in zip(bitext, counts, strict=True)
        ]
    if dev:
        corpora["dev"] = [_corpus(text, names) for text in dev]
    return corpora


def _list(option: str, text: str, count: int) -> list[str]:
    from corpora.errors import UserError

    values = text.split(",")
    if len(values) != count:
        raise UserError(
            f"{option} {text}: {len(values)} given, {count} needed, separated by commas"
        )
    return values


def _corpus(text: str, columns: list[str] | None) -> dict[str, Any]:
    """A BITEXT as `BitextSource` lays it out; a file may have `=` or a comma in its name."""
    from corpora.bitext import Bitext

    given: dict[str, Any] = {}
    if "=" in text and not Path(text).exists():
        given["target"], _, text = text.partition("=")
    if "," in text and not Path(text).exists():
        source, _, target = text.partition(",")
        return given | {"path": _kept(source), "target_path": _kept(target)}
    path = _kept(text)
    if not Bitext(path).is_table:
        columns = None  # they are those of the tables among the corpora
    return given | {"path": path, "columns": columns}


def _kept(text: str) -> Path:
    from augmentation.pipeline.inputs import kept

    return kept(STANDARD_INPUT if text == "-" else Path(text))
