"""Atomic files and folders: the old one or the new one, after errors and crashes alike."""

from pathlib import Path

import pytest

from hikari import atomic


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_write_file_creates_parents_and_content(tmp_path: Path) -> None:
    atomic.write_file(tmp_path / "a" / "b.txt", b"new")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"new"


def test_write_file_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"a longer old content")
    atomic.write_file(tmp_path / "b.txt", b"new")
    assert (tmp_path / "b.txt").read_bytes() == b"new"
    assert names(tmp_path) == {"b.txt"}


def test_written_file_is_readable_by_others(tmp_path: Path) -> None:
    atomic.write_file(tmp_path / "b.txt", b"new")
    assert (tmp_path / "b.txt").stat().st_mode & 0o777 == 0o644


def test_write_file_keeps_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"old")
    with pytest.raises(TypeError):
        atomic.write_file(tmp_path / "b.txt", "text is no bytes")  # type: ignore[arg-type]
    assert (tmp_path / "b.txt").read_bytes() == b"old"
    assert names(tmp_path) == {"b.txt"}


def test_write_file_keeps_the_old_file_when_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "b.txt").write_bytes(b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write_file(tmp_path / "b.txt", b"new")
    assert (tmp_path / "b.txt").read_bytes() == b"old"
    assert names(tmp_path) == {"b.txt"}


def test_new_folder_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model"
    with atomic.new_folder(target) as staging:
        (staging / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert names(target.parent) == {"model"}


def test_new_folder_replaces_the_whole_old_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").write_text("old")
    with atomic.new_folder(target) as staging:
        (staging / "new").write_text("new")
        assert names(target) == {"old"}
    assert names(target) == {"new"}
    assert names(tmp_path) == {"model"}


def test_new_folder_is_readable_by_others(tmp_path: Path) -> None:
    with atomic.new_folder(tmp_path / "model") as staging:
        (staging / "a").write_text("1")
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_error_inside_new_folder_leaves_the_old_one_whole(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(error):  # noqa: SIM117
        with atomic.new_folder(target) as staging:
            (staging / "half").write_text("half")
            raise error
    assert (target / "old").read_text() == "old"
    assert names(target) == {"old"}
    assert names(tmp_path) == {"model"}


def test_error_inside_first_new_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic.new_folder(tmp_path / "model"):
        raise RuntimeError
    assert names(tmp_path) == set()


def test_failed_second_rename_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").write_text("old")
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if ".new." in self.name:
            raise OSError("the second rename failed")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="second rename"), atomic.new_folder(target) as staging:
        (staging / "new").write_text("new")
    assert names(target) == {"old"}
    assert names(tmp_path) == {"model"}


def test_crash_between_the_renames_is_recovered(tmp_path: Path) -> None:
    previous = tmp_path / ".model.previous"
    previous.mkdir()
    (previous / "old").write_text("old")
    atomic.recover(tmp_path / "model")
    assert (tmp_path / "model" / "old").read_text() == "old"
    assert names(tmp_path) == {"model"}


def test_crash_before_the_last_removal_keeps_the_new_folder(tmp_path: Path) -> None:
    for name in ("model", ".model.previous"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which").write_text(name)
    atomic.recover(tmp_path / "model")
    assert (tmp_path / "model" / "which").read_text() == "model"
    assert names(tmp_path) == {"model"}


def test_recover_without_a_crash_changes_nothing(tmp_path: Path) -> None:
    atomic.recover(tmp_path / "model")
    assert names(tmp_path) == set()


def test_new_folder_starts_by_recovering(tmp_path: Path) -> None:
    previous = tmp_path / ".model.previous"
    previous.mkdir()
    (previous / "old").write_text("old")
    with pytest.raises(RuntimeError), atomic.new_folder(tmp_path / "model"):
        raise RuntimeError
    assert names(tmp_path / "model") == {"old"}
