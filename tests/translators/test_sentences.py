"""Texts cut into sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.reassembly import Reassembly
from translators.sentences import split_sentences

CASES = [
    ("en", "Dr. Smith went. He left!\n\n  OK?  Yes.",
     ["Dr. Smith went.", "He left!", "OK?", "Yes."]),
    ("en", "set alarm for 7:30 p.m. tomorrow", ["set alarm for 7:30 p.m. tomorrow"]),
    ("en", "Visit node.Js or Yahoo!Mail now. It costs $3.50.",
     ["Visit node.Js or Yahoo!Mail now.", "It costs $3.50."]),
    ("de", "Am 3. Mai war z.B. er da. Ja.", ["Am 3. Mai war z.B. er da.", "Ja."]),
    ("zh-Hans", "你好。“今天天气不错！”走吧", ["你好。", "“今天天气不错！”", "走吧"]),
    ("ja", "今日は。「はい。」と言った。", ["今日は。", "「はい。」と言った。"]),
    ("ja", "「行こう。」と言った。彼は笑った。「はい。」とても良い。",
     ["「行こう。」と言った。", "彼は笑った。", "「はい。」", "とても良い。"]),
    ("ja", "「本当？！」って聞いた。「いいえ。」", ["「本当？！」って聞いた。", "「いいえ。」"]),
    ("zh-Hans", "他说：“走吧。”然后离开了。你好！", ["他说：“走吧。”", "然后离开了。", "你好！"]),
    ("en", "Dr. Smith met Mr. Brown, e.g. at 5 p.m. Then they left. See vol. 2. The U.S. Army.",
     ["Dr. Smith met Mr. Brown, e.g. at 5 p.m.", "Then they left.", "See vol. 2.",
      "The U.S. Army."]),
    ("en", "I said no. He lives on Main St. We left.",
     ["I said no.", "He lives on Main St.", "We left."]),
    ("de", "Dr. Meier kam z. B. am 3. Mai. Prof. Huber, d.h. Er. Die Nr. 5 ist da. Ende.",
     ["Dr. Meier kam z. B. am 3. Mai.", "Prof. Huber, d.h. Er.", "Die Nr. 5 ist da.", "Ende."]),
    ("fr", "M. Dupont est parti. Le Dr. Martin et Mme. Durand restent. Cf. p. 12 de l'éd. rare.",
     ["M. Dupont est parti.", "Le Dr. Martin et Mme. Durand restent.",
      "Cf. p. 12 de l'éd. rare."]),
    ("fr", "Elle mesure 10 m. Puis elle dit : « Viens. » Il vint, n. 5 en main.",
     ["Elle mesure 10 m.", "Puis elle dit : « Viens. »", "Il vint, n. 5 en main."]),
    ("es", "El Sr. López y la Sra. García viven allí. El Dr. Ruiz llegó. ¿Qué hora es? ¡Ven!",
     ["El Sr. López y la Sra. García viven allí.", "El Dr. Ruiz llegó.", "¿Qué hora es?", "¡Ven!"]),
    ("it", "Il sig. Rossi e il Dott. Verdi. Ecco, ad es. Roma. L'art. 5 dice.",
     ["Il sig. Rossi e il Dott. Verdi.", "Ecco, ad es. Roma.", "L'art. 5 dice."]),
    ("pl", "Wczoraj dr. Kowalski i prof. Nowak przyszli. Pan inż. Nowak, np. Jan, m.in. Ala. Tak.",
     ["Wczoraj dr. Kowalski i prof. Nowak przyszli.", "Pan inż. Nowak, np. Jan, m.in. Ala.",
      "Tak."]),
    ("nl", "Gisteren sprak mevr. Jansen met dhr. De Vries. Dat was o.a. Piet, d.w.z. Hij. Ja.",
     ["Gisteren sprak mevr. Jansen met dhr. De Vries.", "Dat was o.a. Piet, d.w.z. Hij.", "Ja."]),
    ("sv", "Det finns T.ex. Anna och bl.a. Olle. T.ex. Eva kom. Ja.",
     ["Det finns T.ex. Anna och bl.a. Olle.", "T.ex. Eva kom.", "Ja."]),
    ("da", "Hr. Jensen og Dr. Hansen kom. F.eks. Anna, bl.a. Ole. Ja.",
     ["Hr. Jensen og Dr. Hansen kom.", "F.eks. Anna, bl.a. Ole.", "Ja."]),
    ("pt-BR", "O Sr. Silva e a Sra. Costa. O Dr. Lima chegou. A Av. Paulista é longa. Sim.",
     ["O Sr. Silva e a Sra. Costa.", "O Dr. Lima chegou.", "A Av. Paulista é longa.", "Sim."]),
    ("cs", "Pan Ing. Novák a MUDr. Svoboda přišli. Bydlí na ul. Dlouhé, tj. Zde. Dne 3. května.",
     ["Pan Ing. Novák a MUDr. Svoboda přišli.", "Bydlí na ul. Dlouhé, tj. Zde.",
      "Dne 3. května."]),
    ("tr", "Dr. Yılmaz ve Prof. Kaya geldi. Örn. Ankara. Evet. Av. Demir ve Sn. Ak.",
     ["Dr. Yılmaz ve Prof. Kaya geldi.", "Örn. Ankara.", "Evet.", "Av. Demir ve Sn. Ak."]),
    ("ru", "Живёт на ул. Ленина, т. е. рядом. А. С. Пушкин писал. Он помог им. Да.",
     ["Живёт на ул. Ленина, т. е. рядом.", "А. С. Пушкин писал.", "Он помог им.", "Да."]),
    ("ar", "مرحبا. كيف حالك؟ بخير", ["مرحبا.", "كيف حالك؟", "بخير"]),
    ("hi", "नमस्ते। कैसे हो?", ["नमस्ते।", "कैसे हो?"]),
    ("th", "สวัสดีครับ ผมชื่อ สบายดี", ["สวัสดีครับ ผมชื่อ สบายดี"]),
    ("en", "one\r\ntwo\u2028three", ["one", "two", "three"]),
    ("en", "", []),
    ("en", " \t\n ", []),
    ("qaa", "An unknown language. It is split.", ["An unknown language.", "It is split."]),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "text", "expected"), CASES)
def test_split(lang: str, text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in split_sentences(text, lang)] == expected


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=60) | st.text(alphabet='aB.!? \n。」؟\u00a0\u200b3"(', max_size=60),
    lang=st.sampled_from(["en", "de", "zh", "ja", "ar", "th", "hi", "fr", "ru", "und"]),
)
def test_only_white_space_lies_between(text: str, lang: str) -> None:
    sentences = split_sentences(text, lang)
    at = 0
    for start, end in sentences:
        assert at <= start < end <= len(text)
        assert text[at:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        at = end
    assert text[at:].strip() == ""
    reassembly = Reassembly(text)
    starts = [reassembly.add(start, end, text[start:end], 0.0, 1) for start, end in sentences]
    assert reassembly.finish().text == text
    assert starts == [start for start, _ in sentences]
