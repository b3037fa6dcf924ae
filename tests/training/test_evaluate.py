"""The evaluation writes metrics, plots and card; its numbers equal scikit-learn's on the served probabilities."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from hikari.bundle import open_bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import TASKS
from tests import tiny
from training import evaluate
from training.entry import composed
from training.export import other_members
from training.external import ExternalDataError
from training.functional import SuiteError
from training.prepare import target_columns, to_frame
from training.schema import EvaluateConfig


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables in which every toxic type occurs, so that the baseline can learn each; the test split differs from train."""
    folder = tmp_path_factory.mktemp("processed")
    types = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    rows = [{**row, "toxicity": types if row["text"] == "kys" else row["toxicity"]} for row in tiny.rows()]
    hard = [{**row, "text": f"{row['text']} not"} for row in rows[::3]]
    for split, chosen in (("train", rows), ("dev", rows), ("test", rows[:20] + hard)):
        to_frame(chosen).to_parquet(folder / f"{split}.parquet", index=False)
    (folder / "counts.json").write_text(json.dumps({split: {"rows": 1} for split in ("train", "dev", "test")}))
    make_suites(folder)
    return folder


def make_suites(folder: Path) -> None:
    """One case of each kind that the tiny model passes, one that it fails, and swaps of two terms and two names."""
    files: dict[str, list[dict[str, Any]]] = {
        "functional/tone": [
            {"id": "tone-1", "kind": "mft", "text": "i love this game 🔥", "expect": {"sentiment": ["positive"]}},
            {"id": "tone-2", "kind": "mft", "text": "i hate this", "expect": {"sentiment": ["positive"]}},
        ],
        "functional/harm": [
            {"id": "harm-1", "kind": "inv", "text": "kys", "variants": ["KYS"], "same": ["toxic"]},
            {
                "id": "harm-2", "kind": "dir", "text": "i love this game 🔥", "variants": ["kys"], "score": "toxicity",
                "direction": "not_lower", "tolerance": 0,
            },
        ],
        "bias/templates": [
            {"id": "t", "slot": "term", "tone": "friendly", "text": "i love {people}"},
            {"id": "n", "slot": "name", "tone": "hostile", "text": "kys {name}"},
        ],
        "bias/terms": [{"name": n, "group": n, "person": f"a {n}", "people": f"{n}s"} for n in ("game", "stream")],
        "bias/names": [{"name": n, "group": n} for n in ("Olga", "Wei")],
    }  # fmt: skip
    for name, rows in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def configuration(bundle: Path, processed: Path, output: Path, *overrides: str) -> EvaluateConfig:
    suites = [f"functional={processed / 'functional'}", f"bias={processed / 'bias'}"]
    paths = [
        f"bundle={bundle}",
        f"processed={processed}",
        f"output={output}",
        f"public={processed / 'public.json'}",
        "tracking=off",
        *suites,
    ]
    return composed("evaluate", EvaluateConfig, [*paths, *suites, *overrides])


