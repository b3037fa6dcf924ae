"""Entry point and stage: a bundle that passes the gate becomes a Bento.

    python -m training.package

The Bento is built into the local store (`bentoml serve hikari:<version>`) and exported as a plain folder, which DVC keeps.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hikari import atomic
from hikari.bundle import open_bundle
from training import entry
from training.schema import GateConfig, PackageConfig

_CREATED = re.compile(r"^creation_time: .*$", re.MULTILINE)
_NO_TIME = "1980-01-01T00:00:00+00:00"
"""The earliest that archives can hold, as reproducible builds have it."""
TASKS = ("sentiment", "emotion", "toxicity")


class GateError(RuntimeError):
    """The model is not good enough to be packaged; the message lists every figure that falls short."""


def check_gate(gate: GateConfig, figures: dict[str, Any]) -> None:
    """Raise `GateError` unless every figure of the test split reaches its limit and, if asked, beats the baseline."""
    wanted = {
        ("sentiment", "macro_f1"): gate.sentiment_macro_f1,
        ("emotion", "macro_f1"): gate.emotion_macro_f1,
        ("toxicity", "f1"): gate.toxicity_f1,
    }
    short = []
    for (task, figure), limit in wanted.items():
        value, baseline = figures[task][figure], figures["baseline"][task][figure]
        if not value >= limit:
            short.append(f"{task} {figure} is {value:.3f}, wanted {limit:.3f}")
        if gate.beats_baseline and not value > baseline:
            short.append(f"{task} {figure} is {value:.3f}, the baseline has {baseline:.3f}")
    if short:
        raise GateError("the model does not pass the gate: " + "; ".join(short))


def package(config: PackageConfig) -> dict[str, str]:
    """Check the gate, build the Bento, export it; returns its tag and the bundle's fingerprint."""
    check_gate(config.gate, json.loads(Path(config.metrics).read_text()))
    bundle = open_bundle(Path(config.bundle))
    version = f"{bundle.version}-{bundle.fingerprint[:12]}"
    tag = f"hikari:{version}"
    # Whatever a Bento of this version held, the code around the model may have changed: build it anew.
    _bentoml("delete", "--yes", tag, check=False)
    _bentoml("build", "--version", version, ".")
    built = Path(_bentoml("get", tag, "--output", "path").strip().splitlines()[-1])
    with atomic.new_folder(Path(config.output)) as folder:
        shutil.copytree(built, folder, dirs_exist_ok=True)
        without_time(folder / "bento.yaml")
    return {"tag": tag, "fingerprint": bundle.fingerprint}


def without_time(file: Path) -> None:
    """Put a fixed time of creation into a Bento's description: the same content must give the same bytes on every machine."""
    text, count = _CREATED.subn(f"creation_time: '{_NO_TIME}'", file.read_text(encoding="utf-8"))
    if count != 1:
        raise RuntimeError(f"{file} names {count} times of creation, expected one")
    atomic.write_file(file, text.encode())


def _bentoml(*arguments: str, check: bool = True) -> str:
    # A Bento that is built distributed can be served in one process, but not the other way round.
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True", "HIKARI_TOPOLOGY": "distributed"}
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"bentoml {arguments[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def main() -> None:
    """`python -m training.package`"""
    entry.run("package", PackageConfig, lambda config: print(json.dumps(package(config))))


if __name__ == "__main__":
    main()
