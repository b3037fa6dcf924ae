"""The files of the lexical index: damage, crashes between two of them, and what is left in them after a purge."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.errors import BadIndex, StoreFull
from hikari.memory import lexical, lexical_files
from hikari.memory.lexical import LexicalIndex
from hikari.memory.lexical_segments import Segments
from tests.hikari.memory.lexical_helpers import found, ints, raising


def saved(folder: Path) -> Path:
    index = LexicalIndex(folder)
    index.add(np.arange(20), [f"cat number{seq}" for seq in range(20)])
    index.flush()
    index.remove(ints(4))
    index.change = 5
    index.close()
    return folder


def test_damage_is_noticed(tmp_path: Path) -> None:
    folder = saved(tmp_path / "lexical")
    checked = 0
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        if not whole:
            continue  # lock files
        for at in range(0, len(whole), max(1, len(whole) // 25)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(BadIndex):
                LexicalIndex(folder)
        path.write_bytes(whole[:-1])
        with pytest.raises(BadIndex):
            LexicalIndex(folder)
        path.unlink()
        with pytest.raises(BadIndex):
            LexicalIndex(folder)
        path.write_bytes(whole)
        checked += 1
    assert checked >= 8
    (folder / "stray.idx").write_bytes(b"x")
    with pytest.raises(BadIndex):
        LexicalIndex(folder)
    (folder / "stray.idx").unlink()
    assert len(LexicalIndex(folder)) == 19


def test_another_analysis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path / "lexical")
    monkeypatch.setattr(lexical, "VERSION", lexical.VERSION + 1)
    with pytest.raises(BadIndex, match="another version of the analysis"):
        LexicalIndex(folder)


@pytest.fixture
def crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder taken after a commit and before its manifest; 30 is in, 2 is out, and the manifest says change 5."""
    index = LexicalIndex(saved(tmp_path / "live"))
    index.add(ints(30), ["cat fresh"])
    index.remove(ints(2))
    index.change = 7
    write = lexical_files.write_manifest

    def crashing(*arguments: Any) -> Any:
        shutil.copytree(tmp_path / "live", tmp_path / "crashed")
        return write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(lexical, "write_manifest", crashing)
        index.close()
    return tmp_path / "crashed"


def test_a_crash_before_the_manifest_is_harmless(crashed: Path) -> None:
    index = LexicalIndex(crashed)
    assert index.change == 5  # the owner replays 6 and 7, which are in already
    index.add(ints(30), ["cat fresh"])
    index.remove(ints(2))
    index.change = 7
    assert sorted(found(index, "cat")) == [0, 1, 3, *range(5, 20), 30]
    index.close()
    again = LexicalIndex(crashed)
    assert (again.change, len(again)) == (7, 19)


def test_damage_after_a_crash_is_noticed_by_tantivys_checksums(crashed: Path) -> None:
    fresh = [path for path in crashed.iterdir() if path.suffix in {".idx", ".term", ".store"}]
    assert fresh
    for path in fresh:
        whole = path.read_bytes()
        for broken in (whole[:-1], whole[: len(whole) // 2], bytes([whole[0] ^ 1]) + whole[1:], b""):
            path.write_bytes(broken)
            with pytest.raises(BadIndex):
                LexicalIndex(crashed)
        path.write_bytes(whole)
    fresh[0].unlink()
    with pytest.raises(BadIndex):
        LexicalIndex(crashed)


def test_a_crash_while_a_folder_was_begun_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "lexical").mkdir()
    assert len(LexicalIndex(tmp_path / "lexical")) == 0
    (tmp_path / "lexical" / "manifest.json").unlink()
    with pytest.raises(BadIndex):
        LexicalIndex(tmp_path / "lexical")


TELLTALE = "zyxwvutqqmark"


def files_with(folder: Path, token: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


def test_purge_leaves_nothing_of_a_removed_text_in_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "lexical"
    index = LexicalIndex(folder)
    index.add(np.arange(60), [f"cat number{seq}" for seq in range(60)])
    index.add(ints(70), [f"my word is {TELLTALE}"])
    index.change = 3
    index.flush()
    assert files_with(folder, TELLTALE)  # the scan finds it while it is there
    assert index.files_have(TELLTALE)
    index.remove(ints(70, 5))
    assert found(index, TELLTALE) == []
    index.flush()
    assert files_with(folder, TELLTALE)  # and after deleting: this is what purge is for
    assert index.files_have(TELLTALE)
    index.purge()
    assert files_with(tmp_path, TELLTALE) == []
    assert not index.files_have(TELLTALE[:4])
    assert len(index) == 59
    assert found(index, "number7") == [7]
    index.close()
    again = LexicalIndex(folder)
    assert (len(again), again.change) == (59, 3)
    assert Counter(found(again, "cat", 100)) == Counter(seq for seq in range(60) if seq != 5)


def test_a_failed_purge_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    index.add(ints(1, 2), ["cat", "dog"])
    index.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Segments, "commit", raising(StoreFull("the disk is full")))
        with pytest.raises(StoreFull):
            index.purge()
    assert sorted(found(index, "cat dog")) == [1, 2]
    index.add(ints(3), ["tea"])
    index.close()
    assert len(LexicalIndex(tmp_path / "lexical")) == 3
