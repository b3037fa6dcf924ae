"""The experiments of all channels: on disk before they count, once, and nothing half done when the disk is full."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics import experiment_desk
from hikari.analytics.experiment_desk import TABLE, ExperimentDesk
from hikari.analytics.experiments import Outcome
from hikari.errors import BadInput, BadStore, HikariError, NotFound, Refused, StoreFull
from tests.hikari.analytics.keepers import START, FussyStore

NAMED = {
    "id": "greeting", "name": "greeting by name", "metric": "replies", "kind": "count", "unit": "viewer", "salt": "fixed",
    "arms": [{"name": "plain"}, {"name": "by name"}], "minimum_effect": 0.1,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FussyStore]:
    made = FussyStore(tmp_path)
    yield made
    made.close()


def rows(store: FussyStore) -> dict[bytes, bytes]:
    return dict(store.scan(TABLE))


def running(store: FussyStore, channel: str = "lamp") -> ExperimentDesk:
    desk = ExperimentDesk(store)
    desk.create(channel, NAMED)
    desk.start(channel, "greeting", START)
    return desk


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["assign", "record", "record", "record", "forget", "restart"]),
            st.integers(0, 4),
            st.integers(0, 5),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_a_disk_that_is_full_now_and_then_counts_every_outcome_once(steps: list[tuple[str, int, int, bool]]) -> None:
    """Beside it runs one that knows no trouble, and is told only what the other has acknowledged."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        store, calm = FussyStore(Path(one)), FussyStore(Path(other))
        desk, whole = running(store), running(calm)
        for step, viewer, outcome, full in steps:
            if step == "restart":
                store.close()
                store = FussyStore(Path(one))
                desk = ExperimentDesk(store)
                continue
            before, report = rows(store), desk.report("lamp", "greeting", START + 100)

            def work(target: ExperimentDesk, step: str = step, viewer: int = viewer, outcome: int = outcome) -> Any:
                if step == "assign":
                    return target.assign("lamp", "greeting", f"viewer{viewer}", START + 1)
                if step == "forget":
                    return target.forget_user(None, f"viewer{viewer}")
                return target.record("lamp", "greeting", Outcome(f"viewer{viewer}", outcome, START + 2, None, f"o{outcome}"))

            store.full = full
            try:
                answer = work(desk)
            except StoreFull:
                assert rows(store) == before
                assert desk.report("lamp", "greeting", START + 100) == report
            except Refused:
                with pytest.raises(Refused):
                    work(whole)
            else:
                assert answer == work(whole)
            store.full = False
        assert rows(store) == rows(calm)
        assert desk.report("lamp", "greeting", START + 100) == whole.report("lamp", "greeting", START + 100)
        store.close()
        calm.close()


def test_an_experiment_that_could_not_be_written_is_not_there(store: FussyStore) -> None:
    desk = ExperimentDesk(store)
    store.full = True
    with pytest.raises(StoreFull):
        desk.create("lamp", NAMED)
    assert desk.list("lamp") == []
    store.full = False
    desk.create("lamp", NAMED)
    store.full = True
    with pytest.raises(StoreFull):
        desk.start("lamp", "greeting", START)
    assert desk.list("lamp")[0]["status"] == "draft"
    store.full = False
    desk.start("lamp", "greeting", START)
    assert ExperimentDesk(store).list("lamp") == desk.list("lamp")


def test_outcomes_of_many_threads_count_once(store: FussyStore) -> None:
    desk = running(store)
    for viewer in range(8):
        desk.assign("lamp", "greeting", f"viewer{viewer}", START)
    sent = [Outcome(f"viewer{number % 8}", 1, START + 1, None, f"o{number % 100}") for number in range(300)]
    with ThreadPoolExecutor(4) as pool:
        counted = sum(answer["counted"] for answer in pool.map(lambda each: desk.record("lamp", "greeting", each), sent))
    different = len({(each.unit, each.outcome_id) for each in sent})
    assert counted == different
    again = ExperimentDesk(store)
    assert sum(arm.outcomes for one in again._known.values() for arm in one.sums) == different
    assert again.report("lamp", "greeting", START + 9) == desk.report("lamp", "greeting", START + 9)


