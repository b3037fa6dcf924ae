"""The keeper and what is damaged, late, early or planned: broken stores and profiles, clocks that ran ahead, plans through crashes."""

from pathlib import Path
from typing import Any

import msgpack
import pytest

from hikari.analytics.anomaly_metrics import MAX_ALERTS
from hikari.analytics.anomaly_types import Alert, Reason
from hikari.analytics.channel import alert_row
from hikari.analytics.events import ChatEvent
from hikari.analytics.store_keys import of_name
from hikari.errors import BadInput, BadStore, StoreFull, TooLarge
from tests.hikari.analytics.keepers import START, FussyStore, chat, crashed, keeper, known, seen, store_of


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("state", of_name("default"), b"\xc1"),
        ("state", of_name("default"), msgpack.packb({"v": 1})),
        ("state", of_name("default"), msgpack.packb([1, 2])),
        ("state", of_name("default"), msgpack.packb({"v": 99, "journal": 3})),
        ("channels", of_name("default"), b"\xff\xfe"),
        ("journal", b"\x00" * 7 + b"\xff", msgpack.packb([["?", "default"]])),
        ("journal", b"\x00" * 7 + b"\xff", msgpack.packb([["e", "default", START, 5, "x", None, None, None, None, None]])),
        ("journal", b"\x00" * 7 + b"\xff", msgpack.packb([["e", "default"]])),
        ("journal", b"\x00" * 7 + b"\xff", msgpack.packb([7])),
        ("journal", b"\x00" * 7 + b"\xff", msgpack.packb([["m", ["default"], "a", 1.0, START, None]])),
    ],
)
def test_a_damaged_store_says_so(tmp_path: Path, table: str, key: bytes, value: bytes) -> None:
    one = keeper(tmp_path)
    for row in chat(20):
        one.add("default", row, None)
    one.close()
    store = FussyStore(tmp_path)
    store.write([(table, key, value)])
    store.close()
    with pytest.raises(BadStore):
        keeper(tmp_path)


@pytest.mark.parametrize("value", [b"\xc1", b"", msgpack.packb(["viewer3"]), msgpack.packb(["viewer3", {"v": 1}])])
def test_a_damaged_profile_harms_one_viewer(tmp_path: Path, value: bytes, caplog: pytest.LogCaptureFixture) -> None:
    one = keeper(tmp_path, hot_viewers=1)
    for row in chat(60):
        one.add("default", row, None)
    one.close()
    one = keeper(tmp_path, hot_viewers=1)
    one.store.write([("profiles", of_name("default") + of_name("viewer3"), value)])
    assert known(one, "viewer3") is None
    assert "viewer3" not in caplog.text
    assert "damaged" in caplog.text
    one.add("default", ChatEvent(START + 200, "viewer3", "hello"), None)
    assert (known(one, "viewer3") or {})["messages"] == 1
    assert known(one, "viewer4") is not None
    one.forget_user("viewer3", None)
    one.close()


@pytest.mark.parametrize(
    "event",
    [
        ChatEvent(START, "\ud800", "hi"),
        ChatEvent(START, "   ", "hi"),
        ChatEvent(START, "x" * 300, "hi"),
        ChatEvent(START, "kai", "x" * 20_001),
        ChatEvent(START, "kai", "hi", question="yes"),  # type: ignore[arg-type]
        ChatEvent(True, "kai", "hi"),
        ChatEvent(START, "kai", "hi", sentiment=float("nan")),
    ],
)
def test_a_bad_message_leaves_all_as_it_was(tmp_path: Path, event: ChatEvent) -> None:
    one = keeper(tmp_path)
    for row in chat(20):
        one.add("default", row, None)
    before, waiting = seen(one), len(one.journal)
    with pytest.raises((BadInput, TooLarge)):
        one.add("default", event, None)
    assert seen(one) == before
    assert len(one.journal) == waiting
    one.close()


