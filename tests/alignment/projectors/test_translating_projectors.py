"""Projectors that use a translator: here a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from alignment.projectors import PROJECTORS, load_projector
from alignment.projectors.marker import brackets_for, find_stretch, mark, unmark
from alignment.protocol import Projection, ProjectionInput, WordPair
from corpora.errors import UserError
from corpora.records import Span
from tests.helpers.projection_inputs import check_projection, placed_texts, spans_in


@dataclass(frozen=True)
class Hypothesis:
    text: str = ""
    score: float = 0.0


class Dictionary:
    """Translates by look-up, and scores a translation by whether it is the one it would give."""

    def __init__(self, translations: dict[str, str]) -> None:
        self.translations = translations
        self.requests: list[str] = []

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: object
    ) -> list[Hypothesis]:
        assert (source, target, options) == ("en", "de", "options")
        self.requests.extend(texts)
        return [Hypothesis(self.translations.get(text, "?")) for text in texts]

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        assert (source, target) == ("en", "de")
        self.requests.extend(targets)
        pairs = zip(sources, targets, strict=True)
        return [Hypothesis(score=-0.1 if self.translations.get(s) == t else -6.0) for s, t in pairs]


class NoProjector:
    """Places nothing."""

    name = "nothing"

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        return [Projection((None,) * len(r.spans), ("fell-back",) * len(r.spans)) for r in inputs]


def make_row(source: str, target: str, *spans: tuple[str, str]) -> ProjectionInput:
    return ProjectionInput(source, spans_in(source, *spans), target, (), "en", "de")


def marker(translations: dict[str, str]) -> tuple[Dictionary, object]:
    translator = Dictionary(translations)
    projector = load_projector(
        "marker", translator=translator, options="options", fallback=NoProjector()
    )
    return translator, projector


def project(translations: dict[str, str], row: ProjectionInput) -> list[tuple[str, str] | None]:
    projection = marker(translations)[1].project([row])[0]
    check_projection(row, projection)
    return placed_texts(row, projection)


def test_markers_project_a_span() -> None:
    row = make_row("call Anna now", "ruf jetzt Anna an", ("Anna", "PER"))
    translations = {"call [Anna] now": "ruf jetzt [Anna] an"}
    assert project(translations, row) == [("Anna", "PER")]


def test_spans_are_matched_back_when_the_order_changes() -> None:
    row = make_row("Anna in Rome", "in Rom Anna", ("Anna", "PER"), ("Rome", "LOC"))
    translations = {"[Anna] in [Rome]": "in [Rom] [Anna]", "Anna": "Anna", "Rome": "Rom"}
    assert project(translations, row) == [("Anna", "PER"), ("Rom", "LOC")]


def test_a_marked_translation_that_differs_is_searched_for_in_the_row() -> None:
    row = make_row("visit Rome today", "besuche heute Rom", ("Rome", "LOC"))
    assert project({"visit [Rome] today": "Besuch in [Rom] heute"}, row) == [("Rom", "LOC")]


@pytest.mark.parametrize(
    "translation",
    [
        "besuche Rom",  # lost
        "besuche [Rom",  # unpaired
        "besuche [[Rom]]",  # nested
        "besuche ]Rom[",  # in the wrong order
        "besuche [Rom] []",  # one too many, and empty
        "besuche [Rom] [Rom]",  # one too many
        "besuche [Paris]",  # not in the row's own translation
    ],
)
def test_lost_markers_fall_back(translation: str) -> None:
    row = make_row("visit Rome", "besuche Rom", ("Rome", "LOC"))
    projection = marker({"visit [Rome]": translation})[1].project([row])[0]
    assert projection.reasons == ("fell-back",)


def test_brackets_that_are_there_already_stay_what_they_are() -> None:
    row = make_row("visit [old] Rome", "besuche [alt] Rom", ("Rome", "LOC"))
    assert mark(row) == "visit [old] {Rome}"
    assert project({"visit [old] {Rome}": "besuche [alt] {Rom}"}, row) == [("Rom", "LOC")]


def test_a_text_with_brackets_of_every_kind_falls_back() -> None:
    source = "[ { < « ⟨ Rome"
    assert brackets_for(source) is None
    row = make_row(source, "Rom", ("Rome", "LOC"))
    assert marker({})[1].project([row])[0].reasons == ("fell-back",)


def test_marking_and_unmarking_are_inverse() -> None:
    row = make_row("a bc d", "x", ("a", "A"), ("d", "D"))
    assert mark(row) == "[a] bc [d]"
    assert unmark("[a] bc [d]", ("[", "]")) == ("a bc d", [(0, 1), (5, 6)])
    assert unmark("[ a ] bc", ("[", "]")) == (" a bc", [(1, 2)])


def test_only_whole_free_words_match_a_stretch() -> None:
    assert find_stretch("Romane aus Rom und Rom", "Rom", 0.0, []) == (11, 14)
    assert find_stretch("Romane aus Rom und Rom", "Rom", 0.0, [(11, 14)]) == (19, 22)
    assert find_stretch("Romane", "Rom", 0.0, []) is None


def test_rows_without_spans_cost_no_translation() -> None:
    translator, projector = marker({})
    assert projector.project([ProjectionInput("a", (), "b")]) == [Projection((), ())]
    assert projector.project([]) == []
    assert translator.requests == []


class UniformAligner:
    """An aligner that links everything with everything."""

    name = "uniform"

    def posteriors(self, pairs: Sequence[WordPair]):
        import numpy as np

        from alignment.protocol import Posteriors

        result = []
        for pair in pairs:
            shape = (len(pair.source.offsets), len(pair.target.offsets))
            forward = np.full(shape, 0.9 / max(shape[0], 1), np.float32)
            result.append(Posteriors(forward, np.full(shape, 0.9 / max(shape[1], 1), np.float32)))
        return result

    def align(self, pairs: Sequence[WordPair]):
        raise AssertionError


def test_the_translator_decides_where_the_aligner_cannot() -> None:
    translator = Dictionary({"sister": "Schwester"})
    row = make_row("my sister waits", "meine Schwester wartet", ("sister", "PER"))
    projector = load_projector(
        "candidate",
        translator=translator,
        aligner=UniformAligner(),
        max_candidates=20,
        translation_weight=2.0,
    )
    projection = projector.project([row])[0]
    check_projection(row, projection)
    assert placed_texts(row, projection) == [("Schwester", "PER")]
    assert "Schwester" in translator.requests


def test_the_translator_is_not_used_where_the_aligner_is_confident() -> None:
    translator = Dictionary({})
    bitext = [make_row("Anna waits", "Anna wartet", ("Anna", "PER")) for _ in range(20)]
    projector = load_projector("candidate", translator=translator)
    for row, projection in zip(bitext, projector.project(bitext), strict=True):
        assert placed_texts(row, projection) == [("Anna", "PER")]
    assert translator.requests == []


class BoundedAligner(UniformAligner):
    """Fails where a table would not fit into the memory."""

    def posteriors(self, pairs: Sequence[WordPair]):
        assert all(len(p.source.offsets) * len(p.target.offsets) < 5_000_000 for p in pairs)
        return super().posteriors(pairs)


def test_rows_of_thousands_of_words_do_not_fill_the_memory() -> None:
    translator = Dictionary({"sister": "Schwester"})
    long = " ".join(["word"] * 2_500)
    rows = [
        make_row("my sister", "meine Schwester", ("sister", "PER")),
        make_row(long, long, ("word", "X")),
    ]
    projector = load_projector(
        "candidate",
        translator=translator,
        aligner=BoundedAligner(),
        max_candidates=20,
        translation_weight=2.0,
    )
    short, given_up = projector.project(rows)
    assert placed_texts(rows[0], short) == [("Schwester", "PER")]
    assert given_up.reasons == ("text-too-long",)


def test_spans_that_the_translator_decided_on_may_be_given_up_too() -> None:
    row = make_row("my sister waits", "meine Schwester wartet", ("sister", "PER"))

    def reasons(**options: object) -> tuple[str, ...]:
        translator = Dictionary({"sister": "Schwester"})
        projector = load_projector(
            "candidate",
            translator=translator,
            aligner=UniformAligner(),
            max_candidates=20,
            translation_weight=2.0,
            **options,
        )
        return projector.project([row])[0].reasons

    assert reasons() == reasons(complete=("source", "target")) == ("",)
    assert reasons(minimum_confidence=1.0) == ("unsure",)
    with pytest.raises(UserError, match="instance"):
        reasons(complete=("everything",))


class FixedProjector:
    """Places spans always at the same runs."""

    name = "fixed"

    def __init__(self, *placed: tuple[int, int, float] | None) -> None:
        self.placed = placed

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        return [
            Projection(
                tuple(
                    None if p is None else Span(p[0], p[1], span.label, self.name, p[2])
                    for p, span in zip(self.placed, row.spans, strict=True)
                ),
                tuple("unaligned" if p is None else "" for p in self.placed),
            )
            for row in inputs
        ]


def vote(*members: FixedProjector) -> Projection:
    row = make_row("a b", "x y", ("a", "A"), ("b", "B"))
    projection = load_projector("vote", members=members).project([row])[0]
    check_projection(row, projection)
    return projection


def test_two_outvote_one() -> None:
    projection = vote(
        FixedProjector((0, 1, 0.6), None),
        FixedProjector((0, 1, 0.6), None),
        FixedProjector((2, 3, 0.9), None),
    )
    assert (projection.placed[0].start, projection.placed[0].end) == (0, 1)
    assert projection.reasons == ("", "unaligned")


def test_agreement_gives_more_confidence_than_disagreement() -> None:
    agreed = vote(FixedProjector((0, 1, 0.9), None), FixedProjector((0, 1, 0.9), None))
    split = vote(FixedProjector((0, 1, 0.9), None), FixedProjector((2, 3, 0.8), None))
    assert agreed.placed[0].confidence > split.placed[0].confidence


def test_spans_that_want_the_same_run_do_not_share_it() -> None:
    projection = vote(
        FixedProjector((0, 1, 0.9), (0, 1, 0.8)), FixedProjector((0, 1, 0.9), (2, 3, 0.3))
    )
    assert [(s.start, s.end) for s in projection.placed if s] == [(0, 1), (2, 3)]
    assert vote(FixedProjector((0, 1, 0.9), (0, 1, 0.8))).reasons == ("", "collision")


def test_a_single_name_will_do_for_a_list() -> None:
    row = ProjectionInput("Rome is red", (Span(0, 4, "LOC"),), "!")
    listed, single = (load_projector("aligned", complete=names) for names in (["target"], "target"))
    assert single.project([row]) == listed.project([row])
    with pytest.raises(UserError, match="unknown completeness filter 'everything'"):
        load_projector("aligned", complete="everything")
    with pytest.raises(UserError, match=r"'max_candidates' is 2\.5, not a whole number"):
        load_projector("candidate", translator=object(), max_candidates=2.5)


def test_mistakes_name_the_choices() -> None:
    with pytest.raises(UserError, match="choose from: " + ", ".join(sorted(PROJECTORS))):
        load_projector("magic")
    with pytest.raises(UserError, match=r"no option 'speed'.*minimum_confidence"):
        load_projector("aligned", speed=3)
    with pytest.raises(UserError, match="instance"):
        load_projector("aligned", complete=("everything",))
    with pytest.raises(UserError, match=r"statistical\+attention"):
        load_projector("aligned", aligner="magic")
    with pytest.raises(UserError, match="at least one"):
        load_projector("vote", members=())
