"""What was used lately and is not yet on disk: retrievals strengthen memories, but no reader waits for a write."""

import threading
from collections.abc import Iterable

FLUSH_OVER = 512


class Uses:
    """Uses of memories since the last flush; lost at most with the process, and only these."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[int, list[float]] = {}
        self._due: set[int] = set()

    def note(self, seqs: Iterable[int], time: float) -> bool:
        """Count a use of each; True when it is time to flush."""
        with self._lock:
            for seq in seqs:
                self._times.setdefault(seq, []).append(time)
            return len(self._times) > FLUSH_OVER

    def of(self, seq: int) -> tuple[float, ...]:
        """Uses that are not on disk yet."""
        with self._lock:
            return tuple(self._times.get(seq, ()))

    def drain(self) -> dict[int, list[float]]:
        """Take all of them, to be written."""
        with self._lock:
            taken, self._times = self._times, {}
        return taken

    def due(self, seqs: Iterable[int]) -> None:
        """These were used or rated anew on disk: consolidation looks at them again."""
        with self._lock:
            self._due.update(seqs)

    def take_due(self) -> set[int]:
        """What consolidation has to look at again."""
        with self._lock:
            taken, self._due = self._due, set()
        return taken

    def give_back(self, taken: dict[int, list[float]]) -> None:
        """Return what could not be written."""
        with self._lock:
            for seq, times in taken.items():
                self._times.setdefault(seq, [])[:0] = times
