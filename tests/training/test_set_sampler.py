"""Which rows an epoch holds when sets of unequal size are mixed."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pretrain_text_module import SetSampler

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=4)
TEMPERATURES = st.floats(0.1, 1.0)


def sources_of(sizes: list[int]) -> list[str]:
    """The set of every row; sets lie mixed."""
    rows = [f"set{number}" for number, size in enumerate(sizes) for _ in range(size)]
    return np.random.default_rng(0).permutation(rows).tolist()


def sampler(sizes: list[int], epoch: int = 0, **options: object) -> SetSampler:
    chosen = {"batch_size": 4, "seed": 7, "temperature": 0.75, "rows_per_epoch": None, **options}
    made = SetSampler([n % 9 + 1 for n in range(sum(sizes))], sources_of(sizes), **chosen)  # type: ignore[arg-type]
    made.set_epoch(epoch)
    return made


@given(SIZES, TEMPERATURES, st.integers(4, 200), st.integers(0, 4))
def test_a_set_has_the_share_of_its_tempered_size(sizes: list[int], temperature: float, wanted: int, epoch: int) -> None:
    made = sampler(sizes, epoch, temperature=temperature, rows_per_epoch=wanted)
    sources = sources_of(sizes)
    found = Counter(sources[row] for row in made.order())
    total = sum(size**temperature for size in sizes)
    for number, size in enumerate(sizes):
        assert found[f"set{number}"] == max(1, round(wanted * size**temperature / total))
    batches = list(made)
    assert sorted(row for batch in batches for row in batch) == sorted(made.order().tolist())
    assert len(batches) == len(made)
    assert len(made.order()) == made.rows_of_an_epoch()


def test_a_weight_multiplies_the_share_of_its_set() -> None:
    sources = sources_of([100, 100, 200])
    found = Counter(
        sources[row] for row in sampler([100, 100, 200], temperature=1.0, rows_per_epoch=100, weights={"set0": 3.0}).order()
    )
    assert found == {"set0": 50, "set1": 17, "set2": 33}


def test_temperature_one_without_a_number_is_every_row_once() -> None:
    made = sampler([5, 17, 40], temperature=1.0)
    assert sorted(made.order().tolist()) == list(range(62))


@given(SIZES, TEMPERATURES, st.integers(4, 60))
def test_no_row_comes_twice_before_all_of_its_set_came_once(sizes: list[int], temperature: float, wanted: int) -> None:
    made = sampler(sizes, temperature=temperature, rows_per_epoch=wanted)
    sources = np.array(sources_of(sizes))
    seen = np.zeros(len(sources), dtype=int)
    for epoch in range(6):
        made.set_epoch(epoch)
        np.add.at(seen, made.order(), 1)
        for name in set(sources.tolist()):
            own = seen[sources == name]
            assert own.max() - own.min() <= 1


@given(SIZES, st.integers(1, 5), st.integers(2, 3), st.integers(0, 3))
def test_devices_get_disjoint_batches_of_equal_number(sizes: list[int], batch_size: int, devices: int, epoch: int) -> None:
    options = {"batch_size": batch_size, "temperature": 1.0}
    shards = [list(sampler(sizes, epoch, rank=rank, devices=devices, **options)) for rank in range(devices)]
    assert len({len(shard) for shard in shards}) == 1
    rows = [row for shard in shards for batch in shard for row in batch]
    assert len(set(rows)) == len(rows)
    whole = list(sampler(sizes, epoch, **options))
    assert all(batch in whole for shard in shards for batch in shard)
    assert len(whole) - devices < sum(map(len, shards)) <= len(whole)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    orders = {(seed, epoch): list(sampler([9, 30], epoch, seed=seed)) for seed in (1, 2) for epoch in (0, 1)}
    for (seed, epoch), order in orders.items():
        assert list(sampler([9, 30], epoch, seed=seed)) == order
    assert all(orders[left] != orders[right] for left in orders for right in orders if left != right)


@pytest.mark.parametrize("late", [0, 3])
def test_an_iterator_made_before_the_epoch_is_known_follows_it(late: int) -> None:
    made = sampler([9, 30])
    batches = iter(made)
    made.set_epoch(late)
    assert list(batches) == list(sampler([9, 30], late))
