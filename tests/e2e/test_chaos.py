"""A minute of the chaos that `make soak` makes for longer: every runner killed, Redis gone, the disk full, floods, broken frames."""

from pathlib import Path

import pytest

from tests.soak import chaos

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FAULTS = (
    "kill_SentimentRunner", "kill_MemoryRunner", "kill_AnalyticsRunner", "redis_away", "disk_full", "clock_jumps", "flood", "half_open",
    "malformed",
)  # fmt: skip


def test_nothing_promised_is_lost_whatever_goes_wrong(tmp_path: Path, tiny_bundle: Path, tiny_embedder: Path) -> None:
    # How long it takes to come back is for the soak to judge: here others use the processors.
    found = chaos.run(tmp_path, "distributed", 0, within_s=45, only=FAULTS, bundle=tiny_bundle, embedder=tiny_embedder)
    print(found)
    assert found.problems == []
    assert found.acknowledged > 100
    assert found.outcomes > 10
    assert found.contents > 5
    assert found.published > 100
    assert set(found.faults) | {skipped.split(":")[0] for skipped in found.skipped} == set(FAULTS)
