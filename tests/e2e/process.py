"""A real `bentoml serve` process for tests."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Served:
    """A running server and the file that holds everything it printed."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(target: str, folder: Path, cwd: Path = ROOT, *, port: int | None = None, **environment: str) -> Iterator[Served]:
    """Serve a BentoML target on `port`, else on a free loopback port, until the block ends; raises when it does not become ready."""
    port, log = port or free_port(), folder / "server.log"
    variables = {
        **os.environ, "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "PYTHONUNBUFFERED": "1", **environment,
    }  # fmt: skip
    command = [sys.executable, "-m", "bentoml", "serve", target, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=cwd, env=variables)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_ready(url, process, log)
            yield Served(url, log, process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(url: str, process: subprocess.Popen[bytes], log: Path, *, path: str = "/readyz") -> None:
    """Block until `path` answers 200; a connection attempt that is refused is retried by the transport, with back-off."""
    import threading
    import time

    deadline, pause = time.monotonic() + START_TIMEOUT_S, threading.Event()
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(f"{url}{path}", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        pause.wait(0.1)
    raise RuntimeError(f"the server was not ready after {START_TIMEOUT_S} s:\n{log.read_text()[-3000:]}")
