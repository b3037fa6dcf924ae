"""Cases are read strictly, and judged by what the engine's own scorer decides; the classifier here is one with known outputs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hikari.bundle import open_bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import EMOTION, SENTIMENT, TASKS, TOXICITY
from hikari.sentiment.scores import Scorer
from training import functional
from training.functional import Direction, Invariance, Minimum, SuiteError


class KnownClassifier:
    """Stands in for the network alone: probabilities by text, the engine's calibration and scorer around them are real."""

    precision, device = "int8", "cpu"

    def __init__(self, known: dict[str, dict[str, Any]]) -> None:
        self.known = {chat_text.read(text).words: row for text, row in known.items()}
        self.read: list[str] = []
        self.tasks = TASKS
        self.calibration = Calibration({}, {"toxicity": {"insult": 0.9}}, {"plain": Ensemble(1.0, 0.0, 0.0)}, "plain")
        self.bundle = type("Named", (), {"name": "known", "version": "1", "fingerprint": "f" * 64})()

    def probabilities(self, words: list[str], batch_size: int = 16) -> dict[str, np.ndarray]:
        self.read += words
        rows = [self.known[text] for text in words]
        wanted = {"sentiment": SENTIMENT, "emotion": EMOTION, "toxicity": TOXICITY, "question": ("question",)}
        return {
            task: np.array([[row.get(task, {}).get(label, 0.0) for label in labels] for row in rows])
            for task, labels in wanted.items()
        }


def known_answers(known: dict[str, dict[str, Any]]) -> functional.Answers:
    classifier: Any = KnownClassifier(known)
    return functional.answers(Scorer(classifier), known)


def says(sentiment: str = "neutral", emotion: str = "neutral", toxic: float = 0.0, question: float = 0.0) -> dict[str, Any]:
    return {
        "sentiment": {sentiment: 1.0},
        "emotion": {emotion: 1.0},
        "toxicity": {"toxic": toxic},
        "question": {"question": question},
    }


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "tone-01", "kind": "mft", "text": "so good", "expect": {"sentiment": ["positive"]}, **changes}


def inv(**changes: Any) -> dict[str, Any]:
    return {"id": "tone-02", "kind": "inv", "text": "a", "variants": ["b"], "same": ["toxic"], **changes}


def direction(**changes: Any) -> dict[str, Any]:
    base = {"id": "tone-03", "kind": "dir", "text": "a", "variants": ["b"], "score": "toxicity", "direction": "not_lower"}
    return {**base, "tolerance": 0.1, **changes}


def write(folder: Path, name: str, rows: list[Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return folder


def test_cases_of_every_kind_are_read(tmp_path: Path) -> None:
    cases = functional.read_cases(write(tmp_path, "tone", [row(expect={"toxic": False}), inv(), direction()]))
    assert cases == [
        Minimum("tone-01", "tone", "so good", {"toxic": (False,)}),
        Invariance("tone-02", "tone", "a", ("b",), ("toxic",)),
        Direction("tone-03", "tone", "a", ("b",), "toxicity", "not_lower", 0.1),
    ]
    assert [case.texts for case in cases] == [("so good",), ("a", "b"), ("a", "b")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        (row(kind="test"), "kind must be one of mft, inv, dir, got 'test'"),
        (row(note="x"), "the keys of mft are expect, id, kind, text, got expect, id, kind, note, text"),
        ({"id": "tone-01", "kind": "inv", "text": "a"}, "the keys of inv are id, kind, same, text, variants"),
        (row(id=""), "id must be a non-empty string"),
        (row(text=" so good"), "text must hold 1 to 500 characters and no space around them"),
        (row(text="a" * 501), "text must hold 1 to 500 characters"),
        (row(text=7), "text must hold 1 to 500 characters"),
        (row(expect={}), "expect must be an object with any of sentiment, emotion, toxic, question, at least one"),
        (row(expect={"mood": ["good"]}), "expect must be an object with any of"),
        (row(expect={"sentiment": "positive"}), "expect.sentiment must be a list of negative, neutral, positive"),
        (row(expect={"sentiment": ["very_positive"]}), "expect.sentiment must be a list of"),
        (row(expect={"emotion": []}), "expect.emotion must be a list of anger"),
        (row(expect={"sentiment": list(SENTIMENT)}), "expect.sentiment allows every label, so that the case cannot fail"),
        (row(expect={"toxic": "no"}), "expect.toxic must be true or false, got 'no'"),
        (row(expect={"question": 1}), "expect.question must be true or false, got 1"),
        (inv(variants=[]), "variants must be a list of texts, at least one"),
        (inv(variants="b"), "variants must be a list of texts"),
        (inv(variants=["b", ""]), "variants must be a list of texts"),
        (inv(variants=["a"]), "text and variants must all differ"),
        (inv(variants=["b", "b"]), "text and variants must all differ"),
        (inv(text=[1]), "text must hold 1 to 500 characters"),
        (inv(same=[]), "same must be a list of sentiment, emotion, toxic, question, at least one, none twice"),
        (inv(same=["score"]), "same must be a list of"),
        (inv(same=[["toxic"]]), "same must be a list of"),
        (inv(same=["toxic", "toxic"]), "same must be a list of"),
        (direction(score="emotion/love"), "score must be one of sentiment, toxicity, question, emotion/anger"),
        (direction(direction="up"), "direction must be one of not_lower, not_higher, got 'up'"),
        (direction(tolerance=2), "tolerance must be a number from 0 to 1, got 2"),
        (direction(tolerance=True), "tolerance must be a number from 0 to 1, got True"),
        (direction(tolerance=float("nan")), "tolerance must be a number from 0 to 1, got nan"),
    ],
)
def test_a_malformed_row_is_refused_by_name(tmp_path: Path, content: Any, message: str) -> None:
    write(tmp_path, "tone", [content])
    with pytest.raises(SuiteError) as caught:
        functional.read_cases(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'tone.jsonl'}, line 1: ")
    assert message in str(caught.value)


def test_every_malformed_row_of_every_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "tone", [row(), "{", row(id="tone-04", text="")])
    write(tmp_path, "harm", [inv(id="harm-01", same=[], variants=[])])
    with pytest.raises(SuiteError) as caught:
        functional.read_cases(tmp_path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition("/")[2] for line in lines] == [
        "harm.jsonl, line 1", "harm.jsonl, line 1", "tone.jsonl, line 2", "tone.jsonl, line 3",
    ]  # fmt: skip


