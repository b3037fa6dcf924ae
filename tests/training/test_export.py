"""A bundle is written only when ONNX answers like PyTorch, and holds int8 only when that decides like fp32."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from hikari import fingerprint
from hikari.bundle import open_bundle
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import SEED
from hikari.sentiment.labels import TASKS, tasks_from_json
from tests import tiny
from training import calibrate, export, onnx_export
from training.data import tokenise
from training.export import ExportError, Int8, decision_agreement, other_members
from training.network import load_network
from training.schema import ExportConfig

PLAIN = Calibration({}, {}, {"seed": SEED}, "seed")
SENTIMENT, EMOTION, TOXICITY, QUESTION = TASKS


@pytest.fixture
def config(tiny_checkpoint: Path, tiny_processed: Path, tmp_path: Path) -> ExportConfig:
    return tiny.export_config(tiny_checkpoint, tiny_processed, tmp_path / "bundle")


def spoil(file: Path) -> None:
    """Change one weight of one head in an ONNX file."""
    model = onnx.load(str(file))
    bias = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("heads.emotion.bias"))
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.01), bias.name))
    onnx.save(model, str(file))


def test_a_bundle_holds_what_its_checkpoint_and_data_say(tiny_bundle: Path, tiny_checkpoint: Path, tiny_processed: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    manifest = bundle.manifest
    digest = fingerprint.of_file(tiny_checkpoint / "weights.safetensors")
    assert (bundle.name, bundle.version) == ("text", "0.1.0")
    assert manifest["parents"]["weights"] == manifest["files"]["weights.safetensors"]["sha256"] == digest
    assert (manifest["precision"], manifest["int8_fp32_layers"], bundle.has_int8) == ("int8", [], True)
    assert manifest["max_tokens"] == 32
    assert 0 <= manifest["fp32_max_difference"] <= 1e-4
    assert tasks_from_json(bundle.json("labels.json")) == TASKS
    for name in ("weights.safetensors", "tokenizer.json"):
        assert (tiny_bundle / name).read_bytes() == (tiny_checkpoint / name).read_bytes()

    dev = pd.read_parquet(tiny_processed / "dev.parquet")
    rows = tokenise(dev, tiny_checkpoint / "tokenizer.json", TASKS, 32)
    logits = onnx_export.torch_logits(load_network(tiny_checkpoint, TASKS), rows.ids)
    expected = calibrate.fit(TASKS, logits, rows.targets, *other_members(dev["text"].tolist()), 2)
    found = Calibration.from_json(bundle.json("calibration.json"))
    assert found.thresholds == expected.thresholds
    assert found.ensembles == expected.ensembles
    assert found.temperatures == pytest.approx(expected.temperatures, rel=1e-3)


def test_languages_and_severity_are_the_configurations(config: ExportConfig) -> None:
    changed = dataclasses.replace(config, languages={"en": 0.7, "es": 0.55}, language_minimum=0.6, severe_toxic="rule")
    export.export(changed)
    calibration = Calibration.from_json(open_bundle(Path(changed.bundle)).json("calibration.json"))
    assert (calibration.supports("en"), calibration.supports("es")) == (True, False)
    assert calibration.severe_toxic == "rule"
    assert "severe_toxic" not in calibration.thresholds["toxicity"]
    other = open_bundle(Path(changed.bundle)).fingerprint
    export.export(dataclasses.replace(changed, languages={"en": 0.7, "es": 0.65}))
    assert open_bundle(Path(changed.bundle)).fingerprint != other  # equal fingerprints mean equal answers


def test_the_bundles_two_models_are_the_checkpoints(tiny_bundle: Path, tiny_checkpoint: Path) -> None:
    ids = [[2, 5, 6, 7, 3], [2, 9, 3]]
    reference = onnx_export.torch_logits(load_network(tiny_checkpoint, TASKS), ids)
    fp32 = onnx_export.onnx_logits(tiny_bundle / "model.onnx", TASKS, ids)
    int8 = onnx_export.onnx_logits(tiny_bundle / "model.int8.onnx", TASKS, ids)
    assert onnx_export.largest_difference(reference, fp32) <= 1e-4
    assert 0 < onnx_export.largest_difference(reference, int8) < 1.0


def test_exporting_again_gives_the_same_fingerprint(config: ExportConfig, tiny_bundle: Path) -> None:
    facts = export.export(config)
    assert facts["fingerprint"] == open_bundle(tiny_bundle).fingerprint
    manifest = open_bundle(Path(config.bundle)).manifest
    shared = set(facts) & set(manifest)
    assert {"precision", "int8_agreement", "encoder", "fingerprint"} <= shared
    assert {name: facts[name] for name in shared} == {name: manifest[name] for name in shared}
    calibration = Calibration.from_json(open_bundle(Path(config.bundle)).json("calibration.json"))
    assert facts["default_ensemble"] == calibration.default_ensemble


def test_an_impossible_tolerance_refuses_and_writes_nothing(config: ExportConfig, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"ONNX and PyTorch differ by .* at most 1e-12 is allowed"):
        export.export(dataclasses.replace(config, fp32_tolerance=1e-12))
    assert not Path(config.bundle).exists()
    assert not list(tmp_path.glob("*bundle*"))


def test_a_manipulated_graph_is_refused_and_the_old_bundle_stays(config: ExportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    real = onnx_export.export_fp32

    def manipulated(network: Any, file: Path) -> None:
        real(network, file)
        spoil(file)

    export.export(config)
    before = open_bundle(Path(config.bundle)).fingerprint
    monkeypatch.setattr(onnx_export, "export_fp32", manipulated)
    with pytest.raises(ExportError, match="differ by 1"):
        export.export(config)
    assert open_bundle(Path(config.bundle)).fingerprint == before


def test_int8_that_disagrees_is_left_out_and_said_so(
    config: ExportConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "decision_agreement", lambda *_: 0.5)
    facts = export.export(dataclasses.replace(config, int8_agreement=1.0, int8_max_unquantised=0))
    bundle = open_bundle(Path(config.bundle))
    assert facts["precision"] == bundle.manifest["precision"] == "fp32"
    assert bundle.manifest["int8_agreement"] == 0.5
    assert not bundle.has_int8
    assert not (Path(config.bundle) / "model.int8.onnx").exists()
    said = capsys.readouterr().out
    assert "int8 decides like fp32 on 50.00% of the dev rows (wanted: 100%)" in said
    assert "int8 disagrees too often: the bundle holds fp32 only, and fp32 is served" in said
    assert TextClassifier(bundle).precision == "fp32"


def sensitive(
    config: ExportConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agreements: list[float], kept: int
) -> tuple[Int8, list[tuple[str, ...]], dict[str, float]]:
    """Run `fit_int8` with given agreements; returns its outcome, the layers given back per attempt, each one's error."""
    checkpoint = Path(config.checkpoint)
    fp32 = tmp_path / "model.onnx"
    onnx_export.export_fp32(load_network(checkpoint, TASKS), fp32)
    dev = pd.read_parquet(Path(config.processed) / "dev.parquet")
    ids = tokenise(dev, checkpoint / "tokenizer.json", TASKS, 32).ids
    reference = onnx_export.onnx_logits(fp32, TASKS, ids)
    groups = onnx_export.layer_nodes(fp32)
    errors = {}
    for layer, nodes in groups.items():
        onnx_export.quantise(fp32, tmp_path / "one.onnx", nodes)
        logits = onnx_export.onnx_logits(tmp_path / "one.onnx", TASKS, ids)
        errors[layer] = float(np.mean([np.abs(logits[t.name] - reference[t.name]).mean() for t in TASKS]))
    attempts: list[tuple[str, ...]] = []
    real, answers = onnx_export.quantise, iter(agreements)

    def recorded(source: Path, target: Path, keep: Any = ()) -> None:
        attempts.append(tuple(layer for layer, nodes in groups.items() if set(nodes) <= set(keep)))
        real(source, target, keep)

    monkeypatch.setattr(onnx_export, "quantise", recorded)
    monkeypatch.setattr(export, "decision_agreement", lambda *_: next(answers))
    chosen = dataclasses.replace(config, int8_agreement=0.98, int8_max_unquantised=kept)
    return export.fit_int8(fp32, TASKS, PLAIN, ids, reference, chosen), attempts, errors


