"""What a user may set of reading, decoding, projecting, filtering and running.

The docstring of a setting is its description everywhere: in `--help`, in Prefect's form, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from augmentation.pipeline.access import READS
from augmentation.pipeline.configuration import Strict
from augmentation.translation.fields import (
    AnyCaseScheme,
    ComputeType,
    Device,
    InputPath,
    Language,
    Models,
    OutputPath,
    ProjectorName,
    Seed,
    Threads,
)
from corpora.choices import InputFormat, OffsetUnit, OnError, Task
from corpora.limits import MAX_CHARS

if TYPE_CHECKING:
    from corpora.readers import ColumnMapping, Corpus
    from corpora.readers.inputs import Inputs
    from translators.protocol import DecodingOptions

SPAN_TASKS: tuple[Task, ...] = ("tokens", "qa")
"""Tasks whose rows have spans."""
MOST_HYPOTHESES = 1000
"""More take longer than anyone waits."""
MOST_SHARD_ROWS = 10_000_000
"""Rows of a shard are in memory together."""
_LARGEST = 2**31
_MOST_THREADS = 10_000


class ReadingConfig(Strict):
    """How to read the input."""

    format: InputFormat | None = None
    """Format of the input; by default its name says it."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column holds what, as in `text=sentence,label=class`; the usual names are found
    without it."""
    scheme: AnyCaseScheme | None = None
    """Tagging scheme of CoNLL files; by default the tags say it."""
    split: str | tuple[str, ...] | None = None
    """Read the rows of this split only; may be repeated. Rows that name none are of `train`."""
    delimiter: str | None = None
    """What is between the fields of a table, such as `;`, or `tab`; by default a comma in CSV and a
    tab in TSV."""
    encoding: str | None = None
    """Encoding of the text, such as `latin-1` or `utf-16`; by default UTF-8."""
    quoting: bool | None = None
    """Whether fields of tables may be quoted; by default those of CSV may and those of TSV may
    not."""
    unescape: bool = False
    """Whether tokens are unescaped: `-LRB-` is a bracket, `&quot;` a quote."""
    offsets: OffsetUnit | None = None
    """What the offsets of spans count: Unicode `codepoints` (by default), units of UTF-16
    (`utf16`), or `bytes` of UTF-8."""
    label_separator: str | None = Field(None, min_length=1)
    """What stands between the labels of a row where text names several, as `|` in `a|b`; by default
    such text is JSON."""
    on_error: OnError = "error"
    """What to do about bad rows: `error` stops, `skip` drops them with their reason, `repair`
    repairs what can be."""
    limit: int | None = Field(None, ge=1)
    """Read this many rows only."""
    max_chars: int | None = Field(MAX_CHARS, ge=1)
    """Most characters of a text; null reads texts of any length."""

    def open(self, path: Inputs, task: Task, lang: str, *, labelled: bool = True) -> Corpus:
        """The corpus at `path`, which may be several, for `task`, read with these settings except
        `limit`.

        `lang` is the language of rows that do not state theirs; `labelled` says whether every row
        must have a label. Raises what `corpora.readers.open_corpus` raises.
        """
        from corpora.readers import open_corpus

        return open_corpus(
            path,
            task=task,
            lang=lang,
            format=self.format,
            columns=self.mapping(),
            on_error=self.on_error,
            scheme=self.scheme,
            split=self.split,
            delimiter=self.delimiter,
            encoding=self.encoding,
            quoting=self.quoting,
            unescape=self.unescape,
            offsets=self.offsets,
            label_separator=self.label_separator,
            labelled=labelled,
            max_chars=self.max_chars,
        )

    def mapping(self) -> ColumnMapping:
        """The columns as readers take them."""
        from corpora.readers import ColumnMapping

        return ColumnMapping.of(self.columns)


class DecodingConfig(Strict):
    """How to decode; all of it changes the result."""

    beam_size: int = Field(2, ge=1, le=MOST_HYPOTHESES)
    """Hypotheses kept while decoding."""
    length_penalty: float = 1.0
    """Exponent of the length that a hypothesis' score is divided by."""
    repetition_penalty: float = Field(1.0, gt=0)
    """Above 1 makes tokens less likely that were generated before."""
    no_repeat_ngram_size: int = Field(0, ge=0, lt=_LARGEST)
    """Never repeat an n-gram of this size; 0 allows it."""
    sampling_topk: int = Field(1, ge=0, lt=_LARGEST)
    """Sample from the k best tokens; 1 takes the best, 0 samples from all."""
    sampling_temperature: float = Field(1.0, gt=0)
    """Of sampling; above 1 is more varied."""
    max_decoding_length: int = Field(256, ge=4, lt=_LARGEST)
    """Most pieces of a translated sentence."""
    compute_type: ComputeType = "auto"
    """Number type to compute with, as CTranslate2 names it; `auto` is the model's own."""

    def options(self, *, attention: bool, seed: int) -> DecodingOptions:
        """The options as translators take them.

        `attention` requests the attention of every hypothesis, `seed` is that of sampling.
        """
        from translators.protocol import DecodingOptions

        values = self.model_dump(exclude={"compute_type"})
        seed = seed if self.sampling_topk != 1 else 0
        return DecodingOptions(**values, return_attention=attention, seed=seed)


