"""A real Redis for tests: a process on a free port that keeps nothing on disk."""

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

import pytest
import redis


class RedisProcess:
    """Start with `with`; `stop` and `start` end and bring back a server at the same address, empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it says that it takes connections."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is not installed: `apt-get install redis-server`")
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self._folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                return
        pytest.fail("redis-server did not start:\n" + "".join(said))

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def empty(self) -> None:
        """Delete all keys."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
