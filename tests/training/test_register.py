"""A real registry in SQLite and real bundles: the champion moves only when the gate passes, and goes back one by one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from hikari.bundle import open_bundle
from hikari.errors import BadBundle, NotReady
from tests.training import registered
from training import entry, register, tracking
from training.register_schema import RegisterConfig
from training.registry import HISTORY, Registry, RegistryError
from training.schema import ConfigError, TrackingConfig

ROOT = Path(__file__).parent.parent.parent
NAME = "hikari-text"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def store(mlflow_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlruns").mkdir()
    shutil.copyfile(mlflow_database, tmp_path / "mlruns" / "mlflow.db")
    return tmp_path / "mlruns"


@pytest.fixture
def client(store: Path) -> MlflowClient:
    return MlflowClient(tracking.open_store(store))


@pytest.fixture
def put(tiny_bundle: Path, tiny_processed: Path, tmp_path: Path) -> Run:
    """Make a variant of the tiny bundle and register it; answers what `training.register` answers."""

    def put(
        version: str, *overrides: str, edit: Any = None, sections: dict[str, Any] | None = None, **facts: Any
    ) -> dict[str, Any]:
        bundle = registered.variant(tiny_bundle, tmp_path / version, version, edit, **facts)
        metrics = registered.metrics(bundle, tiny_processed, tmp_path / f"{version}.json", **sections or {})
        return register.run(registered.config(bundle, metrics, tiny_processed, *overrides))

    return put


@pytest.fixture
def do(tiny_bundle: Path, tiny_processed: Path, tmp_path: Path) -> Run:
    """Any other action."""
    return lambda *overrides: register.run(registered.config(tiny_bundle, tmp_path / "none.json", tiny_processed, *overrides))


def test_a_bundle_that_passes_becomes_champion(put: Run, client: MlflowClient, tmp_path: Path) -> None:
    answer = put("1.0.0")
    assert (answer["version"], answer["new"], answer["gate"], answer["reasons"]) == (1, True, "passed", [])
    assert (answer["champion"], answer["challenger"], answer["history"]) == (1, 1, [1])
    version = client.get_model_version_by_alias(NAME, "champion")
    bundle = open_bundle(tmp_path / "1.0.0")
    assert version.tags["fingerprint"] == bundle.fingerprint
    assert version.tags["gate"] == "passed"
    assert json.loads(version.tags["gate.reasons"]) == []
    assert len(version.tags["git.commit"]) == 40
    assert len(version.tags["sha256.dvc.lock"]) == 16
    assert version.tags["promoted.because"] == "the gate passed"
    assert float(version.tags["quality.sentiment"]) == answer["measured"]["quality"]["sentiment"]
    assert version.source == f"runs:/{version.run_id}/bundle"
    names = {file.path for file in client.list_artifacts(str(version.run_id), "bundle")}
    assert names == {f"bundle/{name}" for name in [*bundle.manifest["files"], "manifest.json"]}, (
        "the folder itself, nothing wrapped"
    )
    with Registry(TrackingConfig("local", "text"), NAME).fetched(Registry(TrackingConfig("local", "text"), NAME).version(1)) as (
        again,
        figures,
    ):
        assert again.fingerprint == bundle.fingerprint
        assert figures == json.loads((tmp_path / "1.0.0.json").read_text())


def test_a_bundle_that_falls_short_is_challenger_only(put: Run, client: MlflowClient) -> None:
    put("1.0.0")
    answer = put("2.0.0", "gate.quality.least.toxicity=0.5", edit=registered.deaf, sections={"bias": {}})
    assert (answer["gate"], answer["champion"], answer["challenger"], answer["history"]) == ("failed", 1, 2, [1])
    assert answer["reasons"] == [
        "quality: toxicity f1 is 0, at least 0.5 is wanted",
        "quality: toxicity f1 is 0.0000, the champion has 1.0000 on the same split, at most 0.01 less is allowed",
        "bias: changed_verdicts is absent, at most 0.05 is allowed",
        "bias: worst_false_positive_rate is absent, at most 0.25 is allowed",
    ]
    tags = client.get_model_version(NAME, "2").tags
    assert tags["gate"] == "failed"
    assert json.loads(tags["gate.reasons"]) == answer["reasons"]
    assert tags["gate.champion"] == "1"
    assert "promoted.because" not in tags


@pytest.mark.parametrize(
    ("limit", "facts", "sections", "reason"),
    [
        ("gate.latency.p95_ms=0.000001", {}, {}, "latency: p95 in ms is "),
        ("gate.latency.times_floor=0.000001", {}, {}, "latency: median in times the bare runtime's is "),
        ("gate.latency.times_champion=0.000001", {}, {}, "latency: median in times the champion's is "),
        ("gate.parity.int8_agreement=0.98", {"int8_agreement": 0.9}, {}, "parity: int8_agreement of the manifest is 0.9, "),
        ("gate.parity.fp32_difference=0.0001", {"fp32_max_difference": 0.1}, {}, "parity: fp32_max_difference of the manifest is 0.1, "),
        ("gate.calibration.ece=0.05", {}, {"sentiment": {"macro_f1": 1.0, "ece": 0.2}}, "calibration: sentiment ece is 0.2, "),
        ("gate.bias.changed_verdicts=0.02", {}, {"bias": registered.bias(changed=0.03)}, "bias: changed_"),
        ("gate.quality.drift=0.03", {}, {"emotion": {"macro_f1": 0.5, "ece": 0.0}}, "quality: emotion macro_f1 is 0.5000 in the metrics"),
    ],
)  # fmt: skip
def test_each_part_of_the_gate_alone_keeps_the_champion(
    put: Run, limit: str, facts: dict[str, Any], sections: dict[str, Any], reason: str
) -> None:
    put("1.0.0")
    answer = put("2.0.0", limit, sections=sections, **facts)
    assert len(answer["reasons"]) == 1
    assert answer["reasons"][0].startswith(reason)
    assert (answer["champion"], answer["challenger"]) == (1, 2)


def test_a_first_bundle_that_falls_short_leaves_no_champion(put: Run) -> None:
    answer = put("1.0.0", edit=registered.deaf)
    assert (answer["gate"], answer["champion"], answer["challenger"], answer["history"]) == ("failed", None, 1, [])


def test_the_same_bundle_twice_is_one_version(put: Run, client: MlflowClient, capsys: pytest.CaptureFixture[str]) -> None:
    put("1.0.0")
    put("2.0.0")
    answer = put("1.0.0")
    assert (answer["version"], answer["new"], answer["champion"]) == (1, False, 2), "an old bundle does not come back by itself"
    assert "version 1 is this very bundle" in capsys.readouterr().out
    assert len(client.search_model_versions(f"name='{NAME}'")) == 2


def test_rollback_goes_back_one_by_one(put: Run, do: Run, client: MlflowClient) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        put(version)
    put("4.0.0", edit=registered.deaf)
    assert do("action=rollback")["champion"] == 2
    answer = do("action=rollback", "reason='viewers complained'")
    assert (answer["version"], answer["before"], answer["champion"], answer["challenger"]) == (1, 2, 1, 4)
    assert client.get_model_version(NAME, "3").tags["rolled.back"] == "action=rollback"
    assert client.get_model_version(NAME, "2").tags["rolled.back"] == "viewers complained"
    with pytest.raises(RegistryError, match="no earlier champion"):
        do("action=rollback")
    assert do("action=show")["champion"] == 1
    assert put("5.0.0")["history"] == [1, 5]
    assert do("action=rollback")["champion"] == 1


def test_rollback_passes_over_versions_that_were_deleted(put: Run, do: Run, client: MlflowClient) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        put(version)
    client.delete_model_version(NAME, "2")
    assert do("action=rollback")["champion"] == 1


def test_rollback_after_somebody_moved_the_alias_by_hand(put: Run, do: Run, client: MlflowClient) -> None:
    put("1.0.0")
    put("2.0.0", edit=registered.deaf)
    client.set_registered_model_alias(NAME, "champion", "2")
    assert do("action=rollback")["champion"] == 1
    client.set_registered_model_alias(NAME, "champion", "2")
    assert put("3.0.0")["history"] == [1, 2, 3]
    assert do("action=rollback")["champion"] == 2


@pytest.mark.parametrize("done", ["the alias of a promotion", "the history of a rollback"])
def test_half_a_change_of_champions_leads_to_the_same_rollback(put: Run, do: Run, client: MlflowClient, done: str) -> None:
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        put(version)
    if done == "the alias of a promotion":  # 3 was made champion, the history was not written any more
        client.set_registered_model_tag(NAME, HISTORY, "1,2")
    else:  # the history says 2, the alias was not moved any more
        client.set_registered_model_tag(NAME, HISTORY, "1,2")
        assert client.get_model_version_by_alias(NAME, "champion").version == 3
    assert do("action=rollback")["champion"] == 2
    assert do("action=rollback")["champion"] == 1


def test_promote_asks_the_gate_of_today(put: Run, do: Run, client: MlflowClient) -> None:
    put("1.0.0")
    put("2.0.0", "gate.parity.int8_agreement=1.0", int8_agreement=0.99)
    assert do("action=promote", "version=2", "gate.parity.int8_agreement=1.0")["champion"] == 1
    answer = do("action=promote", "version=2")
    assert (answer["gate"], answer["champion"], answer["history"]) == ("passed", 2, [1, 2])
    assert client.get_model_version(NAME, "2").tags["gate"] == "passed"
    assert "gate" not in do("action=promote", "version=2"), "it is the champion already"


def test_force_needs_a_reason_and_records_it(put: Run, do: Run, client: MlflowClient) -> None:
    put("1.0.0")
    put("2.0.0", edit=registered.deaf)
    for overrides in (["force=true"], ["action=promote", "version=2", "force=true"], ["action=promote"], ["version=2"]):
        with pytest.raises(ConfigError):
            entry.composed("register", RegisterConfig, overrides)
    answer = do("action=promote", "version=2", "force=true", "reason='the labels were wrong'")
    assert (answer["champion"], answer["forced"], answer["history"]) == (2, True, [1, 2])
    tags = client.get_model_version(NAME, "2").tags
    assert (tags["gate"], tags["promoted.because"], tags["promoted.forced"]) == ("failed", "the labels were wrong", "true")
    shown = {row["version"]: row for row in do("action=show")["versions"]}
    assert (shown[2]["forced"], shown[2]["aliases"], shown[1]["forced"]) == (True, ["challenger", "champion"], False)


def artefacts_of(store: Path, client: MlflowClient, version: int) -> Path:
    return store / "artifacts" / "text" / str(client.get_model_version(NAME, str(version)).run_id) / "artifacts" / "bundle"


def test_a_version_that_was_tampered_with_is_never_promoted(put: Run, do: Run, store: Path, client: MlflowClient) -> None:
    put("1.0.0")
    put("2.0.0", edit=registered.deaf)
    manifest = artefacts_of(store, client, 2) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"max_tokens": 32', '"max_tokens": 16'))
    open_bundle(manifest.parent)  # whole as it is: only the tags know better
    for more in ([], ["force=true", "reason=because"]):
        with pytest.raises(BadBundle, match="not the bundle that was registered"):
            do("action=promote", "version=2", *more)
    assert do("action=show")["champion"] == 1


def test_a_champion_that_is_gone_cannot_be_beaten_but_replaced_by_force(
    put: Run, do: Run, store: Path, client: MlflowClient
) -> None:
    put("1.0.0")
    (artefacts_of(store, client, 1) / "model.onnx").unlink()
    answer = put("2.0.0")
    assert answer["champion"] == 1
    (reason,) = answer["reasons"]
    assert reason.startswith("quality: the champion cannot be compared with: ")
    assert "model.onnx is missing" in reason
    assert do("action=promote", "version=2", "force=true", "reason='its folder is lost'")["champion"] == 2


def test_a_damaged_bundle_is_not_registered(put: Run, tmp_path: Path, tiny_processed: Path, client: MlflowClient) -> None:
    put("1.0.0")
    weights = tmp_path / "1.0.0" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(BadBundle, match="does not match its hash"):
        register.run(registered.config(tmp_path / "1.0.0", tmp_path / "1.0.0.json", tiny_processed))
    assert len(client.search_model_versions(f"name='{NAME}'")) == 1


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_without_metrics_nothing_is_registered(
    tiny_bundle: Path, tiny_processed: Path, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "metrics.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NotReady, match=r"training\.evaluate"):
        register.run(registered.config(tiny_bundle, file, tiny_processed))


def test_without_a_test_split_nothing_is_registered(
    tiny_bundle: Path, tiny_processed: Path, tmp_path: Path, client: MlflowClient
) -> None:
    metrics = registered.metrics(tiny_bundle, tiny_processed, tmp_path / "m.json")
    with pytest.raises(RegistryError, match="no test split"):
        register.run(registered.config(tiny_bundle, metrics, tmp_path / "nowhere"))
    assert client.search_registered_models() == []


def test_an_unknown_version_says_which_there_are(put: Run, do: Run) -> None:
    with pytest.raises(RegistryError, match="no version 7; it has none yet"):
        do("action=promote", "version=7")
    put("1.0.0")
    with pytest.raises(RegistryError, match="no version 7; it has 1"):
        do("action=promote", "version=7")


def test_a_server_that_is_away_is_one_line(put: Run, do: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_URI"):
        do("tracking=server", "action=show")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError) as caught:
        do("tracking=server", "action=show")
    assert len(str(caught.value).splitlines()) == 1


def test_the_training_run_is_named_and_still_found(put: Run, tiny_bundle: Path, client: MlflowClient) -> None:
    weights = str(open_bundle(tiny_bundle).manifest["parents"]["weights"])
    trained = tracking.start(TrackingConfig("local", "text"), "trained", {"weights": weights})
    put("1.0.0")
    run = client.get_run(str(client.get_model_version(NAME, "1").run_id))
    assert run.data.tags["training.run"] == trained.run_id
    assert run.info.status == "FINISHED"
    assert tracking.resume(TrackingConfig("local", "text"), "weights", weights).run_id == trained.run_id


def test_the_command_line(put: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def command(*overrides: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["prog", *overrides])
        code = 0
        try:
            register.main()
        except SystemExit as ended:
            code = int(str(ended.code))
        return code, *capsys.readouterr()

    put("1.0.0")
    put("2.0.0", edit=registered.deaf)
    capsys.readouterr()
    code, out, _ = command("action=show")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[:-1]] == [
        ["version", "aliases", "gate"], ["1", "champion", "passed"], ["2", "challenger", "failed"],
    ]  # fmt: skip
    assert json.loads(out.splitlines()[-1])["champion"] == 1
    code, out, err = command("action=rollback")
    assert (code, out, err) == (register.REFUSED, "", f"{NAME} has no earlier champion to go back to\n")
    code, out, err = command("action=promote")
    assert code == 2
    assert "version=N belongs to action=promote" in err


@pytest.mark.slow
def test_two_commands_at_once(tiny_bundle: Path, tiny_processed: Path, tmp_path: Path, client: MlflowClient) -> None:
    commands = []
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for version, edit in (("1.0.0", None), ("2.0.0", registered.deaf)):
        bundle = registered.variant(tiny_bundle, tmp_path / version, version, edit)
        metrics = registered.metrics(bundle, tiny_processed, tmp_path / f"{version}.json")
        given = (f"bundle={bundle}", f"metrics={metrics}", f"processed={tiny_processed}", *registered.LENIENT)
        commands.append(
            subprocess.Popen(
                [sys.executable, "-m", "training.register", *given],
                cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
    said = [process.communicate(timeout=200) for process in commands]
    assert [process.returncode for process in commands] == [0, register.GATE_FAILED], said
    answers = [json.loads(out.splitlines()[-1]) for out, _ in said]
    assert {answer["version"] for answer in answers} == {1, 2}
    assert client.get_model_version_by_alias(NAME, "champion").version == answers[0]["version"]
    assert "gate: quality: toxicity f1 is 0, at least 0.05 is wanted" in said[1][0]
