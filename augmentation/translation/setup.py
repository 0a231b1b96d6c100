"""What a translation configuration is resolved to: the model, the projector, the memory.

A `TranslationSetup` holds all that decides how texts are translated and spans projected, and opens
the translator and the projector. It has no run folder and no input, so every pipeline can use one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from alignment.protocol import SpanProjector
from augmentation.pipeline.cache import PROCESS_CACHE
from augmentation.translation.config import SPAN_TASKS, ProtectionConfig, TranslationConfig
from augmentation.translation.human import HumanCorrections, read_human
from augmentation.translation.memory import TranslationMemory
from corpora.choices import Task
from corpora.errors import UserError
from corpora.fingerprint import content_hash, file_hash, fingerprint
from corpora.folders import memory_folder
from translators.protocol import DecodingOptions, Hypothesis, Translator

NEEDS_TRANSLATOR = ("candidate", "marker")
"""Projectors that translate or score hypotheses themselves."""
TRANSLATE_VERSION = 5
"""Raised whenever the engine changes what the same model and options make of a text."""
PROTECTION_VERSION = 1
"""Raised whenever protection changes what becomes of a text that has something to protect."""


@dataclass(frozen=True, slots=True)
class TranslationModels:
    """The models of a translator, identified without loading them."""

    name: str
    """`name@hash8`; several are joined with `+`."""
    hashes: Mapping[str, str]
    """Content hash of every model, by name."""
    licences: Mapping[str, str]
    """Licence of every model that states one, by name."""
    all_guided: bool
    """Whether every model was trained with guided alignment."""
    any_guided: bool
    """Whether any model was, so that some translations come with an alignment."""

    @classmethod
    def resolve(cls, names: str | Sequence[str] | None) -> TranslationModels:
        """Look up the models called `names` in the store; None is the model that ships.

        Raises `UserError` for a model that does not exist.
        """
        from translators.store import resolve

        infos = [
            resolve(name)
            for name in ([names] if names is None or isinstance(names, str) else names)
        ]
        guided = [info.card.alignment is not None for info in infos]
        return cls(
            "+".join(dict.fromkeys(info.name for info in infos)),
            {info.card.name: info.content_hash for info in infos},
            {info.card.name: info.card.licence for info in infos if info.card.licence},
            all(guided),
            any(guided),
        )


@dataclass(frozen=True, slots=True)
class TranslationSetup:
    """A `TranslationConfig` for one task and source language, with its models looked up."""

    config: TranslationConfig
    task: Task
    source: str
    """Language of the texts, a BCP 47 tag."""
    models: TranslationModels
    projector: str | None
    """Name of the span projector; None where the task has no spans."""
    projection_files: Mapping[str, str] = field(default_factory=dict)
    """Content hashes of the files and folders that the projector's options name."""
    protection_files: Mapping[str, str] = field(default_factory=dict)
    """Content hashes of the user's lists of terms, by the setting that names the file."""
    memory: Path | None = None
    """Folder of the translation memory; None translates without one."""
    seed: int = 0
    """Of sampling."""

    @property
    def has_spans(self) -> bool:
        """Whether spans are projected."""
        return self.projector is not None

    @property
    def protects(self) -> bool:
        """Whether anything is protected in texts."""
        protection = self.config.protection
        return bool(protection.placeholders or protection.protect or self.protection_files)

    def options(self) -> DecodingOptions:
        """How to decode."""
        attention = self.has_spans and self.models.any_guided
        return self.config.decoding.options(attention=attention, seed=self.seed)

    def n_best_options(self, count: int) -> DecodingOptions:
        """How to decode the `count` best hypotheses of every text."""
        options = self.options()
        if count == 1:
            return options
        return replace(options, num_hypotheses=count, beam_size=max(options.beam_size, count))

    def identity(self, target: str) -> dict[str, Any]:
        """Everything that decides how a segment is translated to `target`."""
        protection = {}
        if self.protects:
            protection["protection"] = {
                "version": PROTECTION_VERSION,
                "placeholders": self.config.protection.placeholders,
                "files": dict(self.protection_files),
            }
        return {
            **protection,
            "version": TRANSLATE_VERSION,
            "model": self.models.name,
            "hashes": dict(self.models.hashes),
            "source": self.source,
            "target": target,
            "pivot": self.config.pivot,
            "compute_type": self.config.decoding.compute_type,
            "options": self.options(),
        }

    def projection_identity(self, target: str) -> list[Any]:
        """Everything that decides how spans are projected onto translations to `target`."""
        projection = self.config.projection
        minimum = [projection.min_confidence] if projection.min_confidence else []
        return [
            [self.task, self.source, target, self.models.name],
            [self.projector, projection.options, projection.unplaced, *minimum],
            dict(self.projection_files),
            *self.human(target).identity(),
            [projection.alternatives, self.identity(target)] if projection.alternatives else None,
        ]

    def translator(self) -> Translator:
        """The translator, which protects what the configuration says; made once per process."""
        if not self.protects:
            return self.plain_translator()
        from translators.protection.protect import Protection, protect
        from translators.protection.terms import read_kept, read_terms

        config = self.config.protection

        def make() -> Translator:
            protection = Protection(
                () if config.keep is None else read_kept(config.keep),
                () if config.terms is None else read_terms(config.terms),
                config.placeholders,
            )
            return protect(self.plain_translator(), protection)

        files = tuple(sorted(self.protection_files.items()))
        key = ("protecting", self._translator_key(), config.placeholders, files)
        return PROCESS_CACHE.get(key, make)

    def translate_segments(
        self,
        texts: Sequence[str],
        protected: Sequence[Sequence[tuple[int, int]]],
        target: str,
        options: DecodingOptions,
    ) -> list[Hypothesis]:
        """Translate `texts`, single segments, to `target` with `options`.

        In each, the stretches of `protected` (half-open code point offsets) are kept as they are.
        """
        if not any(protected):
            return self.translator().translate(texts, self.source, target, options)
        from translators.protection.translator import translate_protected

        return translate_protected(
            self.translator(), texts, protected, self.source, target, options
        )

    def _translator_key(self) -> tuple[Any, ...]:
        config, runtime = self.config, self.config.runtime
        return (
            *("translator", tuple(sorted(self.models.hashes.items())), config.pivot),
            *(config.decoding.compute_type, runtime.device, runtime.threads, runtime.batch_tokens),
        )

    def plain_translator(self) -> Translator:
        """The translator without protection, loaded once per process."""
        from translators.open import open_translator

        config, runtime = self.config, self.config.runtime
        return PROCESS_CACHE.get(
            self._translator_key(),
            lambda: open_translator(
                config.model,
                pivot=config.pivot,
                device=runtime.device,
                compute_type=config.decoding.compute_type,
                threads=runtime.threads,
                batch_tokens=runtime.batch_tokens,
            ),
        )

    def translation_memory(self, target: str) -> TranslationMemory | None:
        """The translation memory for `target`; None where there is none."""
        if self.memory is None:
            return None
        root, identity = self.memory, self.identity(target)
        return PROCESS_CACHE.get(
            ("memory", root, fingerprint(identity)), lambda: TranslationMemory(root, identity)
        )

    def human(self, target: str) -> HumanCorrections:
        """What people corrected of translations to `target`; nothing without a memory."""
        if self.memory is None:
            return HumanCorrections()
        return read_human(self.memory, self.source, target)

    def human_hypotheses(
        self, texts: Sequence[str], translations: Sequence[str], target: str
    ) -> list[Hypothesis]:
        """People's `translations` of `texts` to `target`, which score 0.0, the best there is.

        They have the attention of the translator where it can score them and spans are projected.
        """
        forced: Sequence[Hypothesis | None] = [None] * len(texts)
        if texts and self.options().return_attention:
            with suppress(UserError):  # through a pivot there is no attention
                forced = self.plain_translator().force(texts, translations, self.source, target)
        return [
            replace(scored, score=0.0, flags=())
            if scored is not None and scored.attention is not None
            else Hypothesis(translation, 0.0, ((0, len(text)),), ((0, len(translation)),))
            for text, translation, scored in zip(texts, translations, forced, strict=True)
        ]

    def span_projector(self) -> SpanProjector | None:
        """The projector; None where the task has no spans."""
        if self.projector is None:
            return None
        from alignment.projectors import load_projector
        from alignment.projectors.confident import ConfidentProjector

        options = dict(self.config.projection.options)
        if self.projector in NEEDS_TRANSLATOR:
            # Markers of its own would look like placeholders.
            options["translator"] = self.plain_translator()
        if self.projector == "marker":
            options["options"] = replace(self.options(), return_attention=False)
        projector = load_projector(self.projector, **options)
        minimum = self.config.projection.min_confidence
        return ConfidentProjector(projector, minimum) if minimum else projector

    def alternatives(
        self, texts: Sequence[str], protected: Sequence[Sequence[tuple[int, int]]], target: str
    ) -> list[tuple[Hypothesis, ...]]:
        """For each of `texts`, what its n-best list to `target` has after the best hypothesis;
        `protected` is that of `translate_segments`. What a person translated has no alternative."""
        options = self.n_best_options(self.config.projection.alternatives + 1)
        hypotheses = self.translate_segments(texts, protected, target, options)
        by_hand = self.human(target).sentences
        return [
            () if text in by_hand else hypothesis.alternatives
            for text, hypothesis in zip(texts, hypotheses, strict=True)
        ]

    def check(self, target: str) -> None:
        """Load the translator and the projector.

        Raises `UserError` if the translator cannot translate to `target`, or the projector cannot
        be made.
        """
        for count in (1, self.config.projection.alternatives + 1):
            self.translator().translate([], self.source, target, self.n_best_options(count))
        self.span_projector()


