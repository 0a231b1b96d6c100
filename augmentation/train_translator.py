"""Training a translator: its configuration, and its steps from bitext files to a model folder.

The steps run one after the other in a work folder, and each is skipped when what it makes is there
and was made from the same things. `STEPS` is the one plan; flows and scripts only walk through it.
"""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sentencepiece
import yaml
from pydantic import Field, field_validator, model_validator

from augmentation.bitext import (
    ALIGN_STEP,
    CLEAN_STEP,
    EXAMPLES_STEP,
    SUBWORDS_STEP,
    AlignmentConfig,
    BitextSource,
    CleaningConfig,
    DevPairs,
    align_bitext,
    is_made,
    make_subwords,
    note_made,
    read_and_clean,
    read_dev,
    set_apart,
    word_offsets,
)
from augmentation.settings import Language, Languages, Strict, load
from corpora.bitext import read_bitext
from corpora.errors import MissingExtraError, UserError
from corpora.manifest import file_hash, fingerprint, lock, path_hash, plain
from corpora.shards import ShardRef, sidecar_of
from corpora.storage import make_folder, write_text, writing
from scoring.translation import bleu, chrf
from translators.conversion.convert import QUANTIZATIONS, convert
from translators.conversion.describe import describe_converted
from translators.conversion.verify import verify_against_transformers
from translators.describing import ModelFacts
from translators.marian_folder import StartingPoint, save_marian
from translators.model_card import TRAINED_HERE, AlignmentHead, write_card
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import check_name, read_model
from translators.subwords import MARKERS, SubwordConfig, language_tag
from translators.training.card import (
    CorpusEntry,
    History,
    ScoreEntry,
    TrainingCard,
    describe_machine,
    render_card,
)
from translators.training.config import LENGTH_OF_A_RUN, TrainingConfig
from translators.training.curves import curves_svg

if TYPE_CHECKING:
    from translators.training.reports import Report

TRAIN_STEP, CONVERT_STEP = "50-train", "60-convert"
MODEL_FILES = frozenset(
    {
        "README.md", "config.json", "curves.svg", "labelferry.json", "model.bin",
        "shared_vocabulary.json", "source.spm", "target.spm",
    }
)  # fmt: skip
"""What the folder of a trained model holds."""


