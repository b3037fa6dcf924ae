"""Bundles: complete and unchanged ones open, every kind of damage is refused and named."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari import bundle as bundle_module
from hikari import fingerprint
from hikari.bundle import MANIFEST, REQUIRED, find_bundle, open_bundle, write_bundle
from hikari.errors import BadBundle, NotReady
from hikari.settings import Settings

HIKARI = Path(bundle_module.__file__).parent
FILES: dict[str, Path | bytes] = {name: f"content of {name}".encode() for name in REQUIRED}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A bundle of a few bytes; its content is no model, its form is right."""
    write_bundle(tmp_path / "small", FILES, name="text", version="1.2", parents={"weights": "w"}, max_tokens=32)
    return tmp_path / "small"


def edit_manifest(path: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((path / MANIFEST).read_text())
    edit(manifest)
    (path / MANIFEST).write_text(json.dumps(manifest))


def refused(path: Path, *words: str) -> None:
    with pytest.raises(BadBundle) as caught:
        open_bundle(path)
    for word in words:
        assert word in caught.value.message


def test_round_trip(small: Path) -> None:
    bundle = open_bundle(small)
    assert (bundle.name, bundle.version, bundle.path) == ("text", "1.2", small)
    assert bundle.manifest["parents"] == {"weights": "w"}
    assert bundle.manifest["max_tokens"] == 32
    assert {name: (small / name).read_bytes() for name in bundle.manifest["files"]} == FILES


def test_files_are_copied_from_paths(tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(b"\x00 weights")
    files = {**FILES, "weights.safetensors": tmp_path / "given"}
    written = write_bundle(tmp_path / "b", files, name="text", version="1", parents={})
    assert (written.path / "weights.safetensors").read_bytes() == b"\x00 weights"


def test_fingerprint_depends_on_content_alone(small: Path, tmp_path: Path) -> None:
    twin = write_bundle(tmp_path / "twin", FILES, name="other", version="2", parents={})
    changed = write_bundle(tmp_path / "changed", {**FILES, "model.onnx": b"!"}, name="text", version="1.2", parents={})
    assert twin.fingerprint == open_bundle(small).fingerprint != changed.fingerprint


def test_int8_is_known_from_the_file_list(small: Path, tmp_path: Path) -> None:
    with_int8 = write_bundle(tmp_path / "b", {**FILES, "model.int8.onnx": b"8"}, name="text", version="1", parents={})
    assert with_int8.has_int8
    assert not open_bundle(small).has_int8


@pytest.mark.parametrize("name", REQUIRED)
def test_writing_without_a_required_file_keeps_the_old_bundle(small: Path, name: str) -> None:
    before = open_bundle(small).fingerprint
    with pytest.raises(BadBundle, match=name.replace(".", r"\.")):
        write_bundle(small, {k: v for k, v in FILES.items() if k != name}, name="text", version="2", parents={})
    assert open_bundle(small).fingerprint == before


def test_missing_source_file_keeps_the_old_bundle(small: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bundle(small, {**FILES, "model.onnx": tmp_path / "nowhere"}, name="text", version="2", parents={})
    assert open_bundle(small).version == "1.2"


def test_missing_folder_is_not_ready_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="make pipeline"):
        open_bundle(tmp_path / "nothing")


def test_crashed_exchange_is_recovered_on_opening(small: Path) -> None:
    small.rename(small.with_name(f".{small.name}.previous"))
    assert open_bundle(small).version == "1.2"


@pytest.mark.parametrize("name", REQUIRED)
def test_changed_byte_is_named(small: Path, name: str) -> None:
    content = bytearray((small / name).read_bytes())
    content[len(content) // 2] ^= 1
    (small / name).write_bytes(content)
    refused(small, f"{name} does not match its hash")


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_file_is_named(small: Path, name: str) -> None:
    (small / name).unlink()
    refused(small, f"{name} is missing")


def test_extra_file_is_named(small: Path) -> None:
    (small / "extra.bin").write_bytes(b"")
    refused(small, "extra.bin is not part of it")


def test_extra_folder_is_named(small: Path) -> None:
    (small / "folder").mkdir()
    refused(small, "folder is not part of it")


def test_wrong_size_is_named(small: Path) -> None:
    (small / "model.onnx").write_bytes(b"short")
    refused(small, "model.onnx has 5 bytes, expected 21")


def test_all_problems_are_named_at_once(small: Path) -> None:
    (small / "model.onnx").unlink()
    (small / "tokenizer.json").write_bytes(b"x" * (small / "tokenizer.json").stat().st_size)
    refused(small, "model.onnx is missing", "tokenizer.json does not match")


def test_newer_format_is_refused(small: Path) -> None:
    edit_manifest(small, lambda manifest: manifest.update(format=bundle_module.FORMAT + 1))
    refused(small, "format 2 is newer than 1")


@pytest.mark.parametrize("number", ["1", None, 0, -1, 1.0])
def test_format_must_be_a_positive_whole_number(small: Path, number: object) -> None:
    edit_manifest(small, lambda manifest: manifest.update(format=number))
    refused(small, MANIFEST, "format number")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"nonsense"])
def test_broken_manifest_is_named(small: Path, content: bytes) -> None:
    (small / MANIFEST).write_bytes(content)
    refused(small, MANIFEST, "not valid JSON")


def test_manifest_that_is_no_object_is_named(small: Path) -> None:
    (small / MANIFEST).write_text("[]")
    refused(small, MANIFEST, "JSON object")


def test_missing_manifest_is_named(small: Path) -> None:
    (small / MANIFEST).unlink()
    refused(small, MANIFEST, "is missing")


@pytest.mark.parametrize("key", ["name", "version", "files"])
def test_incomplete_manifest_is_named(small: Path, key: str) -> None:
    edit_manifest(small, lambda manifest: manifest.pop(key))
    refused(small, MANIFEST, key)


@pytest.mark.parametrize("name", ["../outside", "sub/../../outside", "{absolute}"])
def test_path_like_file_names_are_refused_even_when_the_file_fits(small: Path, name: str) -> None:
    outside = small.parent / "outside"
    outside.write_bytes(b"outside")
    listed = name.format(absolute=outside)
    entry = {"sha256": fingerprint.of_file(outside), "bytes": 7}
    edit_manifest(small, lambda manifest: manifest["files"].update({listed: entry}))
    refused(small, repr(listed), "not a plain file name")


def test_required_file_that_is_not_listed_is_named(small: Path) -> None:
    edit_manifest(small, lambda manifest: manifest["files"].pop("weights.safetensors"))
    refused(small, "weights.safetensors is not listed")


def test_fingerprint_mismatch_is_refused(small: Path) -> None:
    edit_manifest(small, lambda manifest: manifest.update(fingerprint="0" * 64))
    refused(small, str(small), "fingerprint")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]"])
