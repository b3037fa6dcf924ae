"""The short forward pass: spaCy's own values to the last bit, words kept within bounds, unknown layers left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.memory import entity_pass
from hikari.memory.entities import EntityRecogniser
from hikari.memory.entity_bundle import load_pipeline
from hikari.memory.entity_pass import shorten
from tests import tiny_entities

TEXTS = [
    "we like Lima a lot",
    "we like Lima a lot",
    "Lima",
    "don't you LOVE   it , she'll go to Oslo!!! 😂",
    "@tomo https://a.io/x?y=1 zqqx wordnobodywrote 12:30 #tag",
    "\u00a0naïve café 東京 we're   here\n\nnow",
    " ".join(f"word{number} in Oslo" for number in range(60)),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_entities.made_once(tmp_path_factory)[0]


@pytest.fixture
def both(trained: Path) -> tuple[Any, Any]:
    """The pipeline as spaCy reads it, and shortened."""
    long, short = load_pipeline(trained)[0], load_pipeline(trained)[0]
    assert shorten(short)
    return long, short


def vectors(pipeline: Any, texts: list[str]) -> Any:
    layer = pipeline.get_pipe("ner").model.layers[0]
    return layer.predict([pipeline.make_doc(text) for text in texts])


def test_one_text_has_the_same_values(both: tuple[Any, Any]) -> None:
    long, short = both
    for text in TEXTS:
        np.testing.assert_array_equal(vectors(short, [text]), vectors(long, [text]))


@pytest.mark.parametrize("texts", [TEXTS, ["", *TEXTS[:2], "", "x"], ["", "x"]])
def test_a_batch_has_the_same_values(both: tuple[Any, Any], texts: list[str]) -> None:
    long, short = both
    np.testing.assert_array_equal(vectors(short, texts), vectors(long, texts))


def test_the_same_is_found(both: tuple[Any, Any], trained: Path) -> None:
    long, _ = both
    opened, plain = EntityRecogniser.open(trained), EntityRecogniser(long)
    texts = [f"{person} moved to {place}" for person in tiny_entities.PEOPLE for place in tiny_entities.PLACES]
    assert any(found for found in opened.entities(texts))
    for rows in (texts, *([text] for text in texts)):
        assert opened.entities(rows) == plain.entities(rows)


def test_words_are_kept_within_bounds(both: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_pass, "KEPT_WORDS", 4)
    kept: list[dict[bytes, Any]] = []
    real = entity_pass._Pass._words

    def words(self: entity_pass._Pass, features: Any) -> Any:
        found = real(self, features)
        kept.append(self._kept)
        return found

    monkeypatch.setattr(entity_pass._Pass, "_words", words)
    long, short = both
    for number in range(9):
        text = f"w{number} x{number} y{number}"
        np.testing.assert_array_equal(vectors(short, [text]), vectors(long, [text]))
    assert len(kept) == 9
    assert len(kept[-1]) <= 4 + 3


def test_other_layers_are_left_alone(trained: Path) -> None:
    import spacy

    plain = spacy.blank("en")
    assert not shorten(plain)
    plain.add_pipe("ner").add_label("person")  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    plain.initialize()
    layers = list(plain.get_pipe("ner").model.layers)  # pyright: ignore[reportAttributeAccessIssue]
    assert not shorten(plain)
    assert list(plain.get_pipe("ner").model.layers) == layers  # pyright: ignore[reportAttributeAccessIssue]
    again = load_pipeline(trained)[0]
    assert shorten(again)
    assert not shorten(again)


def test_it_cannot_be_trained(both: tuple[Any, Any]) -> None:
    _, short = both
    layer = short.get_pipe("ner").model.layers[0]
    with pytest.raises(RuntimeError, match="cannot be trained"):
        layer([short.make_doc("we like Lima")], is_train=True)
