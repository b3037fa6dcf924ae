"""Every mistake of a sweep is found before its first trial, and a trial's overrides say what the study proposed."""

import dataclasses
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests import tiny, tiny_sweep
from training import train, tune_space
from training.entry import composed
from training.schema import ConfigError, TrainConfig, to_config
from training.tune_schema import Choices, FloatRange, IntRange, SweepConfig, TuneConfig
from training.tune_space import override


@pytest.fixture
def sweep(tmp_path: Path) -> SweepConfig:
    return tiny_sweep.config(*tiny_sweep.hollow(tmp_path), tmp_path).sweep


def checked(sweep: SweepConfig, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        tune_space.check(dataclasses.replace(sweep, **changes))
    return str(caught.value)


def test_a_right_sweep_gives_the_shared_configuration(sweep: SweepConfig) -> None:
    assert tune_space.check(sweep) == composed("train", TrainConfig, list(sweep.base))


def test_all_mistakes_are_told_at_once(sweep: SweepConfig) -> None:
    message = checked(
        sweep,
        metric="dev/scroe",
        space={
            "optim.lrr": tiny_sweep.LR,
            "optim.head_lr": FloatRange(type="float", low=0.1, high=2.0, log=False),
            "model.freeze_layers": FloatRange(type="float", low=0.0, high=2.0, log=False),
            "optim.schedule": Choices(type="categorical", choices=("linear", "square")),
            "model/encoder": Choices(type="categorical", choices=("minilm", "maxilm")),
            "seed": IntRange(type="int", low=1, high=9, log=False),
        },
    )
    assert message.startswith("7 mistakes in the sweep:")
    for line in (
        "sweep.space.optim.lrr: no such setting; did you mean optim.lr?",
        "sweep.space.optim.head_lr: at 2.0: optim.head_lr: input should be less than 1, got 2.0",
        "sweep.space.model.freeze_layers: at 0.7",
        "sweep.space.optim.schedule: at 'square': optim.schedule: ",
        "sweep.space.model/encoder: at 'maxilm': In 'train': Could not find 'model/encoder/maxilm'; available: ",
        "sweep.space.seed: is set by the sweep itself",
        "got 'dev/scroe'",
    ):
        assert line in message


def test_mistakes_of_the_base_do_not_hide_those_of_the_space(sweep: SweepConfig) -> None:
    message = checked(
        sweep,
        base=("optim.lr=7", "output=here"),
        space={"optim.colour": Choices(type="categorical", choices=("red",))},
    )
    assert "sweep.base: optim.lr: input should be less than 1, got 7" in message
    assert "sweep.base: output is set by the sweep itself" in message
    assert "sweep.space.optim.colour: no such setting" in message


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("data.processed=nowhere", "data.processed=nowhere holds no train.parquet"),
        ("model.encoder.location=nowhere", "no folder nowhere"),
        ("optim.lr=[1", "no viable alternative"),
        ("+trainer.colour=red", "trainer.colour: no such key"),
        ("tracking=off", "tracking is set by the sweep itself"),
    ],
)
def test_what_no_trial_could_train_is_told_before_the_first(sweep: SweepConfig, override: str, part: str) -> None:
    assert part in checked(sweep, base=(*sweep.base, override))


def test_a_trial_has_one_device(sweep: SweepConfig) -> None:
    assert "one device" in checked(sweep, base=(*sweep.base, "trainer.devices=2", "trainer.strategy=ddp"))


def test_the_known_figures_are_those_that_training_reports(tmp_path: Path) -> None:
    encoder, processed = tiny.make_encoder(tmp_path / "encoder"), tiny.make_processed(tmp_path / "processed")
    base = tiny_sweep.base(encoder, processed)
    config = composed("train", TrainConfig, [*base, "tracking=off", f"output={tmp_path / 'out'}", "trainer.max_epochs=1"])
    reported = train.train(config, checkpoints=tmp_path / "checkpoints")
    assert set(reported) - {"epoch", "step"} == tune_space.figures(config)


