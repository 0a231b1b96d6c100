"""The words of a corpus, and strings made up from them that a model has not seen."""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from translators.training.words import SentencePair, WordSplitter

_CONNECTIVES = 25
"""Number of commonest words that occur inside titles: articles, prepositions, `and`."""
_EMOJI = (
    *"😀😂🙂😍😎😢😡👍👎🙏🎉🔥💯🚀🌍🍕🎵⏰",
    "❤️", "✈️", "☀️", "👩‍👩‍👧‍👦", "👨‍💻", "👋🏽", "🇩🇪", "🇬🇧", "🇫🇷", "🇪🇸",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inventory:
    """Names to swap in, words seen in lower case, and the common words of each side, commonest
    first, of which titles are made (`The Art of Nijinsky`)."""

    names: tuple[str, ...] = ()
    lower_words: frozenset[str] = field(default_factory=frozenset)
    source_words: tuple[str, ...] = ()
    target_words: tuple[str, ...] = ()

    @classmethod
    def collect(cls, pairs: Iterable[SentencePair], split: WordSplitter) -> Inventory:
        """The inventory of `pairs`, cut into words by `split`.

        Names are capitalised words aligned to an identical word; the rest is counted.
        """
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

    def unseen(self, rng: random.Random) -> str:
        """A string drawn from `rng`: a made-up word, number, code or address, a row of emoji, or a
        name of the corpus."""
        kind = rng.random()
        if kind < 0.42 and self.names:
            return rng.choice(self.names)
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

    def title(self, words: Sequence[str], rng: random.Random) -> list[str]:
        """Two to four capitalised words of `words` (commonest first), drawn from `rng`, the
        commonest sometimes in lower case between the others."""
        title: list[str] = []
        for _ in range(rng.randint(2, 4)):
            if title and rng.random() < 0.4:
                title.append(rng.choice(words[:_CONNECTIVES]))
            is_unseen = rng.random() < 0.2
            title.append(self.unseen(rng) if is_unseen else rng.choice(words).capitalize())
        if rng.random() < 0.3:
            title.insert(0, rng.choice(words[:_CONNECTIVES]).capitalize())
        return title


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
