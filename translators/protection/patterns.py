"""What cannot be translated inside a sentence, by its form: addresses, placeholders, tags, emoji.

A text is searched by one expression; markup that encloses text (tags, Markdown) is then paired.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

import regex

from corpora.text.scripts import UNSPACED
from translators.protection.items import Item, Kind

_TLD = "com|org|net|edu|gov|mil|int|info|io|dev|app|eu|uk|de|fr|es|it|nl|ch|at|be|pl|ru|jp|cn|us|ca"
_EXTENSIONS = (
    "txt|md|rst|pdf|docx?|xlsx?|pptx?|odt|csv|tsv|jsonl?|ya?ml|toml|ini|cfg|conf|xml|html?|css|jsx?|"
    "tsx?|py|rs|go|java|kt|rb|php|pl|sh|bat|exe|dll|so|zip|tar|gz|tgz|bz2|xz|zst|7z|rar|iso|dmg|deb|"
    "rpm|apk|png|jpe?g|gif|svg|webp|bmp|ico|mp[34]|wav|ogg|flac|avi|mkv|mov|ftl|po|log|lock|sql|db|"
    "arrow|parquet|conll|ipynb|tex|bib"
)
_ATTRIBUTE = (
    r"""\s+(?:[\w:@.-]+\s*=\s*(?:"[^"]*"|'[^']*'|\{[^{}]*\}|[^\s"'<>]+)|\{\{?[^{}]*\}?\}"""
    r"|hidden|disabled|checked|required|selected|download|async|defer|controls|autoplay|loop|muted)"
)
_PICTURE = (
    r"(?:\p{Regional_Indicator}{2}|[0-9\#*]\uFE0F?\u20E3|(?![\u00a9\u00ae\u2122\u2194-\u21aa])"
    r"\p{Extended_Pictographic}[\uFE0F\uFE0E]?\p{Emoji_Modifier}?[\U000E0020-\U000E007F]*"
    r"(?:\u200D\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)*)"
)
_NUMBER = r"\d+(?:[.,\u202f\u00a0]\d+)*"
_UNIT = (
    r"°\s?[CFK]?|℃|℉|%|‰|€|£|¥|(?:[mcdkµμn]m|km|m|ft|yd|mi)[²³]?|[mkµμ]?g|lbs?|oz|t|[mcd]?l|"
    r"[kMGT]i?B|[kMG]?bit/s|[kMGT]?Hz|[kM]?W|[kM]?Wh|[mk]?V|mAh|mA|k?Pa|hPa|bar|k?J|kcal|km/h|mph|"
    r"m/s|px|pt|dpi|fps|ms|µs|min|h|s"
)
_FARTHEST = 1000
"""Most characters between what opens and what closes: without it, every opening would be searched
for its other half to the end of the text."""
_FORMS: tuple[tuple[Kind, str], ...] = (
    ("code", r"`[^`\n]+`"),
    ("tag", rf"<!--.{{0,{_FARTHEST}}}?-->|</?[A-Za-z][\w:.-]*(?:{_ATTRIBUTE})*\s*/?>"),
    ("entity", r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});"),
    (
        "placeholder",
        r"\{\{[^{}\n]*\}\}|\$\{[^{}\n]+\}|\#\{[^{}\n]+\}"
        r"|\{\s*(?:[-$]?[\w.\[\]-]*(?:![rsa])?(?::[^{}\s]*)?|[A-Z][A-Z_]*\([^(){}]*\))\s*\}"
        r"|(?<![\d%])%(?:\(\w+\)|\d+\$)?[-+\#0]*\d*(?:\.\d+)?(?:hh?|ll?|[zjtL])?[sdiufFeEgGxXoc@]"
        r"(?![\w])|%[A-Z][A-Z0-9_]*%|(?<![\w$])\$[A-Za-z_]\w*|\[[A-Z][A-Z0-9_-]*\]"
        r"|(?<!\w)__[A-Za-z]\w*?__(?!\w)|(?<!\w)\\[nrt]",
    ),
    (
        "address",
        rf"(?:https?|ftp)://[^\s<>\"'`{UNSPACED}]+|(?<![\w@])www\.[^\s<>\"'`{UNSPACED}]+"
        r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
        rf"|(?<![\w@.-])(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+(?:{_TLD})(?![\w-]|\.\w)(?:/[^\s<>\"'`]*)?",
    ),
    (
        "file",
        r"(?<![\w\\])[A-Za-z]:\\[\w\\.-]+|(?<![\w/.~<])(?:~|\.{1,2})?(?:/[\w@.-]*[\w@-])+/?(?!\w)"
        rf"|(?<![\w/.-])[\w-]+(?:/[\w.-]+)*\.(?:{_EXTENSIONS})(?!\w)",
    ),
    ("handle", r"(?<![\w@./])@\w+(?:[.-]\w+)*"),
    ("hashtag", r"(?<![\w&/\#])\#\w+"),
    (
        "code",
        r"(?<![\w-])(?:\d+\.){2,}\d+(?![\w.-]*\d)|(?<!\w)[A-Za-z]\w*_\w+|(?<!\w)[A-Za-z]\w*\(\)",
    ),
    ("emoji", rf"{_PICTURE}+"),
    (
        "date",
        r"(?<![\w.])(?:\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"
        r"|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}:\d\d(?::\d\d)?)(?![\w:])",
    ),
    ("quantity", rf"(?<![\w.,]){_NUMBER}[\s\u00a0\u202f]?(?:{_UNIT})(?![\w²³])"),
)
_SEARCH = regex.compile(
    "|".join(f"(?P<k{number}>{form})" for number, (_, form) in enumerate(_FORMS))
)
_MAY_MATCH = re.compile(r"""[^\w\s.,;!?"'()’‘“”„…–—-]|[\d_]|\w\.\w|\(\)""")
"""Something that every form has; the quickest of all checks, for most texts have nothing."""
_MARKDOWN = regex.compile(
    r"(?P<open>!?\[)(?=[^\[\]\n]+(?P<close>\]\([^()\s]*(?:\s\"[^\"\n]*\")?\)))"
    r"|(?P<mark>\*\*|~~|(?<![\w*])\*(?!\*))(?=[^\s*])"
    rf"(?=[^\n]{{0,{_FARTHEST}}}?[^\s*](?P=mark))"
)
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
                   "source", "track", "wbr"})  # fmt: skip