def test_the_shipped_sweep_fits_the_training(tmp_path: Path) -> None:
    _, tiny_processed = tiny_sweep.hollow(tmp_path)
    sweep = composed("tune", TuneConfig).sweep
    sweep = dataclasses.replace(sweep, base=(*sweep.base, f"data.processed={tiny_processed}"))
    base = tune_space.check(sweep)
    assert (base.data.max_rows, base.trainer.max_epochs, sweep.n_trials) == (1500, 2, 12)
    assert tune_space.defaults(sweep, base) == {
        "optim.lr": base.optim.lr, "optim.head_lr": base.optim.head_lr, "optim.layer_decay": base.optim.layer_decay,
        "optim.warmup_fraction": base.optim.warmup_fraction, "model.dropout": base.model.dropout,
        "model.freeze_layers": base.model.freeze_layers, "data.batch_size": base.data.batch_size,
        "optim.schedule": base.optim.schedule,
    }  # fmt: skip


def test_defaults_outside_the_space_are_none(sweep: SweepConfig) -> None:
    base = tune_space.check(sweep)
    assert tune_space.defaults(sweep, base) == {"optim.lr": base.optim.lr}
    high = FloatRange(type="float", low=0.01, high=0.1, log=True)
    assert tune_space.defaults(dataclasses.replace(sweep, space={"optim.lr": high}), base) is None


@pytest.mark.parametrize(
    ("parameter", "part"),
    [
        ({"type": "float", "low": 1.0, "high": 0.1, "log": False}, "low must be below high, got low=1.0, high=0.1"),
        ({"type": "float", "low": 0.0, "high": 0.1, "log": True}, "log=true needs low above 0"),
        ({"type": "float", "low": 0.0, "high": float("inf"), "log": False}, "finite"),
        ({"type": "int", "low": 1.5, "high": 3, "log": False}, "integer"),
        ({"type": "int", "low": 1}, "is missing"),
        ({"type": "categorical", "choices": []}, "at least 1"),
        ({"type": "categorical", "choices": [1, 1]}, "choices must differ"),
        ({"type": "loguniform", "low": 1, "high": 2}, "loguniform"),
    ],
)
def test_a_malformed_parameter_is_told_with_its_place(parameter: dict[str, Any], part: str) -> None:
    raw = dataclasses.asdict(composed("tune", TuneConfig))
    raw["sweep"]["space"] = {"optim.lr": parameter}
    with pytest.raises(ConfigError) as caught:
        to_config(raw, TuneConfig)
    assert "sweep.space.optim.lr" in str(caught.value)
    assert part in str(caught.value)


def test_inline_trials_come_one_by_one() -> None:
    with pytest.raises(ConfigError, match="mode=inline needs workers=1, got workers=2"):
        composed("tune", TuneConfig, ["mode=inline", "workers=2"])


def test_distributions_are_the_space() -> None:
    space = {
        "a": FloatRange(type="float", low=0.1, high=0.5, log=True),
        "b": IntRange(type="int", low=1, high=4, log=False),
        "c": Choices(type="categorical", choices=(16, "x", None)),
    }
    sweep = dataclasses.replace(composed("tune", TuneConfig).sweep, space=space)
    assert tune_space.distributions(sweep) == {
        "a": optuna.distributions.FloatDistribution(0.1, 0.5, log=True),
        "b": optuna.distributions.IntDistribution(1, 4),
        "c": optuna.distributions.CategoricalDistribution((16, "x", None)),
    }


SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="$", exclude_categories=("Cc", "Cs")), min_size=0, max_size=12)
    | st.sampled_from(["true", "NULL", "1e-3", "07", "a b", 'say "x"', "back\\slash", 'end\\"', "tail\\", "{a}", "[1]", "", "nan", "-1"])
)  # fmt: skip


@given(SCALARS)
def test_hydra_reads_an_override_as_it_was_meant(value: Any) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (read,) = OverridesParser.create().parse_overrides([override("a.b", value)])
    assert read.key_or_group == "a.b"
    got = read.value()
    got = got.text if hasattr(got, "text") else got
    assert (got, type(got)) == (value, type(value))


def test_choices_keep_their_types() -> None:
    choices = TypeAdapter(Choices).validate_python({"type": "categorical", "choices": [1, 1.0, True, "1", None]}).choices
    assert [type(choice) for choice in choices] == [int, float, bool, str, type(None)]