@pytest.mark.parametrize("second", ["tone-01", "harm-02"])
def test_ids_name_their_file_and_occur_once(tmp_path: Path, second: str) -> None:
    write(tmp_path, "tone", [row(), row(id=second, text="bad")])
    with pytest.raises(SuiteError, match=f"id '{second}' must be tone-<number> and occur once"):
        functional.read_cases(tmp_path)


def test_an_empty_folder_or_file_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="holds no suites"):
        functional.read_cases(tmp_path)
    (tmp_path / "tone.jsonl").write_text("")
    with pytest.raises(SuiteError, match=r"tone\.jsonl holds no rows"):
        functional.read_cases(tmp_path)


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ({"sentiment": ("negative",)}, True),
        ({"sentiment": ("neutral", "positive")}, False),
        ({"emotion": ("fear", "anger")}, True),
        ({"emotion": ("joy",)}, False),
        ({"toxic": (True,)}, True),
        ({"toxic": (False,)}, False),
        ({"question": (False,)}, True),
        ({"question": (True,)}, False),
        ({"sentiment": ("negative",), "toxic": (False,)}, False),
    ],
)
def test_a_minimum_holds_when_every_named_decision_is_allowed(expect: dict[str, tuple[Any, ...]], holds: bool) -> None:
    answers = known_answers({"grr": says("negative", "anger", toxic=0.6, question=0.4)})
    assert Minimum("tone-01", "tone", "grr", expect).holds(answers) is holds


def test_the_decision_is_the_served_one_with_its_thresholds() -> None:
    quiet = {**says(), "toxicity": {"insult": 0.85, "toxic": 0.4}}
    loud = {**says(), "toxicity": {"insult": 0.95, "toxic": 0.4}}
    answers = known_answers({"quiet": quiet, "loud": loud})
    assert [functional.decisions(answers[text])["toxic"] for text in ("quiet", "loud")] == [False, True]
    assert functional.score(answers["quiet"], "toxicity") == 0.85


@pytest.mark.parametrize(
    ("same", "holds"),
    [(("toxic",), True), (("sentiment",), False), (("toxic", "emotion"), True), (("toxic", "sentiment"), False)],
)
def test_an_invariance_holds_when_no_variant_changes_a_named_decision(same: tuple[str, ...], holds: bool) -> None:
    answers = known_answers(
        {"a": says("positive", toxic=0.1), "b": says("positive", toxic=0.3), "c": says("negative", toxic=0.4)}
    )
    assert Invariance("tone-01", "tone", "a", ("b", "c"), same).holds(answers) is holds
    assert Invariance("tone-01", "tone", "a", ("b",), same).holds(answers)


