"""NAB's rules on cases worked out by hand, the reading of its layout, the references, and the entry point."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training import entry, evaluate_nab
from training.evaluate_nab import evaluate, held_out
from training.nab_corpus import CorpusError, Series, read_corpus
from training.nab_detectors import Run
from training.nab_references import relative_entropy, windowed_gaussian
from training.nab_schema import EvaluateNabConfig
from training.nab_scoring import NOTHING, PROFILES, Profile, probation, score_at, sigma, sweep, worth
from training.public_data import PublicDataError
from training.schema import ConfigError

STANDARD = PROFILES["standard"]


def series(length: int, *windows: tuple[int, int], group: str = "g") -> Series:
    return Series(group, "s", np.arange(length) * 300.0, np.zeros(length), windows)


def flags(length: int, *rows: int, level: float = 1.0) -> np.ndarray:
    scores = np.zeros(length)
    scores[list(rows)] = level
    return scores


def curve(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def test_the_sigmoid_at_its_landmarks() -> None:
    assert sigma(np.array([-1.0, -0.5, 0.0, 1.0])).tolist() == pytest.approx([0.98661, 0.84828, 0.0, -0.98661], abs=1e-5)
    assert sigma(np.array([3.0, 50.0])).tolist() == [-1.0, -1.0]


def test_probation_is_15_percent_of_at_most_5000_rows() -> None:
    assert [probation(length) for length in (0, 6, 7, 100, 4032, 5000, 22695)] == [0, 0, 1, 15, 604, 750, 750]


def test_the_worth_of_rows_by_hand() -> None:
    """A window of rows 50 to 59: its first row is worth 1, its last sigma(-1/10); the row behind it costs sigma(1/9)."""
    table = worth(100, [(50, 59)])
    value = dict(zip(table.rows.tolist(), table.values.tolist(), strict=True))
    assert min(value) == 15
    assert value[49] == -1.0  # nothing before it
    assert value[50] == pytest.approx(1.0)
    assert value[59] == pytest.approx(curve(-0.1) / curve(-1.0))
    assert value[60] == pytest.approx(curve(1 / 9))
    assert value[68] == pytest.approx(curve(1.0))
    assert value[59 + 27] == -1.0  # three windows behind
    assert table.window[table.rows == 55] == [0]
    assert table.window[table.rows == 60] == [-1]


@pytest.mark.parametrize(("profile", "expected"), [("standard", 100.0), ("reward_low_FP", 100.0), ("reward_low_FN", 100.0)])
def test_the_perfect_detector_has_100_and_the_silent_one_0(profile: str, expected: float) -> None:
    two = [series(400, (100, 140), (300, 310)), series(200)]
    perfect = sweep(two, [flags(400, 100, 300), flags(200)], PROFILES[profile])
    assert perfect.normalised == pytest.approx(expected)
    assert (perfect.hits, perfect.misses, perfect.false_alarms) == (2, 0, 0)
    silent = sweep(two, [np.full(400, 0.5), np.full(200, 0.5)], PROFILES[profile])
    assert silent.normalised == pytest.approx(0.0)
    assert silent.threshold == NOTHING


def test_a_mixed_case_by_hand() -> None:
    """Two windows, one found in its third of ten rows, one missed; one false alarm far from both."""
    one = series(1000, (400, 409), (800, 809))
    scores = flags(1000, 402, 405, 200)
    for profile in PROFILES.values():
        found = score_at([one], [scores], profile, 1.0)
        total = profile.hit * curve(-0.8) / curve(-1.0) - profile.miss - profile.false_alarm
        assert found.total == pytest.approx(total)
        assert (found.hits, found.misses, found.false_alarms) == (1, 1, 1)
        assert found.normalised == pytest.approx(100 * (total + 2 * profile.miss) / (2 * (profile.hit + profile.miss)))


def test_rows_of_the_probation_count_for_nothing() -> None:
    one = series(1000, (140, 159))  # the first 150 rows are probation: half of the window can be found
    nothing = score_at([one], [flags(1000, 145, 20)], STANDARD, 1.0)
    assert (nothing.total, nothing.misses, nothing.false_alarms) == (-1.0, 1, 0)
    found = score_at([one], [flags(1000, 150)], STANDARD, 1.0)
    assert found.total == pytest.approx(curve(-0.5) / curve(-1.0))
    inside = score_at([series(1000, (20, 30))], [flags(1000)], STANDARD, 1.0)
    assert (inside.hits, inside.misses) == (0, 0)
    assert math.isnan(inside.normalised)


def test_the_sweep_weighs_a_late_find_against_false_alarms() -> None:
    one = series(1000, (400, 499))
    scores = flags(1000, 450, level=0.9)  # found at half: 0.86 of 1
    scores[400], scores[[200, 201, 202]] = 0.5, 0.5  # earlier, at the price of three false alarms
    best = sweep([one], [scores], STANDARD)
    assert best.threshold == 0.9
    assert best.total == pytest.approx(curve(-0.5) / curve(-1.0))
    cheap = sweep([one], [scores], Profile(1.0, 0.01, 1.0))
    assert cheap.threshold == 0.5
    assert cheap.total == pytest.approx(1 - 0.03)


@given(st.data())
def test_the_sweep_is_the_best_of_all_thresholds(data: st.DataObject) -> None:
    length = data.draw(st.integers(20, 60))
    first = data.draw(st.integers(0, length - 8))
    one, other = series(length, (first, first + data.draw(st.integers(0, 6)))), series(30, (10, 14))
    levels = st.sampled_from([0.0, 0.1, 0.4, 0.7, 1.0])
    scores = [np.array(data.draw(st.lists(levels, min_size=size, max_size=size))) for size in (length, 30)]
    profile = data.draw(st.sampled_from(list(PROFILES.values())))
    best = sweep([one, other], scores, profile)
    tried = [score_at([one, other], scores, profile, threshold) for threshold in (NOTHING, 1.0, 0.7, 0.4, 0.1, 0.0)]
    assert best.total == pytest.approx(max(outcome.total for outcome in tried))
    again = score_at([one, other], scores, profile, best.threshold)
    assert (again.hits, again.misses, again.false_alarms) == (best.hits, best.misses, best.false_alarms)
    assert again.normalised == pytest.approx(best.normalised)


def test_scores_must_be_finite_and_complete() -> None:
    for wrong in (np.zeros(9), np.full(10, np.nan)):
        with pytest.raises(ValueError, match="one finite score"):
            sweep([series(10)], [wrong], STANDARD)


def test_the_windowed_gaussian_by_hand() -> None:
    scores = windowed_gaussian(np.array([1.0, 3.0, 2.0, 8.0]))
    assert scores[0] == 0.0
    assert scores[2] == 0.5  # the mean itself
    before = np.array([1.0, 3.0, 2.0])
    assert scores[3] == pytest.approx(stats.norm.cdf(6 / before.std()))
    long = np.random.default_rng(0).normal(size=6700)
    moved = long[200:6600]
    assert windowed_gaussian(long)[6650] == pytest.approx(stats.norm.cdf(abs(long[6650] - moved.mean()) / moved.std()), abs=1e-9)


def test_relative_entropy_flags_what_agrees_with_no_window_so_far() -> None:
    values = np.tile([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 60)
    values[200:230] = 4.9
    scores = relative_entropy(values)
    assert set(np.unique(scores)) == {0.0, 1.0}
    assert not scores[:201].any()
    assert scores[201:230].any()
    assert not relative_entropy(np.full(100, 3.0)).any()


def write(folder: Path, seed: int = 0) -> Path:
    """A corpus of three small series in two groups."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    labels = {}
    random = np.random.default_rng(seed)
    for group, name, jump in (("calm", "flat", None), ("wild", "a", 300), ("wild", "b", 250)):
        values = random.normal(size=400)
        if jump is not None:
            values[jump : jump + 5] += 15
        times = [(start + timedelta(minutes=5 * row)).strftime("%Y-%m-%d %H:%M:%S") for row in range(400)]
        file = folder / "data" / group / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("timestamp,value\n" + "".join(f"{time},{value}\n" for time, value in zip(times, values, strict=True)))
        limits = [] if jump is None else [[times[jump - 10] + ".000000", times[jump + 10] + ".000000"]]
        labels[f"{group}/{name}.csv"] = limits
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(labels))
    return folder


