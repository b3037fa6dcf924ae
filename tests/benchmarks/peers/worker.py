"""One system in a process of its own: does what the lines on its standard input say, and ends with one JSON line.

    python -m tests.benchmarks.peers.worker NAME FOLDER TEXTS.json BUNDLE WEIGHTS

    warm N      add the next N texts and ask a query, not timed
    add N       add the next N texts, one by one
    bulk N      add the next N texts in one call
    search N    ask the next N queries
    report      print the figures and end

Every other command is answered with one line when it is done.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from hikari.memory.embedder import OnnxEmbedder
from tests.benchmarks.peers.engines import ENGINES, Engine, versions

CHECKED = 50
"""Stored texts that are searched for at the end, to see that every system really finds what it took in."""


class Worker:
    """The engine, the texts still to come, and the seconds that every call took."""

    def __init__(self, engine: Engine, texts: list[str], queries: list[str]) -> None:
        self._engine, self._texts, self._queries = engine, texts, queries
        self._next = self._asked = self._kept_out = 0
        self._stored: list[str] = []
        self._adds: list[float] = []
        self._bulk: list[tuple[int, float]] = []
        """Of each call the texts taken in and the seconds."""
        self._searches: list[float] = []
        self._adds_cpu_s = self._searches_cpu_s = 0.0

    def add(self, count: int, *, timed: bool = True) -> None:
        busy = time.process_time()
        for text in self._texts[self._next : self._next + count]:
            started = time.perf_counter()
            stored = self._engine.add(self._next, text)
            if timed:
                self._adds.append(time.perf_counter() - started)
                self._kept_out += not stored
            if stored:
                self._stored.append(text)
            self._next += 1
        if timed:
            self._adds_cpu_s += time.process_time() - busy

    def bulk(self, count: int) -> None:
        texts = self._texts[self._next : self._next + count]
        started = time.perf_counter()
        stored = self._engine.add_many(self._next, texts)
        self._bulk.append((stored, time.perf_counter() - started))
        self._next += len(texts)

    def search(self, count: int) -> None:
        busy = time.process_time()
        for query in self._queries[self._asked : self._asked + count]:
            started = time.perf_counter()
            self._engine.search(query)
            self._searches.append(time.perf_counter() - started)
            self._asked += 1
        self._searches_cpu_s += time.process_time() - busy

    def warm(self, count: int) -> None:
        self.add(count, timed=False)
        self._engine.search("what was that again?")

    def report(self, name: str) -> dict[str, Any]:
        """Adds a second count only what was stored; the rest took its time as well.

        The processor time of a call, all threads together, does not depend on what else the machine does.
        """
        wanted = self._stored[:: max(1, len(self._stored) // CHECKED)][:CHECKED]
        found = sum(text in self._engine.search(text) for text in wanted)
        return {
            "name": name,
            "adds_per_s": (len(self._adds) - self._kept_out) / sum(self._adds),
            "bulk_adds_per_s": sum(stored for stored, _ in self._bulk) / sum(seconds for _, seconds in self._bulk),
            "add_p50_ms": float(np.percentile(self._adds, 50)) * 1e3,
            "add_p95_ms": float(np.percentile(self._adds, 95)) * 1e3,
            "add_cpu_ms": self._adds_cpu_s / len(self._adds) * 1e3,
            "search_p50_ms": float(np.percentile(self._searches, 50)) * 1e3,
            "search_p95_ms": float(np.percentile(self._searches, 95)) * 1e3,
            "search_cpu_ms": self._searches_cpu_s / len(self._searches) * 1e3,
            "n": len(self._stored) + sum(stored for stored, _ in self._bulk),
            "kept_out": self._kept_out,
            "found_itself": found / len(wanted),
            "versions": {"python": sys.version.split()[0], **versions(self._engine.packages)},
        }


def main() -> int:
    name, folder, file, bundle, weights = sys.argv[1:]
    given = json.loads(Path(file).read_text(encoding="utf-8"))
    # One text is embedded by one thread, whoever asks.
    engine = ENGINES[name](Path(folder), OnnxEmbedder.open(bundle, threads=1), Path(weights))
    worker = Worker(engine, given["texts"], given["queries"])
    for line in sys.stdin:
        command, *count = line.split()
        if command == "report":
            answer = json.dumps(worker.report(name))
            engine.close()
            print(answer, flush=True)
            return 0
        {"warm": worker.warm, "add": worker.add, "bulk": worker.bulk, "search": worker.search}[command](int(count[0]))
        print("done", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