class TrainTranslatorConfig(Strict):
    """Everything that decides what the model will be."""

    source: Language
    """Of the bitext's first side."""
    targets: Languages
    """Of its second side. With several, one model learns them all, and each corpus says its own."""
    bidirectional: bool = False
    """One model for both directions. Where there is more than one, a tag before the source text
    names the language to translate into."""
    name: str = ""
    """As in the card and the store; `SOURCE-TARGET-TARGET...` when empty."""
    bitext: tuple[BitextSource, ...] = Field(min_length=1)
    dev: tuple[BitextSource, ...] = ()
    """What early stopping measures on; without any, pairs are held out of the bitext."""
    dev_pairs: int = Field(500, ge=1)
    """At most so many pairs of each dev corpus, or so many held out."""
    min_pairs: int = Field(100, ge=1)
    """Fewer clean pairs than this are a mistake."""
    cleaning: CleaningConfig = CleaningConfig()
    subwords: SubwordConfig = SubwordConfig()
    alignment: AlignmentConfig | None = AlignmentConfig()
    """Null trains without guided alignment."""
    training: TrainingConfig = TrainingConfig()
    init_from: Path | None = None
    """Name or folder of a model that this command trained: training goes on from its weights,
    those of a quantized model multiplied out. `WORK/50-train/model` has them exactly. It may have
    fewer layers; those on top then have yet to learn. From nothing without one."""
    init_subwords: Literal["take", "new"] = "take"
    """With `init_from`: whether its subwords are taken, or new ones made, for which the embeddings
    are put together from those of the old."""
    quantization: str = "int8"
    """As CTranslate2 names them: `int8`, `int8_float32`, `float16`, `float32`, ..."""

    @field_validator("name")
    @classmethod
    def _fit_for_the_store(cls, name: str) -> str:
        try:
            return name and check_name(name)
        except UserError as error:
            raise ValueError(str(error)) from error

    @field_validator("quantization")
    @classmethod
    def _quantization(cls, name: str) -> str:
        if name not in QUANTIZATIONS:
            raise ValueError(f"no quantization {name!r}, there is {', '.join(QUANTIZATIONS)}")
        return name

    @model_validator(mode="after")
    def _different_languages(self) -> TrainTranslatorConfig:
        if self.source in self.targets:
            raise ValueError(f"source and target are both {self.source!r}")
        return self

    @model_validator(mode="after")
    def _new_subwords_of_a_start(self) -> TrainTranslatorConfig:
        if self.init_subwords == "new" and self.init_from is None:
            raise ValueError("init_subwords: without init_from all subwords are new")
        return self

    @model_validator(mode="after")
    def _corpora_of_the_targets(self) -> TrainTranslatorConfig:
        known = ", ".join(self.targets)
        for one in (*self.bitext, *self.dev):
            if one.target is None and len(self.targets) > 1:
                raise ValueError(f"{one.path}: say which target it has: {known}")
            if one.target is not None and one.target not in self.targets:
                raise ValueError(f"{one.path}: {one.target!r} is not among the targets: {known}")
        of_corpora = {one.target or self.targets[0] for one in self.bitext}
        if missing := set(self.targets) - of_corpora:
            raise ValueError(f"no bitext has the target {min(missing)!r}")
        return self

    @property
    def model_name(self) -> str:
        """The name, as given or made from the languages."""
        return self.name or "-".join((self.source, *self.targets))

    def directions(self) -> tuple[tuple[str, str], ...]:
        """(source, target) of every direction that is trained."""
        forward = tuple((self.source, target) for target in self.targets)
        backward = tuple((target, self.source) for target in self.targets)
        return forward + backward if self.bidirectional else forward

    def tag(self, target: str) -> str | None:
        """The piece that opens a source text; a model of one direction needs none."""
        return language_tag(target) if len(self.directions()) > 1 else None

    def tagged(self) -> tuple[str, ...]:
        """The languages that have such a piece."""
        named = {target for _, target in self.directions()}
        languages = (self.source, *self.targets)
        return tuple(one for one in languages if one in named) if len(self.directions()) > 1 else ()


@dataclass(frozen=True, slots=True)
class TrainRun:
    """One run of the steps. `work` keeps what they make, `out` will be the model's folder.

    `device`, `threads` and `max_seconds` (of training, in this go) do not decide what is learnt.
    """

    config: TrainTranslatorConfig
    work: Path
    out: Path
    device: str = "auto"
    threads: int | None = None
    max_seconds: float | None = None
    say: Callable[[str], None] = lambda line: None
    """Told, a line at a time, how far things are."""
    on_trained: Callable[[float], None] = lambda share: None
    """Told now and then which share of training is done."""

    @property
    def clean(self) -> list[ShardRef]:
        """The clean bitext, one shard a corpus."""
        return self._shards(CLEAN_STEP)

    @property
    def aligned(self) -> list[ShardRef]:
        """The clean bitext with word links."""
        return self._shards(ALIGN_STEP)

    def _shards(self, step: str) -> list[ShardRef]:
        return [ShardRef(self.work, step, index) for index in range(len(self.config.bitext))]

    @property
    def subwords(self) -> Path:
        """The joint SentencePiece model."""
        return self.work / SUBWORDS_STEP / "subwords.model"

    @property
    def examples(self) -> ShardRef:
        """What is trained on."""
        return ShardRef(self.work, EXAMPLES_STEP, 0)

    @property
    def model(self) -> Path:
        """The trained model as `transformers` reads it."""
        return self.work / TRAIN_STEP / "model"

    @property
    def converted(self) -> Path:
        """The model as it ships, without its card."""
        return self.work / CONVERT_STEP / "model"

    @property
    def exact(self) -> Path:
        """The same in float32."""
        return self.work / CONVERT_STEP / "float32"

    @property
    def history(self) -> Path:
        """How training went, as JSON."""
        return self.work / TRAIN_STEP / "history.json"


