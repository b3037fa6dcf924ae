"""Five rounds of the soak that `make soak` runs for longer: killed under load, damaged on disk, nothing acknowledged is lost."""

from pathlib import Path

import pytest

from tests.soak import memory

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    outcome = memory.run(tmp_path, rounds=5)
    assert outcome.problems == []
    assert outcome.rounds == 5
    assert outcome.acknowledged > 100
    assert outcome.damaged > 0
