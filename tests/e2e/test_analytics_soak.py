"""A small part of what `make soak` does for longer: memory, profiles that come back from the disk, and kill -9 under load."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import analytics, analytics_kill

ROOT = Path(__file__).parents[2]


def test_everybody_comes_back_from_the_disk(tmp_path: Path) -> None:
    found = asyncio.run(analytics.soak(tmp_path, 12_000, 1_500, hot=200))
    assert found.problems == []
    assert found.checked == 400
    assert found.disk_mb < 50


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_is_flat_over_a_million_messages() -> None:
    """A process of its own: the memory of this one says nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.analytics", "--messages", "1000000", "--viewers", "100000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    found = json.loads(done.stdout)
    print(found)
    assert found["problems"] == []
    assert done.returncode == 0
    assert found["snapshots"] > 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    found = analytics_kill.run(tmp_path, rounds=3)
    print(found)
    assert found.problems == []
    assert found.rounds == 3
    assert found.messages > 300
    assert found.outcomes > 10
    assert found.contents > 0