def clean_step(run: TrainRun) -> str:
    """Read the corpora and clean them."""
    config = run.config
    shards = read_and_clean(
        config.bitext,
        config.source,
        config.targets[0],
        run.work,
        config.cleaning,
        _counter(run.say),
    )
    sidecars = [sidecar_of(shard) for shard in shards]
    kept = sum(sidecar.rows_out for sidecar in sidecars)
    reasons: Counter[str] = Counter()
    for sidecar in sidecars:
        reasons.update(sidecar.drop_reasons)
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    if kept < config.min_pairs:
        raise UserError(
            f"only {kept} clean sentence pairs, at least {config.min_pairs} are needed to train "
            f"(dropped: {dropped or 'none'})",
            file=config.bitext[0].path,
        )
    return f"{kept:,} pairs kept; dropped: {dropped or 'none'}"


def _counter(say: Callable[[str], None]) -> Callable[[str, int], None]:
    """Lines with the number done and how fast, every few seconds."""
    began: dict[str, float] = {}
    last = 0.0

    def count(what: str, done: int) -> None:
        nonlocal last
        now = time.monotonic()
        start = began.setdefault(what, now)
        if now - last > 5 and now > start:
            say(f"{what}: {done:,} pairs, {done / (now - start):,.0f} a second")
            last = now

    return count


def subwords_step(run: TrainRun) -> str:
    """Make the vocabulary."""
    config = run.config
    taken = None
    if config.init_from is not None and config.init_subwords == "take":
        taken = StartingPoint.find(config.init_from).subwords
    # A model of one direction needs no tags, and without them it is known for what it is.
    path = make_subwords(run.clean, config.tagged(), run.work, config.subwords, taken)
    count = sentencepiece.SentencePieceProcessor(model_file=str(path)).get_piece_size()
    return f"{count:,} pieces" + ("" if taken is None else f", those of {config.init_from}")


def align_step(run: TrainRun) -> str:
    """Align the words of the bitext."""
    config = run.config.alignment
    if config is None:
        run.say("no guided alignment: the attention of this model will be no alignment")
    align_bitext(run.clean, run.work, config)
    return "no links" if config is None else f"links of {config.chosen()}"


def examples_step(run: TrainRun) -> str:
    """Gather what is trained on, without what is measured on."""
    dev = read_dev_sets(run.config)
    ref, sets = _set_apart(run, dev)
    for one in sets or [DevPairs("the bitext", "", (), ())]:
        if not one.sources:
            raise UserError(f"no pair to measure on in {one.name}: bring another dev set (--dev)")
    sidecar = sidecar_of(ref)
    if sidecar.rows_out < run.config.min_pairs:
        left_out = ", ".join(f"{reason} {n:,}" for reason, n in sidecar.drop_reasons.items())
        raise UserError(
            f"only {sidecar.rows_out} sentence pairs are left to train on, at least "
            f"{run.config.min_pairs} are needed (left out: {left_out or 'none'})"
        )
    measured = ", ".join(f"{one.name} {len(one.sources):,}" for one in sets)
    if unmeasured := set(run.config.targets) - {one.target for one in sets}:
        measured += f", which has no pair in {', '.join(sorted(unmeasured))}"
    return f"{sidecar.rows_out:,} pairs to train on; measured on {measured}"


