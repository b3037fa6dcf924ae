"""The store: durable, growing, one writer, honest when full, free of deleted bytes after compaction, able to read its past."""

import multiprocessing
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.errors import BadInput, BadStore, NotReady, StoreBusy, StoreFull
from hikari.memory import keys, migrations
from hikari.memory.records import Memory, unpack
from hikari.memory.rows import ADDED, REMOVED, Edit
from hikari.memory.store import DATA, SCHEMA, Store
from hikari.memory.writer import Writer

ROOT = Path(__file__).parents[3]
V1 = ROOT / "tests" / "compat" / "stores" / "v1"
DIMENSION = 8


def vector(number: int) -> Any:
    values = np.random.default_rng(number).standard_normal(DIMENSION).astype(np.float32)
    return values / np.linalg.norm(values)


def memory(number: int, channel: str = "c", **changes: Any) -> Memory:
    values: dict[str, Any] = {
        "seq": 0, "id": f"m{number}", "channel": channel, "content": f"text number {number}", "memory_type": "fact", "tier": "short_term",
        "user": f"u{number % 3}", "session": f"s{number % 2}", "timestamp": 1000.0 + number, "stored_at": 1.0,
    }  # fmt: skip
    return Memory(**{**values, **changes})


def add(store: Store, *memories: Memory) -> list[Memory]:
    return store.write(lambda edit: [edit.add(m, vector(n), keys.of_name(m.content)) for n, m in enumerate(memories)])


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    first = Store(tmp_path)
    written = add(first, memory(1), memory(2, expires_at=5000.0))
    first.close()
    second = Store(tmp_path)
    with second.read() as view:
        assert [view.find("c", m.id) for m in written] == written
        assert view.channel("c") == {"no": 1, "name": "c", "counts": {"short_term": 2}, "change": 2}
        assert np.allclose(view.vectors([1], DIMENSION)[0], vector(0), atol=1e-3)
        assert view.expired(4999.0, 10) == []
        assert view.expired(5000.0, 10) == [2]
    second.close()


def test_rows_are_found_by_time_user_session_content_and_number(store: Store) -> None:
    rows = add(store, *(memory(n) for n in range(10)))
    other = add(store, memory(0, channel="d"))
    with store.read() as view:
        assert list(view.seqs("c")) == [row.seq for row in rows]
        assert list(view.seqs("c", newest_first=True)) == [row.seq for row in rows][::-1]
        assert list(view.seqs("c", 1003.0, 1006.0)) == [4, 5, 6]
        assert list(view.seqs("c", 1003.0, 1006.0, newest_first=True)) == [6, 5, 4]
        assert list(view.seqs("d")) == list(view.seqs("d", newest_first=True)) == [other[0].seq]
        assert list(view.seqs_of_user("c", "u1")) == [2, 5, 8]
        assert list(view.seqs_of_session("c", "s0")) == [1, 3, 5, 7, 9]
        assert view.same_content("c", keys.of_name("text number 4")) == [5]
        assert view.same_content("d", keys.of_name("text number 4")) == []
        assert [row.seq for row in view.after(8, 2)] == [9, 10]
        assert list(view.seqs("nowhere")) == []


def test_neighbours_stay_in_the_session_and_come_nearest_first(store: Store) -> None:
    rows = add(store, *(memory(n) for n in range(10)))
    with store.read() as view:
        assert view.neighbours(rows[4], 2) == ([3, 1], [7, 9])
        assert view.neighbours(rows[0], 3) == ([], [3, 5, 7])
        assert view.neighbours(rows[9], 1) == ([8], [])


def test_removing_takes_a_row_out_of_every_table(store: Store) -> None:
    row = add(store, memory(1, expires_at=9.0), memory(2))[0]
    store.write(lambda edit: edit.touch(row.seq, 5.0))
    store.write(lambda edit: edit.remove(row, keys.of_name(row.content)))
    with store.read() as view:
        left = {
            table
            for table, key, blob in view.blobs()
            if b"m1" in unpack_any(table, blob) or key.endswith(keys.NUMBER.pack(row.seq))
        }
        assert left <= {"changes"}
        assert view.get(row.seq) is None
        assert view.find("c", "m1") is None
        assert view.expired(100.0, 5) == []
        assert view.access(row.seq) == (0, ())
        counted = view.channel("c")
        assert counted is not None
        assert counted["counts"] == {"short_term": 1}


