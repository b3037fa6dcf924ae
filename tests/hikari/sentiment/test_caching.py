"""The analyser's cache: equal answers with and without, one pass for equal texts, channels apart."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hikari import AdvancedSentimentAnalyzer
from hikari.sentiment.caching import score_key
from hikari.sentiment.scores import MessageScores, Scorer
from hikari.sentiment.symbols import lexicon
from tests import tiny

ROWS = [
    {"id": number, "username": f"u{number % 3}", "text": row[0]}
    for number, row in enumerate([*tiny.TEXTS, *tiny.TEXTS[:4], *tiny.TEXTS[:2]])
]


class Kept:
    """A cache that keeps all and tells what it was asked."""

    def __init__(self) -> None:
        self.known: dict[bytes, MessageScores] = {}
        self.asked: list[int] = []
        self.computed: list[int] = []

    def get(self, keys: Sequence[bytes], /) -> Mapping[bytes, MessageScores]:
        self.asked.append(len(keys))
        return {key: self.known[key] for key in keys if key in self.known}

    def put(self, entries: Mapping[bytes, MessageScores], /) -> None:
        self.computed.append(len(entries))
        self.known.update(entries)


def answers(bundle: Path, cache: Kept | None, size: int, **more: Any) -> list[dict[str, Any]]:
    async def work() -> list[dict[str, Any]]:
        async with AdvancedSentimentAnalyzer(bundle, clock=lambda: 1.7e9, cache=cache) as analyzer:
            for channel, emotes in more.items():
                analyzer.add_emotes(channel, emotes)
            found: list[dict[str, Any]] = []
            for start in range(0, len(ROWS), size):
                found += await analyzer.analyze_batch(ROWS[start : start + size])
            return [{name: value for name, value in answer.items() if name != "latency_ms"} for answer in found]

    return asyncio.run(work())


def test_answers_are_equal_with_and_without_and_in_every_batch(tiny_bundle: Path) -> None:
    expected = answers(tiny_bundle, None, 1)
    cache = Kept()
    for size in (1, 3, 100):
        assert answers(tiny_bundle, None, size) == expected
        assert answers(tiny_bundle, cache, size) == expected
    assert sum(cache.computed) == len(tiny.TEXTS)


def test_equal_texts_of_a_batch_take_one_pass(tiny_bundle: Path) -> None:
    cache = Kept()
    answers(tiny_bundle, cache, 100)
    assert cache.asked == [len(ROWS)]
    assert cache.computed == [len(tiny.TEXTS)]


def test_what_the_caller_does_with_an_answer_changes_no_other(tiny_bundle: Path) -> None:
    async def work() -> None:
        async with AdvancedSentimentAnalyzer(tiny_bundle, cache=Kept()) as analyzer:
            first = await analyzer.analyze_message("you idiot, this is great", "ann")
            kept = repr({**first, "latency_ms": 0, "context": 0})
            first["sentiment"]["vader"].clear()
            first["toxicity"]["labels"].append("x")
            first["emotion"]["labels"].append("x")
            second = await analyzer.analyze_message("you idiot, this is great", "ann")
            assert repr({**second, "latency_ms": 0, "context": 0}) == kept

    asyncio.run(work())


def test_other_thresholds_make_other_keys(scorer: Scorer) -> None:
    stricter = Scorer(scorer.classifier, toxicity_thresholds={"toxic": 0.123})
    assert stricter.identity != scorer.identity
    assert Scorer(scorer.classifier, toxicity_thresholds=scorer.toxicity_thresholds).identity == scorer.identity


def test_what_is_kept_knows_its_language(tiny_bundle: Path) -> None:
    cache = Kept()

    async def work() -> list[dict[str, Any]]:
        async with AdvancedSentimentAnalyzer(tiny_bundle, clock=lambda: 1.7e9, cache=cache) as analyzer:
            return [(await analyzer.analyze_message("das war ein richtig gutes Spiel", "u"))["model"] for _ in range(2)]

    first, second = asyncio.run(work())
    assert cache.computed == [1]
    assert first == second
    assert first["language"] == "de"


def test_a_channels_own_emotes_make_other_keys(scorer: Scorer) -> None:
    own = lexicon().extended([])
    assert own.fingerprint == lexicon().fingerprint
    from hikari.sentiment.symbols import Symbol

    other = lexicon().extended([Symbol("KEKW", "channel", -1.0, "anger", "go away")])
    assert other.fingerprint != lexicon().fingerprint
    keys = {score_key(scorer.identity, symbols.fingerprint, "KEKW") for symbols in (own, other)}
    assert len(keys) == 2


@given(st.text(max_size=40), st.text(max_size=40))
def test_texts_that_are_read_differently_have_different_keys(left: str, right: str) -> None:
    from hikari.sentiment import text

    same = score_key(b"m", b"s", left) == score_key(b"m", b"s", right)
    if same:
        assert text.read(left) == text.read(right)
    assert score_key(b"m", b"s", left) == score_key(b"m", b"s", left)
    assert score_key(b"m", b"s", left) != score_key(b"n", b"s", left)
