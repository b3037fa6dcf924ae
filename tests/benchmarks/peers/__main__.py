"""Adds a second and search times of Hikari, mem0, chromadb and sqlite+numpy, in one run, with the same encoder and texts.

    python -m tests.benchmarks.peers --venvs .venv/peers --output tests/benchmarks/results/peers.json

Every system lives in a process of its own and in its own environment. They work in turns, a hundred texts or ten queries each, so that
whatever else the machine does meets all of them alike; the ratios are the result, absolute times belong to the machine. The time of a
call includes the embedding.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hikari import atomic
from tests.benchmarks.peers.engines import K
from training import corpus, encoder
from training.schema import EncoderConfig

ROOT = Path(__file__).parents[3]
PEERS = {
    "hikari": None, "mem0": "mem0", "mem0 as installed": "mem0", "chromadb": "chromadb", "chromadb as installed": "chromadb",
    "sqlite+numpy": None,
}  # fmt: skip
"""The systems and their environments; None: this one."""
ENCODER = ROOT / "conf/model/encoder/minilm.yaml"
WARM_UP = 20
TURN_ADDS = 100
TURN_SEARCHES = 10
QUERIES = 200


class Peer:
    """A worker process that is told what to do."""

    def __init__(self, name: str, python: str, folder: Path, texts: Path, bundle: Path, weights: Path) -> None:
        folder.mkdir()
        self.name = name
        self._log = folder / "stderr.log"
        command = [python, "-m", "tests.benchmarks.peers.worker", name, str(folder), str(texts), str(bundle), str(weights)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(folder), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def tell(self, command: str) -> str:
        """Send one command and wait for the line that answers it. Raises `RuntimeError` with the worker's own words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        while answer and answer.strip() != "done" and not answer.startswith("{"):
            answer = self._process.stdout.readline()  # a library that prints
        if not answer:
            raise RuntimeError(f"{self.name} failed:\n{self._log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """No telemetry, no keys, no language model, nothing outside the folder."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HIKARI_", "OPENAI_"))},
        "PYTHONPATH": str(ROOT),
        "HIKARI_HOME": str(folder / "home"),
        "MEM0_TELEMETRY": "False",
        "MEM0_DIR": str(folder / "mem0"),
        "ANONYMIZED_TELEMETRY": "False",
        "OPENAI_API_KEY": "unused",
        "HF_HUB_OFFLINE": "1",
        # As Hikari's service sets it for itself; none of the others gains from more.
        "OPENBLAS_NUM_THREADS": "1",
    }


def material(count: int, seed: int = 11) -> dict[str, list[str]]:
    """Twice `count` different texts (to be added one by one, and in bulk) and `QUERIES` different queries that are none of them.

    All from the corpus and the knowledge set.
    """
    facts = [json.loads(line)["content"] for line in _lines("facts")]
    known = [row.text for split in ("train", "dev") for row in corpus.read_split(split, ROOT / corpus.FOLDER)]
    texts = list(dict.fromkeys([*facts, *known]))
    asked = [row.text for row in corpus.read_split("test", ROOT / corpus.FOLDER) if row.question]
    queries = list(dict.fromkeys([json.loads(line)["query"] for line in _lines("queries")] + asked))
    queries = [query for query in queries if query not in set(texts)]
    dice = random.Random(seed)
    dice.shuffle(texts)
    dice.shuffle(queries)
    if 2 * count + WARM_UP > len(texts):
        raise SystemExit(f"there are {len(texts) - WARM_UP} different texts, twice {count} were asked for")
    return {"texts": texts[: 2 * count + WARM_UP], "queries": queries[:QUERIES]}


def _lines(name: str) -> list[str]:
    return (ROOT / "data/knowledge" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def compare(venvs: Path, bundle: Path, count: int, say: Console) -> list[dict[str, Any]]:
    """Run all systems in turns; one report each, Hikari's first."""
    given = material(count)
    weights = encoder.locate(EncoderConfig(**yaml.safe_load(ENCODER.read_text(encoding="utf-8"))))
    with tempfile.TemporaryDirectory(prefix="hikari-peers-") as scratch, contextlib.ExitStack() as stack:
        file = Path(scratch) / "texts.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        peers: list[Peer] = []
        for name, venv in PEERS.items():
            # Not resolved: a venv's python is a link, and the link is what makes it the venv's.
            python = sys.executable if venv is None else str((venvs / venv / "bin/python").absolute())
            peers.append(Peer(name, python, Path(scratch) / name.replace(" ", "-"), file, bundle.absolute(), weights))
            stack.callback(peers[-1].end)
        turns = [f"warm {WARM_UP}"]
        turns += [f"add {min(TURN_ADDS, count - start)}" for start in range(0, count, TURN_ADDS)]
        turns += [f"bulk {min(TURN_ADDS, count - start)}" for start in range(0, count, TURN_ADDS)]
        turns += [f"search {TURN_SEARCHES}"] * (len(given["queries"]) // TURN_SEARCHES)
        for number, turn in enumerate(track(turns, "working in turns", console=say)):
            # Nobody is always the first after a pause.
            for peer in peers[number % len(peers) :] + peers[: number % len(peers)]:
                peer.tell(turn)
        return [json.loads(peer.tell("report")) for peer in peers]


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The figures and, for each peer, how many times better Hikari is (below 1: worse)."""
    ours = rows[0]
    shown = Table(title=f"{ours['n']} memories, k = {K}, same encoder, embedding included")
    headings = (
        "",
        "adds/s",
        "Hikari",
        "in bulk",
        "Hikari",
        "search p50 ms",
        "Hikari",
        "p95 ms",
        "CPU ms an add",
        "a search",
        "found itself",
    )
    for heading in headings:
        shown.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        faster = "" if row is ours else f"{row['adds_ratio']:.2f} x"
        bulk = "" if row is ours else f"{row['bulk_ratio']:.2f} x"
        quicker = "" if row is ours else f"{row['search_ratio']:.2f} x"
        shown.add_row(
            row["name"], f"{row['adds_per_s']:.0f}", faster, f"{row['bulk_adds_per_s']:.0f}", bulk,
            f"{row['search_p50_ms']:.2f}", quicker, f"{row['search_p95_ms']:.2f}",
            f"{row['add_cpu_ms']:.2f}", f"{row['search_cpu_ms']:.2f}", f"{row['found_itself']:.0%}",
        )  # fmt: skip
    return shown


def machine() -> dict[str, Any]:
    """Processor, cores and platform."""
    model = platform.processor()
    with contextlib.suppress(OSError):
        names = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venvs", type=Path, default=Path(".venv/peers"), help="folder with an environment for each peer")
    parser.add_argument("--output", type=Path, help="write the figures here as JSON")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--bundle", type=Path, default=ROOT / "data/models/embedder")
    options = parser.parse_args()
    say = Console(stderr=True)
    before = os.getloadavg()[0]
    rows = compare(options.venvs, options.bundle, options.texts, say)
    ours = rows[0]
    for row in rows[1:]:
        row["adds_ratio"] = ours["adds_per_s"] / row["adds_per_s"]
        row["bulk_ratio"] = ours["bulk_adds_per_s"] / row["bulk_adds_per_s"]
        row["search_ratio"] = row["search_p50_ms"] / ours["search_p50_ms"]
    # The four take turns: one busy process is the benchmark itself.
    load = {"before": before, "after": os.getloadavg()[0]}
    result = {"texts": options.texts, "queries": QUERIES, "k": K, "machine": {**machine(), "load": load}, "systems": rows}
    Console(width=120).print(table(rows))
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(options.output, (json.dumps(result, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
