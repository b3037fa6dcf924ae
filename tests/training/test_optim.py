"""Learning rates by depth in closed form, no decay on biases and norms, schedules with their key points."""

import dataclasses
import itertools
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment.labels import TASKS
from training import encoder
from training.network import TextNetwork, freeze
from training.optim import adamw, parameter_groups, schedule
from training.schema import OptimConfig

CONFIG = OptimConfig(
    lr=1e-3,
    head_lr=2e-2,
    weight_decay=0.05,
    warmup_fraction=0.1,
    schedule="linear",
    layer_decay=0.5,
    gradient_clip=1.0,
)


@pytest.fixture
def network(tiny_encoder: Path) -> TextNetwork:
    return TextNetwork(encoder.load(tiny_encoder), TASKS, dropout=0.1)


def settings(network: TextNetwork, config: OptimConfig) -> dict[str, tuple[float, float]]:
    """Rate and decay of every parameter that is optimised, by name."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in parameter_groups(network, config)
        for parameter in group["params"]
    }


def rate_of(name: str) -> float:
    """The rate that the formula gives a parameter of the tiny encoder (two layers)."""
    if name.startswith("heads."):
        return CONFIG.head_lr
    if name.startswith("encoder.embeddings."):
        return CONFIG.lr * CONFIG.layer_decay**2
    layer = int(name.removeprefix("encoder.encoder.layer.").split(".")[0])
    return CONFIG.lr * CONFIG.layer_decay ** (1 - layer)


def test_every_used_parameter_is_in_exactly_one_group(network: TextNetwork) -> None:
    used = {name for name, _ in network.named_parameters() if not name.startswith("encoder.pooler.")}
    assert set(settings(network, CONFIG)) == used
    count = sum(len(group["params"]) for group in parameter_groups(network, CONFIG))
    assert count == len(used)


def test_rates_fall_with_depth(network: TextNetwork) -> None:
    for name, (rate, _) in settings(network, CONFIG).items():
        assert rate == pytest.approx(rate_of(name)), name


def test_a_layer_decay_of_one_gives_the_encoder_one_rate(network: TextNetwork) -> None:
    found = settings(network, dataclasses.replace(CONFIG, layer_decay=1.0))
    assert {rate for name, (rate, _) in found.items() if name.startswith("encoder.")} == {CONFIG.lr}


def test_matrices_decay_and_biases_and_norms_do_not(network: TextNetwork) -> None:
    found = settings(network, CONFIG)
    for name, (_, decay) in found.items():
        spared = name.endswith(".bias") or "LayerNorm" in name
        assert decay == (0.0 if spared else CONFIG.weight_decay), name
    assert {decay for _, decay in found.values()} == {0.0, CONFIG.weight_decay}


def test_frozen_parameters_are_left_out(network: TextNetwork) -> None:
    freeze(network, embeddings=True, layers=1)
    found = settings(network, CONFIG)
    assert not any(name.startswith(("encoder.embeddings.", "encoder.encoder.layer.0.")) for name in found)
    assert any(name.startswith("encoder.encoder.layer.1.") for name in found)
    assert all(group["params"] for group in parameter_groups(network, CONFIG))


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_schedules_at_their_key_points(kind: str) -> None:
    factor = schedule(dataclasses.replace(CONFIG, schedule=kind), total_steps=100)  # type: ignore[arg-type]
    assert [factor(step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert factor(10) == pytest.approx(1.0)
    assert factor(55) == pytest.approx(0.5)
    assert factor(100) == pytest.approx(0.0, abs=1e-12)
    assert factor(1000) == pytest.approx(0.0, abs=1e-12)


def test_a_quarter_of_the_way_down_tells_linear_from_cosine() -> None:
    linear, cosine = (
        schedule(dataclasses.replace(CONFIG, schedule=kind, warmup_fraction=0.0), 101)  # type: ignore[arg-type]
        for kind in ("linear", "cosine")
    )
    assert linear(26) == pytest.approx(0.75)
    assert cosine(26) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))


@given(
    st.integers(1, 500),
    st.floats(0, 0.99),
    st.sampled_from(["linear", "cosine"]),
)
def test_schedules_rise_once_then_fall_to_zero_within_bounds(total: int, warmup: float, kind: str) -> None:
    factor = schedule(dataclasses.replace(CONFIG, schedule=kind, warmup_fraction=warmup), total)  # type: ignore[arg-type]
    values = [factor(step) for step in range(total + 2)]
    assert all(-1e-12 <= value <= 1.0 + 1e-12 for value in values)
    assert values[0] > 0
    top = max(1, round(warmup * total)) - 1
    assert values[top] == pytest.approx(1.0)
    assert all(left <= right + 1e-12 for left, right in itertools.pairwise(values[: top + 1]))
    assert all(left >= right - 1e-12 for left, right in itertools.pairwise(values[top:]))
    assert values[-1] == pytest.approx(0.0, abs=1e-9)


def test_adamw_steps_with_the_scheduled_rates(network: TextNetwork) -> None:
    optimizer, scheduler = adamw(network, CONFIG, total_steps=20)
    factor = schedule(CONFIG, 20)
    initial = [group["lr"] for group in parameter_groups(network, CONFIG)]
    for step in range(20):
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates == pytest.approx([rate * factor(step) for rate in initial])
        optimizer.step()
        scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.0] * len(initial))


def test_a_step_decays_only_what_decays(network: TextNetwork) -> None:
    optimizer, _ = adamw(network, dataclasses.replace(CONFIG, weight_decay=0.9, head_lr=0.5), total_steps=1)
    head = network.heads["emotion"]
    before, bias = head.weight.detach().clone(), head.bias.detach().clone()  # type: ignore[union-attr, operator]
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    torch.testing.assert_close(head.weight.detach(), before * (1 - 0.9 * 0.5))  # type: ignore[union-attr]
    torch.testing.assert_close(head.bias.detach(), bias)  # type: ignore[union-attr]
