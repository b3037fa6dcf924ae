"""What was learned of emotes, on disk: whole or not at all, damaged files out of the way, no names of viewers."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari.sentiment.emote_evidence import Candidate, Share
from hikari.sentiment.emote_store import EmoteStore, _file_name

NOW = 1_700_000_000.0


def candidate(name: str = "mikaLove", seen: float = NOW) -> Candidate:
    shares = {viewer: Share(seen, 1.5, 0.1 + 0.2, 0.9, {"joy": 1.5}) for viewer in (2**56 - 1, 3)}
    return Candidate(name, seen, shares)


def store(folder: Path, every_s: float = 30.0, **options: Any) -> EmoteStore:
    made = EmoteStore(folder, every_s, **options)
    made.key()
    return made


def saved(folder: Path, channel: str = "a", *candidates: Candidate) -> Path:
    one = store(folder)
    one.save({channel: list(candidates) or [candidate()]})
    one.wait()
    return folder / _file_name(channel)


def loaded(folder: Path) -> dict[str, list[Candidate]]:
    return dict(store(folder).load())


def test_what_was_saved_is_read_to_the_last_bit(tmp_path: Path) -> None:
    saved(tmp_path, "a/../b\u3042", candidate(), candidate("mikaHype"))
    assert loaded(tmp_path) == {"a/../b\u3042": [candidate(), candidate("mikaHype")]}
    assert {path.name for path in tmp_path.iterdir()} == {"key", _file_name("a/../b\u3042")}


def test_the_channel_that_was_silent_longest_comes_first(tmp_path: Path) -> None:
    for channel, seen in (("b", NOW), ("a", NOW + 5), ("c", NOW - 5)):
        saved(tmp_path, channel, candidate(seen=seen))
    assert list(loaded(tmp_path)) == ["c", "b", "a"]


def test_a_channel_without_emotes_has_no_file(tmp_path: Path) -> None:
    path = saved(tmp_path)
    one = store(tmp_path)
    one.save({"a": [], "never there": []})
    one.wait()
    assert not path.exists()
    assert loaded(tmp_path) == {}


def change(**values: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps({**json.loads(content), **values}).encode()


def share(**values: Any) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        file = json.loads(content)
        next(iter(file["emotes"][0]["shares"].values())).update(values)
        return json.dumps(file).encode()

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"\x00\xff\xfe",
        lambda _: b"[" * 100_000,
        lambda content: content[:-20],
        change(format=2),
        change(key="0" * 16),
        change(channel="another"),
        change(channel=""),
        change(emotes=[{"name": "plain", "seen": 0, "shares": {}}]),
        change(emotes=[{"name": "mikaLove", "seen": 0, "shares": {}}] * 2),
        change(emotes=[{"name": "mikaLove", "seen": 0, "shares": {"x": {}}}]),
        change(emotes=None),
        share(weight=-1.0),
        share(total=2.0),
        share(squares=-0.1),
        share(emotions={"rage": 1.0}),
        share(emotions={"joy": 7.0}),
        share(at="soon"),
    ],
)
def test_a_damaged_file_is_set_aside_with_a_warning(
    tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    path = saved(tmp_path)
    other = saved(tmp_path, "b")
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert loaded(tmp_path) == {"b": [candidate()]}
    assert not path.exists()
    assert path.with_name(f"{path.name}.bad").exists()
    assert other.exists()
    assert "mikaLove" not in caplog.text
    assert path.name in caplog.text
    assert loaded(tmp_path) == {"b": [candidate()]}, "it is not looked at again"
    store(tmp_path).drop_bad()
    assert not list(tmp_path.glob("*.bad"))


def test_files_that_cannot_be_read_stay_where_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved(tmp_path)
    (tmp_path / f"{'0' * 32}.json").mkdir()
    assert loaded(tmp_path) == {"a": [candidate()]}
    assert "cannot be read" in caplog.text


def test_without_its_key_a_file_says_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path)
    (tmp_path / "key").write_bytes(b"short")
    assert loaded(tmp_path) == {}
    assert len((tmp_path / "key").read_bytes()) == 32
    assert path.with_name(f"{path.name}.bad").exists()


def test_a_folder_that_cannot_be_made_keeps_nothing_and_breaks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    one = EmoteStore(tmp_path / "file" / "x", 30.0)
    assert len(one.key()) == 32
    assert list(one.load()) == []
    one.save({"a": [candidate()]})
    one.wait()
    assert "not kept" in caplog.text
    assert "not written" in caplog.text


def test_it_is_written_at_most_every_so_often(tmp_path: Path) -> None:
    now = [0.0]
    one = store(tmp_path, 30.0, monotonic=lambda: now[0])
    assert not one.is_due()
    one.changed("a")
    assert not one.is_due()
    now[0] = 30.0
    assert one.is_due()
    one.save({channel: [candidate()] for channel in one.take_changed()})
    one.wait()
    one.changed("a")
    now[0] = 59.0
    assert not one.is_due()
    now[0] = 60.0
    assert one.is_due()
