"""The served model: equal to PyTorch, fed by live windows as by recordings, honest about what it cannot take."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hikari.analytics import engagement_inputs as inputs
from hikari.analytics import features
from hikari.analytics.engagement import FACTS, KIND, EngagementModel
from hikari.analytics.events import ChatEvent
from hikari.analytics.windows import StreamWindows
from hikari.bundle import open_bundle, write_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from tests import tiny_engagement
from training import engagement_export
from training.engagement_data import read, tabulate
from training.streams import read_streams


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_engagement.made_once(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def recordings(bundle: Path) -> Path:
    return bundle.parent.parent / "tiny"


def changed(bundle: Path, target: Path, **facts: object) -> Path:
    """A well-formed bundle whose facts differ."""
    opened = open_bundle(bundle, kind=KIND)
    content = json.dumps({**opened.json(FACTS), **facts}).encode()
    files: dict[str, Path | bytes] = {name: bundle / name for name in opened.manifest["files"]}
    write_bundle(target, {**files, FACTS: content}, kind=KIND, name=KIND, version="0.0.1", parents={})
    return target


def test_a_live_stream_is_answered_as_its_recording_was(bundle: Path, recordings: Path) -> None:
    """The same events, once through `StreamWindows` minute by minute, once through the training table: the same bits."""
    model = EngagementModel.open(bundle)
    stream = next(iter(read_streams(recordings)))
    windows, norms = StreamWindows(), model.norms()
    windows.start_stream(stream.start)
    answers = {}
    first, upcoming = int(stream.start // 60), 0
    for minute in range(first, first + 50):
        while stream.events[upcoming].timestamp < (minute + 1) * 60:
            windows.add(stream.events[upcoming])
            upcoming += 1
        rows = features.rows(windows, (minute + 1) * 60)
        inputs.take_in(norms, rows, 1)
        answers[minute - first] = model.predict(rows, norms)
    unscored = read(recordings, None, score=None)
    facts = model.bundle.json(FACTS)
    table = tabulate(unscored, (np.array(facts["prior_mean"]), np.array(facts["prior_spread"])))
    number = next(place for place, each in enumerate(table.streams) if each.stream_id == stream.stream_id)
    at = np.flatnonzero(table.stream == number)[:50]
    values, attention = model.quantiles_of(table.prepared(at))
    for place, answer in answers.items():
        assert answer.horizons[5]["messages"]["quantiles"]["0.9"] == pytest.approx(np.expm1(values[place, 1, 0, 5]), rel=1e-5)
        assert answer.horizons[15]["unique_chatters"]["median"] == pytest.approx(np.expm1(values[place, 2, 1, 3]), rel=1e-5)
        assert answer.attention == pytest.approx(attention[place], abs=1e-6)


def test_the_answer_has_its_promised_shape(bundle: Path, recordings: Path) -> None:
    model = EngagementModel.open(bundle)
    matrix = read(recordings, None).streams[0].matrix
    norms = model.norms()
    inputs.take_in(norms, matrix[:40])
    answer = model.predict(features.window(matrix, 40), norms)
    assert list(answer.horizons) == [1, 5, 15]
    for metrics in answer.horizons.values():
        assert list(metrics) == list(inputs.METRICS)
        for metric, band in metrics.items():
            values = list(band["quantiles"].values())
            assert values == sorted(values)
            assert band["quantiles"]["0.5"] == band["median"]
            low, high = (-1.0, 1.0) if metric == "mean_sentiment" else (0.0, np.inf)
            assert low <= values[0] <= values[-1] <= high
            assert len(band["moved_by"]) == inputs.MINUTES
    assert answer.attention.sum() == pytest.approx(1.0, abs=1e-5)
    assert answer.mattered.sum() == pytest.approx(1.0, abs=1e-5)
    json.dumps(answer.horizons)


def burst_at(ago: int, size: int = 40, minutes: int = 90, seed: int = 1) -> np.ndarray:
    """Feature rows of an even chat with `size` more messages in one minute, `ago` minutes before its end."""
    dice, start = np.random.default_rng(seed), 1_700_000_040.0
    windows = StreamWindows()
    windows.start_stream(start)
    parts = []
    for minute in range(minutes):
        count = dice.poisson(8.0) + (size if minute == minutes - 1 - ago else 0)
        for second in np.sort(dice.uniform(0, 60, count)):
            windows.add(ChatEvent(start + 60 * minute + second, f"u{dice.integers(25)}", "hello again"))
        parts.append(features.rows(windows, start + 60 * (minute + 1), 1))
    return np.concatenate(parts)


@pytest.mark.parametrize("ago", [0, 1, 4, 7, 10, 13])
def test_the_minute_of_a_burst_is_the_one_that_mattered(bundle: Path, ago: int) -> None:
    model, rows = EngagementModel.open(bundle), burst_at(ago)
    norms = model.norms()
    inputs.take_in(norms, rows)
    answer = model.predict(rows[-inputs.MINUTES :], norms)
    place = inputs.MINUTES - 1 - ago
    assert place in np.argsort(answer.mattered)[-3:]
    moved = answer.horizons[15]["messages"]["moved_by"]
    assert moved[place] > 0
    assert place in np.argsort(np.abs(moved))[-3:]


def test_without_a_minute_is_the_forecast_of_a_window_that_has_it_as_usual(bundle: Path) -> None:
    model, rows = EngagementModel.open(bundle), burst_at(3)
    norms = model.norms()
    inputs.take_in(norms, rows)
    window, snapshot = rows[-inputs.MINUTES :], norms.snapshot()
    answer = model.predict(window, norms)
    quiet = window.copy()
    quiet[-4] = inputs.as_usual(window, snapshot)[-4]
    other = model.predict(quiet, norms)
    for ahead in inputs.HORIZONS:
        for metric in inputs.METRICS:
            band = answer.horizons[ahead][metric]
            assert band["median"] - band["moved_by"][-4] == pytest.approx(other.horizons[ahead][metric]["median"], abs=1e-3)


def test_a_minute_as_usual_is_read_as_the_norms(bundle: Path) -> None:
    norms = EngagementModel.open(bundle).norms()
    rows = burst_at(3)
    inputs.take_in(norms, rows)
    usual = inputs.as_usual(rows[-5:], norms.snapshot())
    assert inputs.present(usual) == pytest.approx(np.tile(norms.snapshot().slow[:-1], (5, 1)), abs=1e-9)
    kept = [features.INDEX["in_stream"], features.INDEX["minutes_since_start"]]
    assert np.array_equal(usual[:, kept], rows[-5:, kept])


def test_minutes_before_the_stream_did_not_matter(bundle: Path) -> None:
    model, rows = EngagementModel.open(bundle), burst_at(1, minutes=6)
    norms = model.norms()
    inputs.take_in(norms, rows)
    window = np.concatenate([np.tile(features.ABSENT, (inputs.MINUTES - 6, 1)), rows])
    answer = model.predict(window, norms)
    assert not answer.mattered[:-6].any()
    assert not any(answer.horizons[5]["messages"]["moved_by"][:-6])


def test_onnx_answers_like_torch(bundle: Path) -> None:
    trained, model = engagement_export.load(bundle), EngagementModel.open(bundle)
    dice = np.random.default_rng(1)
    present = (np.arange(inputs.MINUTES)[None] >= dice.integers(0, 29, 64)[:, None]).astype(np.float32)
    baseline = dice.normal(size=(64, len(inputs.HORIZONS), len(inputs.METRICS)))
    window = dice.normal(size=(64, inputs.MINUTES, inputs.WINDOW_WIDTH)).astype(np.float32) * present[..., None]
    context = dice.normal(size=(64, inputs.CONTEXT_WIDTH)).astype(np.float32)
    prepared = inputs.Prepared(window, context, present, baseline, np.ones_like(baseline))
    assert engagement_export.largest_difference(trained.network, model, prepared) < 1e-5


def test_nothing_that_serves_imports_torch() -> None:
    code = "import sys, hikari.analytics.engagement; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_wrong_rows_and_a_stream_that_has_not_begun(bundle: Path) -> None:
    model = EngagementModel.open(bundle)
    with pytest.raises(BadInput) as caught:
        model.predict(np.zeros((29, len(features.FEATURES))), model.norms())
    assert caught.value.field == "rows"
    with pytest.raises(NotReady):
        model.predict(np.tile(features.ABSENT, (inputs.MINUTES, 1)), model.norms())


def test_extreme_chats_get_finite_answers(bundle: Path) -> None:
    model = EngagementModel.open(bundle)
    for messages in (0.0, 1.0, 1e6):
        rows = np.tile(features.ABSENT, (inputs.MINUTES, 1))
        rows[:, features.INDEX["in_stream"]] = 1.0
        rows[:, features.INDEX["messages"]] = messages
        norms = model.norms()
        inputs.take_in(norms, rows)
        answer = model.predict(rows, norms)
        assert all(
            np.isfinite(list(band["quantiles"].values())).all() for part in answer.horizons.values() for band in part.values()
        )


@pytest.mark.parametrize(
    "facts",
    [
        {"features_version": features.VERSION + 1},
        {"preparation_version": 0},
        {"inputs": ["messages"]},
        {"horizons": [1, 5]},
        {"quantiles": [0.5, 0.1, 0.9, 0.91, 0.92, 0.93, 0.94]},
        {"correction": [[0.0]]},
        {"prior_mean": None},
        {"prior_spread": "x"},
    ],
)
def test_a_bundle_of_another_version_or_with_damaged_facts_is_refused(
    bundle: Path, tmp_path: Path, facts: dict[str, object]
) -> None:
    with pytest.raises(BadBundle):
        EngagementModel.open(changed(bundle, tmp_path / "other", **facts))


def test_a_damaged_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "copy")
    (tmp_path / "copy" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(BadBundle):
        EngagementModel.open(tmp_path / "copy")


def test_no_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="make pipeline"):
        EngagementModel.open(tmp_path / "none")
