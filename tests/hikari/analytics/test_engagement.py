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
    assert answer.attention.sum() == pytest.approx(1.0, abs=1e-5)
    json.dumps(answer.horizons)


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
