"""One encoder pass, mean pooling over real tokens, a linear head per task; frozen parts stay frozen."""

from pathlib import Path

import pytest
import torch
from torch import nn

from hikari.sentiment.labels import TASKS
from training import encoder
from training.network import TextNetwork, freeze, load_network


@pytest.fixture
def network(tiny_encoder: Path) -> TextNetwork:
    torch.manual_seed(0)
    return TextNetwork(encoder.load(tiny_encoder), TASKS, dropout=0.5).eval()


def test_logits_have_one_column_per_label(network: TextNetwork) -> None:
    ids = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
    logits = network(ids, (ids > 0).long())
    assert {name: tuple(values.shape) for name, values in logits.items()} == {task.name: (2, len(task.labels)) for task in TASKS}


def test_logits_are_the_head_of_the_mean_over_real_tokens(network: TextNetwork) -> None:
    ids = torch.tensor([[2, 5, 6, 3, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 0, 0]])
    states = network.encoder(input_ids=ids[:, :4], attention_mask=mask[:, :4]).last_hidden_state[0]
    expected = {name: head(states.mean(dim=0)) for name, head in network.heads.items()}
    found = network(ids, mask)
    for name, values in expected.items():
        torch.testing.assert_close(found[name][0], values, atol=1e-5, rtol=1e-5)


def test_padding_and_neighbours_change_nothing(network: TextNetwork) -> None:
    rows = [[2, 5, 6, 3], [2, 9, 3], [2, 5, 6, 7, 8, 9, 10, 3]]
    width = 12
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    together = network(ids, (ids > 0).long())
    for number, row in enumerate(rows):
        alone = network(torch.tensor([row]), torch.ones((1, len(row)), dtype=torch.long))
        for name in alone:
            torch.testing.assert_close(together[name][number], alone[name][0], atol=1e-5, rtol=1e-5)


def test_a_row_of_padding_alone_is_finite(network: TextNetwork) -> None:
    ids = torch.tensor([[2, 5, 3], [0, 0, 0]])
    logits = network(ids, torch.tensor([[1, 1, 1], [0, 0, 0]]))
    for name, head in network.heads.items():
        assert isinstance(head, nn.Linear)
        torch.testing.assert_close(logits[name][1], head.bias)


def test_dropout_acts_in_training_only(network: TextNetwork) -> None:
    ids = torch.tensor([[2, 5, 6, 3]])
    mask = torch.ones_like(ids)
    assert torch.equal(network(ids, mask)["emotion"], network(ids, mask)["emotion"])
    network.train()
    assert not torch.equal(network(ids, mask)["emotion"], network(ids, mask)["emotion"])


@pytest.mark.parametrize("embeddings", [True, False])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_freezing_takes_the_embeddings_and_the_lowest_layers(network: TextNetwork, embeddings: bool, layers: int) -> None:
    freeze(network, embeddings, layers)
    for name, parameter in network.named_parameters():
        frozen = (embeddings and name.startswith("encoder.embeddings.")) or any(
            name.startswith(f"encoder.encoder.layer.{number}.") for number in range(layers)
        )
        if not name.startswith("encoder.pooler."):
            assert parameter.requires_grad != frozen, name


def test_freezing_more_layers_than_there_are_is_refused(network: TextNetwork) -> None:
    with pytest.raises(ValueError, match=r"model\.freeze_layers is 3, the encoder has 2 layers"):
        freeze(network, embeddings=True, layers=3)
    assert all(parameter.requires_grad for parameter in network.heads.parameters())


def test_a_checkpoint_loads_in_evaluation_mode_with_its_weights(tiny_checkpoint: Path) -> None:
    from safetensors.torch import load_file

    network = load_network(tiny_checkpoint, TASKS)
    assert not any(module.training for module in network.modules())
    saved = load_file(tiny_checkpoint / "weights.safetensors")
    state = network.state_dict()
    assert set(state) == set(saved)
    assert all(torch.equal(state[name], saved[name]) for name in saved)


def test_a_checkpoint_of_other_tasks_is_refused(tiny_checkpoint: Path) -> None:
    with pytest.raises(RuntimeError, match="heads"):
        load_network(tiny_checkpoint, TASKS[:2])