def unpack_any(table: str, blob: bytes) -> bytes:
    return unpack(blob) if table == "records" else blob


def test_an_heir_answers_for_the_removed(store: Store) -> None:
    old, new = add(store, memory(1), memory(2))
    store.write(lambda edit: edit.remove(new, keys.of_name(new.content), heir=old))
    with store.read() as view:
        found = view.find("c", "m2")
        assert found is not None
        assert found.id == "m1"


def test_an_id_is_taken_once_in_a_channel(store: Store) -> None:
    add(store, memory(1))
    with pytest.raises(BadInput, match="id exists"):
        add(store, memory(1))
    add(store, memory(1, channel="d"))


def test_the_change_log_tells_what_happened_until_it_is_trimmed(store: Store) -> None:
    rows = add(store, memory(1), memory(2, channel="d"), memory(3))
    store.write(lambda edit: edit.remove(rows[0], keys.of_name(rows[0].content)))
    with store.read() as view:
        assert view.changes("c", 0) == [(1, ADDED, 1), (3, ADDED, 3), (4, REMOVED, 1)]
        assert view.changes("c", 3) == [(4, REMOVED, 1)]
        assert view.changes("d", 0) == [(2, ADDED, 2)]
    store.write(lambda edit: edit.trim_changes(4))
    with store.read() as view:
        assert view.changes("c", 2) is None
        assert view.changes("c", 3) == [(4, REMOVED, 1)]
        assert view.changes("d", 2) == []


def test_a_failing_edit_leaves_nothing_and_harms_no_other(store: Store) -> None:
    def bad(edit: Edit) -> None:
        edit.add(memory(7), vector(7), keys.of_name("x"))
        raise BadInput("no")

    outcomes = store.write_all([lambda edit: edit.add(memory(1), vector(1), keys.of_name("a")), bad])
    assert outcomes[0].unwrap().id == "m1"
    with pytest.raises(BadInput, match="no"):
        outcomes[1].unwrap()
    with store.read() as view:
        assert view.find("c", "m7") is None
        assert view.find("c", "m1") is not None


def test_the_map_grows_while_others_read(tmp_path: Path) -> None:
    store = Store(tmp_path, initial_map_bytes=2**20)
    stop, errors = threading.Event(), []

    def reader() -> None:
        while not stop.is_set():
            with store.read() as view:
                errors.extend(seq for seq in list(view.seqs("c"))[-5:] if view.get(seq) is None)

    thread = threading.Thread(target=reader)
    thread.start()
    for start in range(0, 1500, 100):
        add(
            store,
            *(
                memory(n, content=f"{n} " + "long " * 400, metadata={"random": f"{np.random.default_rng(n).bytes(900)!r}"})
                for n in range(start, start + 100)
            ),
        )
    stop.set()
    thread.join()
    assert errors == []
    assert store.bytes_used() > 2**20
    with store.read() as view:
        assert len(list(view.seqs("c"))) == 1500
    store.close()


def test_a_full_map_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, initial_map_bytes=2**20, maximum_map_bytes=2**20)
    written = 0
    with pytest.raises(StoreFull, match="limit of 1048576 bytes"):
        for number in range(10_000):
            add(store, memory(number, metadata={"filler": "x" * 300}))
            written += 1
    assert written > 100
    with store.read() as view:
        assert len(list(view.seqs("c"))) == written
    store.write(lambda edit: edit.set_meta("still", "writable"))
    store.close()


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from hikari.errors import StoreFull
    from tests.hikari.memory.test_store import add, memory
    from hikari.memory.store import Store
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store(Path(sys.argv[1]))
    add(store, *(memory(n) for n in range(20)))
    size = (Path(sys.argv[1]) / "data.mdb").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    acknowledged = 20
    try:
        for number in range(20, 5000):
            add(store, memory(number))
            acknowledged += 1
    except StoreFull as error:
        print(acknowledged, error.message)
