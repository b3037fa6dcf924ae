"""The Rust bridge, built from the checkout."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CRATE = Path(__file__).parents[3] / "serving/clients/rust"


def cargo() -> str:
    """Where cargo is; without it the test is skipped."""
    program = shutil.which("cargo")
    if program is None:
        pytest.skip("cargo is not installed: the Rust bridge cannot be built here")
    return program


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run cargo on the crate, without a registry, with everything that it makes in `folder`."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder), "CARGO_TERM_COLOR": "never"}
    return subprocess.run(
        [cargo(), *arguments], cwd=CRATE, env=environment, text=True, capture_output=True, check=False, timeout=280
    )


def build(folder: Path) -> Path:
    """The program."""
    done = run(folder, "build", "--release", "--offline", "--locked")
    assert done.returncode == 0, done.stderr
    return folder / "release/hikari-bridge"
