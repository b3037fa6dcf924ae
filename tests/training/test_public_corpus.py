"""One table of many sets: no text twice, nothing of a dev set in training, splits that never move."""

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hikari.sentiment.labels import TASKS
from training import corpus, public_corpus, swaps
from training.entry import CONF
from training.public_corpus import CORPUS, HELD_OUT, canonical, corpus_messages, share_of, split_and_merge, to_frame
from training.public_data import PublicSetConfig
from training.public_text import READERS, Message
from training.schema import to_config

MIRROR = os.environ.get("HIKARI_DATA_MIRROR")
"""Read when this file is loaded: inside a test no mirror is named."""

SOURCES = st.one_of(
    st.tuples(st.sampled_from(sorted(HELD_OUT)), st.none()),
    st.tuples(st.sampled_from(["a", "b", CORPUS, f"{CORPUS}_test"]), st.sampled_from(["train", "dev"])),
)
# Few words, so that many messages are copies of each other in another dress.
TEXTS = st.builds(
    lambda words, before, after: before + " ".join(words) + after,
    st.lists(st.sampled_from(["gg", "GG", "no", "No", "wow"]), max_size=3),
    st.sampled_from(["", "@mika ", "  ", "https://t.co/x "]),
    st.sampled_from(["", "!!", " ...", " :)"]),
)
TARGETS = st.dictionaries(st.sampled_from(["toxicity/toxic", "toxicity/insult", "irony/irony"]), st.sampled_from([0.0, 0.5, 1.0]))
MESSAGES = st.lists(
    st.builds(lambda source, text, targets: Message(source[0], source[1], text, targets), SOURCES, TEXTS, TARGETS), max_size=40
)


def message(text: str, part: str | None = "train", source: str = "a", **targets: float) -> Message:
    return Message(source, part, text, {f"toxicity/{name}": value for name, value in targets.items()})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("@mika  So GOOD!! http://t.co/x", "so good"),
        ("what's_up", "What s up?"),
        ("see www.example.org/a?b=c now", "SEE NOW"),
        ("http it", "it"),
        ("ÉTÉ, été", "été ÉTÉ"),
        (" :) ", ":)"),
    ],
)
def test_copies_in_another_dress_are_the_same_text(left: str, right: str) -> None:
    assert canonical(left) == canonical(right) != ""


@pytest.mark.parametrize(("left", "right"), [("good", "god"), (":)", ":("), ("no it is", "it is no"), ("level 1", "level 2")])
def test_other_texts_stay_apart(left: str, right: str) -> None:
    assert canonical(left) != canonical(right)


def test_nothing_to_read_is_no_message() -> None:
    assert canonical(" \n ") == ""
    assert split_and_merge([message("  ")]) == {"train": [], "dev": []}


@given(MESSAGES)
def test_no_text_twice_and_nothing_of_a_dev_set_in_training(messages: list[Message]) -> None:
    parts = split_and_merge(messages)
    train = [canonical(each.text) for each in parts["train"]]
    assert len(set(train)) == len(train)
    assert all(len({canonical(m.text) for m in parts["dev"] if m.source == source}) ==
               sum(m.source == source for m in parts["dev"]) for source in {m.source for m in parts["dev"]})  # fmt: skip
    dev = {canonical(each.text) for each in messages if each.part == "dev"}
    held_out = {canonical(m.text) for m in messages if m.part is None and share_of(m.text) < HELD_OUT[m.source]}
    assert not set(train) & (dev | held_out)
    # And nothing is lost: what is no dev text is learned from.
    assert set(train) == {name for m in messages if (name := canonical(m.text))} - dev - held_out
    assert {canonical(each.text) for each in parts["dev"]} == (dev | held_out) - {""}


@given(MESSAGES)
def test_merged_targets_keep_the_first_judge(messages: list[Message]) -> None:
    parts = split_and_merge(messages)
    for merged in parts["train"]:
        expected: dict[str, float] = {}
        copies = [m for m in messages if canonical(m.text) == canonical(merged.text)]
        for copy in copies:
            expected = {**copy.targets, **expected}
        assert dict(merged.targets) == expected
        assert (merged.source, merged.text) == (copies[0].source, copies[0].text)


def test_a_text_of_two_sets_has_the_labels_of_both() -> None:
    first, second = message("gg wp", toxic=0.0), message("GG WP!", source="b", toxic=1.0, insult=1.0)
    (merged,) = split_and_merge([first, second])["train"]
    assert (merged.source, merged.text) == ("a", "gg wp")
    assert merged.targets == {"toxicity/toxic": 0.0, "toxicity/insult": 1.0}


