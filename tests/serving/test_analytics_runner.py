"""Errors as values, one heavy call of a kind at a time, and nothing that was accepted is lost at the end."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.engine import THREADS, StreamAnalyticsEngine
from hikari.errors import NotReady, StoreBusy
from serving.analytics_routes import ROUTES
from serving.analytics_runner import COUNTS, FITS, LONG, ONE_AT_A_TIME, READS, WRITES, AnalyticsRunner

START = 1_700_000_000.0
EXPERIMENT = {
    "id": "greeting",
    "name": "greet by name",
    "arms": ["a", "b"],
    "metric": "x",
    "kind": "binary",
    "minimum_effect": 0.1,
}


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise NotReady("no engagement model in this test")

    monkeypatch.setattr(EngagementModel, "open", missing)


def engine(folder: Path) -> StreamAnalyticsEngine:
    return StreamAnalyticsEngine(folder / "analytics", config=AnalyticsConfig(background=False), live=False)


def call(method: str, **arguments: Any) -> Any:
    return {"method": method, "arguments": arguments}


def chat(number: int) -> list[Any]:
    return [
        call("process_chat_message", username=f"v{n % 7}", message=f"hello number {n}", timestamp=START + n)
        for n in range(number)
    ]


def test_outcomes_come_in_order_and_are_plain_values(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner = AnalyticsRunner(lambda: engine(tmp_path))
        assert not runner.is_ready
        await runner.open()
        assert runner.is_ready
        assert all(outcome["answer"]["counted"] for outcome in await runner.run(chat(100)))
        outcomes = await runner.run(
            [
                call("get_viewer_insights", username="v1", now=START + 100),
                call("get_viewer_insights", username="nobody"),
                call("get_global_insights"),
                call("record_metric", metric_name="viewer_count", value="many"),
                call("list_experiments"),
                call("predict_engagement"),
            ]
        )
        assert outcomes[0]["answer"]["messages"] == 15
        assert outcomes[1]["error"]["code"] == "not_found"
        assert outcomes[2]["answer"]["counts"]["messages"] == 100
        assert outcomes[3]["error"] == {**outcomes[3]["error"], "code": "bad_input", "field": "value"}
        assert outcomes[4] == {"answer": []}
        assert outcomes[5]["error"]["code"] == "not_ready"
        assert json.loads(json.dumps(outcomes)) == outcomes
        await runner.close()
        assert not runner.is_ready
        await runner.close()

    asyncio.run(scenario())


def test_before_it_is_open_and_after_it_was_closed_nothing_is_ready(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        runner = AnalyticsRunner(lambda: engine(tmp_path))
        before = await runner.run([call("list_experiments")])
        await runner.open()
        await runner.close()
        return before + await runner.run([call("list_experiments")])

    assert [outcome["error"]["code"] for outcome in asyncio.run(scenario())] == ["not_ready"] * 2


def test_an_unknown_method_is_an_error_and_nothing_private_can_be_called(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        runner = AnalyticsRunner(lambda: engine(tmp_path))
        return await runner.run([call("close"), call("_call"), call("flush"), call("")])

    assert [outcome["error"]["field"] for outcome in asyncio.run(scenario())] == ["method"] * 4


def test_every_method_belongs_to_one_lane_and_exists() -> None:
    groups = [COUNTS, READS, WRITES, FITS, LONG]
    together = frozenset().union(*groups)
    assert sum(map(len, groups)) == len(together)
    for method in together:
        assert callable(getattr(StreamAnalyticsEngine, method))
    assert {route.method for route in ROUTES} <= together


def test_heavy_calls_leave_a_thread_to_the_readers() -> None:
    assert len(ONE_AT_A_TIME) < THREADS


class Counting(StreamAnalyticsEngine):
    """Counts the calls that are inside at once; they wait until `release` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, config=AnalyticsConfig(background=False))
        self.inside: dict[str, int] = {}
        self.all_reading, self.release = asyncio.Event(), asyncio.Event()

    async def _held(self, name: str) -> dict[str, Any]:
        self.inside[name] = self.inside.get(name, 0) + 1
        if self.inside.get("read") == 20:
            self.all_reading.set()
        await self.release.wait()
        return {}

    async def topics(self, *, channel: str = "default") -> dict[str, Any]:
        return await self._held("long")

    async def cluster_viewers(self, *, channel: str = "default", now: Any = None) -> dict[str, Any]:
        return await self._held("long")

    async def forecast_metrics(self, metric_name: str, periods: int, **_: Any) -> dict[str, Any]:  # type: ignore[override]
        return await self._held("fit")

    async def start_stream(self, timestamp: Any = None, *, channel: str = "default") -> dict[str, Any]:
        return await self._held("write")

    async def detect_anomalies(self, metric_name: str | None = None, **_: Any) -> dict[str, Any]:  # type: ignore[override]
        return await self._held("read")


