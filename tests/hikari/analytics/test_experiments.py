"""An experiment's life: who is taken in, which outcomes count, and that nothing is lost, counted twice or left behind."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiments import Experiment, Outcome
from hikari.errors import BadInput, BadStore, Refused

START = 1_000_000.0


def new(**changes):
    values = {
        "id": "hats",
        "name": "Which hat?",
        "arms": ["red", "blue"],
        "metric": "follows",
        "kind": "continuous",
        "minimum_effect": 0.5,
        **changes,
    }
    experiment = Experiment(definition(values))
    experiment.start(START)
    return experiment


def sums(experiment):
    return [arm.as_dict() for arm in experiment.sums]


def without_trail(experiment):
    return {key: row for key, row in experiment.rows() if key != b"t"}


VIEWERS = st.sampled_from([f"viewer{number}" for number in range(12)])
OUTCOMES = st.lists(
    st.tuples(VIEWERS, st.floats(-1e6, 1e6), st.none() | st.sampled_from(["a", "b", "c"])), min_size=1, max_size=60
)


def fill(experiment, outcomes):
    for viewer in {viewer for viewer, _, _ in outcomes}:
        experiment.assign(viewer, START, earlier(viewer))
    for viewer, value, outcome_id in outcomes:
        experiment.record_outcome(viewer, value, START + 1, outcome_id=outcome_id)
    return experiment


def earlier(viewer):
    return sum(map(ord, viewer)) / 7


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_the_order_of_outcomes_changes_nothing(outcomes, shuffler):
    # With one id per viewer and value no repeat can win or lose by its place.
    distinct = [(viewer, value, f"{number}") for number, (viewer, value, _) in enumerate(outcomes)]
    shuffled = list(distinct)
    shuffler.shuffle(shuffled)
    one = fill(new(covariate="earlier"), distinct)
    two = fill(new(covariate="earlier"), shuffled)
    assert sums(one) == sums(two)
    assert without_trail(one) == without_trail(two)


@given(OUTCOMES)
def test_state_round_trip(outcomes):
    experiment = fill(new(covariate="earlier"), outcomes)
    twin = Experiment.from_state(experiment.state())
    assert twin.state() == experiment.state()
    assert sums(twin) == sums(experiment)
    assert (twin.definition, twin.status, twin.trail) == (experiment.definition, experiment.status, experiment.trail)
    for viewer, value, outcome_id in outcomes:
        if outcome_id is not None:
            assert not twin.record_outcome(viewer, value, START + 1, outcome_id=outcome_id)


@given(OUTCOMES)
def test_rows_written_one_change_at_a_time_are_the_whole_experiment(outcomes):
    """What a store holds that writes every delta first, and crashed at any time after."""
    experiment = new()
    store = dict(experiment.rows())
    for viewer, value, outcome_id in outcomes:
        for step in ("assign", "outcome"):
            outcome = Outcome(viewer, value, START, outcome_id=outcome_id)
            changed = experiment.assign_delta(viewer, START) if step == "assign" else experiment.delta(outcome)
            store.update(changed)
            assert sums(Experiment.from_rows(store.items())) == sums(after(experiment, changed))
            experiment.apply(changed)
    assert dict(experiment.rows()) == store


def after(experiment, rows):
    twin = Experiment.from_state(experiment.state())
    twin.apply(rows)
    return twin


@given(OUTCOMES, VIEWERS)
def test_a_forgotten_viewer_never_was(outcomes, gone):
    experiment = fill(new(covariate="earlier"), outcomes)
    known = any(viewer == gone for viewer, _, _ in outcomes)
    rows = experiment.forget_delta(gone)
    stored = {key: row for key, row in {**dict(experiment.rows()), **rows}.items() if row is not None}
    assert experiment.forget_user(gone) == known
    never = fill(new(covariate="earlier"), [row for row in outcomes if row[0] != gone])
    assert sums(experiment) == sums(never)
    assert without_trail(experiment) == without_trail(never)
    assert dict(experiment.rows()) == stored
    with pytest.raises(Refused):
        experiment.record_outcome(gone, 1.0, START)


def test_a_delta_changes_nothing_until_it_is_applied():
    experiment = fill(new(covariate="earlier"), [("one", 1.0, "a")])
    before = experiment.state()
    first = experiment.delta(Outcome("one", 2.0, START, outcome_id="b"))
    assert experiment.state() == before
    assert first == experiment.delta(Outcome("one", 2.0, START, outcome_id="b"))
    assert len(first) == 2


def test_repeats_count_once_for_each_viewer():
    experiment = new()
    for viewer in ("one", "two"):
        experiment.assign(viewer, START)
        assert experiment.record_outcome(viewer, 1.0, START, outcome_id="same")
        assert not experiment.record_outcome(viewer, 9.0, START, outcome_id="same")
        assert experiment.record_outcome(viewer, 2.0, START)
        assert experiment.record_outcome(viewer, 2.0, START)
    assert sum(arm.outcomes for arm in experiment.sums) == 6
    assert sum(arm.units for arm in experiment.sums) == 2


def test_what_is_refused_leaves_no_trace():
    experiment = new(kind="binary", minimum_effect=0.1)
    experiment.assign("known", START + 10)
    experiment.record_outcome("known", 1, START + 10)
    before = experiment.state()
    other = next(arm for arm in ("red", "blue") if arm != experiment.arm("known"))
    refused = [
        (Refused, {"unit": "stranger"}),
        (Refused, {"arm": other}),
        (Refused, {"timestamp": START - 1}),
        (Refused, {"timestamp": START + 9}),
        (BadInput, {"value": 0.5}),
        (BadInput, {"value": float("nan")}),
        (BadInput, {"value": "1"}),
        (BadInput, {"value": 10**400}),
        (BadInput, {"unit": ""}),
        (BadInput, {"unit": None}),
        (BadInput, {"covariate": 1.0}),
        (BadInput, {"outcome_id": 7}),
        (BadInput, {"timestamp": "soon"}),
    ]
    for error, change in refused:
        with pytest.raises(error):
            experiment.record_outcome(**{"unit": "known", "value": 1, "timestamp": START + 10, **change})
    assert experiment.state() == before


def test_counts_are_whole_numbers():
    experiment = new(kind="count")
    experiment.assign("one", START)
    assert experiment.record_outcome("one", 3, START)
    for value in (-1, 0.5, True, 2e9):
        with pytest.raises(BadInput):
            experiment.record_outcome("one", value, START)


def test_a_covariate_is_measured_once():
    experiment = new(covariate="earlier")
    experiment.assign("one", START)
    experiment.record_outcome("one", 1.0, START, covariate=4.0)
    experiment.record_outcome("one", 1.0, START, covariate=4.0)
    experiment.record_outcome("one", 1.0, START)
    assert experiment.assign_delta("one", START, 4.0) == {}
    with pytest.raises(Refused, match="another covariate"):
        experiment.record_outcome("one", 1.0, START, covariate=5.0)


def test_phases():
    experiment = Experiment(definition(new().definition.as_dict()))
    with pytest.raises(Refused, match="not been started"):
        experiment.assign("one", START)
    with pytest.raises(Refused):
        experiment.stop(START)
    experiment.start("1970-01-12T13:46:40Z")
    assert experiment.status.started_at == START
    with pytest.raises(Refused):
        experiment.start(START)
    experiment.assign("one", START)
    with pytest.raises(BadInput):
        experiment.stop(START - 1)
    experiment.stop(START + 100, "enough")
    with pytest.raises(Refused, match="after the end"):
        experiment.record_outcome("one", 1.0, START + 101)
    assert experiment.record_outcome("one", 1.0, START + 100)  # arrives late, happened in time
    assert Experiment.from_state(experiment.state()).status == experiment.status


def test_time_blocks():
    experiment = new(unit="time_block", block_s=600)
    block = int(START // 600) + 5
    at = block * 600.0
    arm = experiment.assign(None, at + 300)
    assert experiment.arm(None, at + 599.9) == arm
    assert experiment.record_outcome(None, 1.0, at)
    assert experiment.record_outcome(str(block), 3.0, at + 599, arm=arm)
    with pytest.raises(Refused, match="never assigned"):
        experiment.record_outcome(None, 1.0, at + 600)
    with pytest.raises(Refused, match="another block"):
        experiment.record_outcome(str(block), 1.0, at + 600)
    assert sum(arm.units for arm in experiment.sums) == 1
    assert not experiment.forget_user(str(block))


def test_a_viewer_counts_once_with_the_mean_of_its_outcomes():
    experiment = new()
    experiment.assign("one", START)
    for value in (1.0, 2.0, 6.0):
        experiment.record_outcome("one", value, START)
    moments = [arm for arm in experiment.sums if arm.units]
    assert len(moments) == 1
    assert moments[0].y == 3 * 2**30


@settings(max_examples=50)
@given(st.binary(max_size=60), st.binary(max_size=12))
def test_damaged_rows(row, key):
    state = fill(new(covariate="earlier"), [("one", 1.0, "a")]).state()
    for name in [*state["rows"], key]:
        damaged = {"version": 1, "rows": {**state["rows"], name: row}}
        if (name[:1] == b"s" and len(name) == 17) or damaged == state:
            continue
        try:
            Experiment.from_state(damaged)
        except BadStore:
            continue
        assert name[:1] in b"tu"  # bytes that happen to be a sound row


@pytest.mark.parametrize("state", [{}, {"version": 2, "rows": {}}, {"version": 1, "rows": {}}, {"version": 1, "rows": [1]}, None])
def test_damaged_states(state):
    with pytest.raises(BadStore):
        Experiment.from_state(state)


def test_another_experiments_head_is_refused():
    one, two = new(), new(id="songs")
    with pytest.raises(BadStore, match="another experiment"):
        one.apply({b"d": dict(two.rows())[b"d"]})


def test_many_units_cost_what_one_costs():
    """The work of one outcome does not grow: the same few rows change, and the sums stay exact."""
    experiment = new(minimum_effect=0.05, expected_sd=1.0)
    shuffler = random.Random(0)
    for number in range(20_000):
        experiment.assign(f"v{number}", START)
        rows = experiment.delta(Outcome(f"v{number}", shuffler.gauss(0, 1), START, outcome_id="x"))
        assert len(rows) <= 3
        experiment.apply(rows)
    assert len(experiment.trail) < 256
    assert sum(arm.units for arm in experiment.sums) == 20_000
    assert sums(Experiment.from_rows(experiment.rows())) == sums(experiment)
