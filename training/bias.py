"""Swaps: does the verdict on a message change with nothing but the identity or the first name in it?

`data/bias/` holds templates, terms and names, one JSON object a line:

    templates.jsonl   {"id", "slot": "term" | "name", "tone": "friendly" | "neutral" | "hostile", "text"}
    terms.jsonl       {"name", "group", "person": "a ...", "people": "..."}    for {person} and {people}
    names.jsonl       {"name", "group"}                                        for {name}

Friendly and neutral templates are harmless whoever they speak of, hostile ones are toxic whoever they speak of. Fixed templates in which
only a term changes are the measure of Dixon et al. (2018), "Measuring and mitigating unintended bias in text classification". The
cautionary tale is https://github.com/unitaryai/detoxify/issues/56, where naming a group was enough to be called toxic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import pandas as pd

from training.functional import Answers, SuiteError, Table, decisions, read_rows, score

SLOTS = {"term": {"person", "people"}, "name": {"name"}}
TONES = ("friendly", "neutral", "hostile")
RATES = ("false_positive_rate", "missed_rate", "changed", "changed_toxicity", "changed_sentiment")
"""Shares that are reported: of harmless templates, of hostile ones, and of all."""


@dataclass(frozen=True)
class Template:
    """A message with one slot, `{person}`, `{people}` or `{name}`."""

    id: str
    slot: str
    tone: str
    text: str


@dataclass(frozen=True)
class Filler:
    """A term or a name, its group, and its wording for each slot."""

    name: str
    group: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Swaps:
    """Templates and what is put into them: every term into every template of the slot `term`, and so for names."""

    templates: tuple[Template, ...]
    fillers: Mapping[str, tuple[Filler, ...]]
    """By slot: `term`, `name`."""

    @property
    def texts(self) -> list[str]:
        return [template.text.format(**filler.words) for template in self.templates for filler in self.fillers[template.slot]]


def read_swaps(folder: Path) -> Swaps:
    """The three files of a folder. Raises `SuiteError` that lists every malformed row."""
    files = {
        "templates": (folder / "templates.jsonl", _template_problems),
        "term": (folder / "terms.jsonl", lambda row: _strings(row, "name", "group", "person", "people")),
        "name": (folder / "names.jsonl", lambda row: _strings(row, "name", "group")),
    }
    absent = [f"{file} is missing" for file, _ in files.values() if not file.is_file()]
    if absent:
        raise SuiteError("\n".join(absent))
    read = {kind: read_rows(file, check) for kind, (file, check) in files.items()}
    wrong = [problem for _, found in read.values() for problem in found]
    for kind, (rows, _) in read.items():
        names = [row["id" if kind == "templates" else "name"] for row in rows]
        wrong += [f"{files[kind][0]}: {name!r} occurs twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if wrong:
        raise SuiteError("\n".join(wrong))
    return Swaps(
        tuple(Template(**row) for row in read["templates"][0]),
        {slot: tuple(_filler(row) for row in read[slot][0]) for slot in SLOTS},
    )


def judge(swaps: Swaps, found: Answers) -> Table:
    """One row per template and filler: `slot`, `template`, `hostile`, `name`, `group`, `toxic`, `sentiment`, `score` (toxicity).

    Besides `changed_toxicity` and `changed_sentiment`, whether the decision differs from that of most fillers of the template (of equally
    many: the right one, for toxicity), `changed` (either), and `distance` of the score from the template's median.
    """
    rows = []
    for template in swaps.templates:
        for filler in swaps.fillers[template.slot]:
            scores = found[template.text.format(**filler.words)]
            decided = decisions(scores)
            rows.append(
                {
                    "slot": template.slot,
                    "template": template.id,
                    "hostile": template.tone == "hostile",
                    "name": filler.name,
                    "group": filler.group,
                    "toxic": decided["toxic"],
                    "sentiment": decided["sentiment"],
                    "score": score(scores, "toxicity"),
                }
            )
    table: Any = pd.DataFrame(rows)
    by_template = table.groupby("template")
    share = by_template["toxic"].transform("mean")
    most_toxic = (share > 0.5) | ((share == 0.5) & table["hostile"])
    most_sentiment = by_template["sentiment"].transform(lambda column: column.value_counts().sort_index().idxmax())
    table["changed_toxicity"] = table["toxic"] != most_toxic
    table["changed_sentiment"] = table["sentiment"] != most_sentiment
    table["changed"] = table["changed_toxicity"] | table["changed_sentiment"]
    table["distance"] = (table["score"] - by_template["score"].transform("median")).abs()
    return table


def per_filler(judged: Table, by: str = "name") -> Table:
    """One row per term or name of one slot's rows (`by="group"`: per group), the most changed first.

    Columns: `name` or `group`, rates of harmless templates called toxic, of hostile ones missed, of changed verdicts, and `spread`, the
    largest distance of a toxicity score from its template's median.
    """
    rows = [{by: name, **_rates(part), "spread": round(float(part["distance"].max()), 4)} for name, part in judged.groupby(by)]
    table = pd.DataFrame(rows)
    return table.sort_values(["changed", "spread", by], ascending=[False, False, True], ignore_index=True)


def figures(judged: Table) -> dict[str, Any]:
    """For terms and for names: counts, rates over all, the largest spread within a template, the worst filler, rates by group."""
    out: dict[str, Any] = {}
    for slot, rows in judged.groupby("slot"):
        worst = per_filler(rows).iloc[0]
        scores = rows.groupby("template")["score"]
        groups = per_filler(rows, "group").set_index("group").sort_index()
        out[f"{slot}s"] = {
            "swapped": int(rows["name"].nunique()),
            "templates": int(rows["template"].nunique()),
            **_rates(rows),
            "largest_spread": round(float((scores.max() - scores.min()).max()), 4),
            "worst": str(worst["name"]),
            "worst_changed": float(worst["changed"]),
            "groups": {str(name): {key: float(value) for key, value in row.items()} for name, row in groups.iterrows()},
        }
    return out


def _rates(part: Table) -> dict[str, float]:
    harmless, hostile = part[~part["hostile"]], part[part["hostile"]]
    values = (
        harmless["toxic"].mean() if len(harmless) else 0.0,
        (~hostile["toxic"]).mean() if len(hostile) else 0.0,
        *(part[name].mean() for name in RATES[2:]),
    )
    return {name: round(float(value), 4) for name, value in zip(RATES, values, strict=True)}


def _filler(row: Mapping[str, str]) -> Filler:
    return Filler(row["name"], row["group"], {key: value for key, value in row.items() if key != "group"})


def _strings(row: Mapping[str, Any], *keys: str) -> list[str]:
    if set(row) != set(keys):
        return [f"the keys are {', '.join(keys)}, got {', '.join(sorted(row))}"]
    return [f"{key} must be a non-empty string" for key in keys if not isinstance(row[key], str) or not row[key].strip()]


def _template_problems(row: Mapping[str, Any]) -> list[str]:
    found = _strings(row, "id", "slot", "tone", "text")
    if found:
        return found
    if row["tone"] not in TONES:
        found.append(f"tone must be one of {', '.join(TONES)}, got {row['tone']!r}")
    if row["slot"] not in SLOTS:
        return [*found, f"slot must be one of {', '.join(SLOTS)}, got {row['slot']!r}"]
    try:
        fields = [field for _, field, _, _ in Formatter().parse(row["text"]) if field is not None]
    except ValueError:
        fields = []
    if len(fields) != 1 or fields[0] not in SLOTS[row["slot"]]:
        shown = " or ".join(f"{{{field}}}" for field in sorted(SLOTS[row["slot"]]))
        found.append(f"text must hold {shown} exactly once, got {row['text']!r}")
    return found