class ProtectionConfig(Strict):
    """What comes out of a translation as it went in, and which terms are used; all of it changes
    the result."""

    placeholders: bool = True
    """Whether what cannot be translated inside a sentence (addresses, placeholders, tags, emoji,
    numbers with units, words that the model cannot write) is kept as it is."""
    keep: InputPath | None = None
    """File of terms to keep as they are, one a line."""
    terms: InputPath | None = None
    """File of terms and their translations: tab-separated source term, target term and, where it
    matters, the case rule `exact`."""
    protect: tuple[str, ...] = ()
    """Label of spans whose text is kept as it is; may be repeated."""


class ProjectionConfig(Strict):
    """How spans are projected onto translations."""

    projector: ProjectorName | None = None
    """How spans are projected: `aligned` (the default, the best), `attention` (the quickest, for
    models trained with guided alignment), `marker`, `candidate` or `vote`."""
    options: Annotated[dict[str, Any], READS] = Field(default_factory=dict)
    """Options of the projector; some name a file or folder that is read."""
    unplaced: Literal["drop-row", "drop-span"] = "drop-row"
    """What is dropped for a span that has no place in the translation: its row, or the span
    alone."""
    min_confidence: float = Field(0.0, ge=0, le=1)
    """Spans that are placed with less confidence are given up, as if they had no place."""
    alternatives: int = Field(0, ge=0, le=MOST_HYPOTHESES)
    """How many further hypotheses to try for a sentence with a span that has no place."""

    @field_validator("options")
    @classmethod
    def _plain(cls, options: dict[str, Any]) -> dict[str, Any]:
        from corpora.fingerprint import canonical_json

        try:
            canonical_json(options)
        except TypeError as error:  # a date, for example
            raise ValueError(str(error)) from error
        return options


class FilterConfig(Strict):
    """Quality filters; null switches one off."""

    max_length_ratio: float | None = Field(4.0, gt=1)
    """How many times longer or shorter a translation may be than is usual in its shard."""
    max_wrong_language: float | None = Field(0.95, gt=0, le=1)
    """Highest probability of another language that the language identifier may give a text or its
    translation, of 40 letters or more."""
    max_untranslated: float | None = Field(None, gt=0, le=1)
    """Largest share of words, case ignored, that a translation of some length may share with its
    source."""
    min_translation_score: float | None = None
    """Least average log-probability per token."""


class RuntimeConfig(Strict):
    """Where and how fast to run. Results made otherwise are not made again for it, though `device`,
    `threads` and `batch_tokens` change how numbers are rounded, and so a word now and then."""

    device: Device = "auto"
    """Where to compute: `auto`, `cpu` or `cuda`."""
    translating: int = Field(2, ge=1, le=_MOST_THREADS)
    """Shards translated at a time: while one ends, the next keeps the cores busy."""
    workers: int = Field(1, ge=1, le=_MOST_THREADS)
    """Shards read, projected and filtered at the same time."""
    threads: tuple[Threads, Threads] | None = None
    """Parallel batches, and threads per batch; by default the engine chooses. Threads may round
    numbers otherwise, and so choose another word now and then."""
    batch_tokens: int | None = Field(None, ge=16, le=100_000_000)
    """Tokens per batch; by default the engine chooses. Which texts are translated together changes
    how numbers are rounded, and so a word now and then."""


class TranslationConfig(Strict):
    """How to translate and to project spans, in every pipeline.

    `augmentation.translation.setup.resolve_translation` makes a `TranslationSetup` of it. The
    configurations of pipelines that translate extend it.
    """

    model: Models = None
    """Translation model: a name in the store or a folder, several for pivoting; by default the one
    that ships."""
    pivot: Language | None = None
    """Language to translate through where no model is direct."""
    decoding: DecodingConfig = Field(default_factory=DecodingConfig)
    protection: ProtectionConfig = Field(default_factory=ProtectionConfig)
    projection: ProjectionConfig = Field(default_factory=ProjectionConfig)
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig)


class TranslateConfig(TranslationConfig):
    """How texts without labels are translated."""

    n_best: int = Field(1, ge=1, le=MOST_HYPOTHESES)
    """Translations of each text: a list in records, tab-separated in lines."""
    split: bool = True
    """Whether texts are cut into sentences first."""
    field: str = "text"
    """Field of a record that is translated."""
    into: str = "translation"
    """Field that the translation is written to."""
    format: Literal["lines", "jsonl"] | None = None
    """Format of a file; by default `jsonl` by its name, else `lines`."""
    on_error: Literal["error", "skip"] = "error"
    """What to do about bad rows of a file: `error` stops, `skip` writes them to `rejected`."""
    rejected: OutputPath | None = None
    """Where bad rows go with their reasons; by default `OUT.rejected.jsonl`."""
    seed: Seed = 0
    """Seed of sampling."""