@pytest.fixture(scope="module")
def evaluated(tiny_bundle: Path, processed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("evaluation")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HIKARI_DATA_MIRROR", raising=False)
        return output, evaluate.evaluate(configuration(tiny_bundle, processed, output))


def test_metrics_plots_and_card_are_written(evaluated: tuple[Path, dict[str, Any]]) -> None:
    output, figures = evaluated
    assert json.loads((output / "metrics.json").read_text()) == figures
    assert (output / "model_card.md").read_text().startswith("# Model card: text 0.1.0")
    expected = {f"reliability_{task.name}" for task in TASKS}
    expected |= {"confusion_sentiment", "confusion_emotion", "precision_recall_toxicity", "precision_recall_question"}
    expected |= {"functional"}
    files = {file.name for file in (output / "plots").iterdir()}
    assert files == {f"{name}.{kind}" for name in expected for kind in ("png", "csv")}
    assert all((output / "plots" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for name in files if name.endswith("png"))


def test_without_recorded_public_figures_the_card_has_no_such_section(evaluated: tuple[Path, dict[str, Any]]) -> None:
    output, _ = evaluated
    assert {file.name for file in output.iterdir()} == {"metrics.json", "model_card.md", "plots"}
    assert "Dev sets of public data" not in (output / "model_card.md").read_text()


def test_suites_and_swaps_are_run_and_shown(evaluated: tuple[Path, dict[str, Any]]) -> None:
    output, figures = evaluated
    found = figures["functional"]
    assert (found["cases"], found["failures"]) == (4, 1)
    assert found["capabilities"]["tone"] == {"cases": 2, "failures": 1, "pass_rate": 0.5, "mft": 0.5}
    assert (figures["bias"]["terms"]["swapped"], figures["bias"]["names"]["swapped"]) == (2, 2)
    card = (output / "model_card.md").read_text()
    assert "| tone | 2 | 50% | 50% |  |  | 2 |" in card.splitlines()
    assert "| all 2 names, 1 templates | 0.0% |" in card
    table = pd.read_csv(output / "plots" / "functional.csv").set_index("capability")
    assert table["pass_rate"].to_dict() == {"tone": 0.5, "harm": 1.0}
    assert table.loc["tone", "failing"] == "tone-2"


def test_the_suites_run_alone_and_name_what_fails(
    evaluated: tuple[Path, dict[str, Any]], tiny_bundle: Path, processed: Path, tmp_path: Path
) -> None:
    config = configuration(tiny_bundle, processed, tmp_path / "out", "functional_only=true", f"processed={tmp_path}")
    figures = evaluate.evaluate(config)
    assert figures == {
        "functional": evaluated[1]["functional"],
        "bias": evaluated[1]["bias"],
        "failing": {"tone": ["tone-2"]},
    }
    assert not (tmp_path / "out").exists()


def test_a_malformed_suite_stops_the_evaluation(tiny_bundle: Path, processed: Path, tmp_path: Path) -> None:
    (tmp_path / "tone.jsonl").write_text("{}\n")
    config = configuration(tiny_bundle, processed, tmp_path / "out", f"functional={tmp_path}")
    with pytest.raises(SuiteError, match="line 1: kind must be one of mft, inv, dir"):
        evaluate.evaluate(config)
    assert not (tmp_path / "out").exists()


def test_the_suites_follow_the_choice_of_ensemble(tiny_bundle: Path, processed: Path, tmp_path: Path) -> None:
    """Symbols alone have no opinion on plain words; the network has."""
    case = {"id": "tone-1", "kind": "mft", "text": "i hate this", "expect": {"sentiment": ["neutral"]}}
    (tmp_path / "tone.jsonl").write_text(json.dumps(case))
    classifier = TextClassifier(open_bundle(tiny_bundle))
    classifier.calibration.ensembles.update(seed=Ensemble(1.0, 0.0, 0.0), tuned=Ensemble(0.0, 0.0, 1.0))
    passed = {}
    for choice in ("seed", "tuned"):
        config = configuration(tiny_bundle, processed, tmp_path, f"ensemble={choice}", f"functional={tmp_path}")
        passed[choice] = evaluate.judge_behaviour(classifier, config)[0]["passed"].tolist()
    assert passed == {"seed": [False], "tuned": [True]}


def test_figures_equal_scikit_learn(evaluated: tuple[Path, dict[str, Any]], tiny_bundle: Path, processed: Path) -> None:
    _, figures = evaluated
    classifier = TextClassifier(open_bundle(tiny_bundle))
    test = pd.read_parquet(processed / "test.parquet")
    probabilities = classifier.probabilities([chat_text.read(text).words for text in test["text"]])
    for task in TASKS:
        targets, found = test[target_columns(task)].to_numpy(), figures[task.name]
        assert found["rows"] == len(test) == 40
        if task.activation == "softmax":
            truth, predicted = targets.argmax(axis=1), probabilities[task.name].argmax(axis=1)
            assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted), abs=1e-4)
            macro = sk.f1_score(truth, predicted, labels=range(len(task.labels)), average="macro", zero_division=0)
            assert found["macro_f1"] == pytest.approx(macro, abs=1e-4)
        else:
            limits = classifier.calibration.thresholds[task.name]
            decided = probabilities[task.name] >= np.array([limits[label] for label in task.labels])
            expected = sk.f1_score(targets.any(axis=1), decided.any(axis=1), zero_division=0)
            assert found["f1"] == pytest.approx(expected, abs=1e-4)
            each = [sk.f1_score(targets[:, k], decided[:, k], zero_division=0) for k in range(len(task.labels))]
            names = [f"f1/{label}" for label in task.labels]
            assert [found[name] for name in names] == pytest.approx(each, abs=1e-4)


def test_the_ensembles_figures_equal_the_engine_row_by_row(
    evaluated: tuple[Path, dict[str, Any]], tiny_bundle: Path, processed: Path
) -> None:
    _, figures = evaluated
    classifier = TextClassifier(open_bundle(tiny_bundle))
    test = pd.read_parquet(processed / "test.parquet")
    probabilities = classifier.probabilities(test["words"].tolist())["sentiment"]
    vader, emoji = other_members(test["text"].tolist())
    names = ("negative", "neutral", "positive")
    truth = [names[k] for k in test[target_columns(TASKS[0])].to_numpy().argmax(axis=1)]
    ensembles = classifier.calibration.ensembles
    for name, ensemble in {"served": ensembles[classifier.calibration.default_ensemble], **ensembles}.items():
        predicted = [
            ensemble.label(
                ensemble.combine(tuple(row), None if np.isnan(v) else v, None if np.isnan(e) else e)  # type: ignore[arg-type]
            ).removeprefix("very_")
            for row, v, e in zip(probabilities.tolist(), vader, emoji, strict=True)
        ]
        found = figures[f"ensemble_{name}"]
        assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted), abs=1e-4)
        macro = sk.f1_score(truth, predicted, labels=names, average="macro", zero_division=0)
        assert found["macro_f1"] == pytest.approx(macro, abs=1e-4)


