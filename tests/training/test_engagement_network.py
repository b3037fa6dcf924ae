"""The network alone: shapes, what cannot happen, what the parts are for."""

import pytest
import torch

from hikari.analytics import engagement_inputs as inputs
from training.engagement_network import HEADS, LAYERS, Architecture, EngagementEnsemble, ViewerEngagementPredictor

SIZES = {"hidden": 16, "members": 2}


def batch(count: int, minutes: int = inputs.MINUTES, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(seed)
    present = torch.zeros(count, inputs.MINUTES)
    present[:, inputs.MINUTES - minutes :] = 1.0
    window = torch.randn(count, inputs.MINUTES, inputs.WINDOW_WIDTH, generator=dice) * present[..., None]
    return window, torch.randn(count, inputs.CONTEXT_WIDTH, generator=dice), present


def shaken(network: torch.nn.Module) -> torch.nn.Module:
    """Weights as after learning: nothing is left at zero."""
    dice = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=dice) * 0.3)
    return network.requires_grad_(False).eval()


def test_it_is_what_was_asked_for() -> None:
    network = ViewerEngagementPredictor()
    assert isinstance(network.lstm, torch.nn.LSTM)
    assert (network.lstm.num_layers, network.lstm.dropout) == (LAYERS, 0.2) == (2, 0.2)
    assert isinstance(network.attention, torch.nn.MultiheadAttention)
    assert network.attention.num_heads == HEADS == 8


@pytest.mark.parametrize("parts", [{}, {"attention": False}, {"recurrent": False}, {"attention": False, "recurrent": False}])
def test_quantiles_rise_and_attention_is_a_distribution(parts: dict[str, bool]) -> None:
    network = shaken(EngagementEnsemble(Architecture(**SIZES, **parts)))
    values, weights = network(*batch(5))
    assert values.shape == (5, len(inputs.HORIZONS), len(inputs.METRICS), 7)
    assert (values.diff(dim=-1) >= 0).all()
    assert weights.shape == (5, inputs.MINUTES)
    assert weights.sum(dim=1) == pytest.approx(1.0, abs=1e-5)
    assert (weights >= 0).all()


def test_minutes_before_the_stream_get_no_attention() -> None:
    network = shaken(EngagementEnsemble(Architecture(**SIZES)))
    _values, weights = network(*batch(3, minutes=4))
    assert not weights[:, :-4].any()
    assert weights[:, -4:].sum(dim=1) == pytest.approx(1.0, abs=1e-5)


def test_it_starts_at_the_baseline() -> None:
    network = ViewerEngagementPredictor(Architecture(**SIZES)).eval()
    medians = network(*batch(4))[0][..., 3]
    assert torch.allclose(medians, medians[:1].expand_as(medians))  # no input matters yet
    assert medians.abs().max() < 0.5


def test_an_answer_does_not_depend_on_its_batch() -> None:
    network = shaken(EngagementEnsemble(Architecture(**SIZES)))
    window, context, present = batch(6)
    together = network(window, context, present)[0]
    alone = network(window[2:3], context[2:3], present[2:3])[0]
    assert torch.allclose(together[2:3], alone, atol=1e-5)


def test_the_ensemble_is_the_mean_of_its_members() -> None:
    network = shaken(EngagementEnsemble(Architecture(**SIZES)))
    given = batch(3)
    own = torch.stack([member(*given)[0] for member in network.members]).mean(dim=0)
    assert torch.allclose(network(*given)[0], own, atol=1e-6)