def read_dev_sets(config: TrainTranslatorConfig) -> list[DevPairs]:
    """The dev sets that the configuration names, the second `dev` of a target as `dev-2`."""
    seen: Counter[tuple[str, str]] = Counter()
    sets = []
    for one in config.dev:
        pairs = read_dev(one, config.source, config.targets[0], config.dev_pairs)
        seen[pairs.name, pairs.target] += 1
        again = seen[pairs.name, pairs.target]
        sets.append(pairs if again == 1 else replace(pairs, name=f"{pairs.name}-{again}"))
    return sets


def dev_sets(run: TrainRun) -> list[DevPairs]:
    """What is measured on: the dev sets, or else what was held out of the bitext."""
    dev = read_dev_sets(run.config)
    return _set_apart(run, dev)[1]


def _set_apart(run: TrainRun, dev: Sequence[DevPairs]) -> tuple[ShardRef, list[DevPairs]]:
    limit = run.config.training.max_pieces
    return set_apart(run.aligned, run.work, dev, run.config.dev_pairs, run.subwords, limit)


def train_step(run: TrainRun) -> str:
    """Train, or go on training from the last checkpoint; save the model and its history."""
    config = run.config
    start = None if config.init_from is None else StartingPoint.find(config.init_from)
    made_from = fingerprint(
        [
            "train",
            2,
            config.training,
            config.directions(),
            file_hash(run.examples.path),
            file_hash(run.subwords),
            None if start is None else file_hash(start.weights),
        ]
    )
    if is_made(run.model, made_from):
        return "already trained"
    try:
        from translators.training.data import TrainingData
        from translators.training.evaluate import DevSet
        from translators.training.loop import Trainer
    except ImportError as error:
        raise MissingExtraError("training a translator", "train") from error
    data = TrainingData(
        bitext=run.examples.path,
        subwords=run.subwords,
        split_words=word_offsets,
        forward_tags={t: language_tag(t) for t in config.tagged() if t != config.source},
        backward_tag=language_tag(config.source) if config.bidirectional else None,
        markers=MARKERS if config.subwords.markers else (),
    )

    def on_report(report: Report) -> None:
        run.say(progress_line(report))
        run.on_trained(report.step / report.max_steps)

    trainer = Trainer(
        config.training,
        data,
        run.work / TRAIN_STEP,
        validator=DevSet(run.subwords, _by_direction(config, dev_sets(run))),
        on_report=on_report,
        device=run.device,
        threads=run.threads,
        start=start,
    )
    result = trainer.run(max_seconds=run.max_seconds)
    save_marian(result.model, run.subwords, run.model, *config.directions()[0])
    progress = result.progress
    history = History(
        losses=progress.losses,
        validations=progress.validations,
        steps=progress.step,
        max_steps=config.training.max_steps,
        seconds=progress.seconds,
        target_tokens=progress.target_tokens,
        stopped=result.stopped,
        machine=describe_machine(_device_name(run.device)),
    )
    write_text(run.history, json.dumps(asdict(history), indent=1) + "\n")
    if result.stopped != "interrupted":
        note_made(run.model, made_from)
    return f"{progress.step:,} steps, {progress.seconds:,.0f} seconds ({result.stopped})"


def _device_name(device: str) -> str:
    import torch

    if device == "cpu" or not torch.cuda.is_available():
        return "no GPU used"
    return str(torch.cuda.get_device_name())


def _by_direction(
    config: TrainTranslatorConfig, dev: Sequence[DevPairs]
) -> dict[str, tuple[str | None, Sequence[str], Sequence[str]]]:
    sets: dict[str, tuple[str | None, Sequence[str], Sequence[str]]] = {}
    for one in dev:
        for source, target in config.directions():
            if one.target not in (source, target):
                continue
            sides = (one.sources, one.targets)
            if source != config.source:
                sides = sides[::-1]
            sets[f"{one.name}.{source}-{target}"] = (config.tag(target), *sides)
    return sets


