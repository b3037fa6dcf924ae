"""Weights as int8: how far they move, what they refuse, and the way back to a network."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment.labels import TASKS
from training import encoder, text_release
from training.network import TextNetwork
from training.public_corpus import AUXILIARY


def network(folder: Path, tasks: tuple = TASKS) -> TextNetwork:
    torch.manual_seed(1)
    return TextNetwork(encoder.load(folder), tasks, dropout=0.0).eval()


@given(st.integers(1, 6), st.sampled_from([1, 7, 32, 33, 64, 96]), st.integers(0, 999), st.floats(1e-4, 1e4))
def test_an_entry_moves_by_half_a_step_of_its_group_at_most(rows: int, columns: int, seed: int, size: float) -> None:
    matrix = torch.randn((rows, columns), generator=torch.Generator().manual_seed(seed)) * size
    stored = text_release.quantise({"m": matrix})
    assert stored["m"].dtype == torch.int8
    groups = columns // 32 if columns % 32 == 0 else 1
    assert stored["m.scale"].shape == (rows, groups)
    back = text_release.dequantise(stored)
    assert set(back) == {"m"}
    # The largest entry may be cut by what its scale lost to bf16: half a step more.
    step = stored["m.scale"].float().repeat_interleave(columns // groups, dim=1)
    assert ((back["m"] - matrix).abs() <= step * 0.75).all()
    inner = matrix.abs() < step * 126.5
    assert ((back["m"] - matrix).abs() <= step * 0.5001)[inner].all()


def test_small_entries_beside_a_large_one_are_kept_when_they_are_in_another_group() -> None:
    matrix = torch.full((1, 64), 0.01)
    matrix[0, 0] = 100.0
    back = text_release.dequantise(text_release.quantise({"m": matrix}))["m"]
    torch.testing.assert_close(back[0, 32:], matrix[0, 32:], rtol=1e-2, atol=0)
    assert not back[0, 1:32].any()


def test_what_was_read_back_is_stored_without_further_loss() -> None:
    matrix = torch.randn((4, 64), generator=torch.Generator().manual_seed(3))
    once = text_release.dequantise(text_release.quantise({"m": matrix}))
    again = text_release.dequantise(text_release.quantise(once))
    torch.testing.assert_close(again["m"], once["m"], rtol=0, atol=float(matrix.abs().max()) / 250)


def test_vectors_are_kept_rows_of_zero_stay_and_the_pooler_goes() -> None:
    state = {
        "bias": torch.tensor([0.1, -1e-9]), "zeros": torch.tensor([[0.0, 0.0], [1.0, -0.5]]), "ids": torch.tensor([[1, 2]]),
        "encoder.pooler.dense.weight": torch.ones(2, 2),
    }  # fmt: skip
    back = text_release.dequantise(text_release.quantise(state))
    assert set(back) == {"bias", "zeros", "ids"}
    assert torch.equal(back["bias"], state["bias"])
    assert torch.equal(back["ids"], state["ids"])
    assert torch.equal(back["zeros"][0], torch.zeros(2))
    assert back["zeros"][1, 0] == pytest.approx(1.0, rel=1 / 127)


def test_a_network_with_fewer_heads_takes_what_it_has(tiny_encoder: Path) -> None:
    whole = network(tiny_encoder, (*TASKS, *AUXILIARY))
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.add_(0.01)
    few = network(tiny_encoder, TASKS[:2])
    weights = text_release.dequantise(text_release.quantise(whole.state_dict()))
    text_release.load(few, weights)
    for name, value in few.state_dict().items():
        if "pooler" not in name:
            assert torch.equal(value, weights[name]), name


def test_what_does_not_fit_is_named(tiny_encoder: Path) -> None:
    weights = dict(network(tiny_encoder).state_dict())
    name = "heads.sentiment.weight"
    with pytest.raises(ValueError, match=rf"missing \['{name}'\]"):
        text_release.load(network(tiny_encoder), {key: value for key, value in weights.items() if key != name})
    with pytest.raises(ValueError, match=rf"of another shape \['{name}'\]"):
        text_release.load(network(tiny_encoder), {**weights, name: torch.zeros(3, 5)})


def test_between_two_ends() -> None:
    before = {"a": torch.tensor([1.0, 0.3])}
    after = {"a": torch.tensor([3.0, 0.1]), "own": torch.tensor([7.0]), "count": torch.tensor(3)}
    assert torch.equal(text_release.between(after, before, 1.0)["a"], before["a"])
    assert torch.equal(text_release.between(after, before, 0.0)["a"], after["a"])
    middle = text_release.between(after, before, 0.5)
    torch.testing.assert_close(middle["a"], torch.tensor([2.0, 0.2]))
    assert torch.equal(middle["own"], after["own"])
    assert torch.equal(middle["count"], after["count"])
    assert text_release.between({"n": torch.tensor(1)}, {"n": torch.tensor(5)}, 1.0)["n"] == 1


def test_a_released_folder_gives_nearly_the_same_logits(tiny_encoder: Path, tmp_path: Path) -> None:
    whole = network(tiny_encoder, (*TASKS, *AUXILIARY))
    released = text_release.write(tmp_path / "out", whole, tiny_encoder, {"seed": 7})
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        text_release.WEIGHTS, "config.json", "tokenizer.json", "tasks.json",
    }  # fmt: skip
    assert released["bytes"] == sum(file.stat().st_size for file in (tmp_path / "out").iterdir())
    back = text_release.read_network(tmp_path / "out")
    assert back.tasks == whole.tasks
    assert not back.training
    ids = torch.tensor([[2, 9, 11, 3], [2, 30, 3, 0]])
    mask = (ids > 0).long()
    with torch.inference_mode():
        left, right = whole(ids, mask), back(ids, mask)
    for task in whole.tasks:
        torch.testing.assert_close(left[task.name], right[task.name], atol=0.05, rtol=0)
    assert any(not torch.equal(left[task.name], right[task.name]) for task in whole.tasks)
