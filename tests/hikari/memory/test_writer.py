"""The single writer beyond the store's tests: order, errors of one job, closing."""

import threading
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput, NotReady, Overloaded, StoreFull
from hikari.memory import writer as module
from hikari.memory.rows import Edit
from hikari.memory.store import Store
from hikari.memory.writer import Writer


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = Store(tmp_path)
    yield made
    made.close()


def test_jobs_run_in_the_order_they_came_and_after_follows_each(store: Store) -> None:
    seen: list[int] = []
    writer = Writer(store)
    futures = [writer.submit(lambda edit, n=n: n, lambda n: (seen.append(n), n)[1]) for n in range(200)]
    assert [future.result(30) for future in futures] == list(range(200)) == seen
    writer.close()
    writer.close()


def test_one_bad_job_harms_no_other(store: Store) -> None:
    writer, gate = Writer(store), threading.Event()
    writer.submit(lambda edit: gate.wait(30))

    def bad(edit: Edit) -> None:
        edit.set_meta("bad", 1)
        raise BadInput("no")

    jobs = [writer.submit(lambda edit: edit.set_meta("good", 1)), writer.submit(bad), writer.submit(lambda edit: 1 // 0)]
    jobs.append(writer.submit(lambda edit: edit.set_meta("better", 1)))
    late = writer.submit(lambda edit: 5, lambda value: value // 0)
    gate.set()
    assert jobs[0].result(30) is jobs[3].result(30) is None
    for future, kind in ((jobs[1], BadInput), (jobs[2], ZeroDivisionError), (late, ZeroDivisionError)):
        with pytest.raises(kind):
            future.result(30)
    writer.close()
    with store.read() as view:
        assert (view.meta("good"), view.meta("better"), view.meta("bad")) == (1, 1, None)


def test_a_commit_that_fails_tells_all_and_the_next_one_works(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(store)
    real = store.write_all

    def full(works: Any) -> Any:
        raise StoreFull("full")

    monkeypatch.setattr(store, "write_all", full)
    with pytest.raises(StoreFull):
        writer.submit(lambda edit: None).result(30)
    monkeypatch.setattr(store, "write_all", real)
    assert writer.submit(lambda edit: 7).result(30) == 7
    writer.close()


def test_too_many_waiting_are_refused_and_closing_finishes_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    writer, gate, begun = Writer(store), threading.Event(), threading.Event()
    first = writer.submit(lambda edit: (begun.set(), gate.wait(30))[1])
    begun.wait(30)
    waiting = [writer.submit(lambda edit, n=n: n) for n in range(3)]
    assert writer.waiting == 3
    with pytest.raises(Overloaded):
        writer.submit(lambda edit: None)
    waiting[1].cancel()
    gate.set()
    writer.close()
    assert first.result(0)
    assert (waiting[0].result(0), waiting[2].result(0)) == (0, 2)
    assert waiting[1].cancelled()
    with pytest.raises(NotReady):
        writer.submit(lambda edit: None)
