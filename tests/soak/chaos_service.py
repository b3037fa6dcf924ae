"""The service under fault: a real `bentoml serve` with keys and a Redis, whose processes can be killed one by one or all at once."""

import contextlib
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.e2e.process import Served, free_port, served

SERVICE = "serving.service:Hikari"
CHANNELS = ("lamp", "tower", "harbour")
NOISE = "noise"
"""The channel of floods and malformed frames."""
OPERATOR = "zqxoperatorqxz"
RUNNERS = ("SentimentRunner", "MemoryRunner", "AnalyticsRunner")
ENTRY = "hikari"


def marker(channel: str) -> str:
    """A word that is only ever said in this channel."""
    return f"zqx{channel}qxz"


def key(channel: str) -> str:
    """The key that is bound to this channel."""
    return f"key-of-{channel}"


def bearer(secret: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {secret}"}


class Service:
    """One address, whatever happens to the processes behind it. `environment` names bundle and topology."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        keys = [f"{OPERATOR};name=operator", *(f"{key(one)};name={one};channels={one}" for one in (*CHANNELS, NOISE))]
        self._environment = {**environment, "HIKARI_API_KEYS": ",".join(keys)}
        self._folder, self._port, self._starts = folder, free_port(), 0
        self._running = ExitStack()
        self._served: Served | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._starts += 1
        folder = self._folder / f"start{self._starts}"
        folder.mkdir()
        self._served = self._running.enter_context(served(SERVICE, folder, port=self._port, **self._environment))

    def stop(self) -> None:
        """End it in order."""
        self._running.close()
        self._served = None

    def worker(self, name: str) -> psutil.Process | None:
        """The worker process of a service of that name; None where it has none of its own, or none at the moment."""
        for process in self._all():
            with contextlib.suppress(psutil.Error):
                if name in process.cmdline():
                    return process
        return None

    def kill(self, name: str) -> bool:
        """SIGKILL for one worker; whether there was one."""
        found = self.worker(name)
        if found is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.send_signal(signal.SIGKILL)
                found.wait(10)
        return found is not None

    def kill_all(self) -> None:
        """SIGKILL for every process at once, as when the machine goes."""
        everyone = self._all()
        for process in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(everyone, 10)
        self.stop()

    def memory_mb(self) -> float:
        """Private memory of all processes together."""
        total = 0.0
        for process in self._all():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().uss
        return round(total / 1e6, 1)

    def errors(self) -> list[str]:
        """Lines of the logs that tell of a failure nobody foresaw."""
        logs = sorted(self._folder.glob("start*/server.log"))
        return [line[:300] for log in logs for line in log.read_text(errors="replace").splitlines() if "Traceback" in line]

    def _all(self) -> list[psutil.Process]:
        assert self._served is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._served.process.pid)
            return [parent, *parent.children(recursive=True)]
        return []


class SmallDisk:
    """A file system of its own for the live data, so that it can be full. Needs the right to mount; `is_small` says whether it had it."""

    def __init__(self, folder: Path, megabytes: int = 256) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "hikari-chaos", str(folder)]
        self.is_small = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Leave not a byte."""
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(1 << 16))
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(512)):
                pass

    def free(self) -> None:
        """Give it back."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount."""
        if self.is_small:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)
