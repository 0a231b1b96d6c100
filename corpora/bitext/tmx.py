"""Translation Memory eXchange (TMX 1.4), streamed through Python's expat."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from corpora.bitext.files import Bitext
from corpora.bitext.schema import BitextPair
from corpora.errors import UserError
from corpora.limits import line_error, max_line
from corpora.readers.streams import blocks
from corpora.text.languages import closest_tag


class _TmxParser:
    """Collects the `<tu>` of a TMX file, fed block by block.

    A document type may be named, as TMX 1.4 files do, but is not fetched; a file that declares
    entities, or refers to one that only its document type could declare, is refused.
    """

    def __init__(self, bitext: Bitext, source: str, target: str) -> None:
        self.pairs: list[BitextPair] = []
        self.languages: set[str] = set()
        self.units = 0
        self._bitext = bitext
        self._wanted = (source.lower(), target.lower())
        self._texts: dict[str, str] = {}
        self._language = ""
        self._segment: list[str] | None = None
        self._skip = 0
        self._line = 0
        self._saw_root = False
        self._fed = self._size = 0
        self._most = max_line()
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._refuse_entity

    def feed(self, block: bytes, final: bool = False) -> None:
        self._fed += len(block)
        try:
            self._parser.Parse(block, final)
            # What is not parsed yet, such as a comment, is held until its end is there.
            if self._fed - self._parser.CurrentByteIndex > self._most:
                raise line_error("an item", self._bitext.path, self._parser.CurrentLineNumber)
        except (LookupError, ValueError) as error:  # of the encoding that it declares
            raise self._fail(f"malformed TMX: {error}") from error
        except expat.ExpatError as error:
            raise UserError(
                f"malformed TMX: {expat.ErrorString(error.code)} (column {error.offset + 1})",
                file=self._bitext.path,
                line=error.lineno,
            ) from error

    def _fail(self, problem: str) -> UserError:
        return UserError(problem, file=self._bitext.path, line=self._parser.CurrentLineNumber)

    def _refuse_entity(self, name: str, *_: Any) -> None:
        raise self._fail(f"malformed TMX: entity {name!r} is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._saw_root:
            self._saw_root = True
            if name != "tmx":
                raise self._fail(f"malformed TMX: the document is a <{name}>")
        if self._segment is not None:
            # Inline codes (`ph`, `bpt`, ...) hold markup; only `hi` and `mrk` hold text.
            self._skip += 1 if self._skip or name not in ("hi", "mrk") else 0
        elif name == "tu":
            self._texts, self._line = {}, self._parser.CurrentLineNumber
            self._size = 0
            self.units += 1
        elif name == "tuv":
            language = attributes.get("xml:lang", attributes.get("lang"))
            if language is None:
                raise self._fail("malformed TMX: a <tuv> without xml:lang")
            self._language = language.lower().replace("_", "-")
            self.languages.add(self._language)
        elif name == "seg":
            self._segment = []

    def _text(self, text: str) -> None:
        if self._segment is not None and not self._skip:
            self._segment.append(text)
            self._size += len(text)
            if self._size > self._most:
                raise line_error("the <tu>", self._bitext.path, self._line)

    def _end(self, name: str) -> None:
        if name == "seg" and self._segment is not None:
            self._texts.setdefault(self._language, "".join(self._segment))
            self._segment, self._skip = None, 0
        elif self._skip:
            self._skip -= 1
        elif name == "tu":
            source, target = (_closest(wanted, tuple(self._texts)) for wanted in self._wanted)
            if source is not None and target is not None:
                texts = self._texts[source], self._texts[target]
                self.pairs.append(BitextPair(*texts, self._bitext.name, self._line))


@lru_cache(maxsize=1024)  # the units of a file have few sets of languages
def _closest(wanted: str, languages: tuple[str, ...]) -> str | None:
    return closest_tag(wanted, languages)


def read_tmx(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    """The pairs of `bitext` that have a text in both languages, `source` and `target` (BCP 47).

    Of the languages of a translation unit the closest is taken (`closest_tag`). Raises `UserError`
    for malformed TMX, and where no unit has both languages.
    """
    parser = _TmxParser(bitext, source, target)
    any_pair = False
    for block in blocks(bitext.path):
        parser.feed(block)
        any_pair = any_pair or bool(parser.pairs)
        yield from parser.pairs
        parser.pairs.clear()
    parser.feed(b"", final=True)
    yield from parser.pairs
    if not any_pair and parser.units and not parser.pairs:
        raise UserError(
            f"none of its {parser.units} translation units has both {source!r} and {target!r}",
            file=bitext.path,
            choices=parser.languages,
        )
