"""From a clean sentence pair to the ids that a model is trained on, with changes on the fly.

The changes teach what plain bitext does not: names, numbers and unseen strings come through as
they are, spoken queries without case or punctuation are understood, and bracketed phrases stay
bracketed (EasyProject, Chen et al., 2023). Each change is drawn from a generator of its own,
seeded by (seed, epoch, example), so that a resumed run makes the same examples.
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import sentencepiece

from translators.training.config import NoiseConfig

WordSplitter = Callable[[str], Sequence[tuple[int, int]]]
"""Gives the half-open code point offsets of a text's words."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A clean pair with its word links: (source word, target word), 0-based, over the words
    that the splitter gives."""

    source: str
    target: str
    links: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """Piece ids (language tag first and end-of-sentence last) and links (target, source)."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    links: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        """Pieces of the longer side."""
        return max(len(self.source), len(self.target))


@dataclass(slots=True)
class TokenisedPair:
    """A pair as words, each with the white space before it, so that words can be exchanged."""

    source: list[str]
    source_gaps: list[str]
    target: list[str]
    target_gaps: list[str]
    links: list[tuple[int, int]]

    def texts(self) -> tuple[str, str]:
        """Both texts, put together again."""
        return _join(self.source, self.source_gaps), _join(self.target, self.target_gaps)


def _join(words: Sequence[str], gaps: Sequence[str]) -> str:
    return "".join(gap + word for gap, word in zip(gaps, words, strict=True)).strip()


def _cut(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[list[str], list[str]]:
    words, gaps, last = [], [], 0
    for start, end in offsets:
        gaps.append(text[last:start])
        words.append(text[start:end])
        last = end
    return words, gaps


def is_name_or_number(word: str) -> bool:
    """A capitalised word or one with a digit: what may be exchanged for another string."""
    return word[:1].isupper() or any(c.isdigit() for c in word)


def _is_capitalised(word: str) -> bool:
    return len(word) > 2 and word[0].isupper() and word[1:].islower()


_CONNECTIVES = 25
"""So many of the commonest words stand between those of a title: articles, prepositions, `and`."""


_EMOJI = (
    *"😀😂🙂😍😎😢😡👍👎🙏🎉🔥💯🚀🌍🍕🎵⏰",
    "❤️", "✈️", "☀️", "👩‍👩‍👧‍👦", "👨‍💻", "👋🏽", "🇩🇪", "🇬🇧", "🇫🇷", "🇪🇸",
)  # fmt: skip


def _address(rng: random.Random) -> str:
    """A made-up e-mail or web address, handle, hashtag, path, date or decimal number."""
    a, b = ("".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 8))) for _ in range(2))
    n = rng.randint(0, 9999)
    return rng.choice(
        (
            f"{a}.{b}@{b}.com",
            f"{a}{n}@{b}.org",
            f"https://www.{a}.com/{b}?id={n}",
            f"www.{a}-{b}.net",
            f"@{a}_{b}",
            f"#{a}{b}",
            f"/home/{a}/{b}.txt",
            f"C:\\{a}\\{b}",
            f"{2000 + n % 30}-{1 + n % 12:02}-{1 + n % 28:02}",
            f"{n}.{n % 97:02}",
        )
    )


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the corpus says about words: names to swap in, words seen in lower case, and the
    common ones of each side, commonest first, of which titles are made (`The Art of Nijinsky`)."""

    names: tuple[str, ...] = ()
    lower_words: frozenset[str] = field(default_factory=frozenset)
    source_words: tuple[str, ...] = ()
    target_words: tuple[str, ...] = ()

    @classmethod
    def collect(cls, pairs: Iterable[SentencePair], split: WordSplitter) -> Inventory:
        """Names are capitalised words aligned to an identical word; the rest is counted."""
        names: Counter[str] = Counter()
        lower: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        for pair in pairs:
            src = [pair.source[a:b] for a, b in split(pair.source)]
            tgt = [pair.target[a:b] for a, b in split(pair.target)]
            lower[0].update(w for w in src if w.islower())
            lower[1].update(w for w in tgt if w.islower())
            for i, j in pair.links:
                word = src[i]
                if i > 0 and word == tgt[j] and word[:1].isupper() and len(word) > 2:
                    names[word] += 1
        common = [
            tuple(
                w
                for w, _ in sorted(side.items(), key=lambda x: (-x[1], x[0]))[:3000]
                if w.isalpha()
            )
            for side in lower
        ]
        return cls(tuple(sorted(names)), frozenset(lower[0] | lower[1]), *common)


