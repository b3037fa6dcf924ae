"""Retrieval figures: closed forms of the metrics, and one small file through the memory itself."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from training.entry import composed
from training.evaluate_memory import SYSTEMS, EvaluateMemoryConfig, Judged, as_table, evaluate, report
from training.retrieval_metrics import group_interval, question_interval, recall_at, reciprocal_rank
from training.schema import ConfigError


def configuration(*overrides: str) -> EvaluateMemoryConfig:
    return composed("evaluate_memory", EvaluateMemoryConfig, ["resamples=200", *overrides])


@pytest.mark.parametrize(("k", "expected"), [(1, 0.0), (2, 1 / 3), (4, 2 / 3), (99, 2 / 3)])
def test_recall_is_the_part_of_the_evidence_found(k: int, expected: float) -> None:
    assert recall_at(["x", "a", "y", "b"], [{"a"}, {"b", "c"}, {"z"}], k) == pytest.approx(expected)


def test_twins_count_for_each_turn_that_they_hold() -> None:
    assert recall_at(["a"], [{"a"}, {"a"}], 1) == 1.0


def test_evidence_that_was_kept_out_can_never_be_found() -> None:
    assert recall_at(["a", "b"], [{"a"}, frozenset()], 2) == 0.5
    assert reciprocal_rank(["a", "b"], [frozenset()]) == 0.0


def test_recall_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="without evidence"):
        recall_at(["a"], [], 1)


@pytest.mark.parametrize(("ranked", "expected"), [(["a", "b"], 1.0), (["x", "y", "b"], 1 / 3), (["x"], 0.0), ([], 0.0)])
def test_reciprocal_rank_is_of_the_first_hit(ranked: list[str], expected: float) -> None:
    assert reciprocal_rank(ranked, [{"a"}, {"b"}]) == pytest.approx(expected)


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_recall_grows_with_k_and_ends_at_what_was_found(ranked: list[str], wanted: set[str]) -> None:
    evidence = [{one} for one in sorted(wanted)]
    curve = [recall_at(ranked, evidence, k) for k in range(len(ranked) + 1)]
    assert curve == sorted(curve)
    assert curve[0] == 0
    assert curve[-1] == pytest.approx(len(wanted & set(ranked)) / len(wanted))


def test_the_interval_over_questions_is_the_normal_one_for_many_questions() -> None:
    values = np.random.default_rng(0).integers(0, 2, 4_000).astype(float)
    low, high = question_interval(values, 2_000, 1)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=half / 10)
    assert high == pytest.approx(values.mean() + half, abs=half / 10)


def test_intervals_of_equal_values_have_no_width_and_repeat_with_the_seed() -> None:
    assert question_interval(np.full(9, 0.25), 50, 3) == (0.25, 0.25)
    values = np.random.default_rng(5).random(40)
    assert question_interval(values, 50, 3) == question_interval(values, 50, 3)


def test_the_interval_over_conversations_spans_their_means() -> None:
    # Two conversations of unlike size: a quarter of the draws is twice the one, a quarter twice the other.
    values, groups = np.array([1.0, 1.0, 1.0, 0.0]), np.array(["a", "a", "a", "b"])
    assert group_interval(values, groups, 400, 0) == (0.0, 1.0)
    assert group_interval(values, np.array(["a"] * 4), 50, 0) == (0.75, 0.75)


def judged(conversation: str, category: int, evidence: list[str], found: list[str]) -> Judged:
    ranked = {system: found if system == "served" else [] for system in SYSTEMS}
    return Judged(conversation, category, tuple(frozenset({one}) for one in evidence), ranked)


def test_the_report_averages_questions_by_group_and_leaves_out_those_without_evidence() -> None:
    rows = [
        judged("one", 1, ["a", "b"], ["a"]),
        judged("one", 4, ["a"], ["x", "a"]),
        judged("two", 5, ["a"], ["x"]),
        judged("two", 4, [], []),
    ]
    figures = report(rows, configuration("cutoffs=[1,10]"))
    served = figures["served"]
    assert {name: group["questions"] for name, group in served.items()} == {
        "all": 3, "categories_1_to_4": 2, "multi_hop": 1, "single_hop": 1, "adversarial": 1,
    }  # fmt: skip
    assert served["all"]["recall_at_1"]["mean"] == pytest.approx(100 * 0.5 / 3, abs=0.01)
    assert served["all"]["recall_at_10"]["mean"] == pytest.approx(100 * 1.5 / 3, abs=0.01)
    assert served["categories_1_to_4"]["recall_at_10"]["mean"] == 75.0
    assert served["all"]["mrr"]["mean"] == 50.0
    assert figures["vectors"]["all"]["recall_at_10"]["mean"] == 0.0
    assert set(as_table(figures, [1, 10])["system"]) == set(SYSTEMS)


def test_a_file_without_evidence_has_no_figures() -> None:
    with pytest.raises(BadInput, match="no question"):
        report([judged("one", 1, [], [])], configuration())


def test_without_a_file_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(tmp_path))
    with pytest.raises(ConfigError, match="external=FILE"):
        evaluate(configuration())


def test_misspelt_keys_and_bad_values_are_refused() -> None:
    for wrong in ("+cutof=[1]", "cutoffs=[0]", "resamples=0", "decay=maybe"):
        with pytest.raises(ConfigError):
            configuration(wrong)


class WordEmbedder:
    """Unit vectors in which texts that share words are near: every word is a fixed random direction."""

    fingerprint = hashlib.sha256(b"words").hexdigest()
    dimension = 1024

    def embed(self, texts: Any, /) -> np.ndarray:
        return np.stack([self._one(text) for text in texts])

    def _one(self, text: str) -> np.ndarray:
        words = text.lower().replace("?", "").replace(".", "").split()
        seeds = [int.from_bytes(hashlib.sha256(word.encode()).digest()[:8]) for word in words]
        total = sum((np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds), np.zeros(self.dimension))
        return (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)


def talk(number: int) -> dict[str, Any]:
    places = ["Lyon", "Oslo", "Kyoto", "Quito", "Turin", "Accra", "Perth", "Hanoi"]
    things = ["piano", "kettle", "bicycle", "telescope", "violin", "hammock", "compass", "lantern"]
    turns = [
        {"speaker": "Ann" if at % 2 else "Ben", "dia_id": f"D1:{at}", "text": f"Yesterday we bought a {thing} in {place}."}
        for at, (place, thing) in enumerate(zip(places, things, strict=True))
    ]
    questions = [
        {"question": f"Where did Ann buy the {thing}?", "category": 4, "evidence": [f"D1:{at}"]}
        for at, thing in enumerate(things)
    ]
    conversation = {"session_1_date_time": "3:05 pm on 4 March, 2024", "session_1": turns}
    return {"sample_id": f"talk-{number}", "conversation": conversation, "qa": questions}


def test_a_file_through_the_memory_gives_figures_table_and_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "home"))
    path = tmp_path / "talks.json"
    path.write_text(json.dumps([talk(1), talk(2)]))
    output = tmp_path / "figures"
    figures = evaluate(configuration(f"external={path}", f"output={output}", "cutoffs=[1,8]"), WordEmbedder())
    assert (figures["conversations"], figures["turns"], figures["turns_kept_out"], figures["questions"]) == (2, 16, 0, 16)
    for system in SYSTEMS:
        # Every question has one word that a single turn of its channel holds.
        assert figures["systems"][system]["all"]["recall_at_1"]["mean"] == 100.0
    # All eight turns of a channel fit into the first eight: a turn of the other channel would cost recall.
    assert figures["systems"]["served"]["all"]["recall_at_8"]["mean"] == 100.0
    assert json.loads((output / "metrics.json").read_text()) == json.loads(json.dumps(figures))
    assert {file.name for file in output.iterdir()} == {"metrics.json", "recall.csv", "recall.png"}
    assert "R@8" in capsys.readouterr().err
