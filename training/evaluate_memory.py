"""Entry point: how well the memory finds the turns that answer a question, on conversations in the format of LoCoMo.

    HIKARI_DATA_MIRROR=<folder> python -m training.evaluate_memory    # locomo/locomo10.json there, else locomo/locomo_dev.json
    python -m training.evaluate_memory external=FILE.json             # format: hikari/memory/locomo.py

Judges what is served: every conversation goes through `NeuralMemorySystem` into a channel of its own, every question through
`retrieve_memories`. A found memory counts when it is one of the question's evidence turns; recall is the part of the evidence turns
found, averaged over the questions that have any. Beside it the same candidates ranked by each leg alone (`explain`).
No language model takes part, and no answer is written or judged.

Writes metrics.json, recall.csv and recall.png; prints a table to stderr and the figures as one JSON object on the last line.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from hikari import atomic
from hikari.errors import BadInput, HikariError
from hikari.memory import locomo
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import Embedder, OnnxEmbedder
from hikari.memory.locomo import Conversation
from hikari.memory.retention import DAY_S
from hikari.memory.system import NeuralMemorySystem
from hikari.settings import Settings
from training import entry
from training.retrieval_metrics import group_interval, question_interval, recall_at, reciprocal_rank
from training.schema import ConfigError, Name, Positive, Seed, closed

Figures = dict[str, Any]
SYSTEMS = ("served", "vectors", "lexical")
"""What is compared: the fused ranking, and each leg alone on the same prepared query."""
_LEG = {"vectors": "similarity", "lexical": "lexical"}
POOL = 200
"""Candidates that the legs alone are ranked over: the most that `retrieve_memories` gives."""
STORED_TOGETHER = 1_000
MIRRORED = ("locomo/locomo10.json", "locomo/locomo_dev.json")


@closed
@dataclass(frozen=True)
class EvaluateMemoryConfig:
    seed: Seed
    embedder: Name
    """Bundle of the frozen encoder."""
    external: str | None
    """A file in the format of LoCoMo; null: the one that HIKARI_DATA_MIRROR holds."""
    output: Name
    cutoffs: tuple[Annotated[int, Field(ge=1, le=POOL)], ...]
    resamples: Positive
    """Of the bootstrap."""
    decay: bool | None
    """Whether forgetting weighs; false, because the questions of a benchmark must not strengthen what the next ones look for."""


@dataclass(frozen=True)
class Judged:
    """One question's rankings by system, and the ids that stand for each of its evidence turns."""

    conversation: str
    category: int
    evidence: tuple[frozenset[str], ...]
    ranked: dict[str, list[str]]


def evaluate(config: EvaluateMemoryConfig, embedder: Embedder | None = None) -> Figures:
    """Figures on the configured file. Raises `BadInput` when it is malformed, `ConfigError` when there is none."""
    conversations = locomo.read(_source(config))
    encoder = embedder or OnnxEmbedder.open(config.embedder)
    with tempfile.TemporaryDirectory(prefix="hikari-evaluate-memory-") as folder:
        judged, counts = asyncio.run(_judge(conversations, encoder, Path(folder), config))
    figures = {**counts, "encoder": encoder.fingerprint, "decay": config.decay, "systems": report(judged, config)}
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    table = as_table(figures["systems"], config.cutoffs)
    table.to_csv(output / "recall.csv", index=False)
    _plot(table, 10 if 10 in config.cutoffs else config.cutoffs[0], output)
    atomic.write_file(output / "metrics.json", (json.dumps(figures, indent=2) + "\n").encode())
    sys.stderr.write(_readable(table) + "\n")
    return figures


def report(judged: Sequence[Judged], config: EvaluateMemoryConfig) -> Figures:
    """For each system and group of questions: recall and reciprocal rank in percent, with intervals over questions and over
    conversations. Questions without evidence are not counted."""
    answerable = [question for question in judged if question.evidence]
    if not answerable:
        raise BadInput("no question of the file has evidence that names a turn of its conversation", field="evidence")
    categories = np.array([question.category for question in answerable])
    groups = {"all": np.ones(len(categories), bool), "categories_1_to_4": categories < 5}
    groups |= {name.replace("-", "_"): categories == number for number, name in locomo.CATEGORIES.items()}
    conversations = np.array([question.conversation for question in answerable])
    figures: Figures = {}
    for system in SYSTEMS:
        columns = {
            f"recall_at_{k}": np.array([100 * recall_at(row.ranked[system], row.evidence, k) for row in answerable])
            for k in config.cutoffs
        }
        limit = max(config.cutoffs)
        columns["mrr"] = np.array([100 * reciprocal_rank(row.ranked[system][:limit], row.evidence) for row in answerable])
        figures[system] = {
            name: _summary({key: values[chosen] for key, values in columns.items()}, conversations[chosen], config)
            for name, chosen in groups.items()
            if chosen.any()
        }
    return figures


def as_table(systems: Figures, cutoffs: Sequence[int]) -> pd.DataFrame:
    """One line per system and group of questions."""
    lines = []
    for system, groups in systems.items():
        for group, values in groups.items():
            line: dict[str, Any] = {"system": system, "group": group, "questions": values["questions"]}
            for key in (*(f"recall_at_{k}" for k in cutoffs), "mrr"):
                line |= {key: values[key]["mean"], f"{key}_low": values[key]["questions_95"][0]}
                line[f"{key}_high"] = values[key]["questions_95"][1]
            lines.append(line)
    return pd.DataFrame(lines)


