"""The engine as its callers see it: counting, restarting, crashing, forgetting, and channels that know nothing of each other."""

import asyncio
import random
import shutil
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import BadInput, NotFound, NotReady, Refused, StoreBusy
from hikari.settings import Settings

pytestmark = pytest.mark.anyio
START = 1_700_000_040.0
WORDS = tuple("hello nice boss fight KEKW what is this game so good again please haha run jump LUL".split())  # noqa: SIM905


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # The checkout's own model must play no part.
    monkeypatch.setattr("hikari.analytics.engine.EngagementModel.open", _no_model)
    return Settings.read({"HIKARI_HOME": str(tmp_path / "home")})


def _no_model(*_: Any, **__: Any) -> Any:
    raise NotReady("no engagement model in this test")


def engine(folder: Path, settings: Settings, **config: Any) -> StreamAnalyticsEngine:
    return StreamAnalyticsEngine(
        folder,
        live=False,
        clock=lambda: START,
        settings=settings,
        config=AnalyticsConfig(**{"background": False, **config}),
    )


def chat(minutes: int, seed: int = 3, rate: float = 20.0, start: float = START) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    rows: list[dict[str, Any]] = []
    at = start
    while at < start + 60 * minutes:
        text = " ".join(dice.choice(WORDS) for _ in range(dice.randint(1, 6)))
        rows.append({"username": f"viewer{int(dice.paretovariate(0.7)) % 80}", "message": text, "timestamp": at})
        at += dice.expovariate(rate / 60)
    return rows


@asynccontextmanager
async def opened(folder: Path, settings: Settings, **config: Any) -> AsyncGenerator[StreamAnalyticsEngine]:
    made = engine(folder, settings, **config)
    async with made:
        yield made


async def seen(made: StreamAnalyticsEngine, channel: str = "default") -> dict[str, Any]:
    """Everything that can be asked without fitting or clustering."""
    return {
        "stream": await made.get_global_insights(channel=channel),
        "viewers": [await made.get_viewer_insights(f"viewer{number}", channel=channel, now=START + 4000) for number in (1, 2, 3)],
        "anomalies": await made.detect_anomalies(channel=channel),
    }


async def test_a_restart_changes_nothing(tmp_path: Path, settings: Settings) -> None:
    async with opened(tmp_path / "one", settings) as made:
        await made.process_chat_batch(chat(50))
        before = await seen(made)
    async with opened(tmp_path / "one", settings) as made:
        assert await seen(made) == before
        await made.process_chat_batch(chat(5, seed=4, start=START + 3000))
        after = await seen(made)
    async with opened(tmp_path / "two", settings) as made:
        await made.process_chat_batch(chat(50))
        await made.process_chat_batch(chat(5, seed=4, start=START + 3000))
        assert await seen(made) == after


@pytest.mark.parametrize("snapshot_at", [None, 200, 700])
async def test_a_crash_loses_only_what_was_not_flushed(tmp_path: Path, settings: Settings, snapshot_at: int | None) -> None:
    rows = chat(50)
    made = engine(tmp_path / "live", settings)
    await made.process_chat_batch(rows[:snapshot_at] if snapshot_at else [])
    await made.maintain()
    await made.process_chat_batch(rows[snapshot_at or 0 : 900])
    await made.record_metric("viewer_count", 120, rows[900]["timestamp"])
    await made.flush()
    await made.process_chat_batch(rows[900:])  # within the last second
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    await made.close()
    async with opened(tmp_path / "crashed", settings) as found, opened(tmp_path / "whole", settings) as whole:
        await whole.process_chat_batch(rows[:900])
        await whole.record_metric("viewer_count", 120, rows[900]["timestamp"])
        assert await seen(found) == await seen(whole)


async def test_viewers_beyond_the_hot_set_are_kept(tmp_path: Path, settings: Settings) -> None:
    rows = [{"username": f"viewer{number % 50}", "message": "hello there", "timestamp": START + number} for number in range(200)]
    async with opened(tmp_path, settings, hot_viewers=7) as made:
        await made.process_chat_batch(rows)
        assert (await made.stats())["channels"]["default"]["hot_viewers"] == 7
        for name in ("viewer0", "viewer23", "viewer49"):
            assert (await made.get_viewer_insights(name))["messages"] == 4
    async with opened(tmp_path, settings, hot_viewers=7) as made:
        assert (await made.get_viewer_insights("viewer11"))["messages"] == 4


