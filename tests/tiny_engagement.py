"""A tiny engagement model, trained once for all tests on invented streams."""

import dataclasses
from functools import cache
from pathlib import Path

import pytest

from hikari import fingerprint
from tests import tiny_streams
from training import engagement
from training.entry import composed
from training.public_data import PublicFileConfig


def config(folder: Path, output: Path) -> engagement.PretrainEngagementConfig:
    """The shipped configuration on the invented streams under the mirror `folder`, smaller and untracked."""
    shipped = composed("pretrain", engagement.PretrainEngagementConfig, ["task=engagement", "tracking@task.tracking=off"])
    task = shipped.task
    files = {
        file.name: PublicFileConfig(f"tiny/{file.name}", "https://example.org", fingerprint.of_file(file))
        for file in sorted((folder / "tiny").iterdir())
    }
    task = dataclasses.replace(
        task,
        public=dataclasses.replace(task.public, name="tiny", files=files),
        cache=None,
        dev_share=0.25,
        test_share=0.25,
        unseen_channel="bo",
        batch_size=32,
        network=dataclasses.replace(task.network, hidden=16, members=2),
        trainer=dataclasses.replace(task.trainer, max_epochs=2),
    )
    return dataclasses.replace(shipped, task=task, output=str(output))


@cache
def _made(base: Path) -> tuple[Path, dict[str, object]]:
    tiny_streams.write_folder(base / "tiny")
    output = base / "models" / "engagement_pretrained"
    output.parent.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIKARI_DATA_MIRROR", str(base))
        return output, engagement.pretrain(config(base, output))


_base: list[Path] = []


def made_once(factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The bundle's folder and the figures of its training; the mirror is the folder two above."""
    if not _base:
        _base.append(factory.mktemp("engagement"))
    return _made(_base[0])
