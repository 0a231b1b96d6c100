"""What a user may set of word alignment, and of projecting onto translations that exist already."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from augmentation.pipeline.configuration import Strict
from augmentation.translation.fields import InputPath, ModelName, OutputPath, ProjectorName
from corpora.limits import MAX_CHARS

Symmetrization = Literal["weighted", "intersection", "union", "grow-diag", "grow-diag-final-and"]
Completeness = Literal["source", "target", "instance"]


class AlignerConfig(Strict):
    """The models that word aligners take."""

    priors: InputPath | None = None
    """What an earlier alignment learned, for the statistical aligner."""
    encoder: ModelName | None = None
    """Model of the aligner `encoder`: a hub id or a folder."""
    layer: int = 8
    """Layer of that model."""
    model: ModelName | None = None
    """Translation model, by name or folder; by default the one that ships."""


class AlignConfig(AlignerConfig):
    """How the words of a bitext are aligned."""

    aligner: Literal["statistical", "attention", "encoder", "lexical", "eflomal"] = "statistical"
    """Where links come from."""
    symmetrization: Symmetrization | None = None
    """How the two directions are joined; by default `weighted`, or `intersection` of eflomal, which
    has no probabilities."""
    threshold: float = Field(0.5, ge=0, le=1)
    """Least mean probability of a link, for `weighted`."""
    unspaced: bool = False
    """Whether links count our own words instead of the tokens between spaces, for text without
    spaces."""
    save_priors: OutputPath | None = None
    """Where what the statistical aligner learns is kept."""
    reverse_model: ModelName | None = None
    """Translation model of the other direction, for `attention`."""
    source: str = "en"
    """Source language, for `attention`."""
    target: str = "de"
    """Target language, for `attention`."""

    @model_validator(mode="after")
    def _fits_the_aligner(self) -> AlignConfig:
        if self.aligner != "statistical" and (self.priors or self.save_priors):
            raise ValueError("--priors and --save-priors go with --aligner statistical")
        if self.aligner == "encoder" and self.encoder is None:
            raise ValueError("--aligner encoder needs --encoder NAME|PATH")
        return self


class ProjectConfig(AlignerConfig):
    """How spans are projected onto translations that exist already."""

    projector: ProjectorName = "aligned"
    """How spans are placed."""
    aligner: Literal["statistical", "attention", "statistical+attention", "encoder", "lexical"] = (
        "statistical"
    )
    """Where the projectors `aligned` and `candidate` take word links from."""
    alignments: InputPath | None = None
    """Pharaoh file with the links, which count the rows' tokens or, where they have none, the
    tokens between spaces."""
    complete: tuple[Completeness, ...] = ()
    """Completeness filters: a span is given up unless all its words have partners in the target
    span (`source`), or all of the target span's in it (`target`); all of a row's are if one is lost
    (`instance`)."""
    min_confidence: float = Field(0.0, ge=0, le=1)
    """Spans of less confidence are given up."""
    unplaced: Literal["drop-row", "drop-span"] = "drop-row"
    """What is dropped for a span that cannot be placed: its row, or the span alone."""
    max_chars: int | None = Field(MAX_CHARS, ge=1)
    """Most characters of a text; null reads texts of any length."""

    @model_validator(mode="after")
    def _fits_the_projector(self) -> ProjectConfig:
        if self.alignments is not None and self.projector != "aligned":
            raise ValueError("--alignments go with --projector aligned")
        if self.priors is not None and "statistical" not in self.aligner:
            raise ValueError("--priors go with --aligner statistical")
        if self.uses_aligner:
            if self.alignments is None and self.aligner == "encoder" and self.encoder is None:
                raise ValueError("--aligner encoder needs --encoder NAME|PATH")
        elif self.complete or self.min_confidence:
            problem = "--complete and --min-confidence go with --projector aligned or candidate"
            raise ValueError(problem)
        return self

    @property
    def uses_aligner(self) -> bool:
        """Whether the projector takes word links from an aligner."""
        return self.projector in ("aligned", "candidate")

    @property
    def uses_attention(self) -> bool:
        """Whether rows need the attention of a translation model."""
        return self.projector in ("attention", "vote") or "attention" in self.aligner

    @property
    def uses_translator(self) -> bool:
        """Whether a translation model is needed."""
        return self.projector != "aligned" or "attention" in self.aligner