async def test_channels_share_nothing(tmp_path: Path, settings: Settings) -> None:
    async with opened(tmp_path / "both", settings) as made, opened(tmp_path / "alone", settings) as alone:
        await made.process_chat_batch(chat(20, seed=1), channel="one")
        await made.process_chat_batch(chat(30, seed=2, rate=60), channel="two")
        await alone.process_chat_batch(chat(20, seed=1), channel="one")
        assert await seen(made, "one") == await seen(alone, "one")
        with pytest.raises(NotFound):
            await alone.get_global_insights(channel="two")
        await made.create_experiment(EXPERIMENT, channel="one")
        assert await made.list_experiments(channel="two") == []
        with pytest.raises(NotFound):
            await made.experiment_report("greeting", channel="two")


EXPERIMENT = {
    "id": "greeting", "name": "greeting by name", "metric": "replied", "kind": "binary", "unit": "viewer",
    "arms": [{"name": "plain"}, {"name": "by name"}], "minimum_effect": 0.1,
}  # fmt: skip


async def test_no_outcome_that_was_acknowledged_is_lost(tmp_path: Path, settings: Settings) -> None:
    made = engine(tmp_path / "live", settings)
    await made.create_experiment(EXPERIMENT)
    await made.start_experiment("greeting", START)
    for number in range(40):
        await made.assign("greeting", f"viewer{number}", START + number)
        answer = await made.record_outcome(
            "greeting", number % 2, f"viewer{number}", START + 60 + number, outcome_id=f"o{number}"
        )
        assert answer["counted"]
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")  # without closing
    before = await made.experiment_report("greeting", now=START + 500)
    await made.close()
    async with opened(tmp_path / "crashed", settings) as found:
        assert await found.experiment_report("greeting", now=START + 500) == before
        assert not (await found.record_outcome("greeting", 1, "viewer3", START + 90, outcome_id="o3"))["counted"]
        with pytest.raises(Refused):
            await found.record_outcome("greeting", 1, "stranger", START + 90)
        with pytest.raises(BadInput, match="exists"):
            await found.create_experiment(EXPERIMENT)


async def test_a_forgotten_viewer_is_nowhere(tmp_path: Path, settings: Settings) -> None:
    rows = [
        *chat(10),
        *({"username": "xeniazzz", "message": f"mine alone {n} qqqword", "timestamp": START + 300 + n} for n in range(30)),
    ]
    async with opened(tmp_path, settings) as made:
        await made.process_chat_batch(sorted(rows, key=lambda row: row["timestamp"]))
        await made.create_experiment(EXPERIMENT)
        await made.start_experiment("greeting", START)
        await made.assign("greeting", "xeniazzz", START + 1)
        await made.topics()
        await made.flush()
        found = {table for table, key, value in _blobs(made) if b"xeniazzz" in value or b"qqqword" in value}
        assert "journal" in found
        await made.maintain()
        assert b"xeniazzz" in (tmp_path / "data.mdb").read_bytes()
        report = await made.forget_user("xeniazzz")
        assert report["profiles"] == 1
        assert report["experiments"] == 1
        assert not [table for table, _, value in _blobs(made) if b"xeniazzz" in value or b"qqqword" in value]
        data = (tmp_path / "data.mdb").read_bytes()
        assert b"xeniazzz" not in data
        assert b"qqqword" not in data
        with pytest.raises(NotFound):
            await made.get_viewer_insights("xeniazzz")
        assert "xeniazzz" not in str(await made.get_global_insights())
    async with opened(tmp_path, settings) as made:
        with pytest.raises(NotFound):
            await made.get_viewer_insights("xeniazzz")


def _blobs(made: StreamAnalyticsEngine) -> list[tuple[str, bytes, bytes]]:
    assert made._keeper is not None
    return list(made._keeper.store.blobs())


async def test_forecasts_are_answered_from_a_fit(tmp_path: Path, settings: Settings) -> None:
    async with opened(tmp_path, settings) as made:
        with pytest.raises(NotFound):
            await made.forecast_metrics("chat_rate", 3)
        await made.process_chat_batch(chat(60))
        first = await made.forecast_metrics("chat_rate", 3)
        assert len(first["values"]) == len(first["lower"]) == 3
        assert all(low <= value <= high for low, value, high in zip(first["lower"], first["values"], first["upper"], strict=True))
        assert first["model"]
        assert first["reason"]
        assert await made.forecast_metrics("chat_rate", 3) == first
        with pytest.raises(NotReady, match="recorded"):
            await made.forecast_metrics("followers", 3)
        with pytest.raises(BadInput):
            await made.forecast_metrics("chat_rate", 0)
        await made.set_schedule([[START + 86_400, START + 90_000]])
        with pytest.raises(BadInput):
            await made.set_schedule([[START + 9, START]])


