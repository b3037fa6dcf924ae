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
    environment = {
        **os.environ, "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "HIKARI_TOPOLOGY": "distributed",
    }  # fmt: skip
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


def test_the_dockerfile_is_what_it_should_be(built: tuple[Path, Path]) -> None:
    lines = (built[1] / "env/docker/Dockerfile").read_text().splitlines()
    assert any(line.startswith("FROM python:3.11") for line in lines)
    assert "ENV BENTOML_CONTAINERIZED=true" in lines
    assert lines.index("USER bentoml") < next(place for place, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    assert "EXPOSE 3000" in lines
    text = "\n".join(lines)
    for secret in ("HIKARI_API_KEYS", "HIKARI_REDIS_URL", "TOKEN", "curl | ", "latest"):
        assert secret not in text
    assert "pip install -r $BENTO_PATH/env/python/requirements.txt" in text


def test_the_container_refuses_to_start_without_keys_in_one_line(built: tuple[Path, Path], tmp_path: Path) -> None:
    """The image's own entry point, with the environment that the Dockerfile sets."""
    folder, bento = built
    environment = {
        **os.environ, "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "BENTOML_CONTAINERIZED": "true",
        "BENTO_PATH": str(bento), "HIKARI_HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    command = ["bash", str(bento / "env/docker/entrypoint.sh")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("hikari: ")
    assert "HIKARI_API_KEYS" in line
    assert "Traceback" not in done.stdout


def test_the_bento_from_the_store_answers_like_the_checkout_in_either_topology(
    built: tuple[Path, Path], tiny_bundle: Path, tiny_embedder: Path
) -> None:
    folder, _ = built
    answers = []
    ways = (
        ("hikari:test", None, "inprocess"),
        ("hikari:test", None, "distributed"),
        ("serving.service:Hikari", tiny_bundle, "inprocess"),
    )
    for number, (target, bundle, topology) in enumerate(ways):
        work = folder / str(number)
        work.mkdir()
        if bundle is None:
            shutil.copytree(folder / "bentoml", work / "bentoml")
        else:
            shutil.copytree(tiny_embedder, work / "home/models/embedder")
        extra = {
            "HIKARI_HOME": str(work / "home"),
            "HIKARI_TOPOLOGY": topology,
            **({} if bundle is None else {"HIKARI_BUNDLE": str(bundle)}),
        }
        with served(target, work, cwd=work if bundle is None else ROOT, **extra) as running:
            answer = httpx.post(f"{running.url}/analyze_message", json=BODY).json()
            answer.pop("latency_ms")
            stored = httpx.post(f"{running.url}/store_memory", json={"content": "my cat is called Mochi"}, timeout=30)
            found = httpx.post(f"{running.url}/retrieve_memories", json={"query": "the cat", "explain": True}, timeout=30).json()
            answers.append([answer, [(row["id"] == stored.json()["id"], row["explain"]["similarity"]) for row in found]])
    assert answers[0] == answers[1] == answers[2]
