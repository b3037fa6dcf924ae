"""The `hikari` command: exit codes, JSON and readable output, and messages that say what to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hikari
from hikari.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 1, "text": "i love this"}\n{"id": 2}\n{"id": 3, "text": "KEKW"}\n')
    return path


def test_analyze_prints_json(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    code, out, err = run(capsys, "analyze", "i love this PogChamp 🔥", "--bundle", tiny_bundle, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert {"sentiment", "emotion", "toxicity", "context", "response_recommendation"} <= set(answer)
    assert "🔥" in out


def test_analyze_is_readable(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    code, out, _ = run(capsys, "analyze", "i love this", "--bundle", tiny_bundle)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["sentiment", "emotion", "toxic", "question", "respond"]
    assert "{" not in out


def test_readable_and_json_agree(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    arguments = ("analyze", "can you play this game", "--bundle", tiny_bundle)
    answer = json.loads(run(capsys, *arguments, "--json")[1])
    lines = run(capsys, *arguments)[1].splitlines()
    aggregate = answer["sentiment"]["aggregate"]
    assert f"{aggregate['label'].replace('_', ' ')} ({aggregate['score']:+.2f})" in lines[0]
    assert answer["emotion"]["primary"] in lines[1]
    assert lines[3].split()[1] == ("yes" if answer["context"]["question"]["asks"] else "no")
    assert answer["response_recommendation"]["reason"] in lines[4]


def test_ensemble_is_chosen(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    scores = set()
    for ensemble in ("seed", "tuned"):
        arguments = ("analyze", "i love this KEKW", "--bundle", tiny_bundle, "--json", "--ensemble", ensemble)
        scores.add(json.loads(run(capsys, *arguments)[1])["sentiment"]["aggregate"]["score"])
    assert len(scores) == 2


def test_bundle_comes_from_the_environment(
    capsys: pytest.CaptureFixture[str], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKARI_BUNDLE", str(tiny_bundle))
    assert run(capsys, "analyze", "hi")[0] == 0


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_missing_model_exits_with_2_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, flag: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, "analyze", "hi", "--bundle", tmp_path / "none", *flag)
    assert code == 2
    if flag:
        assert json.loads(out)["error"]["code"] == "not_ready"
        assert err == ""
    else:
        assert out == ""
        assert err.startswith("hikari: ")
    assert "make pipeline" in out + err


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_name_of_the_registry_is_for_the_service(
    capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    name = "models:/hikari-text@champion"
    named = ("--bundle", name) if by == "option" else ()
    if by == "environment":
        monkeypatch.setenv("HIKARI_BUNDLE", name)
    for arguments in (("analyze", "hi"), ("score", source, tmp_path / "out.jsonl")):
        code, _, err = run(capsys, *arguments, *named)
        assert code == 2
        assert name in err
        assert "a folder is wanted" in err


def test_empty_text_exits_with_2_and_names_the_field(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    code, out, _ = run(capsys, "analyze", " ", "--bundle", tiny_bundle, "--json")
    assert code == 2
    assert json.loads(out)["error"]["field"] == "text"


def test_unknown_ensemble_exits_with_2_and_names_the_allowed(capsys: pytest.CaptureFixture[str], tiny_bundle: Path) -> None:
    code, out, err = run(capsys, "analyze", "hi", "--bundle", tiny_bundle, "--ensemble", "best")
    assert (code, out) == (2, "")
    assert "seed, tuned" in err


def test_score_writes_and_counts(capsys: pytest.CaptureFixture[str], tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    code, out, err = run(capsys, "score", source, target, "--bundle", tiny_bundle, "--json", "--workers", "2")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"rows": 3, "failed": 1, "resumed": 0, "output": str(target)}
    assert [json.loads(line)["id"] for line in target.read_text().splitlines()] == [1, 2, 3]


def test_score_is_readable(capsys: pytest.CaptureFixture[str], tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    code, out, err = run(capsys, "score", source, tmp_path / "out.jsonl", "--bundle", tiny_bundle)
    assert code == 0
    assert out == f"3 rows scored (1 of them error rows) into {tmp_path / 'out.jsonl'}\n"
    assert "scoring" in err


@pytest.mark.parametrize(("name", "field"), [("nowhere.jsonl", "IN"), ("in.jsonl", "OUT")])
def test_unusable_files_exit_with_2(
    capsys: pytest.CaptureFixture[str], tiny_bundle: Path, source: Path, name: str, field: str
) -> None:
    target = source if field == "OUT" else source.with_name("out.jsonl")
    code, out, _ = run(capsys, "score", source.with_name(name), target, "--bundle", tiny_bundle, "--json")
    assert code == 2
    assert json.loads(out)["error"]["field"] == field


def test_negative_workers_exit_with_2(capsys: pytest.CaptureFixture[str], tiny_bundle: Path, source: Path) -> None:
    target = source.with_name("out.jsonl")
    code, _, err = run(capsys, "score", source, target, "--bundle", tiny_bundle, "--workers", "-1")
    assert code == 2
    assert "--workers must be at least 1" in err
    assert not target.exists()


def test_interruption_exits_with_130_and_the_same_command_continues(
    capsys: pytest.CaptureFixture[str],
    tiny_bundle: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hikari import scoring

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    target = source.with_name("out.jsonl")
    arguments = ("score", source, target, "--bundle", tiny_bundle, "--json")
    with monkeypatch.context() as patched:
        patched.setattr(scoring, "score_rows", interrupted)
        code, _, err = run(capsys, *arguments)
    assert code == 130
    assert "same command continues" in err
    assert not target.exists()
    assert run(capsys, *arguments)[0] == 0
    assert len(target.read_text().splitlines()) == 3


@pytest.mark.parametrize("arguments", [[], ["analyze"], ["score", "one"], ["dance"], ["analyze", "hi", "--loud"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: hikari" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["score", "--help"]])
def test_help_exits_with_0(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "usage: hikari" in capsys.readouterr().out


def test_version_of_the_installed_command() -> None:
    command = Path(sys.executable).parent / "hikari"
    done = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"hikari {hikari.__version__}\n"


def test_module_returns_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hikari.cli", "analyze", "hi", "--bundle", str(tmp_path / "none")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