def progress_line(report: Report) -> str:
    """`step 1,200/20,000  loss 3.21  5,400 target tokens/s  1:02:03 left`, and dev scores."""
    left = timedelta(seconds=round(report.seconds_left))
    line = (
        f"step {report.step:,}/{report.max_steps:,}  loss {report.loss:.3f}  "
        f"{report.tokens_per_second:,.0f} target tokens/s  {left} left"
    )
    if report.validation is not None:
        line += f"  dev chrF {report.validation['chrf']:.1f}"
    return line


def convert_step(run: TrainRun) -> str:
    """Convert to CTranslate2, quantize, and compare with `transformers`; fills the out folder."""
    config = run.config
    made_from = fingerprint(
        ["convert", 1, config.quantization, config.model_name, path_hash(run.model)]
    )
    if is_made(run.converted, made_from):
        return "already converted"
    shutil.rmtree(run.converted, ignore_errors=True)
    guided = config.alignment is not None and config.training.guided_alignment_weight > 0
    shift = config.training.guided_alignment_shift
    alignment = AlignmentHead(layer=-1, heads=1, shift=shift) if guided else None
    known: dict[str, Any] = {
        "name": config.model_name,
        "alignment": alignment,
        "max_source_pieces": config.training.max_pieces,
        "markers": MARKERS if config.subwords.markers else (),
        "origin": TRAINED_HERE,
    }
    directions = config.directions()
    facts = ModelFacts()
    if len(directions) == 1:
        facts = ModelFacts(source=config.source, target=config.targets[0])
    else:
        known |= {
            "sources": {source: source for source, _ in directions},
            "targets": {target: target for _, target in directions},
            "pairs": directions,
        }
    for quantization, folder in (
        ("float32", run.exact),
        (config.quantization, run.converted),
    ):
        with writing(folder):
            convert(run.model, folder, quantization, alignment)
        info = describe_converted(run.model, folder, quantization, facts, **known)
        write_card(folder, info.card)
    lines = [_verify(run, source, target) for source, target in directions]
    write_text(run.converted.with_name("verified.json"), json.dumps(lines) + "\n")
    note_made(run.converted, made_from)
    return "; ".join(lines)


VERIFIED_TEXTS = 50