def test_a_viewer_is_forgotten_in_one_channel_or_in_all(store: FussyStore) -> None:
    desk = running(store)
    for channel in ("tower", "harbour"):
        desk.create(channel, NAMED)
        desk.start(channel, "greeting", START)
    for channel in ("lamp", "tower", "harbour"):
        desk.assign(channel, "greeting", "kai", START)
        desk.record(channel, "greeting", Outcome("kai", 1, START + 1, None, "a"))
    assert desk.forget_user("lamp", "kai") == 1
    assert desk.forget_user("lamp", "kai") == 0
    assert desk.forget_user(None, "kai") == 2
    assert desk.forget_user(None, "kai") == 0
    assert not [key for key in rows(store) if key[16:17] in (b"u", b"s")]
    for known in (desk, ExperimentDesk(store)):
        assert not any(arm.assigned or arm.outcomes for one in known._known.values() for arm in one.sums)


def test_channels_and_ids_do_not_meet(store: FussyStore) -> None:
    desk = running(store)
    with pytest.raises(BadInput, match="exists"):
        desk.create("lamp", NAMED)
    desk.create("tower", NAMED)
    assert [one["status"] for one in desk.list("tower")] == ["draft"]
    with pytest.raises(Refused, match="not been started"):
        desk.assign("tower", "greeting", "kai", START)
    for call in (
        lambda: desk.report("lamp", "nothing", START),
        lambda: desk.start("harbour", "greeting", START),
        lambda: desk.record("lamp", "greetin", Outcome("kai", 1, START)),
        lambda: desk.assign("", "greeting", "kai", START),
    ):
        with pytest.raises(NotFound):
            call()


@pytest.mark.parametrize(
    "change",
    [{"id": ""}, {"id": 5}, {"id": None}, {"id": "x" * 300}, {"id": "a\ud800"}, {"arms": [{"name": "alone"}]}, {"colour": "red"}],
)
def test_a_bad_definition_leaves_nothing(store: FussyStore, change: dict[str, Any]) -> None:
    desk = ExperimentDesk(store)
    with pytest.raises(HikariError):
        desk.create("lamp", {**NAMED, **change})
    assert rows(store) == {}


@pytest.mark.parametrize("values", [None, [], "greeting", 7])
def test_a_definition_is_an_object(store: FussyStore, values: Any) -> None:
    with pytest.raises(HikariError):
        ExperimentDesk(store).create("lamp", values)


@pytest.mark.parametrize(
    ("unit", "outcome_id"),
    [("", "a"), (None, "a"), ("x" * 300, "a"), ("a\ud800", "a"), ("kai", ""), ("kai", 5), ("kai", "x" * 300)],
)
def test_bad_units_and_outcome_ids_change_nothing(store: FussyStore, unit: Any, outcome_id: Any) -> None:
    desk = running(store)
    desk.assign("lamp", "greeting", "kai", START)
    before = rows(store)
    with pytest.raises(HikariError):
        desk.record("lamp", "greeting", Outcome(unit, 1, START + 1, None, outcome_id))
    assert rows(store) == before


def test_there_are_so_many_and_no_more(store: FussyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment_desk, "MAX_EXPERIMENTS", 2)
    desk = running(store)
    desk.create("tower", NAMED)
    with pytest.raises(BadInput, match="2 experiments"):
        desk.create("tower", {**NAMED, "id": "other"})


@pytest.mark.parametrize(("key", "row"), [(b"d", b"\xc1"), (b"u" + bytes(8), b"short"), (b"?", b""), (b"t", b"\x00")])
def test_damaged_rows_say_so(store: FussyStore, key: bytes, row: bytes) -> None:
    running(store)
    prefix = next(iter(rows(store)))[:16]
    store.write([(TABLE, prefix + key, row)])
    with pytest.raises(BadStore):
        ExperimentDesk(store)
