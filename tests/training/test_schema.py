"""Every file under conf/ is composed and converted, and every mistake is reported with its path."""

import copy
import dataclasses
import functools
import itertools
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from training.build_index import BuildIndexConfig
from training.entry import CONF, composed
from training.evaluate_engagement import EvaluateEngagementConfig
from training.evaluate_memory import EvaluateMemoryConfig
from training.evaluate_public import EvaluatePublicConfig
from training.export_embedder import ExportEmbedderConfig
from training.export_stack import ExportStackConfig
from training.fetch import FetchConfig
from training.finetune_engagement import FinetuneEngagementConfig
from training.forecast_schema import EvaluateForecastConfig
from training.nab_schema import EvaluateNabConfig
from training.pretrain import PretrainConfig
from training.recalibrate import RecalibrateConfig
from training.register_schema import RegisterConfig
from training.report_schema import ReportConfig
from training.schema import (
    ConfigError,
    EncoderConfig,
    EvaluateConfig,
    ExportConfig,
    PackageConfig,
    PrepareConfig,
    TrainConfig,
    TrainerConfig,
    to_config,
)
from training.simulator_schema import FitSimulatorConfig
from training.summary_schema import EvaluateSummariesConfig
from training.tune_schema import TuneConfig

KINDS: dict[str, type] = {
    "train": TrainConfig,
    "prepare": PrepareConfig,
    "export": ExportConfig,
    "evaluate": EvaluateConfig,
    "package": PackageConfig,
    "build_index": BuildIndexConfig,
    "export_embedder": ExportEmbedderConfig,
    "evaluate_memory": EvaluateMemoryConfig,
    "evaluate_public": EvaluatePublicConfig,
    "evaluate_summaries": EvaluateSummariesConfig,
    "pretrain": PretrainConfig,
    "evaluate_forecast": EvaluateForecastConfig,
    "evaluate_nab": EvaluateNabConfig,
    "fit_simulator": FitSimulatorConfig,
    "report_analytics": ReportConfig,
    "evaluate_engagement": EvaluateEngagementConfig,
    "finetune_engagement": FinetuneEngagementConfig,
    "fetch": FetchConfig,
    "register": RegisterConfig,
    "tune": TuneConfig,
    "export_stack": ExportStackConfig,
    "recalibrate": RecalibrateConfig,
}
FREE = (
    "evaluate_public",
    "evaluate_summaries",
    "pretrain",
    "fit_simulator",
    "report_analytics",
    "finetune_engagement",
    "fetch",
    "tune",
    "export_stack",
    "recalibrate",
)
FLAT = [name for name in KINDS if name not in FREE]
"""Those whose fields are known by name alone; the others hold sets under free names, or what may be left out."""
GROUPS: dict[str, tuple[str, ...]] = {
    "data": (
        "corpus",
        "dialogues",
        "public_broad_twitter_corpus",
        "public_davidson",
        "public_dialogsum",
        "public_gametox",
        "public_goemotions",
        "public_semeval2017_task4a",
        "public_toxic_spans",
        "public_tweeteval",
        "public_twitch_sentiment_labels",
        "public_twitch_vtuber_chat",
        "public_umsab",
        "public_wnut17",
    ),
    "model": ("multitask", "t5_small"),
    "model/encoder": ("minilm", "minilm_hub", "bert_multilingual", "distilroberta_emotion", "toxic_bert", "multilingual_minilm"),
    "task": ("text", "engagement", "entities", "summarizer", "text_public"),
    "optim": ("adamw", "t5"),
    "trainer": ("cpu", "gpu", "ddp"),
    "tracking": ("local", "server", "off"),
    "experiment": ("null", "frozen_half"),
    "debug": ("null", "tiny", "overfit", "profile"),
    "sweep": ("text",),
    "hydra": ("quiet",),
}


MAPPINGS = {"languages"}
"""Fields whose keys are data."""


def raw(name: str, *overrides: str) -> dict[str, Any]:
    """The composed configuration of an entry point as plain containers, a fresh copy each time."""
    return copy.deepcopy(_raw(name, overrides))


