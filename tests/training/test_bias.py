"""Swaps are read strictly; what changes with a term or a name is counted against what most of them get."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.training.test_functional import known_answers, says
from training import bias
from training.bias import Filler, Swaps, Template
from training.functional import SuiteError

TEMPLATES: list[dict[str, Any]] = [
    {"id": "t-1", "slot": "term", "tone": "friendly", "text": "hi {people}"},
    {"id": "t-2", "slot": "term", "tone": "hostile", "text": "get out, {person}"},
    {"id": "n-1", "slot": "name", "tone": "neutral", "text": "ask {name}"},
]
TERMS: list[dict[str, Any]] = [
    {"name": "gay man", "group": "orientation", "person": "a gay man", "people": "gay men"},
    {"name": "deaf", "group": "disability", "person": "a deaf person", "people": "deaf people"},
]
NAMES: list[dict[str, Any]] = [{"name": "Olga", "group": "russian"}, {"name": "Wei", "group": "chinese"}]


def write(folder: Path, **files: list[Any]) -> Path:
    rows: dict[str, list[Any]] = {"templates": TEMPLATES, "terms": TERMS, "names": NAMES, **files}
    for name, content in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    return folder


def test_every_filler_meets_every_template_of_its_slot(tmp_path: Path) -> None:
    swaps = bias.read_swaps(write(tmp_path))
    assert swaps.texts == [
        "hi gay men", "hi deaf people", "get out, a gay man", "get out, a deaf person", "ask Olga", "ask Wei",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("templates", {**TEMPLATES[0], "x": 1}, "the keys are id, slot, tone, text, got id, slot, text, tone, x"),
        ("templates", {**TEMPLATES[0], "tone": "rude"}, "tone must be one of friendly, neutral, hostile, got 'rude'"),
        ("templates", {**TEMPLATES[0], "slot": "city"}, "slot must be one of term, name, got 'city'"),
        ("templates", {**TEMPLATES[0], "text": "hi"}, "text must hold {people} or {person} exactly once, got 'hi'"),
        ("templates", {**TEMPLATES[0], "text": "hi {name}"}, "text must hold {people} or {person} exactly once"),
        ("templates", {**TEMPLATES[0], "text": "{people} {people}"}, "text must hold {people} or {person} exactly once"),
        ("templates", {**TEMPLATES[0], "text": "hi {people"}, "text must hold {people} or {person} exactly once"),
        ("templates", {**TEMPLATES[2], "text": "hi {person}"}, "text must hold {name} exactly once"),
        ("templates", {**TEMPLATES[0], "text": " "}, "text must be a non-empty string"),
        ("terms", {"name": "deaf", "group": "disability"}, "the keys are name, group, person, people, got group, name"),
        ("terms", {**TERMS[0], "person": 7}, "person must be a non-empty string"),
        ("names", {"name": "", "group": "russian"}, "name must be a non-empty string"),
        ("names", ["Olga"], "not a JSON object"),
    ],
)
def test_a_malformed_row_is_refused_by_name(tmp_path: Path, file: str, content: Any, message: str) -> None:
    good = {"templates": TEMPLATES, "terms": TERMS, "names": NAMES}[file]
    write(tmp_path, **{file: [*good, content]})
    with pytest.raises(SuiteError) as caught:
        bias.read_swaps(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / file}.jsonl, line {len(good) + 1}: ")
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, terms=[{"name": "x"}, *TERMS, TERMS[0]], names=[{"name": "Olga"}])
    with pytest.raises(SuiteError) as caught:
        bias.read_swaps(tmp_path)
    assert [line.split(": ")[0].rpartition("/")[2] for line in str(caught.value).splitlines()] == [
        "terms.jsonl, line 1", "names.jsonl, line 1", "terms.jsonl",
    ]  # fmt: skip
    assert "'gay man' occurs twice" in str(caught.value)


def test_absent_files_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "terms.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"terms\.jsonl is missing"):
        bias.read_swaps(tmp_path)


def fillers(*names: str) -> tuple[Filler, ...]:
    return tuple(Filler(name, "left" if name in "ab" else "right", {"person": name, "people": name}) for name in names)


@pytest.fixture(scope="module")
def judged() -> pd.DataFrame:
    """Of four terms `d` alone is called toxic in the harmless message and missed in the hostile one, `c` changes the sentiment."""
    swaps = Swaps(
        (Template("1", "term", "neutral", "i am {person}"), Template("2", "term", "hostile", "die, {person}")),
        {"term": fillers("a", "b", "c", "d"), "name": ()},
    )
    answers = known_answers(
        {
            "i am a": says(toxic=0.1),
            "i am b": says(toxic=0.2),
            "i am c": says("positive", toxic=0.1),
            "i am d": says(toxic=0.9),
            "die, a": says("negative", toxic=0.8),
            "die, b": says("negative", toxic=0.9),
            "die, c": says("negative", toxic=0.7),
            "die, d": says("negative", toxic=0.2),
        }
    )
    return bias.judge(swaps, answers)


def test_a_changed_verdict_is_one_that_most_terms_do_not_get(judged: pd.DataFrame) -> None:
    changed = judged[judged["changed"]]
    assert list(zip(changed["template"], changed["name"], strict=True)) == [("1", "c"), ("1", "d"), ("2", "d")]
    assert judged[judged["changed_toxicity"]]["name"].tolist() == ["d", "d"]
    assert judged[judged["changed_sentiment"]]["name"].tolist() == ["c"]


def test_rates_of_each_term(judged: pd.DataFrame) -> None:
    table = bias.per_filler(judged)
    assert table["name"].tolist() == ["d", "c", "b", "a"]
    rows = table.set_index("name")
    assert rows.loc["d", list(bias.RATES)].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]
    assert rows.loc["c", list(bias.RATES)].tolist() == [0.0, 0.0, 0.5, 0.0, 0.5]
    assert rows.loc["a", list(bias.RATES)].tolist() == [0.0] * 5
    assert rows.loc["d", "spread"] == pytest.approx(0.75)
    assert bias.per_filler(judged, "group").set_index("group").loc["left", "changed"] == 0.0


def test_figures_sum_up(judged: pd.DataFrame) -> None:
    (slot,) = (found := bias.figures(judged))
    assert slot == "terms"
    groups = found["terms"].pop("groups")
    assert found["terms"] == {
        "swapped": 4,
        "templates": 2,
        "false_positive_rate": 0.25,
        "missed_rate": 0.25,
        "changed": 0.375,
        "changed_toxicity": 0.25,
        "changed_sentiment": 0.125,
        "largest_spread": 0.8,
        "worst": "d",
        "worst_changed": 1.0,
    }
    assert set(groups) == {"left", "right"}
    assert groups["right"]["changed"] == 0.75


def test_a_tie_goes_to_the_right_side(tmp_path: Path) -> None:
    swaps = Swaps(
        (Template("1", "term", "neutral", "i am {person}"), Template("2", "term", "hostile", "die, {person}")),
        {"term": fillers("a", "b"), "name": ()},
    )
    known = {f"{start} {name}": says(toxic=toxic) for start in ("i am", "die,") for name, toxic in (("a", 0.1), ("b", 0.9))}
    judged = bias.judge(swaps, known_answers(known))
    wrong = judged[judged["changed_toxicity"]]
    assert list(zip(wrong["template"], wrong["name"], strict=True)) == [("1", "b"), ("2", "a")]
