"""The T5 summariser opens only whole folders, says what is missing, and reads as much as its model can."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadBundle, BadInput, NotReady
from hikari.memory import abstractive
from hikari.memory.abstractive import Generation, T5Summariser, encode, write_manifest
from hikari.memory.summaries import Summary, Turn
from tests import tiny_t5

TURNS = [Turn("Kai", "I like green tea."), Turn("Mia", "I like black coffee."), Turn("Kai", "Good night!")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tiny_t5.make_t5(tmp_path_factory.mktemp("t5"))
    write_manifest(path, Generation(max_input_tokens=24, max_output_tokens=8, beams=2))
    return path


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_it_writes_the_same_summary_each_time(folder: Path) -> None:
    model = T5Summariser(folder)
    first = model.summarise(TURNS)
    assert first.text
    assert first == model.summarise(TURNS) == T5Summariser(folder).summarise(TURNS)
    assert first.positions == (0, 1, 2)
    assert (model.name, model.generation.beams) == ("t5", 2)


def test_fewer_beams_may_be_asked_for(folder: Path) -> None:
    assert T5Summariser(folder, beams=1).generation.beams == 1


def test_what_does_not_fit_is_left_out_and_said_so(folder: Path) -> None:
    assert T5Summariser(folder).summarise(TURNS * 5).positions == (0, 1, 2)


def test_limits_are_kept(folder: Path) -> None:
    model = T5Summariser(folder)
    assert len(model.summarise(TURNS, max_characters=20).text) <= 20
    for limits in ({"max_sentences": 0}, {"max_characters": 1}):
        with pytest.raises(BadInput):
            model.summarise(TURNS, **limits)
    assert model.summarise([]) == model.summarise([Turn("Kai", " ")]) == Summary("", ())


def test_encoding_ends_with_the_end_and_cuts_a_single_long_turn(folder: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    generation = Generation(max_input_tokens=10)
    ids, read = encode(tokenizer, [Turn("Kai", "tea " * 50)], generation, 1)
    assert (len(ids), ids[-1], ids.count(1), read) == (10, 1, 1, 1)
    tokenizer.post_processor = None
    assert encode(tokenizer, TURNS, Generation(), 1)[0][-1] == 1


def test_a_missing_folder_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"python -m training\.train task=summarizer"):
        T5Summariser(tmp_path / "nothing")


@pytest.mark.parametrize("name", abstractive.FILES)
def test_a_damaged_or_missing_file_is_refused(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(BadBundle, match=f"{name} does not match its hash"):
        T5Summariser(copied)
    (copied / name).unlink()
    with pytest.raises(BadBundle, match=f"{name} does not match its hash"):
        T5Summariser(copied)


@pytest.mark.parametrize("content", ["no json", "[]", "{}", '{"format": 1, "kind": "text", "files": {}}'])
def test_a_wrong_manifest_is_refused(copied: Path, content: str) -> None:
    (copied / "manifest.json").write_text(content)
    with pytest.raises(BadBundle):
        T5Summariser(copied)
    (copied / "manifest.json").unlink()
    with pytest.raises(BadBundle, match="is missing"):
        T5Summariser(copied)


@pytest.mark.parametrize("change", [{"format": 2}, {"generation": {"beams": 0}}, {"generation": {"colour": 1}}])
def test_a_newer_format_or_other_settings_are_refused(copied: Path, change: dict[str, Any]) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(BadBundle):
        T5Summariser(copied)


@pytest.mark.parametrize("absent", ["torch", "transformers"])
def test_without_the_packages_it_says_so_and_nothing_takes_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name == absent:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(abstractive.importlib, "import_module", without)
    with pytest.raises(NotReady, match=f"needs the package {absent}, which is not installed; install the extra `train`"):
        T5Summariser(folder)


def test_generation_settings_have_bounds() -> None:
    with pytest.raises(BadInput):
        Generation(max_input_tokens=1)
