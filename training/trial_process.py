"""A trial in a process of its own: a crash, a leak or a lack of memory ends the trial and not the sweep."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from training.trial_job import Job, Outcome, read_outcome, write_job

COMMAND: tuple[str, ...] = (sys.executable, "-m", "training.trial")
LOG = "log.txt"
_PATIENCE_S = 30
"""How long an interrupted trial may take to record its end."""


@dataclass(frozen=True)
class Ending:
    """How a trial ended: an outcome, or why there is none."""

    outcome: Outcome | None
    failure: str = ""


class Processes:
    """The running trials; `stop` ends all of them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._stopping = False

    def run(self, job: Job, environment: dict[str, str], timeout_s: int | None) -> Ending:
        """Run a trial to its end; what it prints lies in its folder as `log.txt`."""
        file = write_job(job)
        log = Path(job.folder) / LOG
        with log.open("wb") as output:
            with self._lock:
                if self._stopping:
                    return Ending(None, "interrupted before its start")
                # A session of its own: Ctrl-C reaches the sweep alone, which then ends its trials in order.
                process = subprocess.Popen(
                    [*COMMAND, str(file)], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
                self._running.add(process)
            late = False
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                late = True
                code = _end(process)
            finally:
                with self._lock:
                    self._running.discard(process)
        outcome = read_outcome(Path(job.folder)) if code == 0 else None
        if outcome is not None:
            return Ending(outcome)
        return Ending(None, f"no end within trial_timeout_s={timeout_s}" if late else _why(code, log))

    def stop(self) -> None:
        """Interrupt all trials, and kill those that do not end; new ones do not start."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            _end(process, interrupted=True)


def _end(process: "subprocess.Popen[bytes]", interrupted: bool = False) -> int:
    if not interrupted:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _why(code: int, log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    last = lines[-1].strip()[:300] if lines else "nothing was printed"
    if code == 0:
        return f"ended without an outcome: {last}"
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"killed by {name}" + (" (out of memory?)" if -code == signal.SIGKILL else "") + f": {last}"
    return f"exit code {code}: {last}"