def test_dev_and_baseline_figures_stand_beside_the_models(evaluated: tuple[Path, dict[str, Any]]) -> None:
    _, figures = evaluated
    for task in TASKS:
        assert figures["baseline"][task.name]["rows"] == 40
        assert figures["dev"][task.name]["rows"] == 60
    assert figures["dev"]["sentiment"]["macro_f1"] == 1.0


def test_the_confusion_table_has_a_row_per_message(evaluated: tuple[Path, dict[str, Any]]) -> None:
    output, figures = evaluated
    table = pd.read_csv(output / "plots" / "confusion_emotion.csv")
    assert len(table) == 40
    right = (table["actual"] == table["predicted"]).mean()
    assert right == pytest.approx(figures["emotion"]["accuracy"], abs=1e-4)


def test_reliability_rows_add_up(evaluated: tuple[Path, dict[str, Any]]) -> None:
    output, figures = evaluated
    table = pd.read_csv(output / "plots" / "reliability_sentiment.csv")
    assert table["rows"].sum() == 40
    ece = (abs(table["confidence"] - table["accuracy"]) * table["rows"]).sum() / 40
    assert ece == pytest.approx(figures["sentiment"]["ece"], abs=5e-4)


def test_the_choice_of_ensemble_is_what_is_served(tiny_bundle: Path, processed: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps({"text": row[0], "sentiment": row[1]}) for row in tiny.TEXTS))
    for choice in ("seed", "tuned"):
        config = configuration(tiny_bundle, processed, tmp_path, f"external={file}", f"ensemble={choice}")
        figures = evaluate.evaluate(config)
        assert figures["ensemble_served"] == figures[f"ensemble_{choice}"]


def test_external_data_is_judged_on_the_labels_it_has(tiny_bundle: Path, processed: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [{"text": "i hate this", "sentiment": "negative"}, {"text": "i love this game", "emotion": "joy"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    figures = evaluate.evaluate(configuration(tiny_bundle, processed, tmp_path / "out", f"external={file}"))
    assert {name: part.get("rows") for name, part in figures.items() if not name.startswith("ensemble_")} == {
        "sentiment": 1, "emotion": 1, "toxicity": None, "question": None,
    }  # fmt: skip
    assert figures["sentiment"]["accuracy"] == 1.0
    assert not (tmp_path / "out").exists()


def test_main_with_external_data_prints_one_json_object(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"text": "kys", "toxicity": True, "sentiment": "negative"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prog", f"external={file}", f"bundle={tiny_bundle}", "tracking=off"])
    evaluate.main()
    (line,) = capsys.readouterr().out.strip().splitlines()
    figures = json.loads(line)
    assert figures["toxicity"]["rows"] == 1
    assert figures["toxicity"]["f1"] == 1.0


def test_bad_external_data_is_refused(tiny_bundle: Path, processed: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"txt": "x"}\n')
    with pytest.raises(ExternalDataError, match="line 1: needs `text`"):
        evaluate.evaluate(configuration(tiny_bundle, processed, tmp_path, f"external={file}"))


def test_figures_reach_the_run_that_trained_the_weights(
    tiny_bundle: Path, processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    from training import tracking
    from training.schema import TrackingConfig

    monkeypatch.chdir(tmp_path)
    weights = open_bundle(tiny_bundle).manifest["parents"]["weights"]
    run = tracking.start(TrackingConfig("local", "text"), "trained", {"weights": weights})
    assert run.run_id is not None
    config = configuration(tiny_bundle, processed, tmp_path / "out", "tracking=local")
    figures = evaluate.evaluate(config)
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    stored = client.get_run(run.run_id).data.metrics
    assert stored["test/sentiment/macro_f1"] == figures["sentiment"]["macro_f1"]
    assert stored["test/baseline/toxicity/f1"] == figures["baseline"]["toxicity"]["f1"]
    assert stored["test/functional/capabilities/tone/pass_rate"] == 0.5
    assert stored["test/bias/terms/changed"] == figures["bias"]["terms"]["changed"]
    assert {"plots", "metrics.json", "model_card.md"} <= {item.path for item in client.list_artifacts(run.run_id)}