def test_heavy_calls_of_a_kind_go_one_by_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        held = Counting(tmp_path)
        runner = AnalyticsRunner(lambda: held)
        await runner.open()
        calls = [call("topics"), call("cluster_viewers"), *[call("forecast_metrics", metric_name="a", periods=1)] * 3]
        running = asyncio.create_task(runner.run([*calls, *[call("start_stream")] * 3, *[call("detect_anomalies")] * 20]))
        await held.all_reading.wait()
        assert held.inside == {"long": 1, "fit": 1, "write": 1, "read": 20}
        held.release.set()
        assert all("answer" in outcome for outcome in await running)
        assert held.inside == {"long": 2, "fit": 3, "write": 3, "read": 20}
        await runner.close()

    asyncio.run(scenario())


class Slow(StreamAnalyticsEngine):
    """Defines experiments when it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, config=AnalyticsConfig(background=False))
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def create_experiment(self, definition: Any, *, channel: str = "default") -> dict[str, Any]:
        self.begun.set()
        await self.go.wait()
        return await super().create_experiment(definition, channel=channel)


def test_what_was_begun_is_finished_when_nobody_waits_any_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        slow = Slow(tmp_path / "analytics")
        runner = AnalyticsRunner(lambda: slow)
        await runner.open()
        asking = asyncio.create_task(runner.run([call("create_experiment", definition=EXPERIMENT)]))
        await slow.begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        closing = asyncio.create_task(runner.close())
        await asyncio.sleep(0)
        assert not closing.done()
        slow.go.set()
        await closing
        again = AnalyticsRunner(lambda: engine(tmp_path))
        await again.open()
        assert (await again.run([call("list_experiments")]))[0]["answer"] == [
            {"id": "greeting", "name": "greet by name", "status": "draft"}
        ]
        await again.close()

    asyncio.run(scenario())


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async def asked(*before: Any) -> list[Any]:
        runner = AnalyticsRunner(lambda: engine(tmp_path))
        await runner.open()
        await runner.run(before)
        outcomes = await runner.run([call("get_global_insights"), call("get_viewer_insights", username="v3", now=START)])
        await runner.close()
        return outcomes

    assert asyncio.run(asked(*chat(400))) == asyncio.run(asked())


def test_an_unexpected_error_is_no_outcome(tmp_path: Path) -> None:
    class Broken(StreamAnalyticsEngine):
        async def list_experiments(self, *, channel: str = "default") -> list[dict[str, Any]]:
            raise ZeroDivisionError

    async def scenario() -> None:
        runner = AnalyticsRunner(lambda: Broken(tmp_path, config=AnalyticsConfig(background=False)))
        await runner.open()
        with pytest.raises(ZeroDivisionError):
            await runner.run([call("list_experiments")])
        await runner.close()

    asyncio.run(scenario())


def test_a_store_that_somebody_else_writes_is_busy(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second = (AnalyticsRunner(lambda: engine(tmp_path)) for _ in range(2))
        await first.open()
        with pytest.raises(StoreBusy):
            await second.open()
        assert not second.is_ready
        await second.close()
        await first.close()

    asyncio.run(scenario())


HEAVY = ("sklearn", "prophet", "torch", "statsforecast", "numba", "pandas")


def test_serving_imports_no_library_that_only_some_calls_need() -> None:
    program = f"import sys, serving.app, serving.preflight; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