def test_a_corpus_is_read_with_its_windows(tmp_path: Path) -> None:
    read = read_corpus(write(tmp_path))
    assert [(one.group, one.name, one.windows) for one in read] == [
        ("calm", "flat", ()), ("wild", "a", ((290, 310),)), ("wild", "b", ((240, 260),)),
    ]  # fmt: skip
    assert read[0].timestamps[1] - read[0].timestamps[0] == 300


@pytest.mark.parametrize(("damage", "says"), [
    (lambda labels: labels.pop("wild/a.csv"), "no entry"),
    (lambda labels: labels.update({"wild/a.csv": [["2026-01-01 00:02:00", "2026-01-01 01:00:00"]]}), "no row"),
    (lambda labels: labels.update({"wild/a.csv": [["2026-01-01 01:00:00", "2026-01-01 00:00:00"]]}), "reversed"),
    (lambda labels: labels.update({"wild/a.csv": [["soon", "later"]]}), "windows"),
    (lambda labels: labels.update({"wild/a.csv": None}), "windows"),
])  # fmt: skip
def test_a_damaged_corpus_is_refused(tmp_path: Path, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    file = write(tmp_path) / "labels" / "combined_windows.json"
    labels = json.loads(file.read_text())
    damage(labels)
    file.write_text(json.dumps(labels))
    with pytest.raises(CorpusError, match=says):
        read_corpus(tmp_path)


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="must hold"):
        read_corpus(tmp_path)
    write(tmp_path)
    (tmp_path / "data" / "calm" / "flat.csv").write_text("timestamp,value\n")
    with pytest.raises(CorpusError, match="no rows"):
        read_corpus(tmp_path)
    for wrong in ("[]", "{"):
        (tmp_path / "labels" / "combined_windows.json").write_text(wrong)
        with pytest.raises(CorpusError, match="JSON"):
            read_corpus(tmp_path)


