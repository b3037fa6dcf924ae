"""What is logged can be read back; whatever is wrong with the store, the run goes on."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient

from training import tracking
from training.schema import TrackingConfig

ROOT = Path(__file__).parent.parent.parent
LOCAL = TrackingConfig(kind="local", experiment="text")
OFF = TrackingConfig(kind="off", experiment="text")
SERVER = TrackingConfig(kind="server", experiment="text")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The local store, in the test's own working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mlruns"


def client(store: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


def use_all(run: tracking.Run, folder: Path) -> None:
    """Every method once."""
    (folder / "file.txt").write_text("x")
    run.parameters({"a": {"b": 1}})
    run.metrics({"m": 1.0})
    run.tags({"t": "v"})
    run.file(folder / "file.txt")
    run.text("content", "note.txt")
    run.end()


def test_everything_logged_is_read_back(store: Path, tmp_path: Path) -> None:
    run = tracking.start(LOCAL, "text-7", {"seed": "7"})
    assert run.run_id is not None
    run.parameters({"optim": {"lr": 2e-4}, "heads": [{"task": "emotion"}], "resume": None})
    for step, value in enumerate((0.5, 0.75)):
        run.metrics({"dev/score": value, "dev/f1?": value}, step)
    run.tags({"weights": "abc"})
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "one.csv").write_text("a,b\n")
    (tmp_path / "card.md").write_text("# card\n")
    run.file(tmp_path / "plots", "plots")
    run.file(tmp_path / "card.md")
    run.text("make pipeline\n", "reproduce.txt")
    run.end()

    read = client(store).get_run(run.run_id)
    assert read.info.run_name == "text-7"
    assert read.info.status == "FINISHED"
    assert read.data.params == {"optim.lr": "0.0002", "heads.0.task": "emotion", "resume": "None"}
    assert {"seed": "7", "weights": "abc"}.items() <= read.data.tags.items()
    assert float(read.data.tags["wall_s"]) >= 0
    history = client(store).get_metric_history(run.run_id, "dev/score")
    assert [(point.step, point.value) for point in history] == [(0, 0.5), (1, 0.75)]
    assert read.data.metrics == {"dev/score": 0.75, "dev/f1_": 0.75}
    folder = next((store / "artifacts" / "text").glob(f"{run.run_id}/artifacts"))
    assert json.loads((folder / "config.json").read_text())["optim"] == {"lr": 2e-4}
    assert (folder / "plots" / "one.csv").read_text() == "a,b\n"
    assert (folder / "card.md").read_text() == "# card\n"
    assert (folder / "reproduce.txt").read_text() == "make pipeline\n"


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_the_end_is_recorded(store: Path, status: str) -> None:
    run = tracking.start(LOCAL, "x")
    assert run.run_id is not None
    run.end(status)
    assert client(store).get_run(run.run_id).info.status == status


def test_a_real_configuration_fits_the_table(store: Path) -> None:
    import dataclasses

    from training.entry import composed
    from training.schema import TrainConfig

    values = dataclasses.asdict(composed("train", TrainConfig))
    run = tracking.start(LOCAL, "x")
    run.parameters(values)
    assert run.run_id is not None
    stored = client(store).get_run(run.run_id).data.params
    assert stored == {name: str(value) for name, value in tracking.flatten(values).items()}


def test_long_values_are_cut_and_not_refused(store: Path) -> None:
    run = tracking.start(LOCAL, "x")
    run.parameters({"long": "p" * 9000})
    run.tags({"long": "t" * 9000})
    assert run.run_id is not None
    data = client(store).get_run(run.run_id).data
    assert data.params["long"] == "p" * 6000
    assert data.tags["long"] == "t" * 5000


def test_resume_finds_the_newest_run_with_the_tag(store: Path) -> None:
    runs = [tracking.start(LOCAL, f"run{number}", {"weights": tag}) for number, tag in enumerate("aab")]
    client(store).set_tag(runs[0].run_id, "later", "1")  # type: ignore[arg-type]
    found = tracking.resume(LOCAL, "weights", "a")
    starts = {run.run_id: client(store).get_run(run.run_id).info.start_time for run in runs[:2] if run.run_id}
    assert found.run_id in starts
    assert starts[found.run_id] == max(starts.values())
    assert tracking.resume(LOCAL, "weights", "b").run_id == runs[2].run_id
    found.metrics({"test/f1": 0.5})
    assert client(store).get_run(str(found.run_id)).data.metrics == {"test/f1": 0.5}


@pytest.mark.parametrize("value", ["missing", "it's; quoted"])
def test_resume_without_such_a_run_is_inert(value: str, tmp_path: Path) -> None:
    tracking.start(LOCAL, "x", {"weights": "a"})
    run = tracking.resume(LOCAL, "weights", value)
    assert run.run_id is None
    use_all(run, tmp_path)


def test_experiments_are_apart(store: Path) -> None:
    other = TrackingConfig(kind="local", experiment="other")
    tracking.start(LOCAL, "x", {"weights": "a"})
    assert tracking.resume(other, "weights", "a").run_id is None
    assert {found.name for found in client(store).search_experiments()} == {"Default", "text", "other"}


def test_off_touches_nothing(store: Path, tmp_path: Path) -> None:
    run = tracking.start(OFF, "x", {"a": "b"})
    assert run.run_id is None
    use_all(run, tmp_path)
    assert tracking.resume(OFF, "a", "b").run_id is None
    assert not store.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"file.txt"}


def test_a_broken_store_gives_one_warning_and_an_inert_run(store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store.write_text("a file where the folder should be")
    run = tracking.start(LOCAL, "x")
    assert run.run_id is None
    assert [record.name for record in caplog.records] == ["hikari.tracking"]
    assert "the run goes on" in caplog.text
    use_all(run, tmp_path)
    assert tracking.resume(LOCAL, "a", "b").run_id is None
    assert store.read_text() == "a file where the folder should be"


def test_a_damaged_database_gives_an_inert_run(store: Path, tmp_path: Path) -> None:
    store.mkdir()
    (store / "mlflow.db").write_bytes(b"this is no database" * 100)
    use_all(tracking.start(LOCAL, "x"), tmp_path)
    assert tracking.start(LOCAL, "x").run_id is None


def test_a_server_without_an_address_gives_an_inert_run(store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = tracking.start(SERVER, "x")
    assert run.run_id is None
    assert "ValueError" in caplog.text
    use_all(run, tmp_path)
    assert tracking.resume(SERVER, "a", "b").run_id is None
    assert not store.exists()


def test_the_servers_address_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'server.db'}")
    run = tracking.start(SERVER, "x", {"where": "server"})
    assert run.run_id is not None
    assert MlflowClient(f"sqlite:///{tmp_path / 'server.db'}").get_run(run.run_id).data.tags["where"] == "server"
    assert not store.exists()


class Failing:
    """A client all of whose calls fail, as when the disk is full or the connection is gone."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> None:
            raise OSError(name)

        return fail


