"""A tiny entity pipeline, trained by the real code on invented sentences in a second or two."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from hikari import fingerprint
from training.entities import EntitiesConfig
from training.pretrain import PretrainConfig, pretrain
from training.schema import EncoderConfig, to_config

PEOPLE = ("Mika", "Tomo", "Rina", "Jonas", "Lena", "Paul")
PLACES = ("Osaka", "Berlin", "Oslo", "Lima", "Turku", "Porto")
TEMPLATES = (
    "{p} lives in {l} .",
    "greetings from {l} , says {p}",
    "{p} moved to {l} last year",
    "is {p} here ?",
    "we like {l} a lot",
)


def conll(split: int) -> str:
    """Sentences from all pairs whose numbers add up to `split` modulo 3, as CoNLL with the tags PER and LOC."""
    lines: list[str] = []
    for i, person in enumerate(PEOPLE):
        for j, place in enumerate(PLACES):
            for template in TEMPLATES if (i + j) % 3 == split else ():
                for word in template.split():
                    tag = {"{p}": "B-PER", "{l}": "B-LOC"}.get(word, "O")
                    lines.append(f"{word.format(p=person, l=place)}\t{tag}")
                lines.append("")
    return "\n".join(lines) + "\n"


def make_encoder(folder: Path) -> None:
    """A table of word pieces: two for every name, some for everything else; names of one kind lie close together."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(0)
    centres = dice.normal(size=(3, 16))
    vocabulary: dict[str, int] = {}
    rows = []
    kinds = (
        (PEOPLE, 0),
        (PLACES, 1),
        (("##" + a for a in "abcdefghijklmnopqrstuvwxyz"), 2),
        (("lives", "in", "from", "greetings"), 2),
    )
    for words, kind in kinds:
        for word in words:
            vocabulary[word.lower()] = len(vocabulary)
            rows.append(centres[kind] + 0.2 * dice.normal(size=16))
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    (folder / "config.json").write_text("{}")
    save_file({"embeddings.word_embeddings.weight": np.array(rows, np.float32)}, folder / "model.safetensors")


def write_mirror(folder: Path) -> dict[str, str]:
    """Two files as a mirror would hold them; returns their hashes by part."""
    (folder / "tiny").mkdir(parents=True)
    for split, part in enumerate(("train", "dev")):
        (folder / "tiny" / f"{part}.conll").write_text(conll(split))
    return {part: fingerprint.of_file(folder / "tiny" / f"{part}.conll") for part in ("train", "dev")}


def config(folder: Path, output: Path, hashes: dict[str, str], seed: int = 1, **changed: object) -> PretrainConfig:
    """A small network on the tiny set; `folder` holds the encoder."""
    encoder = EncoderConfig(name="tiny", source="folder", location=str(folder), revision=None, sha256=None)
    files = {
        part: {"path": f"tiny/{part}.conll", "url": f"https://example.org/{part}", "sha256": h} for part, h in hashes.items()
    }
    public = {
        "name": "tiny", "url": "https://example.org", "licence": "MIT", "citation": "none", "labels": {"PER": "person", "LOC": "location"},
        "files": files,
    }  # fmt: skip
    task = {
        "name": "entities", "sets": {"tiny": public}, "repeat": {"tiny": 1},
        "encoder": vars(encoder), "vector_dimension": 8, "width": 16, "depth": 1,
        "rows": [64, 64, 64, 64], "hidden": 16, "epochs": 6, "patience": 6, "batch_size": 4, "lr": 0.02, "warmup_steps": 5,
        "weight_decay": 0.0, "dropout": 0.0, "chat_share": 0.3, "lower_share": 0.1, "swap_share": 0.1, "filler_share": 0.1,
        "fillers": ["KEKW", "lol"],
    }  # fmt: skip
    assert isinstance(to_config(task, EntitiesConfig), EntitiesConfig)
    return to_config({"seed": seed, "output": str(output), "task": {**task, **changed}}, PretrainConfig)


def made_once(factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The trained pipeline and its figures, made once a session; encoder and mirror lie beside it."""
    return _made(factory.getbasetemp() / "tiny_entities")


@functools.cache
def _made(folder: Path) -> tuple[Path, dict[str, object]]:
    make_encoder(folder / "encoder")
    hashes = write_mirror(folder / "mirror")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIKARI_DATA_MIRROR", str(folder / "mirror"))
        return folder / "entities", pretrain(config(folder / "encoder", folder / "entities", hashes))
