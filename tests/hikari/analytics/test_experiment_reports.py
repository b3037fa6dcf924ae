"""Reports in words and numbers, for each decision."""

import json
import random

import pytest

from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiment_reports import experiment_plan, experiment_report
from hikari.analytics.experiment_trail import MAX_POINTS, Point, extended, is_due, packed, unpacked
from hikari.analytics.experiments import Experiment
from hikari.errors import BadInput, BadStore

START = 1_000_000.0
RATE = {
    "id": "hats",
    "name": "Which hat?",
    "arms": ["red", "blue"],
    "metric": "follow rate",
    "kind": "binary",
    "minimum_effect": 0.1,
    "expected_mean": 0.3,
}


def run(viewers, rates, lost=0.0, **changes):
    """An experiment with these true rates; `lost` is the chance that a blue viewer's outcome never arrives."""
    shuffler = random.Random(1)
    experiment = Experiment(definition({**RATE, **changes}))
    experiment.start(START)
    for number in range(viewers):
        arm = experiment.assign(f"v{number}", START + number)
        if arm == "blue" and shuffler.random() < lost:
            continue
        experiment.record_outcome(f"v{number}", int(shuffler.random() < rates[arm]), START + number)
    return experiment


def test_a_winner():
    report = experiment_report(run(700, {"red": 0.3, "blue": 0.6}), START + 700)
    assert (report["decision"], report["winner"]) == ("winner", "blue")
    assert report["sentences"][0].startswith("blue wins: follow rate is higher than with red, by ")
    assert any("too large" in line for line in report["does_not_mean"])
    assert report["comparisons"][0]["interval"][0] > 0
    assert [arm["baseline"] for arm in report["arms"]] == [True, False]
    assert json.loads(json.dumps(report)) == report


def test_the_baseline_may_win():
    report = experiment_report(run(700, {"red": 0.6, "blue": 0.3}), START + 700)
    assert (report["decision"], report["winner"]) == ("winner", "red")
    assert report["sentences"][0] == "red wins: follow rate is worse with every other arm."


def test_keep_running():
    report = experiment_report(run(200, {"red": 0.3, "blue": 0.3}), START + 200)
    assert report["decision"] == "keep running"
    assert 0 < report["plan"]["progress"] < 1
    assert "planned" in report["sentences"][-1]
    assert "either arm may be the better one" in report["sentences"][1]


def test_too_early():
    report = experiment_report(run(20, {"red": 0.3, "blue": 0.3}), START + 20)
    assert report["decision"] == "keep running"
    assert "too early" in report["sentences"][1]
    assert report["arms"][0]["interval"] is None
    assert report["trail"][0]["units"] == []


def test_nothing_at_all():
    experiment = Experiment(definition(RATE))
    report = experiment_report(experiment, START)
    assert (report["status"], report["decision"]) == ("draft", "keep running")
    assert report["arms"][0]["mean"] is None


def test_the_planned_end():
    viewers = experiment_plan(definition(RATE))["units_total"]
    report = experiment_report(run(viewers, {"red": 0.3, "blue": 0.3}), START + viewers)
    assert report["decision"] == "no difference detectable"
    assert "no proof" in report["does_not_mean"][-2] + report["does_not_mean"][-1]


def test_the_longest_duration_and_a_stop_by_hand():
    experiment = run(200, {"red": 0.3, "blue": 0.3}, max_duration_s=86_400)
    assert experiment_report(experiment, START + 86_399)["decision"] == "keep running"
    over = experiment_report(experiment, START + 86_400)
    assert over["decision"] == "no difference detectable"
    assert "duration is over" in over["sentences"][0]
    experiment.stop(START + 300)
    assert "stopped before" in experiment_report(experiment, START + 301)["sentences"][0]


def test_small_differences_end_it_early():
    report = experiment_report(run(1500, {"red": 0.3, "blue": 0.3}, minimum_effect=0.25, expected_mean=None), START + 1500)
    assert report["comparisons"][0]["verdict"] == "equivalent"
    assert report["decision"] == "no difference detectable"
    assert "smallest difference worth finding" in report["sentences"][0]


def test_lost_units_make_it_invalid():
    report = experiment_report(run(800, {"red": 0.3, "blue": 0.6}, lost=0.4), START + 800)
    assert report["decision"] == "invalid"
    assert report["winner"] is None
    assert report["sample_ratio"]["alarm"]
    assert len(report["sentences"]) == 1


def test_the_plan_in_words():
    plan = experiment_plan(definition({**RATE, "max_duration_s": 7 * 86_400}))
    assert plan["units"]["red"] == plan["units"]["blue"] == plan["units_total"] // 2
    text = " ".join(plan["stopping_rules"])
    for words in ("as often as you like", "10 points", "80%", "7 days", "futile", "sample-ratio"):
        assert words in text
    unknown = experiment_plan(definition({**RATE, "expected_mean": None}))
    assert unknown["units"] is None
    assert "not planned" in " ".join(unknown["stopping_rules"])


def test_covariates_and_arms_are_explained():
    experiment = Experiment(definition({**RATE, "arms": ["red", "blue", "green"], "covariate": "earlier follows"}))
    experiment.start(START)
    shuffler = random.Random(2)
    for number in range(300):
        experiment.assign(f"v{number}", START, number % 5)
        experiment.record_outcome(f"v{number}", int(shuffler.random() < 0.15 * (number % 5)), START)
    report = experiment_report(experiment, START)
    assert report["adjustment"]["variance_reduction"] > 0.1
    assert any("CUPED" in line for line in report["means"])
    assert any("Bonferroni" in line for line in report["means"])


def test_a_bad_time():
    with pytest.raises(BadInput):
        experiment_report(Experiment(definition(RATE)), "now")


def test_the_trail_ends_with_what_the_report_shows():
    experiment = run(1000, {"red": 0.3, "blue": 0.5})
    series = experiment_report(experiment, START)["trail"][0]
    assert series["arm"] == "blue"
    assert series["units"] == sorted(set(series["units"]))
    assert 40 < len(series["units"]) < MAX_POINTS
    partial = run(series["units"][-1], {"red": 0.3, "blue": 0.5})
    comparison = experiment_report(partial, START)["comparisons"][0]
    assert series["difference"][-1] == comparison["difference"]
    assert [series["low"][-1], series["high"][-1]] == comparison["interval"]


def test_a_full_trail_keeps_its_span():
    experiment = run(400, {"red": 0.3, "blue": 0.5})
    point = experiment.trail[0]
    trail = tuple(Point(float(number), number, point.comparisons) for number in range(MAX_POINTS))
    from hikari.analytics.experiment_analysis import compare

    longer = extended(trail, 1.0, 10_000, compare(experiment.definition, experiment.sums)[0])
    assert len(longer) == MAX_POINTS // 2 + 1
    assert unpacked(packed(longer), 1) == longer
    assert is_due(longer, 10_400)
    assert not is_due(longer, 10_399)
    for damaged in (b"", b"\xc1", packed(longer)[:-1], packed(longer * 3)):
        with pytest.raises(BadStore):
            unpacked(damaged, 1)
    with pytest.raises(BadStore):
        unpacked(packed(longer), 2)
