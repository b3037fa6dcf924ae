"""Whatever comes in over the wire: an error that is one of ours and names the field, or an answer; and a refusal changes nothing."""

import asyncio
import itertools
import math
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import BadInput, HikariError, NotFound, NotReady
from hikari.settings import Settings
from tests.hikari.analytics.keepers import START

Engine = StreamAnalyticsEngine
Calls = dict[str, Callable[[Engine, Callable[[str], Any]], Coroutine[Any, Any, Any]]]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, 1e11, -1e11, 1e12, "", " ", "x" * 300,
    "\ud800", "\x00", "\u202e", "#", "a#1", "1970-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", b"bytes", [], {},
    [[]], [None], {"id": None}, [[1, 2]], [["a", "b"]], (), object(), 2**63,
    datetime.fromisoformat("0001-01-01"), datetime.fromisoformat("9999-12-31"), datetime(2020, 1, 1, tzinfo=UTC),
    "viewer1", "talk", "chat_rate", "viewer_count", "donations", START, START + 60.0, START + 7200.0, [[START, START + 60]],
]  # fmt: skip
odd = st.sampled_from(ODD) | st.text(max_size=5) | st.integers() | st.floats() | st.lists(st.sampled_from(ODD), max_size=3)
rows = st.lists(
    odd
    | st.dictionaries(
        st.sampled_from(["id", "username", "message", "text", "timestamp", "channel", "sentiment", "emotion"]), odd
    ),
    max_size=4,
)
definitions = st.dictionaries(
    st.sampled_from(
        ["id", "name", "arms", "metric", "kind", "unit", "minimum_effect", "expected_mean", "expected_sd", "salt", "alpha", "power",
         "block_s", "weights", "control"]
    ),
    odd | st.just(["a", "b"]) | st.sampled_from(["binary", "mean", "viewer", "block"]),
)  # fmt: skip

CALLS: Calls = {
    "process_chat_message": lambda e, o: e.process_chat_message(
        o("username"), o("message"), o("timestamp"), sentiment=o("sentiment"), emotion=o("emotion"), toxicity=o("toxicity"),
        question=o("question"),
    ),
    "process_chat_batch": lambda e, o: e.process_chat_batch(o("rows")),
    "record_metric": lambda e, o: e.record_metric(o("metric_name"), o("value"), o("timestamp")),
    "start_stream": lambda e, o: e.start_stream(o("timestamp")),
    "get_viewer_insights": lambda e, o: e.get_viewer_insights(o("username"), now=o("now")),
    "forecast_metrics": lambda e, o: e.forecast_metrics(o("metric_name"), o("periods"), step_s=o("step_s")),
    "set_schedule": lambda e, o: e.set_schedule(o("streams")),
    "detect_anomalies": lambda e, o: e.detect_anomalies(o("metric_name"), since=o("since")),
    "anomaly_feedback": lambda e, o: e.anomaly_feedback(o("alert_id"), o("correct")),
    "cluster_viewers": lambda e, o: e.cluster_viewers(now=o("now")),
    "create_experiment": lambda e, o: e.create_experiment(o("definition")),
    "start_experiment": lambda e, o: e.start_experiment(o("id"), o("timestamp")),
    "stop_experiment": lambda e, o: e.stop_experiment(o("id"), o("timestamp"), reason=o("reason")),
    "assign": lambda e, o: e.assign(o("id"), o("unit"), o("timestamp"), covariate=o("covariate")),
    "record_outcome": lambda e, o: e.record_outcome(
        o("id"), o("value"), o("unit"), o("timestamp"), covariate=o("covariate"), outcome_id=o("outcome_id"), arm=o("arm")
    ),
    "experiment_report": lambda e, o: e.experiment_report(o("id"), now=o("now")),
    "record_content": lambda e, o: e.record_content(o("kind"), o("name"), o("start"), o("end")),
    "content_report": lambda e, o: e.content_report(o("kind")),
    "forget_user": lambda e, o: e.forget_user(o("username"), channel=o("channel")),
    "get_global_insights": lambda e, o: e.get_global_insights(channel=o("channel")),
    "topics": lambda e, o: e.topics(channel=o("channel")),
    "list_experiments": lambda e, o: e.list_experiments(channel=o("channel")),
}  # fmt: skip
GOOD: dict[str, Any] = {
    "username": "viewer1", "message": "hello", "timestamp": START + 700.0, "metric_name": "donations", "value": 3.0, "id": "talk",
    "unit": "viewer1", "kind": "game", "name": "chess", "start": START + 700.0, "now": START + 800.0, "periods": 3, "correct": True,
    "alert_id": "chat_rate#1", "streams": [], "channel": "default",
}  # fmt: skip
SPECIAL = {"rows": rows, "definition": definitions}


