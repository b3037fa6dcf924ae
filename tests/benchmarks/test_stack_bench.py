"""The benchmark of the three models against one: its ratios, and a tiny run of all of it; no speed is asserted."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks import stack
from tests.benchmarks.live.texts import LENGTH
from tests.benchmarks.workers import Worker


def report(p50: float, singles: float, rss: float) -> dict[str, float]:
    return {"p50_ms": p50, "p99_ms": 2 * p50, "singles_per_s": singles, "batched_per_s": 2 * singles, "rss_mb": rss}


def test_the_ratios_are_against_the_better_of_the_two_ways_to_run_pytorch() -> None:
    found = stack.ratios(
        {
            "hikari": report(2.0, 300.0, 100.0),
            "torch": report(20.0, 10.0, 900.0),
            "torch_side_by_side": report(30.0, 12.0, 800.0),
            "onnx": report(10.0, 30.0, 400.0),
        }
    )
    assert found["torch_singles_per_s"] == found["torch_batched_per_s"] == 25.0
    assert found["torch_p50_ms"] == found["torch_p99_ms"] == 10.0
    assert found["torch_rss_mb"] == 8.0
    assert (found["onnx_singles_per_s"], found["onnx_p50_ms"], found["onnx_rss_mb"]) == (10.0, 5.0, 4.0)


def test_the_texts_are_short_different_and_spread_over_the_corpus() -> None:
    found = stack.material(200)
    assert len(found) == 200
    assert len(set(found)) > 150
    assert max(map(len, found)) < 6 * LENGTH  # emotes are put into words
    assert found == stack.material(200)


@pytest.mark.slow
def test_a_tiny_run_measures_every_side(tiny_bundle: Path) -> None:
    options = stack.options_of(
        ["--size", "tiny", "--messages", "4", "--turns", "2", "--cores", "1", "--bundle", str(tiny_bundle)]
    )
    result = stack.measure(options, Console(stderr=True))
    assert set(result["sides"]) == {"hikari", "torch", "torch_side_by_side", "onnx"}
    for figures in result["sides"].values():
        assert 0 < figures["p50_ms"] <= figures["p99_ms"]
        assert min(figures["singles_per_s"], figures["batched_per_s"]) > 0
        assert 0 < figures["rss_mb"] <= figures["peak_rss_mb"] * 1.01
    assert result["sides"]["hikari"]["rss_mb"] < result["sides"]["torch"]["rss_mb"]
    stack.table(result)


def test_a_side_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "texts.json").write_text("[]")
    arguments = ["hikari", str(tmp_path / "none"), str(tmp_path / "texts.json"), "1"]
    worker = Worker("hikari", "tests.benchmarks.stack_worker", arguments, tmp_path)
    try:
        with pytest.raises(RuntimeError, match=r"hikari failed:[^$]*no model bundle"):
            worker.ask("memory")
    finally:
        worker.end()
