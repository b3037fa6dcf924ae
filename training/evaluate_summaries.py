"""Entry point: how good the summaries are, beside the baselines that dialogue summarisation reports.

    python -m training.evaluate_summaries                          # DialogSum dev, from HIKARI_DATA_MIRROR
    python -m training.evaluate_summaries external=FILE.jsonl      # format: training/summary_data.py
    python -m training.evaluate_summaries t5=FOLDER                # a fine-tuned T5 as well

ROUGE F1 with stemming, mean and 95% bootstrap interval for each system; the baselines quote whole turns behind their speaker's name,
the variant that scores best for them. The weights of the extractive summariser were chosen on one half of DialogSum dev, so both halves
are shown. Writes `metrics.json` and a picture; prints the figures as one JSON object on the last line.
"""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hikari import atomic
from hikari.memory.abstractive import T5Summariser
from hikari.memory.embedder import OnnxEmbedder
from hikari.memory.narration import Voices, narrate
from hikari.memory.summaries import ExtractiveSummariser, Turn, dialogue_text, sentences_of
from training import entry, rouge
from training.plots import bars
from training.public_data import public_file
from training.summary_data import Dialogue, read_dialogues
from training.summary_schema import EvaluateSummariesConfig

Figures = dict[str, Any]
System = Callable[[Sequence[Turn]], str]
HALVES_SEED = 7
"""Of the split of DialogSum dev on which the extractive weights were chosen; never change it without choosing them anew."""


def evaluate(config: EvaluateSummariesConfig) -> Figures:
    """Figures of every system on the public set, or on the external file; written to `output` for the public set."""
    path = public_file(config.public, "dev") if config.external is None else Path(config.external)
    dialogues = read_dialogues(path)[: config.max_rows]
    systems = baselines(config.seed)
    systems["extractive"] = _of(ExtractiveSummariser(OnnxEmbedder.open(config.embedder)))
    if config.t5 is not None:
        systems["t5"] = _of(T5Summariser(config.t5))
    scores, lengths = judge(systems, dialogues)
    figures: Figures = {"data": path.name if config.external else config.public.name, "rows": len(dialogues)}
    figures["systems"] = {
        name: {**_summary(values, config), "words": round(float(lengths[name].mean()), 1)} for name, values in scores.items()
    }
    figures["extractive_minus_lead_3"] = _summary(scores["extractive"] - scores["lead_3"], config)
    if config.external is None and config.max_rows is None:
        tuned, held_out = halves(len(dialogues))
        for name, rows in (("tuned_half", tuned), ("held_out_half", held_out)):
            figures[name] = {
                system: {
                    key: round(float(value), 2) for key, value in zip(rouge.NAMES, scores[system][rows].mean(axis=0), strict=True)
                }
                for system in ("extractive", "lead_3")
            }
    if config.external is None:
        with atomic.new_folder(Path(config.output)) as folder:
            (folder / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
            shown = {name: [part[key]["f1"] for key in rouge.NAMES] for name, part in figures["systems"].items()}
            spans = {name: [part[key]["interval"] for key in rouge.NAMES] for name, part in figures["systems"].items()}
            bars(shown, spans, ("ROUGE-1", "ROUGE-2", "ROUGE-L"), f"{config.public.name} dev, F1", folder / "rouge.png")
    return figures


def baselines(seed: int) -> dict[str, System]:
    """First, longest and random three turns, and what the first three gain from reported speech alone."""

    def quoted(turns: Sequence[Turn], chosen: Sequence[int]) -> str:
        return dialogue_text([turns[place] for place in sorted(chosen)])

    def longest(turns: Sequence[Turn]) -> str:
        return quoted(turns, sorted(range(len(turns)), key=lambda place: -len(turns[place].text))[:3])

    def drawn(turns: Sequence[Turn]) -> str:
        # Seeded by the dialogue itself, so that a figure does not depend on the order of the rows.
        return quoted(turns, random.Random(f"{seed} {dialogue_text(turns)}").sample(range(len(turns)), min(3, len(turns))))

    return {
        "lead_3": lambda turns: quoted(turns, range(min(3, len(turns)))),
        "lead_3_without_names": lambda turns: " ".join(turn.text for turn in turns[:3]),
        "lead_3_retold": _lead_retold,
        "longest_3": longest,
        "random_3": drawn,
    }


def judge(systems: dict[str, System], dialogues: Sequence[Dialogue]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """ROUGE F1 of shape (dialogues, 3) and lengths in words for each system."""
    references = [dialogue.summary for dialogue in dialogues]
    outputs = {name: [system(dialogue.turns) for dialogue in dialogues] for name, system in systems.items()}
    lengths = {name: np.array([len(text.split()) for text in texts]) for name, texts in outputs.items()}
    return {name: rouge.scores(references, texts) for name, texts in outputs.items()}, lengths


def halves(count: int) -> tuple[list[int], list[int]]:
    """The row numbers of the half that the weights were chosen on and of the other one."""
    order = list(range(count))
    random.Random(HALVES_SEED).shuffle(order)
    return sorted(order[: count // 2]), sorted(order[count // 2 :])


def _lead_retold(turns: Sequence[Turn]) -> str:
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    told = []
    for turn in turns[:3]:
        listener = next(name for name in names if name != turn.speaker) if len(names) == 2 else None
        told += [narrate(sentence, Voices(turn.speaker, listener)) for sentence in sentences_of(turn.text)]
    return " ".join(part for part in told if part)


def _of(summariser: Any) -> System:
    return lambda turns: summariser.summarise(turns).text


def _summary(values: np.ndarray, config: EvaluateSummariesConfig) -> Figures:
    return {
        name: {
            "f1": round(float(values[:, column].mean()), 2),
            "interval": [round(bound, 2) for bound in rouge.interval(values[:, column], config.resamples, config.seed)],
        }
        for column, name in enumerate(rouge.NAMES)
    }


def main() -> None:
    """`python -m training.evaluate_summaries`"""
    entry.run("evaluate_summaries", EvaluateSummariesConfig, lambda config: print(json.dumps(evaluate(config))))


if __name__ == "__main__":
    main()