def _verify(run: TrainRun, source: str, target: str) -> str:
    """Compare one direction with `transformers`; a float32 model must say the same."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(run.subwords))
    texts = [
        text
        for name, (_, sources, _) in _by_direction(run.config, dev_sets(run)).items()
        if name.endswith(f".{source}-{target}")
        for text in sources
        if len(processor.encode(text)) <= run.config.training.max_pieces - 2
    ]
    report = verify_against_transformers(
        run.model,
        run.converted,
        texts[:: max(1, len(texts) // VERIFIED_TEXTS)][:VERIFIED_TEXTS],
        source=source,
        target=target,
    )
    # Two tokens of the very same probability may come out either way round.
    if report.texts - report.float32_equal > max(1, 0.05 * report.texts):
        raise RuntimeError(
            f"the converted model says something else than the trained one in "
            f"{report.texts - report.float32_equal} of {report.texts} texts, such as "
            f"{report.differences[:1]}"
        )
    return (
        f"{source} → {target}: in float32, {report.float32_equal} of {report.texts} greedy outputs "
        f"are those of transformers, token for token; in {run.config.quantization}, "
        f"{report.quantized_equal} are, and {report.quantized_token_share:.1%} of the tokens come "
        "before a difference"
    )


def card_step(run: TrainRun) -> str:
    """Score the converted model, write its card, and put it all into the out folder."""
    config = run.config
    scores = _scores(run)
    history = History(**json.loads(run.history.read_text(encoding="utf-8")))
    size = sum(file.stat().st_size for file in run.converted.iterdir())
    examples = sidecar_of(run.examples)
    verified = json.loads(run.converted.with_name("verified.json").read_text(encoding="utf-8"))
    card = TrainingCard(
        name=config.model_name,
        directions=config.directions(),
        corpora=tuple(_entry(one, ref) for one, ref in zip(config.bitext, run.clean, strict=True)),
        left_out=examples.drop_reasons,
        config=plain(config),
        history=history,
        scores=tuple(scores),
        conversion=verified,
        parameters=_parameters(run.model),
        megabytes=size / 1e6,
        machine=history.machine,
        started_from=_started_from(config.init_from),
    )
    folder = run.out.with_name(f".{run.out.name}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    with writing(run.out):
        make_folder(folder)
        shutil.copytree(run.converted, folder, dirs_exist_ok=True)
        write_text(folder / "README.md", render_card(card))
        write_text(folder / card.curves, curves_svg(history))
        info = read_model(folder)
        write_card(folder, info.card.model_copy(update={"training": _summary(card)}))
        shutil.rmtree(run.out, ignore_errors=True)
        folder.replace(run.out)
    return ", ".join(
        f"{s.test_set} {s.direction} {s.metric} {s.value:.1f}" for s in scores if not s.system
    )


def _scores(run: TrainRun) -> list[ScoreEntry]:
    """BLEU and chrF of the dev sets, beam 4, of the shipped model and of it in float32."""
    options = DecodingOptions(beam_size=4)
    scores = []
    for system, folder in (("", run.converted), ("float32", run.exact)):
        translator = open_translator(folder)
        for name, (_, sources, references) in _by_direction(run.config, dev_sets(run)).items():
            test_set, _, direction = name.rpartition(".")
            source, target = next(
                pair for pair in run.config.directions() if "-".join(pair) == direction
            )
            outputs = [h.text for h in translator.translate(sources, source, target, options)]
            for metric in (bleu, chrf):
                score = metric(outputs, references)
                scores.append(
                    ScoreEntry(
                        test_set,
                        direction,
                        score.name,
                        score.value,
                        score.signature,
                        system,
                        pairs=len(references),
                    )
                )
    return scores


def _entry(one: BitextSource, ref: ShardRef) -> CorpusEntry:
    sidecar = sidecar_of(ref)
    return CorpusEntry(
        name=one.name or one.bitext().name,
        files=tuple((f.name, f.stat().st_size, file_hash(f)) for f in one.bitext().files()),
        terms=one.terms,
        weight=one.weight,
        pairs_read=sidecar.rows_in or 0,
        pairs_kept=sidecar.rows_out,
        drop_reasons=sidecar.drop_reasons,
    )


def _started_from(path: Path | None) -> str | None:
    return None if path is None else f"`{path}` ({file_hash(StartingPoint.find(path).weights)})"


def _parameters(folder: Path) -> int:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "numpy") as weights:
        return sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 (no mapping)


def _summary(card: TrainingCard) -> dict[str, Any]:
    """What `labelferry.json` says of the training; the README has it all."""
    return {
        "corpora": [
            {"name": c.name, "files": [list(f) for f in c.files], "terms": c.terms}
            for c in card.corpora
        ],
        "steps": card.history.steps,
        "seconds": round(card.history.seconds),
        "started_from": card.started_from,
        "machine": card.machine,
        "scores": [
            {
                "set": s.test_set,
                "direction": s.direction,
                "metric": s.metric,
                "value": round(s.value, 2),
                "signature": s.signature,
            }
            for s in card.scores
            if not s.system
        ],
    }


Step = Callable[[TrainRun], str]
"""Does one step of a run, unless it is done; gives a line on what came of it."""

STEPS: tuple[tuple[str, Step], ...] = (
    ("clean", clean_step),
    ("subwords", subwords_step),
    ("align", align_step),
    ("examples", examples_step),
    ("train", train_step),
    ("convert", convert_step),
    ("card", card_step),
)


@contextmanager
def prepare(run: TrainRun) -> Iterator[None]:
    """Check what a run needs before any work is done, and hold its work folder.

    Raises `UserError` for files and extras that are missing, an output folder that holds
    something else or would swallow what is needed, and a work folder that another process is
    writing or that has checkpoints of another configuration.
    """
    _check_needs(run)
    _check_out(run)
    make_folder(run.work)
    with lock(run.work):
        _check_checkpoints(run)
        config = yaml.safe_dump(plain(_resolved(run.config)), sort_keys=False, allow_unicode=True)
        write_text(run.work / "config.yaml", config)
        yield


def _resolved(config: TrainTranslatorConfig) -> TrainTranslatorConfig:
    """With the aligner that `auto` stands for: another machine may choose another."""
    if config.alignment is None:
        return config
    chosen = config.alignment.model_copy(update={"aligner": config.alignment.chosen()})
    return config.model_copy(update={"alignment": chosen})


def _check_needs(run: TrainRun) -> None:
    for one in (*run.config.bitext, *run.config.dev):
        # A first pair now, rather than an error after hours of cleaning the corpora before it.
        next(read_bitext(one.bitext(), run.config.source, one.target or run.config.targets[0]))
    start = None if run.config.init_from is None else StartingPoint.find(run.config.init_from)
    needed = [("torch", "training a translator", "train")]
    if run.config.alignment is not None and run.config.alignment.chosen() == "eflomal":
        needed.append(("eflomal", "the aligner eflomal", "eflomal"))
    for module, feature, extra in needed:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(feature, extra)
    if start is not None:
        start.check(run.config.training.shape)
    if run.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError("--device cuda: PyTorch finds no CUDA device here")


def _check_out(run: TrainRun) -> None:
    """The model's folder is made anew: nothing else may be in it."""
    out = run.out.resolve()
    if run.out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError("not a folder that a model can be put in the place of", file=run.out)
    needed = [run.work]
    if run.config.init_from is not None:
        needed.append(StartingPoint.find(run.config.init_from).weights)
    for path in needed:
        if path.resolve().is_relative_to(out):
            raise UserError(f"lies in {run.out}, which is made anew", file=path)
    if out.exists():
        others = {path.name for path in out.iterdir()} - MODEL_FILES
        if others:
            raise UserError(
                f"this folder holds something else than a model: {min(others)}", file=run.out
            )


