"""What a run needs to be repeated: seeds, determinism, and a record of code, data and machine."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from hikari import fingerprint

ROOT = Path(__file__).parent.parent


def seed_everything(seed: int, deterministic: bool) -> None:
    """Seed Python, NumPy and torch; with `deterministic`, refuse algorithms that give other bits in another run."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries draw from the global generator
    torch.manual_seed(seed)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=False)
        torch.backends.cudnn.benchmark = False


def native_bf16(accelerator: str) -> bool:
    """Whether the processor multiplies bf16 itself; where it is emulated it is more than ten times slower than fp32."""
    if accelerator == "gpu":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in checks if check is not None)


def git_state() -> dict[str, str]:
    """Commit and a hash of the uncommitted changes; `unknown` outside a checkout."""
    commit = _git("rev-parse", "HEAD")
    difference = _git("diff", "HEAD")
    dirty = hashlib.sha256(difference.encode()).hexdigest()[:16] if difference else "clean"
    return {"git.commit": commit or "unknown", "git.changes": dirty if commit else "unknown"}


def environment() -> dict[str, str]:
    """Versions, hardware and lock files, as MLflow tags."""
    packages = ("torch", "lightning", "transformers", "tokenizers", "numpy", "onnxruntime")
    found = {name: _version(name) for name in packages}
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return {
        **{f"version.{name}": version for name, version in found.items() if version},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "gpu": gpu,
        **{
            f"sha256.{name}": fingerprint.of_file(ROOT / name)[:16]
            for name in ("constraints.txt", "dvc.lock")
            if (ROOT / name).is_file()
        },
    }


def data_hashes(files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each data file by name."""
    return {file.name: fingerprint.of_file(file) for file in files}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def tags(data: dict[str, str], seed: int) -> dict[str, Any]:
    """All of the above for one run."""
    return {
        **git_state(),
        **environment(),
        "seed": str(seed),
        **{f"data.{name}": value[:16] for name, value in data.items()},
    }