async def known(folder: Path) -> Engine:
    """An engine that has something of everything."""
    engine = Engine(
        folder / "store", config=AnalyticsConfig(background=False), clock=lambda: START + 700.0,
        settings=Settings.read({"HIKARI_HOME": str(folder / "home")}),
    )  # fmt: skip
    for number in range(40):
        await engine.process_chat_message(f"viewer{number % 4}", f"hello number {number}", START + 10.0 * number, sentiment=0.5)
        await engine.record_metric("donations", number % 5, START + 15.0 * number)
    await engine.record_metric("viewer_count", 40, START + 300.0)
    await engine.record_content("game", "go", START, START + 120.0)
    about = {"id": "talk", "name": "?", "arms": ["a", "b"], "metric": "stayed", "kind": "binary", "minimum_effect": 0.1,
             "expected_mean": 0.3}  # fmt: skip
    await engine.create_experiment(about)
    await engine.start_experiment("talk", START)
    return engine


def held(engine: Engine) -> bytes:
    """All that the engine keeps in memory."""
    keeper = engine._keeper
    assert keeper is not None
    states = {name: {**one.state(), "profiles": one.profiles.state()} for name, one in keeper.channels.items()}
    return msgpack.packb([states, keeper.experiments.list("default"), len(keeper.journal)], unicode_errors="surrogatepass")


@pytest.fixture(scope="module", autouse=True)
def without_a_model() -> Iterator[None]:
    """Opening the checkout's own model would take most of the time."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotReady("no engagement model in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hikari.analytics.engine.EngagementModel.open", refuse)
        yield


def assert_said(error: HikariError) -> None:
    """The one shape that errors have on the wire."""
    assert error.as_dict().keys() in ({"code", "message"}, {"code", "message", "field"})
    assert error.message


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_every_input_gets_an_answer_or_an_error_of_ours(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CALLS)))
    spoilt = data.draw(st.sets(st.integers(0, 6), min_size=1, max_size=2))
    asked = itertools.count()

    def argument(field: str) -> Any:
        if field in SPECIAL:
            return data.draw(SPECIAL[field], label=field)
        return data.draw(odd, label=field) if next(asked) in spoilt else GOOD.get(field)

    async def call(folder: Path) -> None:
        engine = await known(folder)
        try:
            before = held(engine)
            try:
                await CALLS[name](engine, argument)
            except HikariError as error:
                if isinstance(error, BadInput | NotFound):
                    assert held(engine) == before, f"{name} was refused and changed something"
                assert_said(error)
            # Whatever happened, the engine goes on and can be opened again.
            await engine.process_chat_message("viewer1", "still here", START + 701.0)
            await engine.get_global_insights()
        finally:
            await engine.close()
        async with Engine(folder / "store", config=AnalyticsConfig(background=False)) as again:
            await again.get_global_insights()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(call(Path(folder)))


@pytest.mark.parametrize("field", ["hot_viewers", "journal_s", "snapshot_s", "series_days", "refit_s"])
@pytest.mark.parametrize("value", [None, "5", True, math.nan, math.inf, -1, 0, [1], 10**400])
def test_settings_are_checked(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        AnalyticsConfig(**{field: value})
    assert caught.value.field == field


def test_viewers_are_whole() -> None:
    with pytest.raises(BadInput, match="whole"):
        AnalyticsConfig(hot_viewers=2.5)  # type: ignore[arg-type]