@functools.cache
def _raw(name: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        content = OmegaConf.to_container(compose(name, overrides=list(overrides)), resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def leaves(kind: type, prefix: str = "") -> set[str]:
    """Dotted names of all fields of a configuration class, nested classes and lists of classes opened."""
    found: set[str] = set()
    for name, hint in get_type_hints(kind).items():
        inner = next((part for part in (hint, *get_args(hint)) if dataclasses.is_dataclass(part)), None)
        found |= leaves(inner, f"{prefix}{name}.") if isinstance(inner, type) else {f"{prefix}{name}"}
    return found


def keys(values: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of all values; items of a list of mappings share the list's name, and `MAPPINGS` are one value."""
    found: set[str] = set()
    for name, value in values.items():
        parts = value if isinstance(value, list) else [value]
        nested = [part for part in parts if isinstance(part, dict) and prefix + name not in MAPPINGS]
        found |= set().union(*(keys(part, f"{prefix}{name}.") for part in nested)) if nested else {prefix + name}
    return found


def changed(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`values` with one entry replaced in place; the path is dotted."""
    *parents, last = path.split(".")
    inner = values
    for part in parents:
        inner = inner[part]
    inner[last] = value
    return values


def test_the_groups_and_entry_points_tested_here_are_all_files_under_conf() -> None:
    expected = {f"{name}.yaml" for name in KINDS} | {
        f"{group}/{choice}.yaml" for group, choices in GROUPS.items() for choice in choices if choice != "null"
    }
    found = {str(file.relative_to(CONF)) for file in CONF.rglob("*") if file.is_file()}
    assert found == expected
    assert len(found) == 63


@pytest.mark.parametrize("experiment", GROUPS["experiment"])
@pytest.mark.parametrize("debug", GROUPS["debug"])
def test_every_combination_of_group_choices_converts(experiment: str, debug: str) -> None:
    rest = ("trainer", "tracking", "model/encoder")
    default = composed("train", TrainConfig).model
    assert default.freeze_layers != 3
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for choices in itertools.product(*(GROUPS[group] for group in rest)):
            overrides = [f"{group}={choice}" for group, choice in zip(rest, choices, strict=True)]
            chosen = {"experiment": experiment, "debug": debug}
            overrides += [f"{group}={choice}" for group, choice in chosen.items() if choice != "null"]
            config = to_config(compose("train", overrides=overrides), TrainConfig)
            assert config.trainer.accelerator == ("cpu" if choices[0] == "cpu" else "gpu")
            assert config.trainer.devices == (2 if choices[0] == "ddp" else 1)
            assert config.tracking.kind == (choices[1] if debug == "null" else "off")
            assert config.model.encoder.source == ("package" if choices[2] == "minilm" else "hub")
            assert config.model.freeze_layers == (3 if experiment == "frozen_half" else default.freeze_layers)


@pytest.mark.parametrize("name", ["export", "evaluate"])
@pytest.mark.parametrize("tracking", GROUPS["tracking"])
def test_stages_with_tracking_convert_with_every_choice(name: str, tracking: str) -> None:
    assert composed(name, KINDS[name], [f"tracking={tracking}"]).tracking.kind == tracking


@pytest.mark.parametrize("name", FLAT)
def test_yaml_gives_every_field_of_the_schema_and_nothing_else(name: str) -> None:
    assert keys(raw(name)) == leaves(KINDS[name])
    assert isinstance(composed(name, KINDS[name]), KINDS[name])


def test_no_schema_class_has_a_second_default() -> None:
    import training.schema as module

    classes = [kind for kind in vars(module).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    assert len(classes) == 15
    for kind in classes:
        for field in dataclasses.fields(kind):
            assert field.default is dataclasses.MISSING, f"{kind.__name__}.{field.name}"
            assert field.default_factory is dataclasses.MISSING, f"{kind.__name__}.{field.name}"


@pytest.mark.parametrize("name", FLAT)
def test_each_missing_field_is_named(name: str) -> None:
    for path in sorted(leaves(KINDS[name])):
        if path.startswith("task.heads."):
            continue
        values = raw(name)
        *parents, last = path.split(".")
        inner: dict[str, Any] = values
        for part in parents:
            inner = inner[part]
        del inner[last]
        with pytest.raises(ConfigError) as caught:
            to_config(values, KINDS[name])
        assert f"  {path}: is missing" in str(caught.value).splitlines()


def test_all_mistakes_are_reported_at_once_with_their_paths() -> None:
    values = raw("train")
    changed(values, "seed", -1)
    changed(values, "data.batch_size", "many")
    changed(values, "optim.lr", 2.0)
    changed(values, "trainer.accelerator", "tpu")
    changed(values, "optim.momentum", 0.9)
    values["task"]["heads"][1]["weight"] = 0.0
    del values["output"]
    with pytest.raises(ConfigError) as caught:
        to_config(values, TrainConfig)
    first, *lines = str(caught.value).splitlines()
    assert first == "7 mistakes in the configuration:"
    said = dict(line.strip().split(": ", 1) for line in lines)
    assert set(said) == {
        "seed", "data.batch_size", "optim.lr", "trainer.accelerator", "optim.momentum",
        "task.heads.1.weight", "output",
    }  # fmt: skip
    assert said["optim.momentum"] == "no such key"
    assert said["output"] == "is missing"
    assert "'many'" in said["data.batch_size"]
    assert "2.0" in said["optim.lr"]
    assert "'tpu'" in said["trainer.accelerator"]
    assert "-1" in said["seed"]


def test_one_mistake_is_singular() -> None:
    with pytest.raises(ConfigError, match=r"^1 mistake in the configuration:\n  seed: "):
        to_config(changed(raw("train"), "seed", 2**32), TrainConfig)


@pytest.mark.parametrize("name", KINDS)
def test_an_unknown_key_at_the_top_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"(?m)^  colour: no such key$"):
        to_config({**raw(name), "colour": "red"}, KINDS[name])


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("trainer.devices", 3, ("devices=3", "strategy=auto")),
        ("model.encoder.source", "hub", ("source=hub", "revision=None")),
        ("model.encoder.sha256", None, ("source=package", "sha256=None")),
        ("model.start", None, ("keep=0.8", "start=None")),
    ],
)
def test_a_contradiction_names_both_keys_and_both_values(path: str, value: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        to_config(changed(raw("train"), path, value), TrainConfig)
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  {path.rpartition('.')[0]}: ")
    for part in parts:
        assert part in line


def test_a_branch_is_no_revision() -> None:
    values = changed(raw("train", "model/encoder=minilm_hub"), "model.encoder.revision", "main")
    with pytest.raises(ConfigError, match="source=hub needs revision=<40 hexadecimal digits>, got revision=main"):
        to_config(values, TrainConfig)


def test_a_task_may_not_be_named_twice_nor_be_absent() -> None:
    values = raw("train")
    head = values["task"]["heads"][0]
    for heads in ([head, head], []):
        with pytest.raises(ConfigError, match="heads must name each task once"):
            to_config(changed(values, "task.heads", heads), TrainConfig)


def test_containers_are_never_printed() -> None:
    secret = "a-password-in-the-configuration"  # noqa: S105
    values = raw("train")
    values["data"] = [secret]
    values["optim"]["lr"] = {"token": secret}
    values["output"] = {"deep": {"deeper": secret}}
    with pytest.raises(ConfigError) as caught:
        to_config(values, TrainConfig)
    assert secret not in str(caught.value)
    assert {line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]} == {
        "data", "optim.lr", "output",
    }  # fmt: skip


def test_the_neighbours_of_a_mistake_are_never_printed() -> None:
    values = changed(raw("train"), "data.batch_size", 0)
    with pytest.raises(ConfigError) as caught:
        to_config(values, TrainConfig)
    text = str(caught.value)
    assert len(text.splitlines()) == 2
    assert values["output"] not in text
    assert values["model"]["encoder"]["sha256"] not in text


def test_an_unresolvable_configuration_is_one_line() -> None:
    content = OmegaConf.create({"corpus": "${nowhere}", "processed": "???"})
    with pytest.raises(ConfigError, match=r"^the configuration cannot be resolved: ") as caught:
        to_config(content, PrepareConfig)
    assert len(str(caught.value).splitlines()) == 1


def test_a_mandatory_value_left_open_is_named() -> None:
    content = OmegaConf.create({"corpus": "somewhere", "processed": "???"})
    with pytest.raises(ConfigError, match="processed"):
        to_config(content, PrepareConfig)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1e-3, 0.0, 1.0])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match=r"optim\.head_lr"):
        to_config(changed(raw("train"), "optim.head_lr", rate), TrainConfig)


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0-rc1", "1.0.0\n2", ""])
def test_a_version_is_three_numbers(version: str) -> None:
    with pytest.raises(ConfigError, match="version"):
        to_config({**raw("export"), "version": version}, ExportConfig)


def test_configurations_are_frozen() -> None:
    config = composed("train", TrainConfig)
    for part in (config, config.trainer, config.model.encoder, config.task.heads[0]):
        field = dataclasses.fields(part)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, field, "other")
    assert isinstance(config.task.heads, tuple)


def test_contradictions_are_found_in_python_too() -> None:
    encoder = composed("train", TrainConfig).model.encoder
    with pytest.raises(ValueError, match="source=package needs sha256"):
        dataclasses.replace(encoder, sha256=None)
    trainer = composed("train", TrainConfig).trainer
    assert dataclasses.replace(trainer, devices=2, strategy="ddp").devices == 2
    assert isinstance(trainer, TrainerConfig)
    assert isinstance(encoder, EncoderConfig)


def test_the_pinned_encoder_is_the_same_from_package_and_hub() -> None:
    package, hub = (
        composed("train", TrainConfig, [f"model/encoder={choice}"]).model.encoder for choice in ("minilm", "minilm_hub")
    )
    assert (package.name, package.sha256) == (hub.name, hub.sha256)


def test_paths_of_the_stages_fit_together() -> None:
    train, prepare = composed("train", TrainConfig), composed("prepare", PrepareConfig)
    export, evaluate = composed("export", ExportConfig), composed("evaluate", EvaluateConfig)
    package = composed("package", PackageConfig)
    assert prepare.processed == train.data.processed == export.processed == evaluate.processed
    assert train.output == export.checkpoint
    assert export.bundle == evaluate.bundle == package.bundle
    assert Path(package.metrics) == Path(evaluate.output) / "metrics.json"