@pytest.mark.parametrize(
    ("way", "tolerance", "holds"),
    [("not_lower", 0.0, False), ("not_lower", 0.2, True), ("not_lower", 0.19, False), ("not_higher", 0.0, True)],
)
def test_a_direction_holds_within_its_tolerance(way: str, tolerance: float, holds: bool) -> None:
    answers = known_answers({"a": says(toxic=0.5), "b": says(toxic=0.5), "c": says(toxic=0.3)})
    assert Direction("tone-01", "tone", "a", ("b", "c"), "toxicity", way, tolerance).holds(answers) is holds
    assert Direction("tone-01", "tone", "c", ("a",), "toxicity", "not_lower", 0.0).holds(answers)


def test_scores_by_name() -> None:
    mixed = {**says(question=0.7), "sentiment": {"negative": 0.2, "positive": 0.7, "neutral": 0.1}, "emotion": {"fear": 0.6}}
    scores = known_answers({"hm": mixed})["hm"]
    found = [functional.score(scores, name) for name in ("sentiment", "question", "emotion/fear", "emotion/joy")]
    assert found == pytest.approx([0.5, 0.7, 0.6, 0.0])


def test_a_text_is_read_once_however_many_cases_hold_it() -> None:
    classifier: Any = KnownClassifier({"a": says(), "b": says("positive")})
    answers = functional.answers(Scorer(classifier), ["a", "b", "a", "b", "b"])
    assert classifier.read == ["a", "b"]
    assert [answers[text].label for text in ("a", "b")] == ["neutral", "very_positive"]


@pytest.fixture
def judged() -> pd.DataFrame:
    answers = known_answers({"a": says("positive"), "b": says("negative"), "c": says("positive", toxic=0.9)})
    cases = [
        Minimum("tone-01", "tone", "a", {"sentiment": ("positive",)}),
        Minimum("tone-02", "tone", "b", {"sentiment": ("positive",)}),
        Invariance("tone-03", "tone", "a", ("c",), ("sentiment",)),
        Minimum("harm-01", "harm", "c", {"toxic": (False,)}),
        Direction("harm-02", "harm", "a", ("c",), "toxicity", "not_higher", 0.5),
    ]
    return functional.judge(cases, answers)


def test_figures_count_by_kind_and_by_capability(judged: pd.DataFrame) -> None:
    assert judged["passed"].tolist() == [True, False, True, False, False]
    assert functional.figures(judged) == {
        "cases": 5,
        "failures": 3,
        "pass_rate": 0.4,
        "kinds": {
            "dir": {"cases": 1, "failures": 1, "pass_rate": 0.0},
            "inv": {"cases": 1, "failures": 0, "pass_rate": 1.0},
            "mft": {"cases": 3, "failures": 2, "pass_rate": 0.3333},
        },
        "capabilities": {
            "harm": {"cases": 2, "failures": 2, "pass_rate": 0.0, "dir": 0.0, "mft": 0.0},
            "tone": {"cases": 3, "failures": 1, "pass_rate": 0.6667, "inv": 1.0, "mft": 0.5},
        },
    }


def test_failing_cases_are_named(judged: pd.DataFrame) -> None:
    assert functional.failing(judged) == {"harm": ["harm-01", "harm-02"], "tone": ["tone-02"]}
    table = functional.table(judged).set_index("capability")
    assert table.loc["harm", "failing"] == "harm-01 harm-02"
    assert table.loc["tone", ["cases", "failures", "pass_rate", "mft", "inv"]].tolist() == [3, 1, 0.6667, 0.5, 1.0]
    assert np.isnan(table.loc["tone", "dir"])


def test_a_real_bundle_answers_as_its_scorer_does(tiny_bundle: Path) -> None:
    scorer = Scorer(TextClassifier(open_bundle(tiny_bundle)))
    answers = functional.answers(scorer, ["i hate this", "i love this game 🔥", "kys", "can you play this game"])
    expectations = [
        Minimum("t-1", "t", "i hate this", {"sentiment": ("negative",), "emotion": ("anger",), "toxic": (False,)}),
        Minimum("t-2", "t", "i love this game 🔥", {"sentiment": ("positive",)}),
        Minimum("t-3", "t", "kys", {"toxic": (True,)}),
        Minimum("t-4", "t", "can you play this game", {"question": (True,)}),
    ]
    assert [case.holds(answers) for case in expectations] == [True] * 4