def _check_checkpoints(run: TrainRun) -> None:
    """Before anything is made anew: checkpoints go with what they were trained on."""
    folder = run.work / TRAIN_STEP / "checkpoints"
    try:
        text = (run.work / "config.yaml").read_text(encoding="utf-8")
        before = TrainTranslatorConfig.model_validate(yaml.safe_load(text))
    except (FileNotFoundError, ValueError, yaml.YAMLError):
        return
    if any(folder.glob("step-*")) and _decisive(before) != _decisive(_resolved(run.config)):
        raise UserError(
            "these checkpoints were made with another configuration or other data; "
            "use another --out, or delete the folder",
            file=folder,
        )


def _decisive(config: TrainTranslatorConfig) -> dict[str, Any]:
    """What decides the checkpoints, apart from the bytes of the files."""
    said: dict[str, Any] = config.model_dump(
        mode="json",
        exclude={
            "name": True,
            "quantization": True,
            "init_from": True,
            "min_pairs": True,
            "training": set(LENGTH_OF_A_RUN),
        },
    )
    for side in ("bitext", "dev"):
        for one, entry in zip(getattr(config, side), said[side], strict=True):
            for key in ("path", "target_path", "terms"):
                del entry[key]
            entry["name"] = one.name or one.bitext().name
    return said


def train_translator(run: TrainRun) -> Path:
    """Go through all steps in this process; gives the model's folder."""
    with prepare(run):
        for name, step in STEPS:
            run.say(f"{name} ...")
            run.say(f"{name}: {step(run)}")
    return run.out


def load_config(path: Path | None, given: Mapping[str, Any]) -> TrainTranslatorConfig:
    """The configuration of a YAML file and of `given`, which wins; see `settings.load`."""
    return load(TrainTranslatorConfig, path, given)
