"""Public files: found in the mirror, believed only with the right hash, and every refusal says what to do."""

import dataclasses
import gzip
import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from hikari import fingerprint
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from hikari.settings import Settings
from training.entry import CONF, composed
from training.pretrain import PretrainConfig
from training.public_data import (
    PublicDataError,
    PublicExcerptConfig,
    PublicFileConfig,
    PublicSetConfig,
    open_text,
    public_file,
    verified,
)
from training.schema import ConfigError, to_config

SETS = sorted(path.stem.removeprefix("public_") for path in (CONF / "data").glob("public_*.yaml"))


def pinned(name: str) -> PublicSetConfig:
    return to_config(OmegaConf.to_container(OmegaConf.load(CONF / "data" / f"public_{name}.yaml")), PublicSetConfig)  # type: ignore[arg-type]


def settings(mirror: Path | None) -> Settings:
    return Settings.read({} if mirror is None else {"HIKARI_DATA_MIRROR": str(mirror)})


def public(sha256: str) -> PublicSetConfig:
    file = PublicFileConfig(path="tiny/a.conll", url="https://example.org/a.conll", sha256=sha256)
    return PublicSetConfig("tiny", "https://example.org", "MIT", "none", {"PER": "person"}, {"train": file})


def test_the_right_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "a.conll").write_text("a\tO\n")
    right = public(fingerprint.of_bytes(b"a\tO\n"))
    assert public_file(right, "train", settings(tmp_path)) == tmp_path / "tiny" / "a.conll"
    with pytest.raises(PublicDataError, match="expected 0000"):
        public_file(public("0" * 64), "train", settings(tmp_path))


def test_without_mirror_or_file_the_error_says_what_to_do(tmp_path: Path) -> None:
    for mirror in (None, tmp_path):
        with pytest.raises(PublicDataError, match=r"HIKARI_DATA_MIRROR") as caught:
            public_file(public("0" * 64), "train", settings(mirror))
        assert "https://example.org/a.conll" in str(caught.value)
    with pytest.raises(PublicDataError, match="no part 'test'"):
        public_file(public("0" * 64), "test", settings(tmp_path))


def test_the_sets_in_the_configuration_name_train_and_dev_only() -> None:
    sets = composed("pretrain", PretrainConfig).task.sets
    assert set(sets) == {"wnut17", "broad_twitter_corpus"}
    for each in sets.values():
        assert set(each.files) == {"train", "dev"}
        assert each.licence == "CC BY 4.0"
        assert len({file.sha256 for file in each.files.values()}) == 2


def test_a_compressed_copy_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    copy = tmp_path / "tiny" / "a.conll.gz"
    content = "à\tO\n".encode()
    right = public(fingerprint.of_bytes(content))
    for level in (1, 9):  # the compressed bytes differ, the content does not
        copy.write_bytes(gzip.compress(content, level, mtime=level))
        assert public_file(right, "train", settings(tmp_path)) == copy
    with open_text(copy) as file:
        assert file.read() == "à\tO\n"
    with pytest.raises(PublicDataError, match=f"has sha256 {right.files['train'].sha256}, expected 0000"):
        public_file(public("0" * 64), "train", settings(tmp_path))
    copy.with_suffix("").write_bytes(content)
    assert public_file(right, "train", settings(tmp_path)) == copy.with_suffix("")


@pytest.mark.parametrize("content", [b"not compressed", gzip.compress(b"cut" * 99)[:-9], gzip.compress(b"x" * 99, 0)[:12]])
def test_a_broken_compressed_copy_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "a.conll.gz").write_bytes(content)
    with pytest.raises(PublicDataError, match=r"a\.conll\.gz cannot be read"):
        public_file(public("0" * 64), "train", settings(tmp_path))


def test_a_pinned_file_that_is_itself_compressed_is_hashed_as_it_lies(tmp_path: Path) -> None:
    content = gzip.compress(b"chat", mtime=0)
    (tmp_path / "chat.gz").write_bytes(content)
    file = PublicFileConfig("chat.gz", "https://example.org/chat.gz", fingerprint.of_bytes(content))
    one = dataclasses.replace(public("0" * 64), files={"train": file})
    assert public_file(one, "train", settings(tmp_path)) == tmp_path / "chat.gz"


def test_text_is_read_plain_or_compressed_with_the_line_ends_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\ntwo\rthree\n")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\r\ntwo\rthree\n"))
    for name in ("a", "a.gz"):
        with open_text(tmp_path / name, newline="\n") as file:
            assert list(file) == ["one\r\n", "two\rthree\n"]
        with open_text(tmp_path / name) as file:
            assert list(file) == ["one\n", "two\n", "three\n"]


def test_of_an_excerpt_the_whole_passes_too_and_is_told_apart(tmp_path: Path) -> None:
    excerpt, whole = (fingerprint.of_bytes(content) for content in (b"a\n", b"a\nb\n"))
    file = PublicExcerptConfig("a.csv", "https://example.org/a.csv", excerpt, whole)
    one = dataclasses.replace(public("0" * 64), files={"train": file})
    for content, found in ((b"a\n", excerpt), (b"a\nb\n", whole)):
        (tmp_path / "a.csv").write_bytes(content)
        assert verified(one, "train", settings(tmp_path)) == (tmp_path / "a.csv", found)
    (tmp_path / "a.csv").write_bytes(b"b\n")
    with pytest.raises(PublicDataError, match=f"expected {excerpt} or {whole}"):
        verified(one, "train", settings(tmp_path))
    assert (file.served, PublicFileConfig("a", "https://github.com/a/b/tree/main/a", excerpt).served) == (whole, None)


