"""`hikari score`: a file of messages in, a file of scores out, in the same order, resumable and never half written.

Rows go through in blocks. Inside a block messages are sorted by length and forward passes run side by side, one thread each:
on a CPU that beats one pass with many threads, and far beats padded batches.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hikari import atomic, fingerprint
from hikari.errors import BadInput, HikariError
from hikari.fields import text_field
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import Logits
from hikari.sentiment.opening import Classifier
from hikari.sentiment.scores import Scorer

BLOCK = 1_000
"""Rows between two writes: what an interruption costs at most, about two seconds of work."""
BATCH = 4
"""Messages in one forward pass; they are sorted by length, so nearly nothing is padding."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scoring run did: all rows of the file, how many of them are error rows, how many were there from an earlier run."""

    rows: int
    failed: int
    resumed: int


def score_file(
    source: Path, target: Path, scorer: Scorer, workers: int, progress: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Score `source` (JSON lines with `id` and `text`) into `target`; a bad row becomes an error row.

    Work in progress lies in `<target>.partial`; a call with the same input and model continues it. `progress` gets the
    number of rows done. Raises `BadInput` when the files cannot be used.
    """
    if not source.is_file():
        raise BadInput(f"no file {source}", field="IN")
    partial, state = target.with_name(f"{target.name}.partial"), target.with_name(f"{target.name}.partial.json")
    if target.is_dir():
        raise BadInput(f"{target} is a folder, OUT must be a file", field="OUT")
    if any(file.exists() and file.samefile(source) for file in (target, partial, state)):
        raise BadInput("OUT, OUT.partial and OUT.partial.json must be other files than IN", field="OUT")
    identity = {
        "input": fingerprint.of_file(source),
        "model": scorer.classifier.bundle.fingerprint,
        "precision": scorer.classifier.precision,
        "ensemble": repr(scorer.ensemble),
        "toxicity_thresholds": repr(scorer.toxicity_thresholds),
    }
    done, failed = _resume(partial, state, identity)
    resumed = done
    with source.open("rb") as file, partial.open("ab") as out, ThreadPoolExecutor(workers) as pool:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        rows = islice(lines, done, None)
        while block := list(islice(rows, BLOCK)):
            results = score_rows([_parse(number, line) for number, line in block], scorer, pool)
            failed += sum("error" in row for row in results)
            out.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in results).encode("utf-8", "replace"))
            out.flush()
            os.fsync(out.fileno())
            done += len(block)
            progress(done)
    partial.replace(target)
    state.unlink()
    return Outcome(done, failed, resumed)


def score_rows(rows: Sequence[dict[str, Any]], scorer: Scorer, pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
    """One result for each row, in order; rows that carry an `error` pass through."""
    good = [number for number, row in enumerate(rows) if "error" not in row]
    readings = [chat_text.read(rows[number]["text"]) for number in good]
    logits = _forward([reading.words for reading in readings], scorer.classifier, pool)
    probabilities = scorer.classifier.finish(logits) if good else {}
    results: list[dict[str, Any]] = list(rows)
    for place, number in enumerate(good):
        scores = scorer.combine(readings[place], {task: values[place] for task, values in probabilities.items()})
        results[number] = {"id": rows[number]["id"], **scores.as_dict()}
    return results


def _forward(words: Sequence[str], classifier: Classifier, pool: ThreadPoolExecutor) -> Logits:
    encoded = classifier.prepare(words)
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
    # Longest first: the last pass to end is then a short one, and no worker waits for long.
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)][::-1]

    def forward(rows: list[int]) -> Logits:
        return classifier.forward([encoded[index] for index in rows])

    parts = pool.map(forward, batches)
    out: dict[str, npt.NDArray[np.float32]] = {
        task.name: np.zeros((len(encoded), len(task.labels)), dtype=np.float32) for task in classifier.tasks
    }
    for rows, part in zip(batches, parts, strict=True):
        for name, values in part.items():
            out[name][rows] = values
    return out


def _parse(number: int, line: bytes) -> dict[str, Any]:
    identifier: Any = None
    try:
        try:
            row = json.loads(line)
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise BadInput(f"line {number} is not valid JSON in UTF-8") from error
        if not isinstance(row, dict):
            raise BadInput(f"line {number} must be a JSON object")
        content = cast("dict[str, Any]", row)
        given = content.get("id")
        if isinstance(given, bool) or not isinstance(given, str | int):
            raise BadInput(f"line {number}: id must be a string or a whole number", field="id")
        identifier = given
        return {"id": identifier, "text": text_field(content.get("text"))}
    except HikariError as error:
        return {"id": identifier, "error": error.as_dict()}


def _resume(partial: Path, state: Path, identity: dict[str, str]) -> tuple[int, int]:
    """Finished rows to keep and how many of them are error rows; a clean start when the file belongs to another input or model."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    known: Any = None
    if state.is_file() and partial.is_file():
        try:
            known = json.loads(state.read_text(encoding="utf-8"))
        except ValueError:
            known = None
    if known != identity:
        partial.unlink(missing_ok=True)
        atomic.write_file(state, json.dumps(identity).encode())
        partial.touch()
        return 0, 0
    complete, rows, failed = 0, 0, 0
    with partial.open("rb+") as file:
        for line in _whole_lines(file):
            complete += len(line)
            rows += 1
            failed += "error" in json.loads(line)
        file.truncate(complete)
    return rows, failed


def _whole_lines(file: Any) -> Iterator[bytes]:
    for line in file:
        if line.endswith(b"\n"):
            yield line