_TAG_NAME = regex.compile(r"<(/?)([A-Za-z][\w:.-]*)")


def find_patterns(text: str) -> list[Item]:
    """The items of `text` that their form shows to be untranslatable, in order, not overlapping."""
    if _MAY_MATCH.search(text) is None:
        return []
    items = []
    for match in _SEARCH.finditer(text):
        kind = _FORMS[int(match.lastgroup[1:])][0]
        start, end = match.span()
        if kind == "address":
            end = _without_punctuation(text, start, end)
        if start < end:
            items.append(Item(start, end, text[start:end], kind))
    return paired([*items, *_markdown(text, items)])


def _without_punctuation(text: str, start: int, end: int) -> int:
    """Where an address ends that begins at `start`: what closes the sentence is not part of it."""
    while end > start:
        char = text[end - 1]
        opening = {")": "(", "]": "[", "}": "{"}.get(char)
        if opening is not None:
            if text.count(opening, start, end) >= text.count(char, start, end):
                break
        elif char not in ".,;:!?…'’”»*_~":
            break
        end -= 1
    return end


def _markdown(text: str, items: Iterable[Item]) -> list[Item]:
    """Both halves of what Markdown puts around text: `[` and `](address)`, `**`, `*`, `~~`."""
    taken = [(item.start, item.end) for item in items]
    ends = [end for _, end in taken]
    halves: list[Item] = []
    at = 0
    while (match := _MARKDOWN.search(text, at)) is not None:
        start, at = match.span()
        mark = match["mark"]
        other = text.find(mark, at + 1) if mark else match.start("close")
        last = other + len(mark) if mark else match.end("close")
        if mark:
            at = last
        after = (bisect_right(ends, position) for position in (start, other))
        if any(
            n < len(taken) and taken[n][0] <= position
            for n, position in zip(after, (start, other), strict=True)
        ):
            continue
        halves += [
            Item(start, match.end(), match[0], "markup", "open"),
            Item(other, last, text[other:last], "markup", "close"),
        ]
    return halves


def paired(items: Iterable[Item]) -> list[Item]:
    """`items` in order, with the halves of pairs numbered; a tag without its other half stands
    alone, and of two that overlap the longer stays."""
    ordered: list[Item] = []
    for item in sorted(items, key=lambda item: (item.start, item.start - item.end)):
        if ordered and item.start < ordered[-1].end:
            continue
        ordered.append(item)
    pairs = 0
    stack: list[tuple[str, int]] = []
    waiting: Counter[str] = Counter()
    result = [Item(item.start, item.end, item.text, item.kind) for item in ordered]
    for number, item in enumerate(ordered):
        name, role = _half(item)
        if role == "open":
            stack.append((name, number))
            waiting[name] += 1
        elif role == "close" and waiting[name]:
            for depth in range(len(stack) - 1, -1, -1):
                if stack[depth][0] == name:
                    opening = ordered[stack[depth][1]]
                    result[stack[depth][1]] = Item(
                        opening.start, opening.end, opening.text, opening.kind, "open", pairs
                    )
                    result[number] = Item(
                        item.start, item.end, item.text, item.kind, "close", pairs
                    )
                    pairs += 1
                    waiting.subtract(opened for opened, _ in stack[depth:])
                    del stack[depth:]
                    break
    return result


def _half(item: Item) -> tuple[str, str]:
    """The name of a tag and which half of a pair it is."""
    if item.kind == "markup":
        name = {"[": "[", "!": "["}.get(item.text[0], item.text)
        return ("[" if item.text.startswith("](") else name), item.role
    if item.kind != "tag" or (match := _TAG_NAME.match(item.text)) is None:
        return "", "alone"
    name = match[2].lower()
    if item.text.endswith("/>") or name in _VOID:
        return name, "alone"
    return name, "close" if match[1] else "open"
