"""The compact set of counted outcomes behaves like a set."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.outcome_ids import OutcomeIds

# Few units and tables that collide: high bits and low bits both vary.
UNITS = st.sampled_from([0, 1, 256, 257, 512, 2**64 - 1, 2**63])
PAIRS = st.tuples(UNITS, st.integers(1, 40) | st.integers(2**64 - 40, 2**64 - 1))
STEPS = st.lists(st.tuples(st.sampled_from(["add", "discard", "remove_unit"]), PAIRS), max_size=200)


@settings(max_examples=200)
@given(STEPS)
def test_like_a_set(steps):
    known: set[tuple[int, int]] = set()
    table = OutcomeIds()
    for step, (unit, outcome) in steps:
        if step == "add":
            table.add(unit, outcome)
            known.add((unit, outcome))
        elif step == "discard":
            table.discard(unit, outcome)
            known.discard((unit, outcome))
        else:
            table.remove_unit(unit)
            known = {pair for pair in known if pair[0] != unit}
        assert ((unit, outcome) in table) == ((unit, outcome) in known)
    assert set(table) == known
    assert len(table) == len(known)
    for unit in {unit for unit, _ in known}:
        assert sorted(table.unit_ids(unit)) == sorted(outcome for other, outcome in known if other == unit)


def test_grows():
    table = OutcomeIds()
    for number in range(20_000):
        table.add(number * 7919 + 13, number * 104_729 + 1)
    assert len(table) == 20_000
    assert all((number * 7919 + 13, number * 104_729 + 1) in table for number in range(0, 20_000, 97))
    assert (13, 2) not in table
