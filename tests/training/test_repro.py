"""Seeds reach every generator, determinism is switched on, and a run records code, data and machine."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from hikari import fingerprint
from training import repro


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), torch.rand(1).item()  # noqa: NPY002


@pytest.fixture(autouse=True)
def _restored() -> "object":
    before = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(before)


def test_equal_seeds_give_equal_numbers_in_all_three_libraries() -> None:
    drawn = []
    for seed in (3, 3, 4):
        repro.seed_everything(seed, deterministic=False)
        drawn.append(draw())
    assert drawn[0] == drawn[1]
    assert all(left != right for left, right in zip(drawn[0], drawn[2], strict=True))


def test_the_largest_seed_of_the_schema_works() -> None:
    repro.seed_everything(2**32 - 1, deterministic=False)
    assert draw()


def test_determinism_is_strict_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.use_deterministic_algorithms(False)
    repro.seed_everything(1, deterministic=False)
    assert not torch.are_deterministic_algorithms_enabled()
    repro.seed_everything(1, deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()


def test_native_bf16_is_a_yes_or_no_for_both_accelerators() -> None:
    assert repro.native_bf16("cpu") in (True, False)
    if not torch.cuda.is_available():
        assert repro.native_bf16("gpu") is False


def test_bf16_is_native_when_one_of_the_processors_units_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert repro.native_bf16("cpu")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    assert not repro.native_bf16("cpu")


def test_the_state_of_the_checkout_is_recorded() -> None:
    state = repro.git_state()
    assert set(state) == {"git.commit", "git.changes"}
    assert len(state["git.commit"]) == 40
    assert state["git.changes"] == "clean" or len(state["git.changes"]) == 16


def test_outside_a_checkout_the_state_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repro, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert repro.git_state() == {"git.commit": "unknown", "git.changes": "unknown"}


def test_without_git_the_state_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repro.git_state() == {"git.commit": "unknown", "git.changes": "unknown"}


def test_the_environment_names_versions_and_machine() -> None:
    found = repro.environment()
    assert found["version.torch"] == torch.__version__
    assert found["version.numpy"] == np.__version__
    assert found["python"].startswith("3.")
    assert "processors" in found["machine"]


def test_lock_files_are_recorded_by_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repro, "ROOT", tmp_path)
    assert not any(name.startswith("sha256.") for name in repro.environment())
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n")
    assert repro.environment()["sha256.dvc.lock"] == fingerprint.of_bytes(b"schema: '2.0'\n")[:16]


def test_data_is_recorded_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"a")
    hashes = repro.data_hashes([tmp_path / "a.parquet"])
    assert hashes == {"a.parquet": fingerprint.of_bytes(b"a")}
    tags = repro.tags(hashes, 7)
    assert tags["data.a.parquet"] == hashes["a.parquet"][:16]
    assert tags["seed"] == "7"
    assert {"git.commit", "python", "gpu"} <= set(tags)
    assert all(isinstance(value, str) for value in tags.values())
