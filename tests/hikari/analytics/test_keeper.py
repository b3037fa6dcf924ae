"""The keeper: full disks, crashes at bad moments, viewers who leave and come back, and channels that know nothing of each other."""

import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics import keeper as keepers
from hikari.analytics.events import ChatEvent
from hikari.analytics.store_keys import of_name
from hikari.errors import BadInput, NotFound, StoreFull, TooLarge
from tests.hikari.analytics.keepers import START, chat, crashed, keeper, known, seen, store_of

STEPS = ("add", "flush", "snapshot", "full flush", "full snapshot", "crash", "forget")


@settings(max_examples=25)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=14), st.integers(1, 30))
def test_a_disk_that_is_full_now_and_then_loses_nothing(steps: list[str], hot: int) -> None:
    """Beside it runs one that knows no trouble; a crash loses what was not written, which it is then sent again."""
    with tempfile.TemporaryDirectory() as folder:
        one, whole = keeper(Path(folder) / "0", hot_viewers=hot), keeper(Path(folder) / "whole")
        rows, lost = iter(chat(60 * len(steps), step=5.0)), list[tuple[str, ChatEvent]]()
        for number, step in enumerate(steps):
            if step == "add":
                for row in [next(rows) for _ in range(60)]:
                    channel = "other" if row.username.endswith("3") else "default"
                    one.add(channel, row, None)
                    whole.add(channel, row, None)
                    lost.append((channel, row))
            elif step == "crash":
                after = crashed(one, Path(folder) / str(number + 1), hot_viewers=hot)
                one.store.close()
                one = after
                for channel, row in lost:
                    one.add(channel, row, None)
            elif step == "forget":
                for each in (one, whole):
                    each.forget_user("viewer7", None)
                lost.clear()
            else:
                store_of(one).full = step.startswith("full")
                work = one.flush if step.endswith("flush") else one.snapshot
                if step.startswith("full") and (step.endswith("snapshot") or len(one.journal)):
                    with pytest.raises(StoreFull):
                        work()
                else:
                    work()
                    lost.clear()
                store_of(one).full = False
        for channel in ("default", "other"):
            assert seen(one, channel) == seen(whole, channel)
        one.close()
        again = keeper(Path(folder) / "again") if not one.store.folder.exists() else keeper(one.store.folder, hot_viewers=hot)
        for channel in ("default", "other"):
            assert seen(again, channel) == seen(whole, channel)
        again.close()
        whole.close()


@pytest.mark.parametrize("full", [False, True])
def test_who_comes_back_while_a_snapshot_is_written_is_known(tmp_path: Path, full: bool) -> None:
    """With a hot set of one, everybody leaves at once: before the snapshot, while it is written, after it has failed."""
    one, whole = keeper(tmp_path / "one", hot_viewers=1), keeper(tmp_path / "whole")
    rows = chat(120)
    for row in rows[:60]:
        one.add("default", row, None)

    def meanwhile() -> None:
        for row in rows[60:90]:
            one.add("default", row, None)
        store_of(one).full = full

    store_of(one).meanwhile = meanwhile
    if full:
        with pytest.raises(StoreFull):
            one.snapshot()
        store_of(one).full = False
    else:
        one.snapshot()
    for row in rows[90:]:
        one.add("default", row, None)
    for row in rows:
        whole.add("default", row, None)
    assert seen(one) == seen(whole)
    one.flush()
    after = crashed(one, tmp_path / "crashed", hot_viewers=1)
    assert seen(after) == seen(whole)
    one.snapshot()
    again = crashed(one, tmp_path / "again", hot_viewers=3)
    assert seen(again) == seen(whole)
    for each in (one, whole, after, again):
        each.close()


def test_messages_between_the_states_of_two_channels_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is let go between channels: what comes then is in the later one's state and in the journal as well."""
    one, whole = keeper(tmp_path / "one"), keeper(tmp_path / "whole")
    rows = chat(90)
    for row in rows[:30]:
        for channel in ("first", "second", "third"):
            one.add(channel, row, None)
    cold = one.channels["first"].cold
    changes = cold.changes

    def meanwhile() -> Any:
        for row in rows[30:60]:
            for channel in ("first", "second", "third", "fourth"):
                one.add(channel, row, None)
        return changes()

    monkeypatch.setattr(cold, "changes", meanwhile)
    one.snapshot()
    monkeypatch.undo()
    one.flush()
    for channel in ("first", "second", "third", "fourth"):
        for row in rows[:60] if channel != "fourth" else rows[30:60]:
            whole.add(channel, row, None)
    after = crashed(one, tmp_path / "crashed")
    for channel in ("first", "second", "third", "fourth"):
        assert seen(after, channel) == seen(whole, channel)
    # The numbers go on behind those that the snapshots know.
    for each in (after, whole):
        for row in rows[60:]:
            each.add("second", row, None)
    after.flush()
    again = crashed(after, tmp_path / "again")
    assert seen(again, "second") == seen(whole, "second")
    for each in (one, whole, after, again):
        each.close()


def test_many_channels_come_back_each_with_its_own(tmp_path: Path) -> None:
    one = keeper(tmp_path / "one")
    rows = chat(6)
    for number in range(150):
        for row in rows[: number % 6 + 1]:
            one.add(f"channel{number}", row, None)
        if number == 70:
            one.snapshot()
    one.flush()
    after = crashed(one, tmp_path / "crashed")
    counts = {name: channel.windows.counts["messages"] for name, channel in after.channels.items()}
    assert counts == {f"channel{number}": number % 6 + 1 for number in range(150)}
    one.close()
    after.close()


