"""The contract of forecasters: every check passes on every candidate, and fails on a twin that breaks just that promise."""

from collections.abc import Callable

import pytest

from hikari.analytics.forecasting.additive import Prophet
from hikari.analytics.forecasting.candidates import Candidate
from hikari.analytics.forecasting.forecaster import default_candidates
from tests.contracts import broken_forecasters, forecaster_checks
from tests.contracts.forecaster_checks import CHECKS, Make

GOOD = {candidate.name: candidate for candidate in default_candidates()}
BROKEN: dict[Callable[[Make], None], Callable[[], Candidate]] = {
    forecaster_checks.check_shape_and_numbers: broken_forecasters.Narrow,
    forecaster_checks.check_looks_at_the_past_alone: broken_forecasters.Prescient,
    forecaster_checks.check_origins_do_not_touch_each_other: broken_forecasters.Entangled,
    forecaster_checks.check_respects_the_floor: broken_forecasters.Sinking,
    forecaster_checks.check_follows_the_unit: broken_forecasters.Stubborn,
    forecaster_checks.check_constant_stays_constant: broken_forecasters.Stubborn,
    forecaster_checks.check_is_near_on_a_clean_day: broken_forecasters.Wild,
    forecaster_checks.check_same_input_same_answer: broken_forecasters.Dice,
    forecaster_checks.check_arguments_are_left_alone: broken_forecasters.Meddling,
    forecaster_checks.check_large_numbers: broken_forecasters.Overflowing,
    forecaster_checks.check_says_what_is_missing: broken_forecasters.Overconfident,
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", GOOD)
def test_every_candidate_keeps_every_promise(name: str, check: Callable[[Make], None]) -> None:
    check(lambda: GOOD[name])


@pytest.mark.parametrize("check", BROKEN, ids=lambda check: check.__name__)
def test_every_check_notices_its_twin(check: Callable[[Make], None]) -> None:
    with pytest.raises((AssertionError, ValueError, IndexError)):
        check(BROKEN[check])


def test_every_check_has_a_twin() -> None:
    assert set(BROKEN) == set(CHECKS)
    assert len(CHECKS) == 11


def test_prophet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    series = forecaster_checks.sample()
    Prophet(scheduled=((series.start, series.start + 7200.0),)).paths(series, [len(series.values)], 3)
    assert capfd.readouterr() == ("", "")


def test_prophet_knows_the_schedule() -> None:
    """A stream that is announced for a new time of day is seen coming."""
    series = forecaster_checks.sample(days=6, gaps=False)
    hours = range(len(series.values))
    announced = (10, 35, 60, 85, 110, 130, 150)
    live = [any(start <= hour < start + 3 for start in announced) for hour in hours]
    series.values[:] = [300.0 if is_live else 20.0 for is_live in live]
    spans = tuple((series.start + hour * 3600.0, series.start + (hour + 3) * 3600.0) for hour in announced)
    path = Prophet(spans).paths(series, [len(series.values)], 24)[0]
    ahead = slice(150 - len(series.values), 153 - len(series.values))
    assert path[ahead].min() > 200.0
    assert path[12:].max() < 150.0
