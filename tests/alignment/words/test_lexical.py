from __future__ import annotations

from alignment.words.lexical import LexicalAligner
from alignment.words.splitting import split_pair


def test_lexical_links_names_numbers_and_nothing_else() -> None:
    pair = split_pair("On 12 May Anna Schmidt met Bob", "Bob traf Anna Schmidt am 12. Mai")
    (links,) = LexicalAligner().align([pair])
    words = {(pair.source.strings()[i], pair.target.strings()[j]) for i, j in links.links.tolist()}
    assert words == {("12", "12"), ("Anna", "Anna"), ("Schmidt", "Schmidt"), ("Bob", "Bob")}
    assert LexicalAligner().align([]) == []