def test_a_store_that_breaks_in_the_middle_ends_no_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    use_all(tracking.Run(Failing(), "id"), tmp_path)
    said = [record.getMessage() for record in caplog.records if record.name == "hikari.tracking"]
    assert len(said) == 6
    for method in ("parameters", "metrics", "tags", "file", "text", "end"):
        assert any(f"tracking failed in {method} (OSError)" in message for message in said)


def test_four_processes_may_open_a_fresh_store_at_once(store: Path, tmp_path: Path) -> None:
    code = (
        "from training import tracking\n"
        "from training.schema import TrackingConfig\n"
        "import sys\n"
        "run = tracking.start(TrackingConfig('local', 'text'), sys.argv[1])\n"
        "run.metrics({'m': 1.0}); run.end(); print(run.run_id)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"run{number}"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    ids = {out.strip() for out, _ in outputs}
    assert len(ids - {"None"}) == 4, outputs
    experiment = client(store).get_experiment_by_name("text")
    assert experiment is not None
    runs = client(store).search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in runs} == ids
    assert {run.info.run_name for run in runs} == {f"run{number}" for number in range(4)}
    assert all(run.info.status == "FINISHED" and run.data.metrics == {"m": 1.0} for run in runs)


NESTED = st.recursive(
    st.integers() | st.none() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3))
def test_flatten_names_every_leaf_by_its_path(values: dict[str, Any]) -> None:
    def leaves(value: Any, path: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(value, list):
            value = {str(number): item for number, item in enumerate(value)}
        if not isinstance(value, Mapping):
            return {".".join(path): value}
        return {name: leaf for key, item in value.items() for name, leaf in leaves(item, (*path, key)).items()}

    assert tracking.flatten(values) == leaves(values, ())


def test_flatten_opens_tuples() -> None:
    assert tracking.flatten({"heads": ({"task": "a"}, {"task": "b"})}) == {"heads.0.task": "a", "heads.1.task": "b"}