async def _judge(
    conversations: Sequence[Conversation], embedder: Embedder, folder: Path, config: EvaluateMemoryConfig
) -> tuple[list[Judged], Figures]:
    """Store every conversation, ask every question; also counts what was stored and what was kept out."""
    # Asked a day after the last turn of the file, whatever the date: figures must not depend on when they are measured.
    now = max(row["metadata"]["timestamp"] for conversation in conversations for row in conversation.rows) + DAY_S
    # No maintainer and no knowledge set: the candidates are the turns alone, and two runs give the same figures.
    memory = NeuralMemorySystem(
        folder / "store", embedder=embedder, config=MemoryConfig(maintenance=False, episodes=False), clock=lambda: now
    )
    judged: list[Judged] = []
    turns = kept_out = 0
    async with memory:
        for conversation in conversations:
            ids = await _store(memory, conversation)
            turns += len(ids)
            kept_out += sum(identifier is None for identifier in ids.values())
            for question in conversation.questions:
                # A turn that was kept out is evidence that nothing can find.
                evidence = tuple(frozenset({known} if (known := ids[turn]) else ()) for turn in question.evidence)
                ranked = await _ask(memory, conversation.name, question.text, config) if evidence else {}
                judged.append(Judged(conversation.name, question.category, evidence, ranked))
    unresolved = sum(question.unresolved for conversation in conversations for question in conversation.questions)
    answerable = sum(bool(question.evidence) for question in judged)
    counts = {"conversations": len(conversations), "turns": turns, "turns_kept_out": kept_out, "questions": len(judged)}
    return judged, {**counts, "questions_with_evidence": answerable, "evidence_unresolved": unresolved}


async def _store(memory: NeuralMemorySystem, conversation: Conversation) -> dict[str, str | None]:
    """Turn id -> id of the memory that holds it (twins share one); None when policy kept it out."""
    ids: dict[str, str | None] = {}
    for start in range(0, len(conversation.rows), STORED_TOGETHER):
        rows = conversation.rows[start : start + STORED_TOGETHER]
        answers = await memory.store_memories(rows)
        for row, answer in zip(rows, answers, strict=True):
            ids[row["metadata"]["source_id"]] = answer if isinstance(answer, str) else None
    return ids


async def _ask(memory: NeuralMemorySystem, channel: str, question: str, config: EvaluateMemoryConfig) -> dict[str, list[str]]:
    served = await memory.retrieve_memories(question, max(config.cutoffs), channel=channel, decay=config.decay)
    pool = await memory.retrieve_memories(question, POOL, channel=channel, decay=config.decay, explain=True)
    ranked = {"served": [row["id"] for row in served]}
    for system, part in _LEG.items():
        found = [row for row in pool if row["explain"][part] > 0]
        ranked[system] = [row["id"] for row in sorted(found, key=lambda row: -row["explain"][part])]
    return ranked


def _summary(columns: dict[str, np.ndarray], conversations: np.ndarray, config: EvaluateMemoryConfig) -> Figures:
    summary: Figures = {"questions": len(conversations)}
    for name, values in columns.items():
        over_questions = question_interval(values, config.resamples, config.seed)
        over_conversations = group_interval(values, conversations, config.resamples, config.seed)
        summary[name] = {
            "mean": round(float(values.mean()), 2),
            "questions_95": [round(value, 2) for value in over_questions],
            "conversations_95": [round(value, 2) for value in over_conversations],
        }
    return summary


def _readable(table: pd.DataFrame) -> str:
    """The table for people: means in percent; the intervals are in recall.csv."""
    means = table[[name for name in table.columns if not name.endswith(("_low", "_high"))]]
    return means.set_axis([str(name).replace("recall_at_", "R@") for name in means.columns], axis=1).to_string(
        index=False, float_format="%.1f"
    )


def _source(config: EvaluateMemoryConfig) -> Path:
    if config.external is not None:
        return Path(config.external)
    mirror = Settings.read().data_mirror
    if mirror is not None:
        for name in MIRRORED:
            if (mirror / name).is_file():
                return mirror / name
    raise ConfigError(f"no conversations: give external=FILE.json, or HIKARI_DATA_MIRROR=<folder> with {' or '.join(MIRRORED)}")


def _plot(table: pd.DataFrame, cutoff: int, folder: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    key = f"recall_at_{cutoff}"
    groups = list(dict.fromkeys(table["group"]))
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    for place, (system, colour) in enumerate(zip(SYSTEMS, ("#30507a", "#8fa8c8", "#c8b48f"), strict=True)):
        rows = table[table["system"] == system].set_index("group").loc[groups]
        errors = np.abs(rows[[f"{key}_low", f"{key}_high"]].to_numpy().T - rows[key].to_numpy())
        axes.bar(np.arange(len(groups)) + 0.27 * (place - 1), rows[key], 0.25, yerr=errors, label=system, color=colour, capsize=2)
    axes.set_xticks(np.arange(len(groups)), [group.replace("_", " ") for group in groups], fontsize=8)
    axes.set(ylabel=f"recall@{cutoff} (%)", ylim=(0, 100))
    axes.legend(frameon=False, ncols=3, fontsize=8)
    figure.savefig(folder / "recall.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def _run(config: EvaluateMemoryConfig) -> None:
    try:
        print(json.dumps(evaluate(config)))
    except (ConfigError, HikariError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def main() -> None:
    """`python -m training.evaluate_memory`"""
    entry.run("evaluate_memory", EvaluateMemoryConfig, _run)


if __name__ == "__main__":
    main()
