"""The stream benchmark's own parts, and a short run of it: nothing is lost or counted twice, and no speed is asserted."""

import asyncio
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from hikari.stream.messages import Priority
from tests.benchmarks import stream
from tests.benchmarks.live import texts
from tests.benchmarks.live.client import Sent


def test_no_text_comes_twice() -> None:
    found = list(islice(texts.distinct(3), 2_000))
    assert len({text.lower() for text in found}) == len(found)
    assert found == list(islice(texts.distinct(3), 2_000))


def test_a_simulated_stream_never_ends_and_is_paid_for_now_and_then() -> None:
    found = list(islice(texts.stream(200.0, 3), 5_000))
    assert sum(message["paid"] for message in found) == 5_000 // texts.PAID_EVERY
    assert len({message["username"] for message in found}) > 50


def test_a_dropped_question_is_seen() -> None:
    three = np.array([1.0, 3.0, 5.0])
    sent = Sent(
        three, three, three + 0.01, np.array([5.0, np.nan, np.nan]), [Priority.ORDINARY, Priority.QUESTION, Priority.NOISE]
    )
    sent.outcome = ["analysis", "overloaded", "overloaded"]
    figures = sent.figures()
    assert figures["dropped_by_priority"] == {"question": 1, "noise": 1}
    assert figures["dropped_against_the_policy"] == 1
    assert figures["p50_ms"] == pytest.approx(10.0)
    assert figures["settled_p50_ms"] is None


def test_a_target_counts_where_its_part_was_measured() -> None:
    found = stream.verdicts({"stream": {"p50_ms": 30.0, "p99_ms": 90.0}})
    assert [(row["figure"], row["met"]) for row in found] == [("p50_ms", False), ("p99_ms", True)]


@pytest.mark.slow
def test_a_short_run_loses_nothing(shipped_bundle: Path) -> None:
    options = stream.options_of(["--seconds", "5", "--rate", "50", "--turns", "1", "--size", "200", "--only", "stream,bulk"])
    result = asyncio.run(stream.measure(options, Console(stderr=True)))
    result["targets"] = stream.verdicts(result)
    Console(stderr=True).print(stream.table(result))
    print(json.dumps(result))
    steady, bulk = result["stream"], result["bulk"]
    assert steady["messages"] == steady["answered"] == 250
    assert steady["dropped"] == 0
    assert steady["other_errors"] == {}
    assert 0 < steady["p50_ms"] <= steady["p99_ms"]
    assert steady["rss_at_100_percent_mb"] > steady["rss_anonymous_at_100_percent_mb"] > 0
    assert steady["dashboard_frames"] >= 250
    assert bulk["texts_a_way"]["websocket"] == bulk["texts_a_way"]["engine"] == 200
    assert bulk["cache_hit_rate"] < 0.05
    assert bulk["websocket_to_engine"] > 0.1
    assert bulk["websocket_to_one_client"] > 0.5
