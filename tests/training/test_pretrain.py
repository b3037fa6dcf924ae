"""The entities task end to end: the real code on invented sentences learns, repeats itself and writes what it says."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from hikari.errors import BadBundle
from hikari.memory.entity_bundle import LABELS, load_pipeline, verify_pipeline
from tests import tiny_entities
from training import entities, pretrain
from training.entry import composed
from training.ner_data import Sentence
from training.ner_pipeline import piece_vectors
from training.public_data import PublicDataError
from training.schema import ConfigError, to_config


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    return tiny_entities.made_once(tmp_path_factory)


def test_it_learns_and_beats_nothing_by_chance(trained: tuple[Path, dict[str, object]]) -> None:
    path, result = trained
    figures = result["dev"]
    assert isinstance(figures, dict)
    assert set(figures) == {"tiny/cased", "tiny/chat"}
    assert figures["tiny/cased"]["f1"] > 0.9
    assert figures["tiny/chat"]["f1"] > 0.8
    pipeline, _ = load_pipeline(path)
    found = [(entity.text, entity.label_) for entity in pipeline("mika lives in oslo").ents]
    assert found == [("mika", "person"), ("oslo", "location")]


def test_the_manifest_says_where_everything_comes_from(trained: tuple[Path, dict[str, object]]) -> None:
    path, result = trained
    manifest = verify_pipeline(path)
    assert manifest["labels"] == list(LABELS)
    assert manifest["dev"] == result["dev"]
    assert manifest["data"]["tiny"]["licence"] == "MIT"
    assert set(manifest["data"]["tiny"]["sha256"]) == {"train", "dev"}
    assert 1 <= len(manifest["history"]) <= 6
    best = max(row["dev_f1"] for row in manifest["history"])
    assert best == pytest.approx(entities.mean_f1(manifest["dev"]), abs=1e-3)
    card = path.with_name("entities.md").read_text()
    for word in (manifest["fingerprint"][:16], "| tiny | 60 | MIT |", f"{manifest['dev']['tiny/chat']['f1']:.3f}"):
        assert word in card


def test_no_file_is_a_pickle_or_holds_a_sentence(trained: tuple[Path, dict[str, object]]) -> None:
    path, _ = trained
    files = [file for file in path.rglob("*") if file.is_file()]
    assert len(files) > 5
    for file in files:
        content = file.read_bytes()
        # A pickle of protocol 2 and later starts with these bytes and ends with a full stop.
        assert not (content[:1] == b"\x80" and content[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"} and content.endswith(b".")), (
            file
        )
        assert b"greetings from" not in content
    words = {word.lower() for word in json.loads((path / "vocab" / "strings.json").read_text())}
    assert not words & {name.lower() for name in (*tiny_entities.PEOPLE, *tiny_entities.PLACES)}


def test_the_same_seed_gives_the_same_pipeline(
    trained: tuple[Path, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, result = trained
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(path.parent / "mirror"))
    hashes = tiny_entities.write_mirror(tmp_path / "again")
    config = tiny_entities.config(path.parent / "encoder", tmp_path / "twin", hashes)
    assert pretrain.pretrain(config)["fingerprint"] == result["fingerprint"]


def test_another_file_in_the_mirror_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_entities.make_encoder(tmp_path / "encoder")
    hashes = tiny_entities.write_mirror(tmp_path / "mirror")
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror" / "tiny" / "dev.conll").write_text("a\tO\n")
    with pytest.raises(PublicDataError, match="sha256"):
        pretrain.pretrain(tiny_entities.config(tmp_path / "encoder", tmp_path / "out", hashes))
    assert not (tmp_path / "out").exists()


def test_what_is_too_large_to_be_released_is_refused_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_entities.make_encoder(tmp_path / "encoder")
    hashes = tiny_entities.write_mirror(tmp_path / "mirror")
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr(entities, "fit", lambda *_: pytest.fail("it was trained"))
    config = tiny_entities.config(tmp_path / "encoder", tmp_path / "out", hashes, rows=[90_000, 64, 64, 64])
    with pytest.raises(BadBundle, match="at most 5000000"):
        pretrain.pretrain(config)
    assert not (tmp_path / "out").exists()


def test_the_entry_point_ends_in_one_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        pretrain._report(composed("pretrain", pretrain.PretrainConfig))
    assert caught.value.code == 2
    assert "set HIKARI_DATA_MIRROR=" in capsys.readouterr().err


def test_mistakes_in_the_configuration_are_all_named() -> None:
    good = dataclasses.asdict(composed("pretrain", pretrain.PretrainConfig))
    assert to_config(good, pretrain.PretrainConfig).task.name == "entities"
    good["task"] |= {"lr": 7, "colour": "blue", "rows": [1, 2]}
    with pytest.raises(ConfigError) as caught:
        to_config(good, pretrain.PretrainConfig)
    for place in ("task.lr", "task.colour", "task.rows"):
        assert place in str(caught.value)


def test_sets_must_map_to_known_labels_and_shares_to_at_most_one() -> None:
    good = dataclasses.asdict(composed("pretrain", pretrain.PretrainConfig))
    good["task"]["sets"]["wnut17"]["labels"]["person"] = "hero"
    with pytest.raises(ConfigError, match="hero"):
        to_config(good, pretrain.PretrainConfig)
    good["task"]["sets"]["wnut17"]["labels"]["person"] = "person"
    good["task"]["repeat"].pop("wnut17")
    with pytest.raises(ConfigError, match="repeat must name each set"):
        to_config(good, pretrain.PretrainConfig)
    good["task"]["repeat"]["wnut17"] = 3
    good["task"] |= {"chat_share": 0.7, "lower_share": 0.7}
    with pytest.raises(ConfigError, match="together"):
        to_config(good, pretrain.PretrainConfig)


def test_the_rate_climbs_and_falls() -> None:
    config = composed("pretrain", pretrain.PretrainConfig).task
    total = 10 * config.warmup_steps
    rates = [entities.rate(step, total, config) for step in range(1, total + 1)]
    top = rates.index(max(rates)) + 1
    assert top == config.warmup_steps
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(config.lr / 20)


def test_dev_sentences_never_reach_an_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_entities.make_encoder(tmp_path / "encoder")
    hashes = tiny_entities.write_mirror(tmp_path / "mirror")
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(tmp_path / "mirror"))
    plain = {"repeat": {"tiny": 2}, "chat_share": 0.0, "lower_share": 0.0, "swap_share": 0.0, "filler_share": 0.0, "epochs": 1}
    seen: set[str] = set()
    real = entities.examples

    def spy(pipeline: object, sentences: list[Sentence]) -> object:
        seen.update(sentence.text for sentence in sentences)
        return real(pipeline, sentences)  # type: ignore[arg-type]

    monkeypatch.setattr(entities, "examples", spy)
    config = tiny_entities.config(tmp_path / "encoder", tmp_path / "out", hashes, **plain)
    pretrain.pretrain(config)
    data = entities.read(config.task)
    assert seen == {sentence.text for sentence in data.train["tiny"]}
    assert not seen >= {sentence.text for sentence in data.dev["tiny"]}


def test_piece_vectors_are_whitened_and_signed(tmp_path: Path) -> None:
    tiny_entities.make_encoder(tmp_path / "encoder")
    pieces, table = piece_vectors(tmp_path / "encoder", 5)
    assert table.shape == (len(pieces), 5)
    values = table.astype(float) / 32
    covariance = values.T @ values / len(values)
    assert np.abs(covariance - np.eye(5)).max() < 0.05
    again = piece_vectors(tmp_path / "encoder", 5)[1]
    assert (again == table).all()
