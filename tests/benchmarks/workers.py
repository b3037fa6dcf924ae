"""A side of a benchmark in a process of its own, which answers a command a line with JSON."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Worker:
    """`python -m MODULE ARGUMENTS` with nobody's settings and no hub; its errors go to `<scratch>/<name>.log`."""

    def __init__(
        self, name: str, module: str, arguments: Sequence[str], scratch: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.name, self._log = name, scratch / f"{name}.log"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HIKARI_")}
        always = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env={**kept, **always, **(settings or {})}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def ask(self, command: str) -> Any:
        """The answer to one command. Raises `RuntimeError` with the worker's own words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} failed:\n{self._log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        return json.loads(answer)

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.wait()