def resolve_translation(
    config: TranslationConfig,
    *,
    task: Task,
    source: str,
    memory: Path | str | None = "off",
    seed: int = 0,
) -> TranslationSetup:
    """Look up the models of `config` and choose the projector for `task`; nothing is loaded.

    `source` is the language of the texts (BCP 47), `memory` the folder of the translation memory
    (None is the usual one, `off` is none), `seed` that of sampling. Raises `UserError` for a model
    or a projector that does not exist, and for one that the models cannot serve.
    """
    models = TranslationModels.resolve(config.model)
    folder = None if memory == "off" else memory_folder() if memory is None else Path(memory)
    return TranslationSetup(
        config,
        task,
        source,
        models,
        _choose_projector(config, task, models),
        _hash_priors(config.projection.options),
        _protection_files(config.protection),
        folder,
        seed,
    )


def _hash_priors(options: Mapping[str, Any]) -> dict[str, str]:
    """The hash of the file that the option `priors` names; no other option is a path."""
    priors = options.get("priors")
    return {"priors": file_hash(priors)} if isinstance(priors, str) else {}


def _protection_files(protection: ProtectionConfig) -> dict[str, str]:
    """Hashes of the lists of terms, which are read now, so that what is wrong in them is known
    before a model is loaded."""
    files = {}
    if protection.keep is not None:
        from translators.protection.terms import read_kept

        files["keep"] = content_hash("\n".join(read_kept(protection.keep)).encode())
    if protection.terms is not None:
        from translators.protection.terms import read_terms

        files["terms"] = fingerprint([asdict(term) for term in read_terms(protection.terms)])
    return files


def _choose_projector(
    config: TranslationConfig, task: Task, models: TranslationModels
) -> str | None:
    from alignment.projectors import DEFAULT_PROJECTOR, PROJECTORS

    chosen = config.projection.projector
    if chosen is not None and chosen not in PROJECTORS:
        raise UserError(f"unknown projector {chosen!r}", choices=PROJECTORS)
    if task not in SPAN_TASKS:
        return None
    if chosen == "attention" and not models.all_guided:
        raise UserError(
            f"the model {models.name} was trained without guided alignment, so its attention "
            "cannot place spans: take another projector",
            choices=[name for name in PROJECTORS if name != "attention"],
        )
    return DEFAULT_PROJECTOR if chosen is None else chosen