@pytest.mark.parametrize("name", SETS)
def test_every_set_in_the_configuration_is_complete(name: str) -> None:
    one = pinned(name)
    assert one.name == name
    places = [file.path for file in one.files.values()]
    assert places
    assert len(set(places)) == len(places)
    for file in one.files.values():
        assert not Path(file.path).is_absolute()
        assert ".." not in Path(file.path).parts
        if file.served is not None:  # a commit, never a branch
            owner_and_name = one.url.removeprefix("https://github.com/")
            address = rf"https://raw\.githubusercontent\.com/{owner_and_name}/[0-9a-f]{{40}}/.+"
            assert re.fullmatch(address, file.url), file.url
            assert Path(file.url).name == Path(file.path).name


def test_no_official_test_split_is_named() -> None:
    """What finished models are judged on; the tests of 2013 to 2016 are part of what SemEval-2017 gave out to train on."""
    named = {f"{name}/{part}" for name in SETS for part in pinned(name).files}
    assert {name for name in named if "test" in name} == {
        *(f"semeval2017_task4a/twitter-{year}test-A" for year in (2013, 2014, 2015, 2016)),
        "semeval2017_task4a/twitter-2016devtest-A",
    }


def test_the_parts_have_the_names_that_the_readers_use() -> None:
    tasks = ("emotion", "hate", "irony", "offensive")
    languages = ("arabic", "english", "french", "german", "hindi", "italian", "portuguese", "spanish")
    kinds = ("train_text", "train_labels", "val_text", "val_labels")
    assert set(pinned("tweeteval").files) == {
        *(f"{task}_{kind}" for task in tasks for kind in (*kinds, "mapping")),
        *(f"sentiment_{kind}" for kind in ("val_text", "val_labels", "mapping")),
    }
    assert set(pinned("umsab").files) == {f"{language}_{kind}" for language in languages for kind in kinds}
    assert set(pinned("goemotions").files) == {
        f"{f}_{part}" for f in ("ekman", "original") for part in ("train", "dev", "labels")
    }
    assert set(pinned("toxic_spans").files) == {"annotations", "comments", "spans", "tsd_train", "tsd_trial"}
    assert set(pinned("davidson").files) == {"labeled_data"}
    assert set(pinned("gametox").files) == {"gametox"}
    assert set(pinned("twitch_sentiment_labels").files) == {"labels"}
    assert len(pinned("semeval2017_task4a").files) == 11


def test_labels_are_mapped_onto_labels_of_this_project() -> None:
    ours = {*SENTIMENT, *EMOTION, *TOXICITY}
    for name in ("semeval2017_task4a", "umsab", "twitch_sentiment_labels"):
        assert set(pinned(name).labels.values()) == set(SENTIMENT)
    assert set(pinned("goemotions").labels.values()) == set(EMOTION)
    assert set(pinned("toxic_spans").labels.values()) == set(TOXICITY) - {"severe_toxic"}
    assert ours >= {label for name in ("tweeteval", "davidson", "gametox") for label in pinned(name).labels.values()}


def test_a_mistake_in_a_file_is_named() -> None:
    values = dataclasses.asdict(public("0" * 64))
    values["files"]["train"]["colour"] = "red"
    with pytest.raises(ConfigError, match=r"(?m)^  files\.train\..*colour: no such key$"):
        to_config(values, PublicSetConfig)


CARDS = CONF.parent / "data" / "cards"


@pytest.mark.parametrize("name", sorted(path.stem for path in CARDS.glob("*.md")))
def test_a_card_agrees_with_the_configuration_and_is_linked(name: str) -> None:
    one, card = pinned(name), (CARDS / f"{name}.md").read_text()
    assert card.startswith(f"# Data card: {name}\n")
    (commit,) = {file.url.split("/")[5] for file in one.files.values()}
    assert f"`{commit}`" in card
    assert f"({one.url})" in card
    assert re.split(r" \(|;", one.licence)[0] in card
    assert any(said in card for said in ("**Labels**", "**How the targets are made.**", "| ours |"))
    for said in ("**Problems**", "**Overlaps**", "**Official test**", "**Used for**"):
        assert said in card, said
    assert f"(cards/{name}.md)" in (CARDS.parent / "README.md").read_text()
    for link in re.findall(r"\]\((?!https://)([^)]+)\)", card):
        assert (CARDS / link).is_file(), link


def test_the_sets_of_the_text_model_have_a_card_each() -> None:
    assert {path.stem for path in CARDS.glob("*.md")} == {
        "davidson", "gametox", "goemotions", "semeval2017_task4a", "toxic_spans", "tweeteval", "twitch_sentiment_labels", "umsab",
    }  # fmt: skip