@given(MESSAGES, MESSAGES, st.randoms(use_true_random=False))
def test_what_is_held_out_depends_on_the_text_alone(messages: list[Message], more: list[Message], dice: object) -> None:
    shuffled = [*messages, *more]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = ({(m.source, canonical(m.text)) for m in split_and_merge(part)["dev"]} for part in (messages, shuffled))
    added = {(m.source, canonical(m.text)) for m in split_and_merge(more)["dev"]}
    assert after == before | added


def test_the_held_out_share_is_what_was_asked_for() -> None:
    shares = np.array([share_of(f"message number {number}") for number in range(4000)])
    assert ((shares >= 0) & (shares < 1)).all()
    assert share_of("@x Message NUMBER 7!") == shares[7]
    for asked in HELD_OUT.values():
        assert (shares < asked).mean() == pytest.approx(asked, abs=0.03)


def test_rows_of_the_corpus_that_are_not_for_training_count_as_dev() -> None:
    messages = corpus_messages(corpus.FOLDER)
    counts = Counter((each.source, each.part) for each in messages)
    assert set(counts) == {(CORPUS, "train"), (CORPUS, "dev"), (f"{CORPUS}_test", "dev"), (f"{CORPUS}_challenge", "dev")}
    assert counts[CORPUS, "train"] == len(corpus.read_split("train")) + len(swaps.rows(corpus.FOLDER, 3))
    every = {f"{task.name}/{label}" for task in TASKS for label in task.labels}
    assert all(set(each.targets) == every for each in messages)
    train = {canonical(each.text) for each in split_and_merge(messages)["train"]}
    for split in ("dev", "test", corpus.CHALLENGE):
        assert not train & {canonical(row.text) for row in corpus.read_split(split)}


def test_the_table_has_a_column_a_target_and_leaves_out_what_is_not_known() -> None:
    frame = to_frame([message("so GOOD PogChamp", toxic=0.0), message("bad", insult=1.0)], TASKS)
    assert list(frame.columns) == ["source", "text", "words", *(f"{t.name}/{label}" for t in TASKS for label in t.labels)]
    assert frame["toxicity/toxic"].tolist()[0] == 0.0
    assert frame["toxicity/insult"].tolist()[1] == 1.0
    assert frame.iloc[:, 3:].notna().sum().sum() == 2
    assert list(to_frame([], TASKS).columns) == list(frame.columns)


def test_the_corpus_test_rows_are_never_looked_at() -> None:
    sources = ["a", CORPUS, f"{CORPUS}_test", f"{CORPUS}_challenge", "b"]
    frame = to_frame([message(f"text {name}", "dev", name) for name in sources], TASKS)
    assert public_corpus.without_tests(frame)["source"].tolist() == ["a", CORPUS, "b"]
    assert public_corpus.counts({"dev": frame}) == {"dev": dict.fromkeys(sorted(sources), 1)}


@pytest.mark.skipif(MIRROR is None, reason="HIKARI_DATA_MIRROR names no folder with the public sets")
def test_of_the_real_sets_no_dev_text_is_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(MIRROR))
    files = [OmegaConf.load(CONF / "data" / f"public_{name}.yaml") for name in READERS]
    sets = [to_config(OmegaConf.to_container(file), PublicSetConfig) for file in files]  # type: ignore[arg-type]
    parts = split_and_merge([*corpus_messages(corpus.FOLDER), *public_corpus.read_sets(sets)])
    train, dev = ([canonical(each.text) for each in parts[part]] for part in ("train", "dev"))
    assert len(train) > 150_000
    assert len(set(train)) == len(train)
    # Not by assert: what is found must not be printed.
    if set(train) & set(dev):
        pytest.fail("a text of a dev set is in the training rows")
    learned, judged = ({each.source for each in parts[part]} for part in ("train", "dev"))
    both = {
        "semeval2017_task4a",
        "goemotions",
        "tweeteval_offensive",
        "tweeteval_hate",
        "tweeteval_irony",
        "tweeteval_emotion",
        CORPUS,
    }
    assert both | set(HELD_OUT) <= learned & judged
    assert "tweeteval_sentiment" in judged - learned
    assert {f"{CORPUS}_test", f"{CORPUS}_challenge"} <= judged - learned
    for language in ("arabic", "french", "german", "hindi", "italian", "portuguese", "spanish"):
        assert f"umsab_{language}" in learned & judged
    assert "umsab_english" in judged
