"""`import hikari` is cheap, and the engine never needs a training framework."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hikari

ROOT = Path(__file__).parent.parent.parent


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_import_loads_no_runtime_and_no_numpy() -> None:
    heavy = {"torch", "onnxruntime", "transformers", "tokenizers", "numpy", "emoji", "rich", "asyncio"}
    assert not loaded_after("import hikari") & heavy


def test_command_line_starts_light() -> None:
    assert not loaded_after("import hikari.cli") & {"torch", "onnxruntime", "transformers", "numpy", "rich"}


def test_analyzer_loads_its_runtime_only_when_opened() -> None:
    modules = loaded_after("from hikari import AdvancedSentimentAnalyzer; AdvancedSentimentAnalyzer()")
    assert "hikari.sentiment.analyzer" in modules
    assert not modules & {"torch", "onnxruntime", "transformers", "tokenizers", "lightning", "mlflow"}


def test_public_names_resolve() -> None:
    from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer

    assert hikari.AdvancedSentimentAnalyzer is AdvancedSentimentAnalyzer
    assert all(getattr(hikari, name) for name in hikari.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = hikari.nothing_like_this


def test_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert hikari.__version__ == project["version"]