"""


def test_a_full_disk_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(tmp_path), str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    acknowledged, _, message = done.stdout.strip().partition(" ")
    assert "is full" in message
    with Store(tmp_path).read() as view:
        assert len(list(view.seqs("c"))) == int(acknowledged)


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add(store, memory(1))
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert "open for writing elsewhere" in pool.apply(_open_and_tell, (tmp_path, False))
        assert pool.apply(_open_and_tell, (tmp_path, True)) == "1"
    store.close()
    reopened = Store(tmp_path)
    reopened.close()


def _open_and_tell(folder: Path, read_only: bool) -> str:
    try:
        store = Store(folder, read_only=read_only)
    except StoreBusy as error:
        return error.message
    with store.read() as view:
        return str(len(list(view.seqs("c"))))


def test_a_read_only_store_refuses_to_write(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="no memory store"):
        Store(tmp_path / "nothing", read_only=True)
    Store(tmp_path).close()
    store = Store(tmp_path, read_only=True)
    with pytest.raises(StoreBusy):
        add(store, memory(1))
    store.close()


def test_compaction_takes_deleted_rows_out_of_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = add(store, *(memory(n, content=f"xyzzytoken{n}") for n in range(50)))
    store.write(lambda edit: [edit.remove(row, keys.of_name(row.content)) for row in rows[:49]])
    store.write(lambda edit: edit.set_meta("more", 1))
    assert (tmp_path / DATA).read_bytes().count(b"xyzzytoken") > 1, "the scan must be able to find deleted rows"
    store.compact()
    assert (tmp_path / DATA).read_bytes().count(b"xyzzytoken49") == (tmp_path / DATA).read_bytes().count(b"xyzzytoken") > 0
    with store.read() as view:
        assert [row.id for row in view.after(0, 100)] == ["m49"]
    add(store, memory(100))
    store.close()


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATA).write_bytes(b"this is no database" * 500)
    with pytest.raises(BadStore, match="cannot be opened"):
        Store(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(lambda edit: edit.set_meta("schema", SCHEMA + 1))
    store.close()
    with pytest.raises(BadStore, match="newer than"):
        Store(tmp_path)


def test_every_schema_has_a_step_and_a_fixture() -> None:
    assert set(migrations.STEPS) == set(range(1, SCHEMA))
    assert {folder.name for folder in V1.parent.iterdir()} == {f"v{number}" for number in range(1, SCHEMA)}


def test_a_store_of_schema_1_is_brought_up_to_date(tmp_path: Path) -> None:
    shutil.copytree(V1, tmp_path / "old")
    with pytest.raises(BadStore, match="open it once for writing"):
        Store(tmp_path / "old", read_only=True)
    store = Store(tmp_path / "old")
    with store.read() as view:
        assert view.meta("schema") == SCHEMA
        rows = [view.get(seq) for seq in view.seqs("lamp")]
        assert [row.content[:20] for row in rows if row] == [
            "my cat is called moc",
            "i live in osaka",
            "mochi is three years",
            "a long one: the ligh",
        ]
        assert rows[1] is not None
        assert view.neighbours(rows[1], 1) == ([1], [3])
        assert np.allclose(view.vectors([1, 2, 3, 4], 8), np.stack([vector(n) for n in range(4)]), atol=1e-3)
        assert view.access(1) == (1, (5000.0,))
    store.close()


def test_writes_that_come_together_are_committed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    sizes: list[int] = []
    real = store.write_all
    monkeypatch.setattr(store, "write_all", lambda works: (sizes.append(len(works)), real(works))[1])
    writer = Writer(store)
    gate = threading.Event()
    first = writer.submit(lambda edit: gate.wait(30))
    futures: list[Future[Any]] = [
        writer.submit(lambda edit, n=n: edit.add(memory(n), vector(n), keys.of_name(str(n))), lambda row: row.seq)
        for n in range(40)
    ]
    gate.set()
    assert first.result(30)
    assert sorted(future.result(30) for future in futures) == list(range(1, 41))
    writer.close()
    assert sum(sizes) == 41
    assert len(sizes) <= 3
    with pytest.raises(NotReady):
        writer.submit(lambda edit: None)
    store.close()


def test_times_sort_like_their_keys() -> None:
    times = [-2e9, -1.5, 0.0, 1e-6, 1.0, 1.7e9, 1e11]
    assert [keys.of_time(time) for time in times] == sorted({keys.of_time(time) for time in times})