class ExampleMaker:
    """Makes the `Example` of a pair in one direction, changed as `NoiseConfig` says.

    `tag` is the piece that names the target language (`>>de<<`), `markers` the opening and
    closing pieces of projection markers. Pieces come from one joint SentencePiece model.
    """

    def __init__(
        self,
        processor: sentencepiece.SentencePieceProcessor,
        split: WordSplitter,
        noise: NoiseConfig,
        inventory: Inventory,
        markers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._sp = processor
        self._split = split
        self._noise = noise
        self._inventory = inventory
        self._markers = tuple(markers)
        self._eos = processor.eos_id()

    def make(
        self, pair: SentencePair, tag: str | None, reverse: bool, rng: random.Random | None
    ) -> Example:
        """The example of `pair` (of target to source when `reverse`); no changes without `rng`."""
        source, target, links = pair.source, pair.target, list(pair.links)
        if reverse:
            source, target, links = target, source, [(j, i) for i, j in links]
        if rng is not None:
            words = self._words(source, target, links)
            if words is not None:
                self._change(words, reverse, rng)
                source, target, links = *words.texts(), words.links
        return self._encode(source, target, links, tag)

    def _words(
        self, source: str, target: str, links: list[tuple[int, int]]
    ) -> TokenisedPair | None:
        src, src_gaps = _cut(source, self._split(source))
        tgt, tgt_gaps = _cut(target, self._split(target))
        if not src or not tgt:
            return None
        return TokenisedPair(src, src_gaps, tgt, tgt_gaps, links)

    def _change(self, pair: TokenisedPair, reverse: bool, rng: random.Random) -> None:
        noise, inventory = self._noise, self._inventory
        lower = rng.random() < noise.lower
        # In lower case nothing tells a title from the words of a sentence, so none is made.
        words = inventory.target_words if reverse else inventory.source_words
        title_words = () if lower else words
        if rng.random() < noise.copy_word:
            self._copy(pair, rng)
        elif rng.random() < noise.swap:
            self._swap(pair, title_words, rng)
        if rng.random() < noise.add:
            self._add(pair, rng)
        if lower:
            self._lower(pair)
        if self._markers and rng.random() < noise.markers:
            self._mark(pair, rng)

    def _unseen(self, rng: random.Random) -> str:
        """A made-up word, number, code, address or row of emoji, or a name of the corpus."""
        kind = rng.random()
        if kind < 0.42 and self._inventory.names:
            return rng.choice(self._inventory.names)
        if kind < 0.70:
            letters = "".join(
                rng.choice("bcdfghjklmnprstvwz")
                + rng.choice("aeiouy")
                + rng.choice(["", "", "n", "r", "l", "s", "t"])
                for _ in range(rng.randint(1, 4))
            )
            return letters.capitalize()
        if kind < 0.86:
            return str(rng.randint(0, 10 ** rng.randint(1, 4)))
        if kind < 0.91:
            return "".join(rng.choices(string.ascii_uppercase + string.digits, k=rng.randint(2, 6)))
        if kind < 0.96:
            return _address(rng)
        return "".join(rng.choices(_EMOJI, k=rng.choice((1, 1, 1, 2, 3))))

    def _copy(self, pair: TokenisedPair, rng: random.Random) -> None:
        words, gaps = self._words_of([self._unseen(rng) for _ in range(rng.randint(1, 5))])
        pair.source, pair.source_gaps = list(words), list(gaps)
        pair.target, pair.target_gaps = list(words), list(gaps)
        pair.links = [(i, i) for i in range(len(words))]

    def _words_of(self, strings: Sequence[str]) -> tuple[list[str], list[str]]:
        """`strings`, with spaces between them, as words and the white space before each."""
        text = " ".join(strings)
        return _cut(text, self._split(text))

    def _title(self, words: Sequence[str], rng: random.Random) -> list[str]:
        """Two to four capitalised words, the commonest sometimes small between the others."""
        title: list[str] = []
        for _ in range(rng.randint(2, 4)):
            if title and rng.random() < 0.4:
                title.append(rng.choice(words[:_CONNECTIVES]))
            unseen = rng.random() < 0.2
            title.append(self._unseen(rng) if unseen else rng.choice(words).capitalize())
        if rng.random() < 0.3:
            title.insert(0, rng.choice(words[:_CONNECTIVES]).capitalize())
        return title

    def _swap(self, pair: TokenisedPair, title_words: Sequence[str], rng: random.Random) -> None:
        """Exchange one one-to-one aligned name or number on both sides.

        It is one when both words are the same, or when both are capitalised and neither opens its
        sentence (Mary, Maria).
        """
        by_source = Counter(i for i, _ in pair.links)
        by_target = Counter(j for _, j in pair.links)
        candidates = [
            (i, j)
            for i, j in pair.links
            if by_source[i] == by_target[j] == 1
            and is_name_or_number(pair.source[i])
            and (
                pair.source[i] == pair.target[j]
                or (i and j and _is_capitalised(pair.source[i]) and _is_capitalised(pair.target[j]))
            )
        ]
        if not candidates:
            return
        i, j = rng.choice(candidates)
        if pair.source[i].isdigit():
            new = [str(rng.randint(0, 10 ** len(pair.source[i])))]
        elif title_words and rng.random() < 0.4:
            new = self._title(title_words, rng)
        else:
            new = [self._unseen(rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
        new, new_gaps = self._words_of(new)
        extra = len(new) - 1
        for words, gaps, at in (
            (pair.source, pair.source_gaps, i),
            (pair.target, pair.target_gaps, j),
        ):
            words[at : at + 1] = new
            gaps[at + 1 : at + 1] = new_gaps[1:]
        moved = [
            (a + extra if a > i else a, b + extra if b > j else b)
            for a, b in pair.links
            if (a, b) != (i, j)
        ]
        pair.links = moved + [(i + k, j + k) for k in range(len(new))]

    def _add(self, pair: TokenisedPair, rng: random.Random) -> None:
        """Put the same string after both sides, as people put emoji, addresses and hashtags."""
        new, new_gaps = self._words_of([self._unseen(rng)])
        pair.links += [(len(pair.source) + k, len(pair.target) + k) for k in range(len(new))]
        for words, gaps in ((pair.source, pair.source_gaps), (pair.target, pair.target_gaps)):
            words += new
            gaps += [" ", *new_gaps[1:]]

    def _lower(self, pair: TokenisedPair) -> None:
        """Lower-case the source; in the target, what is copied, and a first word that is not a
        noun. Final punctuation goes on both sides."""
        for i, j in pair.links:
            if pair.source[i] == pair.target[j]:
                pair.target[j] = pair.target[j].lower()
        pair.source = [word.lower() for word in pair.source]
        if pair.target[0].lower() in self._inventory.lower_words:
            pair.target[0] = pair.target[0].lower()
        for words, gaps, side in (
            (pair.source, pair.source_gaps, 0),
            (pair.target, pair.target_gaps, 1),
        ):
            while len(words) > 1 and words[-1] in ".!?":
                words.pop()
                gaps.pop()
                pair.links = [link for link in pair.links if link[side] < len(words)]

    def _mark(self, pair: TokenisedPair, rng: random.Random) -> None:
        """Bracket up to three phrases whose links stay inside them on both sides."""
        phrases: list[tuple[int, int, int, int]] = []
        for _ in range(6):
            if len(phrases) == min(3, len(self._markers)):
                break
            start = rng.randrange(len(pair.source))
            end = min(len(pair.source), start + rng.choice((1, 1, 2, 2, 3, 4)))
            linked = [j for i, j in pair.links if start <= i < end]
            if not linked:
                continue
            low, high = min(linked), max(linked) + 1
            if high - low > 2 * (end - start) + 1:
                continue
            if any(low <= j < high and not start <= i < end for i, j in pair.links):
                continue
            if any((start < b and a < end) or (low < d and c < high) for a, b, c, d in phrases):
                continue
            phrases.append((start, end, low, high))
        phrases.sort()
        edits: tuple[list[tuple[int, str, bool]], list[tuple[int, str, bool]]] = ([], [])
        for (opening, closing), (a, b, c, d) in zip(self._markers, phrases, strict=False):
            edits[0].extend(((a, opening, True), (b, closing, False)))
            edits[1].extend(((c, opening, True), (d, closing, False)))
        maps = []
        for words, gaps, marks in (
            (pair.source, pair.source_gaps, edits[0]),
            (pair.target, pair.target_gaps, edits[1]),
        ):
            # Where one phrase ends and the next begins, the closing marker comes first.
            marks.sort(key=lambda mark: (mark[0], mark[2]))
            positions = list(range(len(words)))
            for done, (at, mark, _) in enumerate(marks):
                words.insert(at + done, mark)
                gaps.insert(at + done, " ")
                if at + done + 1 < len(gaps):
                    gaps[at + done + 1] = " "
                positions = [p + 1 if p >= at + done else p for p in positions]
            maps.append(positions)
        pair.links = [(maps[0][i], maps[1][j]) for i, j in pair.links]

    def _encode(
        self, source: str, target: str, links: Sequence[tuple[int, int]], tag: str | None
    ) -> Example:
        src_ids, src_pieces = self._pieces(source)
        tgt_ids, tgt_pieces = self._pieces(target)
        shift = 0 if tag is None else 1
        src_by_word = _pieces_by_word(self._split(source), src_pieces) if links else []
        tgt_by_word = _pieces_by_word(self._split(target), tgt_pieces) if links else []
        lifted: set[tuple[int, int]] = set()
        for i, j in links:
            # Marks and exchanged strings may be cut otherwise than the words they replaced.
            if i < len(src_by_word) and j < len(tgt_by_word):
                lifted.update((t, s + shift) for t in tgt_by_word[j] for s in src_by_word[i])
        prefix = [] if tag is None else [self._sp.piece_to_id(tag)]
        return Example((*prefix, *src_ids, self._eos), (*tgt_ids, self._eos), tuple(sorted(lifted)))

    def _pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids and code point offsets; an offset takes in the white space before a piece."""
        mapping = self._sp.encode_as_offset_mapping(text)
        return mapping["ids"], mapping["offsets"]


def _pieces_by_word(
    words: Sequence[tuple[int, int]], pieces: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """Indices of the pieces that overlap each word; both lists run left to right."""
    result: list[list[int]] = []
    first = 0
    for start, end in words:
        while first < len(pieces) and pieces[first][1] <= start:
            first += 1
        inside, at = [], first
        while at < len(pieces) and pieces[at][0] < end:
            if pieces[at][1] > start:
                inside.append(at)
            at += 1
        result.append(inside)
    return result