def configuration(*overrides: str) -> EvaluateNabConfig:
    small = ["detector.history=200", "detector.refit=200", "detector.trees=10", "tracking=off"]
    return entry.composed("evaluate_nab", EvaluateNabConfig, [*small, *overrides])


def test_the_entry_point_writes_figures_table_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = evaluate(configuration(f"data.path={write(tmp_path / 'corpus')}", f"output={tmp_path / 'out'}"))
    assert set(figures["detectors"]) == {"hikari", "isolation_forest", "windowed_gaussian", "relative_entropy"}
    ours = figures["detectors"]["hikari"]
    assert ours["standard"]["hits"] == 2
    assert ours["standard"]["score"] > 60
    assert set(ours["groups"]) == {"calm", "wild"}
    assert ours["groups"]["calm"]["standard"]["score"] is None
    assert figures["alerts"]["windows_found"] == 2
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == json.loads(json.dumps(figures))
    table = (tmp_path / "out" / "table.csv").read_text().splitlines()
    assert len(table) == 1 + 4 * 3 * 3
    assert (tmp_path / "out" / "timeline_wild.png").stat().st_size > 1000
    del capsys


def test_the_threshold_of_a_group_comes_from_the_others() -> None:
    """Group a would want 0.9 and b 0.5; judged by the other's threshold, a has false alarms and b finds nothing."""
    one, two = series(1000, (400, 409), group="a"), series(1000, (400, 409), group="b")
    first, second = flags(1000, 400, level=0.9), flags(1000, 400, level=0.5)
    first[[200, 210]] = 0.5
    found = held_out([one, two], [Run(first), Run(second)], STANDARD)
    assert found == pytest.approx(100 * (1 - 0.22 - 1 + 2) / 4)
    assert held_out([one], [Run(first)], STANDARD) is None


def test_settings_and_folder_are_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="history"):
        configuration("detector.history=100", "detector.warm_up=100")
    monkeypatch.delenv("HIKARI_DATA_MIRROR", raising=False)
    with pytest.raises(PublicDataError, match=r"data\.path"):
        evaluate_nab.corpus_folder(None)
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(tmp_path))
    assert evaluate_nab.corpus_folder(None) == tmp_path / "nab"
    assert evaluate_nab.corpus_folder("x") == Path("x")


def test_the_shipped_settings_are_the_engines_defaults() -> None:
    from hikari.analytics.anomaly_types import AnomalyConfig

    assert entry.composed("evaluate_nab", EvaluateNabConfig).detector.settings() == AnomalyConfig()
