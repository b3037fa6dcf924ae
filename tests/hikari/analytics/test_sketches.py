import random

import pytest

from hikari.analytics.sketches import EXACT, KEY_SPACE, SeenFilter, distinct, name_key, smallest, stable_hash
from hikari.errors import BadStore


def test_the_hash_does_not_change_between_processes_or_versions() -> None:
    assert stable_hash("ann") == 0xA5F323BF6ADF3A8D
    assert stable_hash("\ud800") != stable_hash("")


def test_few_names_are_counted_exactly_and_many_within_the_stated_error() -> None:
    keys = {name_key(f"viewer{number}") for number in range(20_000)}
    assert distinct(set(list(keys)[:100]), 100) == 100
    errors = [distinct({stable_hash(f"{seed} {number}") for number in range(5_000)}, 1_024) / 5_000 - 1 for seed in range(8)]
    assert max(map(abs, errors)) < 0.12  # four standard errors of 3.1%
    assert abs(sum(errors) / len(errors)) < 0.035


def test_a_sample_does_not_depend_on_the_order_nor_on_earlier_pruning() -> None:
    keys = [random.Random(1).getrandbits(64) for _ in range(3)] + [stable_hash(str(number)) for number in range(500)]
    shuffled = random.Random(2).sample(keys, len(keys))
    kept: set[int] = set()
    for key in shuffled:
        kept.add(key)
        if len(kept) > 40:
            kept = set(smallest(kept, 20))
    assert smallest(kept, 20) == smallest(keys, 20)
    assert all(0 <= key < KEY_SPACE for key in keys)


@pytest.mark.parametrize("chatters", [0, EXACT, EXACT + 1, 30_000])
def test_the_filter_never_forgets_and_rarely_confuses(chatters: int) -> None:
    seen = SeenFilter()
    new = sum(seen.add(name_key(f"viewer{number}")) for number in range(chatters))
    assert chatters * 0.995 <= new <= chatters
    assert new == seen.size
    assert not any(seen.add(name_key(f"viewer{number}")) for number in range(chatters))
    strangers = SeenFilter.from_state(seen.state())
    assert strangers.state() == seen.state()
    assert sum(strangers.add(name_key(f"stranger{number}")) for number in range(1_000)) >= 990


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"size": 1},
        {"size": "x", "room": 0, "exact": b"", "layers": []},
        {"size": 0, "room": 0, "exact": None, "layers": [b"1"]},
        {"size": 2, "room": 0, "exact": bytes(8), "layers": []},
    ],
)
def test_a_damaged_filter_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(BadStore):
        SeenFilter.from_state(damage)


@pytest.mark.slow
def test_a_million_chatters() -> None:
    seen = SeenFilter()
    new = sum(seen.add(stable_hash(f"viewer{number}")) for number in range(1_000_000))
    assert new >= 985_000
    assert sum(len(layer) for layer in seen.state()["layers"]) < 1_250_000
    assert sum(seen.add(stable_hash(f"stranger{number}")) for number in range(10_000)) >= 9_700
