"""One open model for all tests of the engine: the tiny bundle in fp32, where batches do not matter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari.bundle import open_bundle, write_bundle
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.scores import Scorer


@pytest.fixture(scope="session")
def classifier(tiny_bundle: Path) -> TextClassifier:
    return TextClassifier(open_bundle(tiny_bundle), threads=1, precision="fp32")


@pytest.fixture(scope="session")
def scorer(classifier: TextClassifier) -> Scorer:
    return Scorer(classifier)


@pytest.fixture
def rebuilt(tiny_bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the tiny bundle anew, without some files or with other manifest facts."""

    def rebuild(without: tuple[str, ...] = (), replaced: dict[str, bytes] | None = None, **facts: Any) -> Path:
        old = open_bundle(tiny_bundle)
        names = [name for name in old.manifest["files"] if name not in without]
        files: dict[str, Path | bytes] = {name: tiny_bundle / name for name in names}
        kept = {key: old.manifest[key] for key in ("max_tokens", "preprocessing")}
        target = tmp_path / "rebuilt"
        files |= replaced or {}
        write_bundle(target, files, name="text", version="9", parents={}, **(kept | facts))
        return target

    return rebuild
