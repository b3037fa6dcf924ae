"""Public files: found in the mirror, believed only with the right hash, and every refusal says what to do."""

from pathlib import Path

import pytest

from hikari import fingerprint
from hikari.settings import Settings
from training.entry import composed
from training.pretrain import PretrainConfig
from training.public_data import PublicDataError, PublicFileConfig, PublicSetConfig, public_file


def settings(mirror: Path | None) -> Settings:
    return Settings.read({} if mirror is None else {"HIKARI_DATA_MIRROR": str(mirror)})


def public(sha256: str) -> PublicSetConfig:
    file = PublicFileConfig(path="tiny/a.conll", url="https://example.org/a.conll", sha256=sha256)
    return PublicSetConfig("tiny", "https://example.org", "MIT", "none", {"PER": "person"}, {"train": file})


def test_the_right_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "a.conll").write_text("a\tO\n")
    right = public(fingerprint.of_bytes(b"a\tO\n"))
    assert public_file(right, "train", settings(tmp_path)) == tmp_path / "tiny" / "a.conll"
    with pytest.raises(PublicDataError, match="expected 0000"):
        public_file(public("0" * 64), "train", settings(tmp_path))


def test_without_mirror_or_file_the_error_says_what_to_do(tmp_path: Path) -> None:
    for mirror in (None, tmp_path):
        with pytest.raises(PublicDataError, match=r"HIKARI_DATA_MIRROR") as caught:
            public_file(public("0" * 64), "train", settings(mirror))
        assert "https://example.org/a.conll" in str(caught.value)
    with pytest.raises(PublicDataError, match="no part 'test'"):
        public_file(public("0" * 64), "test", settings(tmp_path))


def test_the_sets_in_the_configuration_name_train_and_dev_only() -> None:
    sets = composed("pretrain", PretrainConfig).task.sets
    assert set(sets) == {"wnut17", "broad_twitter_corpus"}
    for each in sets.values():
        assert set(each.files) == {"train", "dev"}
        assert each.licence == "CC BY 4.0"
        assert len({file.sha256 for file in each.files.values()}) == 2
