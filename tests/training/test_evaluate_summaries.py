"""The evaluation of summaries: its ROUGE is rouge-score's, its baselines are what they say, and its data are checked."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rouge_score import rouge_scorer

from hikari import fingerprint
from hikari.memory.abstractive import Generation, write_manifest
from hikari.memory.summaries import Turn
from tests import tiny_t5
from training import entry, evaluate_summaries, rouge
from training.external import ExternalDataError
from training.public_data import PublicDataError
from training.summary_data import turns_of
from training.summary_schema import EvaluateSummariesConfig

TURNS = turns_of("Kai: Good evening.\nMia: I baked a large cake today.\nKai: Nice.\nMia: Do you want some of it?\nKai: Yes!")


class LetterVectors:
    """An embedder of letter counts, so that no model is needed."""

    fingerprint = "letters"
    dimension = 26

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        rows = np.array([[1.0 + text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_summaries.OnnxEmbedder, "open", lambda _: LetterVectors())


def configuration(*overrides: str) -> EvaluateSummariesConfig:
    return entry.composed("evaluate_summaries", EvaluateSummariesConfig, ["resamples=200", *overrides])


def mirrored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A mirror whose dev file is the tiny pairs; the override that names its hash."""
    (folder / "dialogsum_dev_test").mkdir(parents=True)
    file = tiny_t5.write_dialogues(folder / "dialogsum_dev_test" / "dialogsum.dev.jsonl", repeat=3)
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(folder))
    return f"public.files.dev.sha256={fingerprint.of_file(file)}"


def test_rouge_is_that_of_rouge_score() -> None:
    references, outputs = ["Mia baked cakes.", "Kai sleeps."], ["Mia is baking a cake today.", "nothing"]
    scorer = rouge_scorer.RougeScorer(list(rouge.NAMES), use_stemmer=True)
    for row, reference, output in zip(rouge.scores(references, outputs), references, outputs, strict=True):
        expected = scorer.score(reference, output)
        assert row.tolist() == pytest.approx([100 * expected[name].fmeasure for name in rouge.NAMES])
    assert rouge.scores(["the same words"], ["the same words"]).tolist() == [[100.0, 100.0, 100.0]]
    # One of two words: precision 1/2, recall 1/3, F1 0.4; no pair of words in common.
    assert rouge.scores(["a b c"], ["a x"])[0].tolist() == pytest.approx([40.0, 0.0, 40.0])


def test_the_interval_is_the_bootstrap_of_the_mean() -> None:
    values = np.random.default_rng(0).standard_normal(400)
    low, high = rouge.interval(values, 4000, seed=1)
    error = values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error)
    assert rouge.interval(np.ones(5), 100, 0) == (1.0, 1.0)


def test_baselines_are_what_their_names_say() -> None:
    systems = evaluate_summaries.baselines(7)
    assert systems["lead_3"](TURNS) == "Kai: Good evening.\nMia: I baked a large cake today.\nKai: Nice."
    assert systems["lead_3_without_names"](TURNS) == "Good evening. I baked a large cake today. Nice."
    assert systems["lead_3_retold"](TURNS) == "Kai says Good evening. Mia baked a large cake today. Kai says Nice."
    assert systems["longest_3"](TURNS).splitlines() == [
        "Kai: Good evening.", "Mia: I baked a large cake today.", "Mia: Do you want some of it?",
    ]  # fmt: skip
    drawn = systems["random_3"](TURNS)
    assert drawn == systems["random_3"](TURNS)
    assert len(drawn.splitlines()) == 3
    assert {evaluate_summaries.baselines(seed)["random_3"](TURNS) for seed in range(20)} > {drawn}
    assert systems["random_3"]([Turn("Kai", "x")]) == "Kai: x"


def test_halves_share_no_row_and_never_change() -> None:
    one, other = evaluate_summaries.halves(500)
    assert len(one) == len(other) == 250
    assert sorted(one + other) == list(range(500))
    assert one[:5] == [1, 3, 4, 5, 7]


def test_the_public_set_gives_figures_halves_and_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = mirrored(tmp_path / "mirror", monkeypatch)
    figures = evaluate_summaries.evaluate(configuration(sha, f"output={tmp_path / 'out'}"))
    assert (figures["data"], figures["rows"]) == ("dialogsum", 12)
    assert set(figures["systems"]) == {
        "lead_3", "lead_3_without_names", "lead_3_retold", "longest_3", "random_3", "extractive",
    }  # fmt: skip
    for part in (*figures["systems"].values(), figures["extractive_minus_lead_3"]):
        for name in rouge.NAMES:
            low, high = part[name]["interval"]
            assert low <= part[name]["f1"] <= high
    expected = figures["systems"]["extractive"]["rouge1"]["f1"] - figures["systems"]["lead_3"]["rouge1"]["f1"]
    assert figures["extractive_minus_lead_3"]["rouge1"]["f1"] == pytest.approx(expected, abs=0.011)
    both = (figures["tuned_half"]["lead_3"]["rouge1"] + figures["held_out_half"]["lead_3"]["rouge1"]) / 2
    assert both == pytest.approx(figures["systems"]["lead_3"]["rouge1"]["f1"], abs=0.011)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == figures
    assert (tmp_path / "out" / "rouge.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_another_file_under_the_public_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirrored(tmp_path / "mirror", monkeypatch)
    with pytest.raises(PublicDataError, match="sha256"):
        evaluate_summaries.evaluate(configuration(f"output={tmp_path / 'out'}"))
    monkeypatch.delenv("HIKARI_DATA_MIRROR")
    with pytest.raises(PublicDataError, match="HIKARI_DATA_MIRROR names no folder"):
        evaluate_summaries.evaluate(configuration(f"output={tmp_path / 'out'}"))


def test_external_data_and_a_t5_are_measured_and_printed_on_the_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tiny_t5.write_dialogues(tmp_path / "rows.jsonl")
    folder = tiny_t5.make_t5(tmp_path / "t5")
    write_manifest(folder, Generation(max_input_tokens=48, max_output_tokens=8, beams=1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prog", f"external={file}", f"t5={folder}", "resamples=100"])
    evaluate_summaries.main()
    figures = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (figures["data"], figures["rows"]) == ("rows.jsonl", 4)
    assert "t5" in figures["systems"]
    assert "held_out_half" not in figures
    assert not (tmp_path / "data").exists()


def test_external_data_of_another_shape_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "x"}\n')
    with pytest.raises(ExternalDataError, match="line 1: needs `dialogue` and `summary`"):
        evaluate_summaries.evaluate(configuration(f"external={file}"))
