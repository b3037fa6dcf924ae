"""Languages of chat messages: scripts, Latin letters with enough evidence, silence without; figures on public sets where at hand."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.sentiment import language
from hikari.sentiment.language import detect
from hikari.sentiment.symbols import Symbol, lexicon
from hikari.sentiment.text import read
from hikari.settings import Settings

MIRROR = Settings.read().data_mirror  # read before tests are closed off from it
ROOT = Path(__file__).parents[3]
CODES = {*language.LATIN, *(code for codes in language.OTHERS.values() for code in codes), None}
UMSAB = {
    "arabic": ("ar", 0.98), "english": ("en", 0.98), "french": ("fr", 0.95), "german": ("de", 0.82), "italian": ("it", 0.93),
    "portuguese": ("pt", 0.92), "spanish": ("es", 0.96),
    # Typed in Latin letters, and in good part English.
    "hindi": ("hi", 0.25),
}  # fmt: skip
"""Shares of right answers on the validation tweets, a little below what was measured."""


def told(text: str) -> str | None:
    return detect(read(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("頑張ってください", "ja"),
        ("今日の配信は最高でした", "ja"),
        ("カワイイ", "ja"),
        ("主播今天好漂亮", "zh"),
        ("오늘 방송 너무 재밌어요", "ko"),
        ("привет, как дела сегодня", "ru"),
        ("дякую за чудовий стрім сьогодні", "uk"),
        ("شكرا على البث الرائع", "ar"),
        ("यह बहुत अच्छा है", "hi"),
        ("สวัสดีครับ", "th"),
        ("שלום לכולם", "he"),
        ("καλησπέρα σε όλους", "el"),
        ("das war ein richtig gutes Spiel", "de"),
        ("no me gusta nada este juego", "es"),
        ("je suis trop content de te voir", "fr"),
        ("que jogo muito bom, parabéns pela live", "pt"),
        ("ma che bello questo gioco", "it"),
        ("bu oyun gerçekten çok güzel", "tr"),
        ("xin chào mọi người, hôm nay vui quá", "vi"),
        ("yeh game bahut accha hai bhai", "hi"),
        ("this stream is absolutely amazing", "en"),
        ("Ｔｈｉｓ　ｉｓ　ａ　ｇｏｏｄ　ｇａｍｅ", "en"),
        ("WHAT A GREAT STREAM TODAY", "en"),
    ],
)
def test_languages_are_told(text: str, code: str) -> None:
    assert told(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "gg", "lol", "hola", "bonjour!", "😂😂😂", "KEKW KEKW", "???", "123 456", "https://example.com/das-ist-gut", "@hans @werner", "",
        "¯\\_(ツ)_/¯", "(；´Д｀)", "ಠ_ಠ", "(づ｡◕‿‿◕｡)づ", "草", "w" * 3000, "\x00\u202e",
    ],
)  # fmt: skip
def test_nobody_can_tell(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "gg wp", "Hi chat.", "pog pog pog", "LETSGO", "monkaS no no no", "bye bye", "el nino Pog", "hello @José!", "nice cosplay",
        "let's gooo 頑", "that ツ face", "cafe mocha", "LUL LUL xqcL",
    ],
)  # fmt: skip
def test_short_english_chat_is_never_another_language(text: str) -> None:
    assert told(text) in ("en", None)


def test_the_script_that_says_most_decides() -> None:
    assert told("lol その服めちゃくちゃ可愛いですね") == "ja"
    assert told("I learned the word 愛 today and I love it") == "en"


def test_emotes_are_no_words() -> None:
    own = lexicon().extended([Symbol("guten", "channel", 0.5, "joy", "good"), Symbol("abend", "channel", 0.5, "joy", "evening")])
    assert told("guten abend zusammen") == "de"
    assert detect(read("guten abend zusammen", own)) is None


def test_what_lies_far_behind_is_not_read() -> None:
    assert told("this is a long english story " * 40 + "das war ein richtig gutes Spiel " * 40) == "en"


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_any_text_has_a_known_code_or_none(text: str) -> None:
    assert told(text) in CODES


def test_english_of_the_bundled_corpus_stays_english() -> None:
    """The corpus is English chat with a few messages in other languages; nearly all of plain ASCII must stay."""
    rows = [json.loads(line)["text"] for line in (ROOT / "data/corpus/test.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [told(text) for text in rows]
    assert sum(code not in ("en", None) for code in found) / len(found) < 0.08


def share(texts: list[str], wanted: set[str | None]) -> float:
    return sum(told(text) in wanted for text in texts) / len(texts)


@pytest.mark.skipif(MIRROR is None, reason="HIKARI_DATA_MIRROR names no folder")
@pytest.mark.parametrize("name", UMSAB)
def test_tweets_of_eight_languages(name: str) -> None:
    assert MIRROR is not None
    code, least = UMSAB[name]
    texts = (MIRROR / "umsab_multilingual_sentiment" / name / "val_text.txt").read_text(encoding="utf-8").splitlines()
    right = share(texts, {code})
    print(f"{name}: {right:.1%} told, {share(texts, {'en', None}):.1%} taken for English or nothing")
    assert right >= least


@pytest.mark.skipif(MIRROR is None, reason="HIKARI_DATA_MIRROR names no folder")
def test_false_alarms_on_english_tweets_and_chat() -> None:
    assert MIRROR is not None
    tweets = [
        line.split("\t")[2]
        for name in ("twitter-2013dev-A", "twitter-2016dev-A")
        for line in (MIRROR / f"semeval2017_task4a/downloaded/{name}.tsv").read_text(encoding="utf-8").splitlines()
    ]
    with (MIRROR / "twitch_sentiment_labels/Twitch_Sentiment_Labels.csv").open(newline="", encoding="utf-8") as file:
        chat = sorted({row["message"] for row in csv.DictReader(file)})
    alarms = {name: 1 - share(texts, {"en", None}) for name, texts in (("tweets", tweets), ("chat", chat))}
    print({name: f"{value:.2%}" for name, value in alarms.items()})
    assert len(tweets) > 2_000
    assert len(chat) > 1_000
    assert alarms["tweets"] <= 0.01
    assert alarms["chat"] <= 0.02
