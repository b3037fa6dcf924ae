"""The public analyser on the tiny model: the contract's shape, batches, concurrency, channels and life cycle."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari import AdvancedSentimentAnalyzer
from hikari.bundle import open_bundle
from hikari.errors import BadBundle, BadInput, NotReady, TooLarge
from hikari.fields import MAX_TEXT
from hikari.sentiment.ensemble import SEED, Ensemble
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from hikari.sentiment.messages import MAX_BATCH
from tests import tiny
from tests.hikari.sentiment.analyzers import NOW, Answer, run


def without_latency(answer: Answer) -> Answer:
    return {key: value for key, value in answer.items() if key != "latency_ms"}


@pytest.mark.parametrize("text", ["i love this game KEKW 🔥", "the table", "🔥", "\x00.", "x" * MAX_TEXT, "😭" * 10_000])
def test_answer_has_the_contracts_shape(analyzer: AdvancedSentimentAnalyzer, text: str) -> None:
    answer = run(analyzer.analyze_message(text, "mika"))
    assert set(answer) == {
        "sentiment",
        "emotion",
        "toxicity",
        "context",
        "response_recommendation",
        "model",
        "latency_ms",
    }
    sentiment, emotion, toxicity = answer["sentiment"], answer["emotion"], answer["toxicity"]
    assert set(sentiment) == {"aggregate", "transformer", "vader", "emoji"}
    assert set(sentiment["aggregate"]) == {"score", "label"}
    assert sentiment["aggregate"]["label"] in ("very_negative", *SENTIMENT, "very_positive")
    assert -1 <= sentiment["aggregate"]["score"] <= 1
    assert set(sentiment["transformer"]["probabilities"]) == set(SENTIMENT)
    assert set(emotion) == {"primary", "scores", "labels"}
    assert set(emotion["scores"]) == set(EMOTION)
    assert emotion["primary"] in EMOTION
    assert set(toxicity) == {"is_toxic", "score", "scores", "labels"}
    assert set(toxicity["scores"]) == set(TOXICITY)
    assert toxicity["is_toxic"] is bool(toxicity["labels"])
    assert set(answer["context"]) == {"user_trend", "global_trend", "question"}
    for trend in ("user_trend", "global_trend"):
        assert set(answer["context"][trend]) == {"mood", "direction", "messages"}
    assert set(answer["context"]["question"]) == {"asks", "probability"}
    assert set(answer["response_recommendation"]) == {"tone", "priority", "respond", "reason"}
    assert set(answer["model"]) == {"name", "version", "fingerprint", "language", "language_supported"}
    assert answer["latency_ms"] > 0
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_probabilities_sum_to_one(analyzer: AdvancedSentimentAnalyzer) -> None:
    for answer in run(analyzer.analyze_batch([{"text": row[0], "username": "a"} for row in tiny.TEXTS])):
        assert sum(answer["sentiment"]["transformer"]["probabilities"].values()) == pytest.approx(1, abs=2e-4)
        assert sum(answer["emotion"]["scores"].values()) == pytest.approx(1, abs=4e-4)
        assert max(answer["emotion"]["scores"], key=answer["emotion"]["scores"].get) == answer["emotion"]["primary"]


def test_members_without_an_opinion_are_none(analyzer: AdvancedSentimentAnalyzer) -> None:
    sentiment = run(analyzer.analyze_message("the table", "mika"))["sentiment"]
    assert sentiment["vader"] is None
    assert sentiment["emoji"] is None
    assert sentiment["aggregate"]["score"] == sentiment["transformer"]["score"]


@pytest.mark.parametrize("name", ["seed", "tuned"])
def test_aggregate_is_the_chosen_ensembles_mean(tiny_bundle: Path, name: str) -> None:
    ensemble = Ensemble(**open_bundle(tiny_bundle).json("calibration.json")["ensembles"][name])
    assert name == "tuned" or ensemble == SEED
    analyzer = AdvancedSentimentAnalyzer(tiny_bundle, ensemble=name, threads=1)
    for text in ("i love this KEKW", "i hate this", "Sadge", "the table"):
        sentiment = run(analyzer.analyze_message(text, "mika"))["sentiment"]
        members = [
            (sentiment["transformer"]["score"], ensemble.transformer),
            ((sentiment["vader"] or {}).get("score"), ensemble.vader),
            ((sentiment["emoji"] or {}).get("score"), ensemble.emoji),
        ]
        present = [(score, weight) for score, weight in members if score is not None]
        expected = sum(score * weight for score, weight in present) / sum(weight for _, weight in present)
        assert sentiment["aggregate"]["score"] == pytest.approx(expected, abs=2e-4)


def test_unknown_ensemble_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(BadInput, match="seed, tuned"):
        run(AdvancedSentimentAnalyzer(tiny_bundle, ensemble="best").open())


def test_it_works_without_async_with(analyzer: AdvancedSentimentAnalyzer) -> None:
    assert not analyzer.is_open
    answer = run(analyzer.analyze_message("hi", "mika"))
    assert answer["context"]["user_trend"]["messages"] == 1
    assert analyzer.is_open


def test_async_with_opens_and_closes(analyzer: AdvancedSentimentAnalyzer) -> None:
    async def life() -> tuple[bool, bool]:
        async with analyzer as opened:
            inside = opened.is_open
        return inside, analyzer.is_open

    assert run(life()) == (True, False)


def test_closed_analyser_opens_again_and_remembers(analyzer: AdvancedSentimentAnalyzer) -> None:
    async def life() -> Answer:
        async with analyzer:
            await analyzer.analyze_message("hi", "mika")
        await analyzer.close()
        return await analyzer.analyze_message("hi", "mika")

    assert run(life())["context"]["user_trend"]["messages"] == 2


def test_one_analyser_serves_several_event_loops(analyzer: AdvancedSentimentAnalyzer) -> None:
    answers = [run(analyzer.analyze_message("hi", "mika")) for _ in range(3)]
    assert [answer["context"]["user_trend"]["messages"] for answer in answers] == [1, 2, 3]


def test_call_under_way_survives_closing(analyzer: AdvancedSentimentAnalyzer) -> None:
    async def life() -> Answer:
        await analyzer.open()
        call = asyncio.create_task(analyzer.analyze_message("hi", "mika"))
        await asyncio.sleep(0)
        await analyzer.close()
        return await call

    assert set(run(life())["model"]) == {"name", "version", "fingerprint", "language", "language_supported"}


def test_missing_bundle_is_not_ready(tmp_path: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tmp_path / "none")
    with pytest.raises(NotReady, match="make pipeline"):
        run(analyzer.analyze_message("hi", "mika"))
    assert not analyzer.is_open


def test_damaged_bundle_is_refused(rebuilt: Callable[..., Path]) -> None:
    path = rebuilt()
    (path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadBundle, match=r"tokenizer\.json"):
        run(AdvancedSentimentAnalyzer(path).open())


def test_model_can_arrive_later(rebuilt: Callable[..., Path], tmp_path: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tmp_path / "rebuilt")
    with pytest.raises(NotReady):
        run(analyzer.open())
    rebuilt()
    assert run(analyzer.analyze_message("hi", "mika"))["model"]["version"] == "9"


def test_bad_arguments_are_refused_before_the_model_is_needed(tmp_path: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tmp_path / "none")
    for text, username, field in (("", "mika", "text"), ("hi", "", "username")):
        with pytest.raises(BadInput) as caught:
            run(analyzer.analyze_message(text, username))
        assert caught.value.field == field
    with pytest.raises(TooLarge):
        run(analyzer.analyze_message("x" * (MAX_TEXT + 1), "mika"))


def test_fifty_concurrent_calls_equal_sequential_ones(tiny_bundle: Path) -> None:
    texts = [tiny.TEXTS[number % len(tiny.TEXTS)][0] for number in range(50)]

    async def together() -> list[Answer]:
        analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1, clock=lambda: NOW)
        return await asyncio.gather(*(analyzer.analyze_message(text, "mika") for text in texts))

    async def one_by_one() -> list[Answer]:
        analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1, clock=lambda: NOW)
        return [await analyzer.analyze_message(text, "mika") for text in texts]

    concurrent, sequential = run(together()), run(one_by_one())
    assert [answer["context"]["user_trend"]["messages"] for answer in concurrent] == list(range(1, 51))
    assert list(map(without_latency, concurrent)) == list(map(without_latency, sequential))


def test_batch_keeps_order_and_ids_around_bad_rows(analyzer: AdvancedSentimentAnalyzer) -> None:
    rows: list[Any] = [
        {"id": "a", "text": "i love this", "username": "mika"},
        {"id": "b", "text": "", "username": "mika"},
        {"text": "hi", "username": "mika"},
        "no object",
        {"id": "c", "text": "x" * (MAX_TEXT + 1), "username": "mika"},
        {"id": 7, "text": "hi", "username": "mika"},
        {"id": 8, "text": "hi"},
        None,
        {"id": "d", "text": "you idiot", "username": "rin", "timestamp": "never"},
        {"id": "e", "text": "you idiot", "username": "rin"},
    ]
    answers = run(analyzer.analyze_batch(rows))
    assert [answer["id"] for answer in answers] == ["a", "b", None, None, "c", 7, 8, None, "d", "e"]
    errors = [answer["error"]["code"] if "error" in answer else None for answer in answers]
    bad, large = "bad_input", "too_large"
    assert errors == [None, bad, None, bad, large, None, bad, bad, bad, None]
    assert all(set(answer) == {"id", "error"} for answer in answers if "error" in answer)
    assert answers[8]["error"]["field"] == "timestamp"
    assert answers[5]["context"]["user_trend"]["messages"] == 3
    json.dumps(answers, allow_nan=False)


def test_batch_agrees_with_single_messages(tiny_bundle: Path, rebuilt: Callable[..., Path]) -> None:
    exact = rebuilt(without=("model.int8.onnx",))
    rows = [{"text": row[0], "username": f"u{number}"} for number, row in enumerate(tiny.TEXTS)]
    batch = run(AdvancedSentimentAnalyzer(exact, threads=1, clock=lambda: NOW).analyze_batch(rows))
    analyzer = AdvancedSentimentAnalyzer(exact, threads=1, clock=lambda: NOW)
    for row, answer in zip(rows, batch, strict=True):
        alone = run(analyzer.analyze_message(row["text"], row["username"]))
        assert answer["sentiment"]["aggregate"]["label"] == alone["sentiment"]["aggregate"]["label"]
        expected = alone["sentiment"]["aggregate"]["score"]
        assert answer["sentiment"]["aggregate"]["score"] == pytest.approx(expected, abs=2e-4)


def test_batch_of_the_limit_is_accepted_and_one_more_refused(analyzer: AdvancedSentimentAnalyzer) -> None:
    rows = [{"text": "hi", "username": "mika"}] * MAX_BATCH
    assert len(run(analyzer.analyze_batch(rows))) == MAX_BATCH
    with pytest.raises(BadInput, match=f"{MAX_BATCH + 1} rows, at most {MAX_BATCH}") as caught:
        run(analyzer.analyze_batch([*rows, rows[0]]))
    assert caught.value.field == "messages"


def test_batch_without_good_rows_needs_no_model(tmp_path: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tmp_path / "none")
    assert run(analyzer.analyze_batch([])) == []
    assert run(analyzer.analyze_batch([{"id": "a"}]))[0]["error"]["field"] == "username"


@pytest.mark.parametrize("messages", ["text", b"text", {"text": "hi"}, None, 3, iter([])])
def test_batch_must_be_a_list(analyzer: AdvancedSentimentAnalyzer, messages: Any) -> None:
    with pytest.raises(BadInput, match="must be a list of objects") as caught:
        run(analyzer.analyze_batch(messages))
    assert caught.value.field == "messages"


def test_channels_do_not_mix_trends(analyzer: AdvancedSentimentAnalyzer) -> None:
    rows = [{"text": "i love this", "username": "mika", "channel": channel} for channel in "aab"]
    contexts = [answer["context"] for answer in run(analyzer.analyze_batch(rows))]
    assert [context["user_trend"]["messages"] for context in contexts] == [1, 2, 1]
    assert [context["global_trend"]["messages"] for context in contexts] == [1, 2, 1]


def test_batch_channel_is_the_default_of_its_rows(analyzer: AdvancedSentimentAnalyzer) -> None:
    row = {"text": "hi", "username": "mika"}
    run(analyzer.analyze_batch([row, {**row, "channel": "other"}], channel="main"))
    counts = [
        run(analyzer.analyze_message("hi", "rin", channel=channel))["context"]["global_trend"]["messages"]
        for channel in ("main", "other", "default")
    ]
    assert counts == [2, 2, 1]


def test_mood_follows_event_time(analyzer: AdvancedSentimentAnalyzer) -> None:
    first = run(analyzer.analyze_message("i love this", "mika", timestamp=0))
    last = run(analyzer.analyze_message("you idiot i hate this", "mika", timestamp=60))
    scores = [answer["sentiment"]["aggregate"]["score"] for answer in (first, last)]
    assert last["context"]["user_trend"]["mood"] == pytest.approx((scores[0] / 2 + scores[1]) / 1.5, abs=2e-4)


def test_clock_stands_in_for_a_missing_timestamp(tiny_bundle: Path) -> None:
    ticks = iter([0.0, 60.0])
    analyzer = AdvancedSentimentAnalyzer(tiny_bundle, threads=1, clock=lambda: next(ticks))
    answers = [run(analyzer.analyze_message(text, "mika")) for text in ("i love this", "you idiot")]
    scores = [answer["sentiment"]["aggregate"]["score"] for answer in answers]
    assert answers[1]["context"]["user_trend"]["mood"] == pytest.approx((scores[0] / 2 + scores[1]) / 1.5, abs=2e-4)


def test_context_gives_paid_and_timestamp(analyzer: AdvancedSentimentAnalyzer) -> None:
    advice = run(analyzer.analyze_message("the game", "mika", {"paid": True}))["response_recommendation"]
    plain = run(analyzer.analyze_message("the game", "mika"))["response_recommendation"]
    assert advice["respond"] is True
    assert advice != plain
    with pytest.raises(BadInput, match="timestamp"):
        run(analyzer.analyze_message("hi", "mika", {"timestamp": "soon"}))
    with pytest.raises(BadInput, match="context"):
        run(analyzer.analyze_message("hi", "mika", "paid"))  # type: ignore[arg-type]


def test_forgotten_user_starts_anew(analyzer: AdvancedSentimentAnalyzer) -> None:
    run(analyzer.analyze_message("hi", "mika", channel="a"))
    assert not analyzer.forget_user("b", "mika")
    assert analyzer.forget_user("a", "mika")
    answer = run(analyzer.analyze_message("hi", "mika", channel="a"))
    assert answer["context"]["user_trend"]["messages"] == 1
    assert answer["context"]["global_trend"]["messages"] == 2


def test_advice_fits_the_other_parts(analyzer: AdvancedSentimentAnalyzer) -> None:
    for row in tiny.TEXTS:
        answer = run(analyzer.analyze_message(row[0], "mika"))
        advice = answer["response_recommendation"]
        if answer["toxicity"]["is_toxic"]:
            assert advice["respond"] is False
        elif answer["context"]["question"]["asks"]:
            assert advice["respond"] is True


def test_toxic_message_is_recognised_by_the_trained_model(analyzer: AdvancedSentimentAnalyzer) -> None:
    hostile = run(analyzer.analyze_message("k y s", "mika"))["toxicity"]["score"]
    friendly = run(analyzer.analyze_message("i love this game", "mika"))["toxicity"]["score"]
    assert hostile > friendly


def test_model_part_names_the_bundle(analyzer: AdvancedSentimentAnalyzer, tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    assert run(analyzer.analyze_message("hi", "mika"))["model"] == {
        "name": bundle.name,
        "version": bundle.version,
        "fingerprint": bundle.fingerprint[:16],
        "language": None,
        "language_supported": True,
    }
