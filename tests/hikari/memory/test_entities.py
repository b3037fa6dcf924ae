"""Entities: rules that are certain, a pipeline that guesses, damage that is refused, texts that disturb nobody."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadBundle, NotReady
from hikari.memory.entities import EntityRecogniser, entity_key
from hikari.memory.entity_bundle import MANIFEST, find_pipeline, verify_pipeline
from hikari.memory.entity_rules import Entity, Gazetteer, certain, gazetteer
from hikari.settings import Settings
from tests import tiny_entities

RULES = EntityRecogniser()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_entities.made_once(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def recogniser(trained: Path) -> EntityRecogniser:
    return EntityRecogniser.open(trained)


def shown(entities: list[Entity]) -> list[tuple[str, str]]:
    return [(entity.text, entity.label) for entity in entities]


def test_rules_find_what_is_certain() -> None:
    text = "@Mika_ see https://a.io/x?y=1, www.b.de and twitch.tv/mika #VTuber #1 mail me at a@b.org"
    assert shown(RULES.entities([text])[0]) == [
        ("@Mika_", "person"),
        ("https://a.io/x?y=1", "link"),
        ("www.b.de", "link"),
        ("twitch.tv/mika", "link"),
        ("#VTuber", "hashtag"),
    ]


def test_viewers_are_found_by_name_unless_the_name_is_an_everyday_word() -> None:
    people = {entity_key(name) for name in ("Mika_92", "xX-Tomo-Xx", "Love", "Jo", "Rina Sol")}
    found = certain("love how mika_92, jo and rina  sol beat xx-tomo-xx @love", people)
    assert [(entity.text, entity.key) for entity in found] == [
        ("mika_92", "mika_92"),
        ("xx-tomo-xx", "xx-tomo-xx"),
        ("@love", "love"),
    ]
    assert shown(certain("RINA SOL's cat", people)) == [("RINA SOL", "person")]


def test_the_gazetteer_prefers_the_longer_name_and_knows_other_spellings() -> None:
    found = certain("dark souls 3 > dark souls, bg3 is baldur's gate 3")
    assert [entity.key for entity in found] == ["dark souls 3", "dark souls", "baldur's gate 3", "baldur's gate 3"]
    assert {entity.label for entity in found} == {"creative_work"}


def test_names_that_are_ordinary_words_need_their_capitals() -> None:
    assert shown(certain("my car has rust and among us it is steam")) == []
    assert shown(certain("Rust and Among Us on Steam")) == [
        ("Rust", "creative_work"),
        ("Among Us", "creative_work"),
        ("Steam", "product"),
    ]


def test_a_genitive_does_not_hide_a_name() -> None:
    assert shown(certain("minecraft's best day")) == [("minecraft", "creative_work")]
    assert certain("minecrafter undertales") == []


def test_the_bundled_gazetteer_is_consistent() -> None:
    names = gazetteer()
    assert len(names.entries) > 150
    labels = {entry.label for found in names.entries.values() for entry in found}
    assert labels == {"creative_work", "group", "person", "product"}
    assert all(" ".join(words) not in names.nothing for words in names.entries)
    for words, found in names.entries.items():
        written = [entry.exact or " ".join(words) for entry in found]
        assert len(written) == len(set(written)), words


def test_a_malformed_gazetteer_names_the_line() -> None:
    for row in ("a\tperson\t", "a\tperson\t\tmaybe", "\tperson\t\tany", "!\tperson\t\tany"):
        with pytest.raises(ValueError, match="line 3"):
            Gazetteer.parse(f"name\tlabel\tkey\tcase\nx\tperson\t\tany\n{row}")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("@Mika", "mika"),
        (" The Witcher ", "witcher"),
        ("ＯＳＡＫＡ", "osaka"),
        ("Tomo's", "tomo"),
        ("the", "the"),
        ("#Art!", "art"),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert entity_key(text) == key


@given(st.lists(st.text(max_size=80), max_size=4))
def test_spans_are_true_ordered_and_apart(texts: list[str]) -> None:
    for text, found in zip(texts, RULES.entities(texts, {"mika"}), strict=True):
        last = 0
        for entity in found:
            assert last <= entity.start < entity.end
            last = entity.end
            assert text[entity.start : entity.end] == entity.text


def test_the_pipeline_adds_what_rules_do_not_know(recogniser: EntityRecogniser) -> None:
    (found,) = recogniser.entities(["rina lives in turku"])
    assert [(e.text, e.label, e.start, e.end, e.key) for e in found] == [
        ("rina", "person", 0, 4, "rina"),
        ("turku", "location", 14, 19, "turku"),
    ]
    assert recogniser.has_pipeline
    assert not RULES.has_pipeline
    assert recogniser.fingerprint != RULES.fingerprint


def test_where_both_speak_the_rules_are_right(recogniser: EntityRecogniser) -> None:
    (found,) = recogniser.entities(["Mika lives in Oslo"], {"oslo"})
    assert ("Oslo", "person") in shown(found)
    assert ("Oslo", "location") not in shown(found)


def test_batches_answer_like_single_texts_in_order(recogniser: EntityRecogniser) -> None:
    texts = [f"{person} moved to {place} last year" for person in tiny_entities.PEOPLE for place in tiny_entities.PLACES] * 3
    assert recogniser.entities(texts) == [recogniser.entities([text])[0] for text in texts]


def test_a_bad_text_has_nothing_and_disturbs_no_other(recogniser: EntityRecogniser) -> None:
    bad: list[Any] = [None, 7, "", " \u200b", "\ud800 @tomo \udfff", "x" * 100_000, "\x00", "😂" * 50]
    found = recogniser.entities([*bad, "we like Lima a lot"])
    assert len(found) == len(bad) + 1
    assert found[:4] == [[], [], [], []]
    assert shown(found[4]) == [("@tomo", "person")]
    assert ("Lima", "location") in shown(found[-1])


def test_a_pipeline_that_fails_leaves_the_rules(trained: Path) -> None:
    broken = EntityRecogniser.open(trained)
    pipeline: Any = broken._pipeline
    real = pipeline.make_doc

    def make_doc(text: str) -> Any:
        if "boom" in text:
            raise RuntimeError("no")
        return real(text)

    pipeline._ensure_doc = make_doc
    one, two = broken.entities(["boom @tomo", "we like Lima a lot"])
    assert shown(one) == [("@tomo", "person")]
    assert ("Lima", "location") in shown(two)


def test_many_threads_get_the_same_answers(recogniser: EntityRecogniser) -> None:
    texts = [f"is {person} here ? number{n}" for n in range(8) for person in tiny_entities.PEOPLE]
    expected = recogniser.entities(texts)
    got: dict[int, list[list[Entity]]] = {}

    def work(number: int) -> None:
        got[number] = [recogniser.entities([text])[0] for text in texts]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(got[number] == expected for number in range(4))


def test_the_vocabulary_does_not_grow_with_the_chat(recogniser: EntityRecogniser) -> None:
    pipeline: Any = recogniser._pipeline
    recogniser.entities(["we like Lima a lot"])
    before = len(pipeline.vocab.strings)
    recogniser.entities([f"zq{number}word is {number}here" for number in range(500)])
    assert len(pipeline.vocab.strings) < before + 50


def test_common_words_are_kept_each_once(trained: Path) -> None:
    opened = EntityRecogniser.open(trained)
    pipeline: Any = opened._pipeline
    word = next(word for word in sorted(opened._common) if word.isalpha() and word not in pipeline.vocab.strings)
    before = len(opened._common)
    first = opened.entities([f"{word} and {word}", f"{word}zq"])
    assert word in pipeline.vocab.strings
    assert before - 2 <= len(opened._common) < before, "`and` may be another one"
    strings = len(pipeline.vocab.strings)
    assert opened.entities([f"{word} and {word}", f"{word}zq"]) == first
    assert len(pipeline.vocab.strings) == strings


def truncate(path: Path) -> None:
    (path / "ner" / "model").write_bytes((path / "ner" / "model").read_bytes()[:-10])


def flip(path: Path) -> None:
    content = bytearray((path / "vocab" / "pieces.npy").read_bytes())
    content[-1] ^= 1
    (path / "vocab" / "pieces.npy").write_bytes(bytes(content))


def edit(**facts: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        manifest = json.loads((path / MANIFEST).read_text())
        (path / MANIFEST).write_text(json.dumps(manifest | facts))

    return change


DAMAGE: list[tuple[Callable[[Path], object], str]] = [
    (truncate, "ner/model has"),
    (flip, "vocab/pieces.npy does not match"),
    (lambda path: (path / "vocab" / "pieces.txt").unlink(), "vocab/pieces.txt is missing"),
    (lambda path: (path / "ner" / "more.bin").write_bytes(b"x"), "ner/more.bin is not part of it"),
    (lambda path: (path / MANIFEST).write_text("{"), "not valid JSON"),
    (lambda path: (path / MANIFEST).write_text("[]"), "must hold a JSON object"),
    (lambda path: (path / MANIFEST).unlink(), "missing"),
    (edit(format=99), "newer than 1"),
    (edit(format="1"), "names no format number"),
    (edit(files=[]), "`files`"),
    (edit(files={}), "config.cfg is not listed"),
    (edit(fingerprint="0" * 64), "fingerprint"),
    (edit(files={"../x": {"sha256": "", "bytes": 0}}), "no plain relative path"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGE, ids=[words for _, words in DAMAGE])
def test_damage_is_refused_and_named(trained: Path, tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    assert verify_pipeline(copy)["format"] == 1
    damage(copy)
    with pytest.raises(BadBundle) as caught:
        EntityRecogniser.open(copy)
    assert words in caught.value.message


def test_where_it_is_looked_for(trained: Path, tmp_path: Path) -> None:
    settings = Settings.read({"HIKARI_HOME": str(tmp_path / "home")})
    home = tmp_path / "home" / "models" / "entities"
    shutil.copytree(trained, home)
    assert find_pipeline(settings=settings) == home
    assert find_pipeline(trained, settings) == trained
    with pytest.raises(NotReady, match="make pipeline"):
        EntityRecogniser.open(tmp_path / "nowhere")


def test_an_absent_package_is_not_ready() -> None:
    with pytest.raises(NotReady, match="zz_core_none is not installed"):
        EntityRecogniser.installed("zz_core_none")


def test_an_installed_pipeline_speaks_our_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    pipeline: Any = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Lima"}, {"label": "DATE", "pattern": "today"}])
    package = tmp_path / "xx_tiny_places"
    package.mkdir()
    pipeline.to_disk(package / "data")
    (package / "__init__.py").write_text(
        "import pathlib, spacy\ndef load(**options):\n    return spacy.load(pathlib.Path(__file__).parent / 'data', **options)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    # spaCy loads by name what the package index calls installed.
    monkeypatch.setattr(spacy.util, "is_package", lambda name: name == "xx_tiny_places")
    found = EntityRecogniser.installed("xx_tiny_places").entities(["Lima today"])
    assert shown(found[0]) == [("Lima", "location")]