def test_sensitive_layers_are_given_back_in_order(
    config: ExportConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome, attempts, errors = sensitive(config, tmp_path, monkeypatch, [0.5, 0.9, 0.99], kept=3)
    order = sorted(errors, key=errors.__getitem__)
    assert outcome.kept == tuple(order[:2])
    assert outcome.agreement == 0.99
    assert outcome.file is not None
    assert outcome.file.is_file()
    assert attempts[0] == ()
    assert [set(attempt) for attempt in attempts[-2:]] == [{order[0]}, set(order[:2])]
    assert len(attempts) == 1 + len(errors) + 2
    assert f"int8 with {order[0]}, {order[1]} in fp32: 99.00%" in capsys.readouterr().out


def test_no_more_layers_are_given_back_than_allowed(
    config: ExportConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, attempts, errors = sensitive(config, tmp_path, monkeypatch, [0.5, 0.6, 0.7, 0.99], kept=2)
    assert outcome.file is None
    assert outcome.agreement == 0.7
    assert len(attempts) == 1 + len(errors) + 2


def test_the_manifest_names_the_layers_left_in_fp32(config: ExportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([0.5, 1.0])
    monkeypatch.setattr(export, "decision_agreement", lambda *_: next(answers))
    facts = export.export(config)
    assert facts["precision"] == "int8"
    assert len(facts["int8_fp32_layers"]) == 1
    assert open_bundle(Path(config.bundle)).has_int8


def test_agreement_is_the_share_of_equal_decisions_of_the_worst_task() -> None:
    left = {"sentiment": np.eye(3)[[0, 1, 2, 0]] * 4, "question": np.array([[1.0], [1.0], [-1.0], [-1.0]])}
    right = {"sentiment": np.eye(3)[[0, 1, 2, 1]] * 4, "question": np.array([[1.0], [-1.0], [1.0], [-1.0]])}
    assert decision_agreement((SENTIMENT,), PLAIN, left, right) == 0.75
    assert decision_agreement((QUESTION,), PLAIN, left, right) == 0.5
    assert decision_agreement((SENTIMENT, QUESTION), PLAIN, left, right) == 0.5
    assert decision_agreement((SENTIMENT, QUESTION), PLAIN, left, left) == 1.0


def test_agreement_uses_the_fitted_thresholds_and_counts_whole_sets() -> None:
    left = {"toxicity": np.full((2, 6), -5.0)}
    right = {"toxicity": np.full((2, 6), -5.0)}
    left["toxicity"][0, :2] = 1.0
    right["toxicity"][0, :2] = (1.0, -0.5)
    assert decision_agreement((TOXICITY,), PLAIN, left, right) == 0.5
    low = Calibration({}, {"toxicity": {"severe_toxic": 0.3}}, {"seed": SEED}, "seed")
    assert decision_agreement((TOXICITY,), low, left, right) == 1.0


def test_agreement_ignores_what_changes_no_decision() -> None:
    generator = np.random.default_rng(0)
    left = {"emotion": generator.normal(size=(50, 7))}
    right = {"emotion": left["emotion"] * 3 + 1}
    assert decision_agreement((EMOTION,), PLAIN, left, right) == 1.0


def test_other_members_are_nan_where_they_have_no_opinion() -> None:
    vader, emoji = other_members(["i love this", "what the what", "🔥", "😭😭"])
    assert vader[0] > 0.3
    assert np.isnan(vader[1])
    assert np.isnan(emoji[:2]).all()
    assert emoji[2] > 0
    assert np.isfinite(emoji[3])


def test_main_prints_the_facts_as_json(
    config: ExportConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = [
        f"{name}={getattr(config, name)}" for name in ("checkpoint", "processed", "bundle", "minimum_positives", "calibration")
    ]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prog", *arguments, "tracking=off"])
    export.main()
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["fingerprint"] == open_bundle(Path(config.bundle)).fingerprint