def test_broken_json_inside_is_named_when_read(tmp_path: Path, content: bytes) -> None:
    bundle = write_bundle(tmp_path / "b", {**FILES, "labels.json": content}, name="text", version="1", parents={})
    with pytest.raises(BadBundle, match=r"labels\.json"):
        bundle.json("labels.json")


def placed(small: Path, target: Path) -> Path:
    shutil.copytree(small, target)
    return target


def test_bundles_are_looked_for_in_order(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "__file__", str(tmp_path / "checkout" / "hikari" / "bundle.py"))
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "live"))
    with pytest.raises(NotReady, match="make pipeline") as caught:
        find_bundle("text")
    looked = [tmp_path / "live" / "models" / "text", tmp_path / "checkout" / "data" / "models" / "text"]
    assert all(str(place) in caught.value.message for place in looked)
    for place in reversed(looked):
        placed(small, place)
        assert find_bundle("text") == place
    monkeypatch.setenv("HIKARI_BUNDLE", str(tmp_path / "named"))
    assert find_bundle("text") == tmp_path / "named"
    assert find_bundle("text", tmp_path / "explicit") == tmp_path / "explicit"
    assert find_bundle("text", str(tmp_path / "explicit")) == tmp_path / "explicit"


def test_bundle_of_another_name_is_not_taken(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "__file__", str(tmp_path / "checkout" / "hikari" / "bundle.py"))
    settings = Settings.read({"HIKARI_HOME": str(tmp_path / "live")})
    place = placed(small, tmp_path / "live" / "models" / "text")
    assert find_bundle("text", settings=settings) == place
    with pytest.raises(NotReady, match="'voice'"):
        find_bundle("voice", settings=settings)