def test_there_are_so_many_channels_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "MAX_CHANNELS", 2)
    one = keeper(tmp_path)
    row = chat(1)[0]
    for _ in range(5):
        with pytest.raises(BadInput):
            one.add("bad", ChatEvent(START, "", "hi"), None)
        with pytest.raises(BadInput):
            one.record("bad", "chat_rate", 1.0, START, None)
        with pytest.raises(NotFound):
            one.change("bad", lambda channel: channel.feedback("nothing", True))
    assert not one.channels
    one.add("first", row, None)
    one.add("second", row, None)
    with pytest.raises(TooLarge, match="2 channels"):
        one.add("third", row, None)
    one.add("first", row, None)
    one.close()


@pytest.mark.parametrize("waiting", ["entries", "profiles"])
def test_nothing_piles_up_before_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: str) -> None:
    monkeypatch.setattr(keepers, "NOTED_AT_ONCE" if waiting == "entries" else "EVICTED_AT_ONCE", 30)
    one, whole = keeper(tmp_path / "one", hot_viewers=2), keeper(tmp_path / "whole")
    store_of(one).full = True
    refused = 0
    for row in chat(200):
        try:
            one.add("default", row, None)
        except StoreFull:
            refused += 1
        else:
            whole.add("default", row, None)
    assert refused > 20
    assert seen(one) == seen(whole)
    store_of(one).full = False
    with pytest.raises(StoreFull):  # until somebody has written: trying with every message would take the processor
        one.add("default", chat(1, start=START + 1000)[0], None)
    one.snapshot()
    for each in (one, whole):
        for row in chat(300, start=START + 1000):
            each.add("default", row, None)
    assert seen(one) == seen(whole)
    one.close()
    whole.close()


def test_an_evicted_viewer_is_forgotten(tmp_path: Path) -> None:
    one = keeper(tmp_path / "one", hot_viewers=2)
    for row in chat(60):
        one.add("default", row, None)
    one.snapshot()
    for row in chat(60, start=START + 200):
        one.add("default", row, None)
    assert one.forget_user("viewer3", None) == {"channels": 1, "profiles": 1, "experiments": 0}
    assert one.forget_user("viewer3", "default")["profiles"] == 0
    assert one.forget_user("viewer3", "nowhere") == {"channels": 0, "profiles": 0, "experiments": 0}
    assert known(one, "viewer3") is None
    assert one.store.get("profiles", of_name("default") + of_name("viewer3")) is None
    one.add("default", ChatEvent(START + 400, "viewer3", "me again"), None)
    assert (known(one, "viewer3") or {})["messages"] == 1
    one.close()
    again = keeper(tmp_path / "one", hot_viewers=2)
    assert (known(again, "viewer3") or {})["messages"] == 1
    again.close()


@pytest.mark.parametrize("full", [False, True])
def test_forgetting_while_a_snapshot_is_written(tmp_path: Path, full: bool) -> None:
    one = keeper(tmp_path / "one", hot_viewers=4)
    for row in chat(80):
        one.add("default", row, None)

    def meanwhile() -> None:
        with one.lock:  # what `forget_user` does before its own snapshot, for which it has to wait
            channel = one.channels["default"]
            channel.profiles.forget("viewer3")
            channel.cold.forget("viewer3")
        assert known(one, "viewer3") is None
        store_of(one).full = full

    store_of(one).meanwhile = meanwhile
    if full:
        with pytest.raises(StoreFull):
            one.snapshot()
        store_of(one).full = False
    else:
        one.snapshot()
    assert known(one, "viewer3") is None
    one.forget_user("viewer3", "default")
    assert one.store.get("profiles", of_name("default") + of_name("viewer3")) is None
    assert b"viewer3" not in (tmp_path / "one" / "data.mdb").read_bytes()
    one.close()


def test_what_could_not_be_forgotten_is_forgotten_by_the_next_snapshot(tmp_path: Path) -> None:
    one = keeper(tmp_path / "one", hot_viewers=4)
    for row in chat(80):
        one.add("default", row, None)
    one.snapshot()
    store_of(one).full = True
    with pytest.raises(StoreFull):
        one.forget_user("viewer3", None)
    assert known(one, "viewer3") is None
    store_of(one).full = False
    one.snapshot()
    assert one.store.get("profiles", of_name("default") + of_name("viewer3")) is None
    one.close()


def test_the_background_survives_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = keeper(tmp_path, background=True, journal_s=0.01)
    done, calls = threading.Event(), list[int]()
    flush = one.flush

    def trouble() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("a bug")
        flush()
        if one.journal.rows:
            done.set()

    monkeypatch.setattr(one, "flush", trouble)
    for row in chat(10):
        one.add("default", row, None)
    assert done.wait(60)
    one.close()
    assert len(calls) > 1


def test_evictions_call_for_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "EVICTED_SOON", 5)
    one = keeper(tmp_path, background=True, hot_viewers=1)
    written = threading.Event()
    snapshot = one.snapshot

    def noted() -> None:
        snapshot()
        written.set()

    monkeypatch.setattr(one, "snapshot", noted)
    for row in chat(40):
        one.add("default", row, None)
    assert written.wait(60)
    one.close()