def test_readings_of_a_failed_snapshot_come_before_later_ones(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    one.record("default", "donations", 1.0, START, None)

    def meanwhile() -> None:
        one.record("default", "donations", 2.0, START, None)
        store_of(one).full = True

    store_of(one).meanwhile = meanwhile
    with pytest.raises(StoreFull):
        one.snapshot()
    store_of(one).full = False
    one.snapshot()
    assert one.series.read("default", "donations")[1].tolist() == [2.0]
    assert one.newest == {("default", "donations"): START}
    one.close()


def test_a_clock_that_ran_ahead_closes_minutes_again(tmp_path: Path) -> None:
    """The very first message comes from the future; two others put the clock back. What follows is as if it had never been."""
    one, whole = keeper(tmp_path / "one"), keeper(tmp_path / "whole")
    one.add("default", ChatEvent(START + 1e7, "wrong", "hello"), None)
    one.add("default", ChatEvent(START + 1e7 + 100, "wrong", "hello"), None)
    rows = chat(400)
    for row in rows:
        one.add("default", row, None)
        whole.add("default", row, None)
    first, second = one.channels["default"], whole.channels["default"]
    assert [reading for reading in first.readings if reading[1] < START + 1e6] == second.readings
    assert first.sessions.current() == (1, rows[1].timestamp)
    one.flush()
    after = crashed(one, tmp_path / "crashed")
    assert seen(after) == seen(one)
    for each in (one, whole, after):
        each.close()


def test_alerts_are_told_when_the_list_of_the_last_ones_is_full(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    for number in range(130):
        one.add("default", ChatEvent(START + 60 * number, f"v{number % 3}", "hi"), None)
    channel = one.channels["default"]
    reason = Reason("burst", "count", 1.0, 1.0, 1.0, "times", 1.0)
    channel.anomalies._alerts.extend(  # it would take weeks of chat
        Alert(f"chat_rate#{number}", "chat_rate", 0.0, 1.0, 1.0, "low", (reason,)) for number in range(MAX_ALERTS)
    )
    told: list[Any] = []
    for number in range(4_000):
        told += one.add("default", ChatEvent(START + 60 * 130 + number * 0.1, f"w{number % 900}", "raid"), None)["alerts"]
    assert told
    assert alert_row(channel.anomalies.alerts()[-1]) == told[-1]
    one.close()


def test_the_plan_outlives_a_crash_and_is_known_to_forecasts(tmp_path: Path) -> None:
    one = keeper(tmp_path / "one")
    for row in chat(20):
        one.add("default", row, None)
    plan = [(START + 86_400.0, START + 90_000.0), (START + 172_800.0, START + 176_400.0)]
    one.schedule("default", plan)
    one.schedule("tower", plan[:1])
    for again in (crashed(one, tmp_path / "crashed"), keeper(one.store.folder) if one.close() is None else None):
        assert again is not None
        assert again.channels["default"].schedule == tuple(plan)
        assert again.series.scheduled("default") == tuple(plan)
        assert again.series.scheduled("tower") == tuple(plan[:1])
        with pytest.raises(BadInput):
            again.schedule("default", [(5.0, 5.0)])
        assert again.channels["default"].schedule == again.series.scheduled("default") == tuple(plan)
        again.close()
    with pytest.raises(BadInput):
        keeper(tmp_path / "other").schedule("new", [(5.0, 5.0)])


def test_snapshots_from_before_there_were_plans_are_read(tmp_path: Path) -> None:
    """Then alerts and detectors lay beside each other, and nobody knew of plans."""
    one = keeper(tmp_path / "one")
    for number in range(130):
        one.add("default", ChatEvent(START + 60 * number, f"v{number % 3}", "hi"), None)
    for number in range(700):
        one.add("default", ChatEvent(START + 60 * 130 + number * 0.1, f"w{number}", "raid"), None)
    one.snapshot()
    told = seen(one)
    assert told[1]["alerts"]
    key = of_name("default")
    state = msgpack.unpackb(one.store.get("state", key) or b"", strict_map_key=False, unicode_errors="surrogatepass")
    old = {name: value for name, value in state.items() if name not in ("anomalies", "schedule", "viewed")}
    old["detectors"] = state["anomalies"]["detectors"]
    old["alerts"] = told[1]["alerts"]
    one.store.write([("state", key, msgpack.packb(old, unicode_errors="surrogatepass"))])
    after = crashed(one, tmp_path / "old")
    assert seen(after) == told
    assert after.channels["default"].schedule == ()
    for each in (one, after):
        each.close()


@pytest.mark.parametrize("schedule", [[[5.0, 5.0]], [[5.0]], "soon", [["a", "b"]], 7])
def test_a_damaged_plan_says_so(tmp_path: Path, schedule: Any) -> None:
    one = keeper(tmp_path)
    one.schedule("default", [(START, START + 60.0)])
    one.close()
    store = FussyStore(tmp_path)
    state = msgpack.unpackb(store.get("state", of_name("default")) or b"", strict_map_key=False)
    store.write([("state", of_name("default"), msgpack.packb({**state, "schedule": schedule}))])
    store.close()
    with pytest.raises(BadStore):
        keeper(tmp_path)