def test_crashed_exchange_is_recovered_on_finding(small: Path, tmp_path: Path) -> None:
    place = placed(small, tmp_path / "live" / "models" / ".text.previous").with_name("text")
    settings = Settings.read({"HIKARI_HOME": str(tmp_path / "live")})
    assert find_bundle("text", settings=settings) == place
    assert open_bundle(place).version == "1.2"


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_nothing_in_the_engine_can_unpickle() -> None:
    sources = sorted(HIKARI.rglob("*.py"))
    assert len(sources) > 15
    unsafe = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch"}
    for source in sources:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        assert not imported(tree) & unsafe, source
        calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
        assert "read_pickle" not in calls, source


EMBEDDER: dict[str, Path | bytes] = {"embedding.json": b"{}", "tokenizer.json": b"{}"}


@pytest.mark.parametrize("graphs", [("model.onnx",), ("model.int8.onnx",), ("model.onnx", "model.int8.onnx")])
def test_an_embedder_needs_one_graph_and_no_labels(tmp_path: Path, graphs: tuple[str, ...]) -> None:
    files = EMBEDDER | dict.fromkeys(graphs, b"graph")
    written = write_bundle(tmp_path / "e", files, kind="embedder", name="embedder", version="1", parents={})
    assert open_bundle(tmp_path / "e", "embedder") == written
    assert written.has_int8 == ("model.int8.onnx" in graphs)


@pytest.mark.parametrize("without", ["embedding.json", "tokenizer.json", "model.int8.onnx"])
def test_an_incomplete_embedder_is_neither_written_nor_opened(tmp_path: Path, without: str) -> None:
    files = {**EMBEDDER, "model.int8.onnx": b"graph"}
    write_bundle(tmp_path / "e", files, kind="embedder", name="embedder", version="1", parents={})
    edit_manifest(tmp_path / "e", lambda manifest: manifest["files"].pop(without))
    with pytest.raises(BadBundle, match=f"{re.escape(without)}.* is not listed"):
        open_bundle(tmp_path / "e", "embedder")
    files.pop(without)
    with pytest.raises(BadBundle, match=re.escape(without)):
        write_bundle(tmp_path / "f", files, kind="embedder", name="embedder", version="1", parents={})
    assert not (tmp_path / "f").exists()


def test_a_bundle_is_opened_as_its_own_kind_only(small: Path, tmp_path: Path) -> None:
    files = {**EMBEDDER, "model.onnx": b"graph"}
    write_bundle(tmp_path / "e", files, kind="embedder", name="embedder", version="1", parents={})
    refused(tmp_path / "e", "of kind 'embedder', wanted 'text'")
    with pytest.raises(BadBundle, match="of kind 'text', wanted 'embedder'"):
        open_bundle(small, "embedder")


def test_a_manifest_older_than_the_kinds_means_text(small: Path) -> None:
    edit_manifest(small, lambda manifest: manifest.pop("kind"))
    assert open_bundle(small).version == "1.2"


def test_the_variable_names_text_bundles_alone(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "__file__", str(tmp_path / "checkout" / "hikari" / "bundle.py"))
    monkeypatch.setenv("HIKARI_BUNDLE", str(small))
    assert find_bundle("text") == small
    with pytest.raises(NotReady, match="no model bundle 'embedder' found"):
        find_bundle("embedder", kind="embedder")


def test_real_bundle_of_the_export_opens(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    assert set(REQUIRED) <= set(bundle.manifest["files"])
    assert len(bundle.fingerprint) == 64
