"""The store: what a write promises, one writer, and nothing left after a compaction."""

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.store import AnalyticsStore
from hikari.analytics.store_keys import number_of, of_number, of_time, time_of
from hikari.errors import BadStore, NotReady, StoreBusy, StoreFull


def test_a_write_is_whole_and_survives(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write([("state", b"a", b"1"), ("series", b"b", b"2")])
    store.write([("state", b"a", None), ("state", b"c", b"3")])
    store.close()
    store = AnalyticsStore(tmp_path)
    assert [store.get("state", key) for key in (b"a", b"c")] == [None, b"3"]
    assert store.get("series", b"b") == b"2"
    store.close()


def test_a_scan_keeps_to_its_prefix(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write(("series", bytes([first, second]), b"") for first in range(4) for second in range(4))
    assert [key for key, _ in store.scan("series", b"\x02")] == [bytes([2, n]) for n in range(4)]
    assert [key for key, _ in store.scan("series", b"\x02", b"\x02\x02")] == [b"\x02\x02", b"\x02\x03"]
    assert list(store.scan("series", b"\x09")) == []
    store.close()


def test_the_second_writer_is_told(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    with pytest.raises(StoreBusy, match="another process"):
        AnalyticsStore(tmp_path)
    store.close()
    store.close()
    AnalyticsStore(tmp_path).close()
    with pytest.raises(NotReady):
        store.get("state", b"a")
    with pytest.raises(NotReady):
        store.write([])


def test_a_full_map_writes_nothing_of_a_change(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path, map_bytes=1 << 20)
    store.write([("state", b"kept", b"1")])
    with pytest.raises(StoreFull, match="limit"):
        store.write([("state", b"first", b"1"), ("state", b"large", bytes(2 << 20))])
    assert store.get("state", b"first") is None
    assert store.get("state", b"kept") == b"1"
    store.close()


def test_what_was_deleted_is_readable_until_the_file_is_compacted(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write([("profiles", b"secret-key", b"secret-name"), ("profiles", b"other", b"kept")])
    store.write([("profiles", b"secret-key", None)])
    assert b"secret-name" in (tmp_path / "data.mdb").read_bytes()
    store.compact()
    assert b"secret" not in (tmp_path / "data.mdb").read_bytes()
    assert list(store.blobs()) == [("profiles", b"other", b"kept")]
    store.close()


def test_a_newer_schema_and_a_damaged_file_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hikari.analytics.store.SCHEMA", b"9")
    AnalyticsStore(tmp_path / "newer").close()
    monkeypatch.undo()
    with pytest.raises(BadStore, match="schema"):
        AnalyticsStore(tmp_path / "newer")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(BadStore, match="cannot be opened"):
        AnalyticsStore(tmp_path / "damaged")


@given(st.lists(st.floats(-1e10, 1e10), min_size=2, max_size=2))
def test_keys_of_times_sort_like_the_times(times: list[float]) -> None:
    first, second = sorted(times)
    assert of_time(first) <= of_time(second)
    assert time_of(of_time(first)) == pytest.approx(first, abs=3e-6)


@given(st.integers(0, 2**64 - 1))
def test_keys_of_numbers_can_be_read(number: int) -> None:
    assert number_of(of_number(number)) == number


def test_a_scan_ends_before_its_stop(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write(("series", bytes([1, number]), b"") for number in range(6))
    assert [key[1] for key, _ in store.scan("series", b"\x01", stop=b"\x01\x03")] == [0, 1, 2]
    assert [key[1] for key, _ in store.scan("series", b"\x01", b"\x01\x02", b"\x01\x04")] == [2, 3]
    assert list(store.scan("series", b"\x01", b"\x01\x04", b"\x01\x02")) == []
    store.close()


def test_nobody_waits_for_a_write_to_read(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write([("state", b"a", b"1")])
    seen: list[bytes | None] = []

    def slowly() -> Generator[tuple[str, bytes, bytes | None]]:
        yield "state", b"a", b"2"
        reader = threading.Thread(target=lambda: seen.extend([store.get("state", b"a"), *dict(store.scan("state")).values()]))
        reader.start()
        reader.join(30)
        assert not reader.is_alive()

    store.write(slowly())
    assert seen == [b"1", b"1"]
    assert store.get("state", b"a") == b"2"
    store.close()


def test_readers_and_writers_outlive_a_compaction(tmp_path: Path) -> None:
    store = AnalyticsStore(tmp_path)
    store.write(("series", bytes([number]), b"x" * 100) for number in range(50))
    with ThreadPoolExecutor(3) as pool:
        counts = [pool.submit(lambda: len(list(store.scan("series")))) for _ in range(60)]
        writes = [pool.submit(store.write, [("state", bytes([number]), b"1")]) for number in range(20)]
        for _ in range(5):
            store.compact()
        assert {one.result() for one in counts} == {50}
        for one in writes:
            one.result()
    assert len(list(store.scan("state"))) == 20
    store.close()
