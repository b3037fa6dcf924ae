"""The Bento: it holds the model and nothing private, and answers from the store as the checkout does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.process import ROOT, served

BODY = {"text": "this stream is great PogChamp", "username": "mika", "timestamp": 1_000}
IGNORED = shutil.ignore_patterns(
    ".venv", ".git", ".dvc", "mlruns", "checkpoint", "text", "embedder", "entities", "indices", "bento", "processed", "plots",
    "__pycache__", "*.egg-info", ".*_cache",
    ".hypothesis", ".hikari",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of the checkout with a tiny bundle and some secrets lying about, and the Bento store that it was built into."""
    folder = tmp_path_factory.mktemp("bento")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=IGNORED)
    shutil.copytree(tiny_bundle, checkout / "data/models/text")
    shutil.copytree(tiny_embedder, checkout / "data/models/embedder")
    (checkout / ".env").write_text("TOKEN=private")
    (checkout / "mlruns").mkdir()
    (checkout / "mlruns/mlflow.db").write_text("private")
    environment = {**os.environ, "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    command = [sys.executable, "-m", "bentoml", "build", "--version", "test", "."]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, folder / "bentoml/bentos/hikari/test"


def test_the_bento_holds_the_model_and_nothing_private(built: tuple[Path, Path]) -> None:
    _, bento = built
    files = {str(file.relative_to(bento / "src")) for file in (bento / "src").rglob("*") if file.is_file()}
    assert {"serving/service.py", "hikari/bundle.py", "data/models/text/manifest.json", "data/models/text/model.onnx"} <= files
    assert "data/models/embedder/manifest.json" in files
    assert {"hikari/sentiment/lexicons/emotes.tsv", "serving/static/index.html", "constraints.txt"} <= files
    allowed = (
        "hikari/",
        "serving/",
        "data/models/text/",
        "data/models/embedder/",
        "data/models/engagement/",
        "data/models/LICENSE.md",
    )
    top = {"bentofile.yaml", "pyproject.toml", "README.md", "LICENSE", "constraints.txt"}
    assert {file for file in files if not file.startswith(allowed) and file not in top} == set()
    for file in bento.rglob("*"):
        if file.is_file() and file.stat().st_size < 1_000_000:
            assert b"private" not in file.read_bytes() or file.suffix in (".py", ".md", ".js", ".tsv"), file


def test_the_requirements_are_the_serving_ones_and_pinned(built: tuple[Path, Path]) -> None:
    text = (built[1] / "env/python/requirements.txt").read_text().lower()
    assert "onnxruntime" in text
    for heavy in ("torch", "lightning", "mlflow", "dvc", "hydra"):
        assert f"\n{heavy}\n" not in f"\n{text}\n"
    assert (built[1] / "env/docker/Dockerfile").is_file()


def test_the_bento_from_the_store_answers_like_the_checkout(
    built: tuple[Path, Path], tiny_bundle: Path, tiny_embedder: Path
) -> None:
    folder, _ = built
    answers = []
    for number, (target, bundle) in enumerate((("hikari:test", None), ("serving.service:Hikari", tiny_bundle))):
        work = folder / str(number)
        work.mkdir()
        if bundle is None:
            shutil.copytree(folder / "bentoml", work / "bentoml")
        else:
            shutil.copytree(tiny_embedder, work / "home/models/embedder")
        extra = {"HIKARI_HOME": str(work / "home"), **({} if bundle is None else {"HIKARI_BUNDLE": str(bundle)})}
        with served(target, work, cwd=work if bundle is None else ROOT, **extra) as running:
            answer = httpx.post(f"{running.url}/analyze_message", json=BODY).json()
            answer.pop("latency_ms")
            stored = httpx.post(f"{running.url}/store_memory", json={"content": "my cat is called Mochi"}, timeout=30)
            found = httpx.post(f"{running.url}/retrieve_memories", json={"query": "the cat", "explain": True}, timeout=30).json()
            answers.append([answer, [(row["id"] == stored.json()["id"], row["explain"]["similarity"]) for row in found]])
    assert answers[0] == answers[1]
