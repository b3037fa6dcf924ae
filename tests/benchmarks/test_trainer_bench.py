"""The benchmark of training: what it counts, and that both sides compute the same losses; no speed is asserted."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from tests import tiny
from tests.benchmarks import trainer, trainer_worker
from tests.benchmarks.trainer_worker import Hikari, Stopwatch, Transformers, Wrapped, parts, report
from tests.benchmarks.workers import ROOT
from training import encoder
from training.data import Rows, collate
from training.schema import TrainConfig


@pytest.fixture
def config(tiny_encoder: Path, tiny_processed: Path, tmp_path: Path) -> TrainConfig:
    return tiny.train_config(tiny_encoder, tiny_processed, tmp_path / "out", "resume=never", "data.max_rows=21")


def test_both_sides_learn_from_the_same_loss(config: TrainConfig, tiny_encoder: Path) -> None:
    module, _, rows = parts(config, encoder.load(tiny_encoder), tiny_encoder)
    module.eval()
    batch = collate(rows, [0, 3, 5])
    expected = sum(
        module._heads[name].weight * loss
        for name, loss in module._losses(module(batch["input_ids"], batch["attention_mask"]), batch).items()
    )
    given = {name.removeprefix("target/"): values for name, values in batch.items()}
    assert torch.equal(Wrapped(module)(**given)["loss"], torch.as_tensor(expected))


def test_our_side_counts_every_row_of_every_epoch(config: TrainConfig) -> None:
    found = Hikari(config).turn()
    assert (found["messages"], found["steps"]) == (2 * 21, 2 * 3)
    assert found["seconds"] > 0
    assert 0 <= found["padding"] < 0.5


def test_the_stock_side_counts_as_ours_does(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ROOT / ".venv" / "peers" / "accelerate"
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    if importlib.util.find_spec("accelerate") is None:
        pytest.skip("accelerate is installed by `make bench-trainer`")
    ours, theirs = Hikari(config).turn(), Transformers(config).turn()
    for name in ("messages", "steps", "tokens"):
        assert ours[name] == theirs[name]
    assert theirs["seconds"] > 0
    assert theirs["padding"] >= ours["padding"]


def test_the_watch_stops_at_the_last_step_of_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 11.0, 13.0, 20.0, 24.0])
    monkeypatch.setattr(trainer_worker.time, "perf_counter", lambda: next(times))
    watch = Stopwatch(gpu=False)
    watch.begin()  # 10
    watch.step(last=False)  # 11
    watch.step(last=True)  # 13
    watch.end()
    watch.begin()  # 20
    watch.step(last=True)  # 24
    watch.end()
    assert (watch.seconds, watch.steps) == (7.0, 3)


def test_padding_is_the_share_of_places_without_a_token(config: TrainConfig) -> None:
    rows = Rows([[1], [1, 2, 3], [1, 2], [1, 2]], {})
    watch = Stopwatch(gpu=False)
    assert report(watch, rows, [[0, 1], [2, 3]], config)["padding"] == pytest.approx(0.2)
    assert report(watch, rows, [[0], [1], [2, 3]], config)["padding"] == 0


def test_figures_are_medians_over_turns() -> None:
    turns = [{"messages": 100, "tokens": 700, "padding": 0.1, "steps": 4, "seconds": seconds} for seconds in (1.0, 2.0, 100.0)]
    assert trainer.figures(turns) == {"messages_per_s": 50.0, "tokens_per_s": 350.0, "padding": 0.1, "messages": 100, "steps": 4}


def test_without_accelerate_it_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        trainer.options_of(["--accelerate", str(tmp_path)])
    assert "`make bench-trainer` installs it" in capsys.readouterr().err
