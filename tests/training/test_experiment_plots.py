"""The picture of an experiment, and its data."""

import pandas as pd

from hikari.analytics.experiment_reports import experiment_report
from tests.hikari.analytics.test_experiment_reports import START, run
from training.experiment_plots import confidence_sequences


def test_picture_and_data(tmp_path):
    report = experiment_report(run(400, {"red": 0.3, "blue": 0.5}, id="../hats?", name="$ which hat?"), START + 400)
    file = confidence_sequences(report, tmp_path / "plots")
    assert file is not None
    assert file.parent == tmp_path / "plots"
    assert file.read_bytes()[:4] == b"\x89PNG"
    table = pd.read_csv(file.with_suffix(".csv"))
    assert table.units.tolist() == report["trail"][0]["units"]
    assert (table.low < table.high).all()


def test_nothing_to_show(tmp_path):
    report = experiment_report(run(10, {"red": 0.3, "blue": 0.5}), START)
    assert confidence_sequences(report, tmp_path) is None