async def test_contents_are_kept_at_once(tmp_path: Path, settings: Settings) -> None:
    made = engine(tmp_path / "live", settings)
    await made.process_chat_batch(chat(60))
    await made.record_content("game", "Celeste", START, START + 1500)
    await made.record_content("game", "Tetris", START + 1500)
    shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    await made.close()
    async with opened(tmp_path / "crashed", settings) as found:
        report = await found.content_report("game")
        assert {row["name"] for row in report["contents"]} == {"Celeste", "Tetris"}
        assert "chat_rate" in report["contents"][0]["metrics"]
        with pytest.raises(BadInput):
            await found.record_content("game", "Doom", START + 100, START + 200)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"username": "", "message": "hi"}, "username"),
        ({"username": "kai", "message": 5}, "message"),
        ({"username": "kai"}, "message"),
        ({"username": "kai", "message": "hi", "timestamp": "yesterday"}, "timestamp"),
        ({"username": "kai", "message": "hi", "timestamp": float("nan")}, "timestamp"),
        ({"username": "kai", "message": "hi", "sentiment": 3.0}, "sentiment"),
        ({"username": "kai", "message": "hi", "colour": "red"}, "colour"),
        (7, "messages"),
    ],
)
async def test_a_bad_row_is_its_own_error(tmp_path: Path, settings: Settings, row: Any, field: str) -> None:
    good = {"id": "a", "username": "kai", "message": "hi", "timestamp": START}
    async with opened(tmp_path, settings) as made:
        answers = await made.process_chat_batch([good, row, {**good, "id": "b", "timestamp": START + 1}])
        assert answers[1]["error"]["field"] == field
        assert [answer["id"] for answer in (answers[0], answers[2])] == ["a", "b"]
        assert (await made.get_global_insights())["counts"]["messages"] == 2


async def test_concurrent_calls_count_everything(tmp_path: Path, settings: Settings) -> None:
    rows = chat(20)
    async with opened(tmp_path, settings) as made:
        await asyncio.gather(
            *(made.process_chat_message(**row) for row in rows),
            *(made.record_metric("donations", number, START + number) for number in range(50)),
            *(made.maintain() for _ in range(3)),
            *(made.stats() for _ in range(3)),
        )
        counts = (await made.get_global_insights())["counts"]
        assert counts["messages"] + counts["too_late"] == len(rows)


async def test_the_background_writes_by_itself(tmp_path: Path, settings: Settings) -> None:
    made = engine(tmp_path / "live", settings, background=True, journal_s=0.01)
    await made.open()
    assert made._keeper is not None
    keeper, written = made._keeper, threading.Event()
    write = keeper.journal.write

    def noted(*batch: Any) -> None:
        write(*batch)
        written.set()

    keeper.journal.write = noted  # type: ignore[method-assign]
    await made.process_chat_batch(chat(3))
    while len(keeper.journal):
        assert await asyncio.to_thread(written.wait, 30)
        written.clear()
    with keeper._writing:  # the batch that was taken last is on disk as well
        shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    counted = (await made.get_global_insights())["counts"]
    await made.close()
    async with opened(tmp_path / "crashed", settings) as found:
        assert (await found.get_global_insights())["counts"] == counted


async def test_two_engines_cannot_share_a_store(tmp_path: Path, settings: Settings) -> None:
    async with opened(tmp_path, settings):
        with pytest.raises(StoreBusy):
            await engine(tmp_path, settings).open()


async def test_a_closed_engine_says_so(tmp_path: Path, settings: Settings) -> None:
    made = engine(tmp_path, settings)
    await made.close()
    with pytest.raises(NotReady, match="closed"):
        await made.process_chat_message("kai", "hi", START)


async def test_engagement_without_a_model_says_what_to_do(tmp_path: Path, settings: Settings) -> None:
    async with opened(tmp_path, settings) as made:
        await made.process_chat_batch(chat(40))
        with pytest.raises(NotReady, match="make pipeline"):
            await made.predict_engagement()
        assert (await made.stats())["notes"]
