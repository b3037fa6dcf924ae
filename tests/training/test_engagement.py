"""The engagement task end to end on invented streams: pre-training, evaluation, fine-tuning."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hikari.analytics.engagement import KIND, EngagementModel
from hikari.bundle import open_bundle
from tests import tiny_engagement
from training import engagement, engagement_export, evaluate_engagement, finetune_engagement, repro, tracking
from training.engagement_data import tabulate
from training.engagement_export import Calibrated, EngagementExportError
from training.engagement_module import EngagementModule
from training.engagement_network import Architecture, EngagementEnsemble
from training.engagement_sources import recordings
from training.entry import composed
from training.public_data import PublicDataError
from training.schema import ConfigError, to_config


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    return tiny_engagement.made_once(tmp_path_factory)


def test_pretraining_reports_all_that_was_asked(made: tuple[Path, dict[str, object]]) -> None:
    path, figures = made
    for part in ("test", "unseen_channel"):
        assert set(figures[part]["messages_5"]) == {"last_5", "last_15", "network"}  # type: ignore[index]
    kinds = {"single", "without_attention", "without_lstm", "gradient_boosting", "last_5", "last_15"}
    assert set(figures["ablations"]) == kinds  # type: ignore[call-overload]
    bundle = open_bundle(path, kind=KIND)
    assert bundle.manifest["figures"]["test"] == figures["test"]
    assert set(bundle.manifest["data"]["sha256"]) == {"streams.jsonl", "chat_ann.jsonl.gz", "chat_bo.jsonl.gz"}
    card = path.with_name("engagement_pretrained.md").read_text()
    assert bundle.fingerprint[:16] in card
    assert "without lstm" in card
    assert sum(file.stat().st_size for file in path.iterdir()) < 2**21


def test_no_message_and_no_name_is_in_the_bundle(made: tuple[Path, dict[str, object]]) -> None:
    for file in made[0].iterdir():
        content = file.read_bytes()
        assert b"hello" not in content
        assert b'"u7"' not in content
        assert content[:2] not in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}


def test_the_same_seed_gives_the_same_bundle(
    made: tuple[Path, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, figures = made
    base = path.parent.parent
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(base))
    config = tiny_engagement.config(base, tmp_path / "twin")
    task = dataclasses.replace(config.task, ablations=False, unseen_channel=None)
    assert engagement.train(task, config.seed, config.output)["test"] == figures["test"]
    twin, first = (EngagementModel.open(folder) for folder in (tmp_path / "twin", path))
    assert np.array_equal(twin.correction, first.correction)


def test_evaluating_the_bundle(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    path, _figures = made
    config = composed(
        "evaluate_engagement",
        evaluate_engagement.EvaluateEngagementConfig,
        [f"bundle={path}", f"data.path={path.parent.parent / 'tiny'}", f"output={tmp_path / 'out'}", "tracking=off"],
    )
    figures = evaluate_engagement.evaluate(config)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == figures
    assert set(figures["channels"]) == {"ann", "bo"}
    assert sum(part["minutes"] for part in figures["channels"].values()) == figures["minutes"]
    assert set(figures["ablations"]) >= {"without_attention", "gradient_boosting"}
    names = {f"{name}.{kind}" for name in ("calibration", "attention", "minutes", "fan") for kind in ("png", "csv")}
    assert names <= {file.name for file in (tmp_path / "out").iterdir()}
    assert evaluate_engagement.evaluate(config) == figures
    newest = evaluate_engagement.evaluate(dataclasses.replace(config, newest=0.25))
    assert (newest["streams"], figures["streams"]) == (4, 16)  # of two channels with eight each


def test_evaluating_too_short_streams_says_so(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    rows = [json.dumps({"timestamp": 60.0 * minute, "username": "a", "message": "x"}) for minute in range(20)]
    (tmp_path / "short.jsonl").write_text("\n".join(rows))
    config = composed(
        "evaluate_engagement",
        evaluate_engagement.EvaluateEngagementConfig,
        [f"bundle={made[0]}", f"data.path={tmp_path}", f"output={tmp_path / 'out'}", "tracking=off"],
    )
    with pytest.raises(PublicDataError, match="gives no stream of more than"):
        evaluate_engagement.evaluate(config)
    assert not (tmp_path / "out").exists()


def finetuning(path: Path, folder: Path, *overrides: str) -> finetune_engagement.FinetuneEngagementConfig:
    """The shipped configuration on the invented streams, writing under `folder`."""
    places = {"bundle": "new", "metrics": "metrics.json", "output": "plots"}
    shown = [f"{name}={folder / place}" for name, place in places.items()]
    given = [f"pretrained={path}", f"data.path={path.parent.parent / 'tiny'}", "tracking=off", *shown, *overrides]
    return composed("finetune_engagement", finetune_engagement.FinetuneEngagementConfig, given)


@pytest.mark.parametrize("recalibrate", [False, True])
def test_finetuning_keeps_the_better_one(made: tuple[Path, dict[str, object]], tmp_path: Path, recalibrate: bool) -> None:
    path, _figures = made
    config = finetuning(path, tmp_path, "trained=.head.3.", f"recalibrate={recalibrate}")
    figures = finetune_engagement.finetune(config)
    bundle = open_bundle(tmp_path / "new", kind=KIND)
    assert bundle.fingerprint == figures["fingerprint"]
    assert bundle.manifest["parents"] == {"pretrained": open_bundle(path, kind=KIND).fingerprint}
    before, after = engagement_export.load(path), engagement_export.load(tmp_path / "new")
    moved = {
        name
        for (name, left), right in zip(before.network.state_dict().items(), after.network.state_dict().values(), strict=True)
        if not torch.equal(left, right)
    }
    assert all(".head.3." in name for name in moved)
    assert bool(moved) == figures["better"]
    errors = [figures[part]["messages_5_mae"]["network"] for part in ("before", "after")]
    assert figures["better"] == (errors[1] < errors[0])
    EngagementModel.open(tmp_path / "new")


def test_finetuning_reports_both_and_says_what_its_parent_reached(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    path, pretrained = made
    figures = finetune_engagement.finetune(finetuning(path, tmp_path))
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert {**written, "bundle": figures["bundle"], "fingerprint": figures["fingerprint"]} == figures
    assert set(written["before"]["forecasts"]) == set(written["after"]["forecasts"])
    known = open_bundle(tmp_path / "new", kind=KIND).manifest["figures"]
    assert known["pretrained"]["test"] == pretrained["test"]
    assert known["ablations"] == pretrained["ablations"]
    drawn = {f"{name}.{kind}" for name in ("calibration", "minutes", "history") for kind in ("png", "csv")}
    assert {file.name for file in (tmp_path / "plots").iterdir()} == drawn
    rows = [line.split(",") for line in (tmp_path / "plots/minutes.csv").read_text().splitlines()]
    assert rows[0] == ["minutes_ago", "messages_1", "messages_5", "messages_15", "attention"]
    assert np.array(rows[1:], dtype=float)[:, 1:].sum(axis=0) == pytest.approx(1.0, abs=1e-3)


def test_the_blend_lies_between_the_released_and_the_learned(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    path, _figures = made
    released = engagement_export.load(path).network.state_dict()
    moved = {}
    for blend in (0.5, 1.0):
        config = finetuning(path, tmp_path, f"blend={blend}")
        table = tabulate(recordings(config.data), engagement_export.load(path).prior)
        minutes, dev = finetune_engagement.roles(config, table)
        repro.seed_everything(config.seed, True)
        tuned, _history = finetune_engagement.learn(config, table, minutes, dev, tracking.Run())
        moved[blend] = {name: value - released[name] for name, value in tuned.network.state_dict().items()}
    assert any(difference.abs().max() > 0 for difference in moved[1.0].values())
    assert all(torch.allclose(moved[0.5][name], 0.5 * whole, atol=1e-6) for name, whole in moved[1.0].items())


def test_too_few_streams_to_learn_from_say_so(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    with pytest.raises(PublicDataError, match="too few or too short"):
        finetune_engagement.finetune(finetuning(made[0], tmp_path, "dev_share=0.01"))
    assert not (tmp_path / "new").exists()


def test_only_the_named_parameters_learn() -> None:
    config = composed("pretrain", engagement.PretrainEngagementConfig, ["task=engagement"]).task
    network = EngagementEnsemble(Architecture(hidden=8, members=1))
    EngagementModule(network, config.learning, ".head.")
    learned = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert learned
    assert all(".head." in name for name in learned)


def test_a_network_that_is_too_large_is_not_written(made: tuple[Path, dict[str, object]], tmp_path: Path) -> None:
    trained = engagement_export.load(made[0])
    large = Calibrated(EngagementEnsemble(Architecture(hidden=128, members=2)), trained.prior, trained.correction)
    with pytest.raises(EngagementExportError, match="bytes"):
        engagement_export.export(large, None, tmp_path / "x", version="0.0.1", parents={})  # type: ignore[arg-type]
    assert not (tmp_path / "x").exists()


def test_wrong_configurations_are_named() -> None:
    shipped = composed("pretrain", engagement.PretrainEngagementConfig, ["task=engagement"])
    assert shipped.output == "data/models/engagement_pretrained"
    raw = dataclasses.asdict(shipped)
    raw["task"]["network"]["hidden"] = 50
    raw["task"]["network"]["quantiles"] = [0.1, 0.9]
    raw["task"]["test_share"] = 0.0
    with pytest.raises(ConfigError, match="multiple of the 8"):
        to_config(raw, engagement.PretrainEngagementConfig)
