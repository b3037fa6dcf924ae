"""Readers of the public sets, on small files in each set's own format: which text, which part, which targets, and nothing guessed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from training.public_data import open_text
from training.public_text import GOEMOTIONS, LANGUAGES, READERS, TWEET_EMOTION, Message, each_of, one_of, plain


def read(folder: Path, name: str, parts: Mapping[str, str]) -> list[Message]:
    """What the reader of a set makes of these files; they are opened as `public_corpus.read_sets` opens them."""
    for part, content in parts.items():
        (folder / part).write_bytes(content.encode())
    return list(READERS[name](lambda part: open_text(folder / part, newline=""), tuple(parts)))


def sentiment(label: str) -> dict[str, float]:
    return {f"sentiment/{each}": float(each == label) for each in SENTIMENT}


def test_plain_undoes_what_the_makers_of_a_file_escaped() -> None:
    assert plain(r' it\u2019s Plus\u002c &lt;3 &amp;amp; ""fine"" ') == 'it’s Plus, <3 &amp; "fine"'
    assert plain(r"\u00e9t\u00E9 \u12 \n") == r"été \u12 \n"


def test_shares_of_labels() -> None:
    assert one_of("t", ("a", "b", "c"), {"a", "c"}) == {"t/a": 0.5, "t/b": 0.0, "t/c": 0.5}
    assert each_of("t", {"a"}, {"b"}) == {"t/a": 1.0, "t/b": 0.0}
    assert each_of("t", set(), set()) == {}


def test_semeval_unescapes_and_leaves_out_ids_with_two_labels(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "semeval2017_task4a",
        {
            "twitter-2013train-A": "1\tpositive\tfun\\u002c it\\u2019s fun &amp; games\n"
            "2\tnegative\tlate again\n"
            "3\tobjective\tno label of ours\n"
            "broken line\n",
            "twitter-2016devtest-A": '4\tneutral\t"a stream ""today"" "\n2\tneutral\tlate again\n1\tpositive\tfun\\u002c it is\n',
            "twitter-2016test-A": "5\tnegative\tdull\tand a fourth cell\r\n4\tneutral\tseen before\n",
        },
    )
    assert [(message.part, message.text, dict(message.targets)) for message in found] == [
        ("dev", "fun, it is", sentiment("positive")),
        ("dev", '"a stream "today" "', sentiment("neutral")),
        ("train", "dull", sentiment("negative")),
    ]
    assert {message.source for message in found} == {"semeval2017_task4a"}


@pytest.mark.parametrize(
    ("task", "labels", "targets"),
    [
        ("sentiment", "0\n2\n", [sentiment("negative"), sentiment("positive")]),
        ("offensive", "1\n0\n", [{"toxicity/toxic": 1.0}, {"toxicity/toxic": 0.0}]),
        ("hate", "1\n0\n", [{"hate/hate": 1.0, "toxicity/toxic": 1.0}, {"hate/hate": 0.0}]),
        ("irony", "0\n1\n", [{"irony/irony": 0.0}, {"irony/irony": 1.0}]),
        (
            "emotion",
            "3\n1\n",
            [{f"tweet_emotion/{e}": float(e == label) for e in TWEET_EMOTION} for label in ("sadness", "joy")],
        ),
    ],
)
def test_tweeteval_gives_each_task_its_own_targets(
    tmp_path: Path, task: str, labels: str, targets: list[dict[str, float]]
) -> None:
    parts = {f"{task}_{part}_{kind}": "" for part in ("train", "val") for kind in ("text", "labels")}
    parts[f"{task}_train_text"], parts[f"{task}_train_labels"] = "@user one &amp; one \nanother \n", labels
    parts[f"{task}_val_text"], parts[f"{task}_val_labels"] = "a third\n", labels[:2]
    found = read(tmp_path, "tweeteval", parts)
    assert [message.text for message in found] == ["@user one & one", "another", "a third"]
    assert [message.part for message in found] == ["train", "train", "dev"]
    assert [dict(message.targets) for message in found] == [*targets, targets[0]]
    assert {message.source for message in found} == {f"tweeteval_{task}"}


def test_tweeteval_reads_only_the_parts_that_are_configured(tmp_path: Path) -> None:
    found = read(tmp_path, "tweeteval", {"sentiment_val_text": "so so\n", "sentiment_val_labels": "1\n", "sentiment_mapping": ""})
    assert [(message.source, message.part) for message in found] == [("tweeteval_sentiment", "dev")]


def test_texts_and_labels_of_unequal_number_are_an_error(tmp_path: Path) -> None:
    for name, part in (("tweeteval", "irony_train"), ("umsab", "german_train")):
        with pytest.raises(ValueError, match="shorter"):
            read(tmp_path, name, {f"{part}_text": "one\ntwo\n", f"{part}_labels": "1\n"})


def test_goemotions_joins_both_taxonomies_by_id_and_shares_targets(tmp_path: Path) -> None:
    fine = {label: GOEMOTIONS.index(label) for label in GOEMOTIONS}
    found = read(
        tmp_path,
        "goemotions",
        {
            "ekman_train": "well played\t3\tida\nhow dare they\t0,5\tidb\nnobody knows this id\t4\tidc\ncut\t1\n",
            "ekman_dev": "who would have thought\t6\tidd\n",
            # In another order than Ekman's, and with a row that Ekman's file lacks.
            "original_train": f"how dare they\t{fine['annoyance']},{fine['grief']}\tidb\nmore\t27\tidx\n"
            f"well played\t{fine['admiration']}\tida\n",
            "original_dev": f"who would have thought\t{fine['surprise']},{fine['neutral']}\tidd\n",
        },
    )
    assert [(message.part, message.text) for message in found] == [
        ("train", "well played"), ("train", "how dare they"), ("train", "nobody knows this id"), ("dev", "who would have thought"),
    ]  # fmt: skip
    shares = [{label: message.targets[f"emotion/{label}"] for label in EMOTION} for message in found]
    assert shares[0] == {label: float(label == "joy") for label in EMOTION}
    assert shares[1] == {label: 0.5 * (label in {"anger", "sadness"}) for label in EMOTION}
    assert shares[3] == {label: float(label == "surprise") for label in EMOTION}
    chosen = [{name for name, value in message.targets.items() if name.startswith("goemotions/") and value} for message in found]
    assert chosen == [
        {"goemotions/admiration"}, {"goemotions/annoyance", "goemotions/grief"}, set(), {"goemotions/surprise", "goemotions/neutral"},
    ]  # fmt: skip
    # Many labels are decided one by one, so each of the chosen is 1; without a fine label nothing is known of any.
    assert {name for name in found[1].targets if name.startswith("goemotions/")} == {f"goemotions/{e}" for e in GOEMOTIONS}
    assert set(found[1].targets.values()) == {0.0, 0.5, 1.0}
    assert set(found[2].targets) == {f"emotion/{label}" for label in EMOTION}


def test_toxic_spans_counts_workers_not_spans(tmp_path: Path) -> None:
    comments = ["11,rude and threatening", '12,"clean, says half"', "13,clean says most", "14,never judged"]
    votes = {
        "a": ("11", False), "b": ("11", False), "c": ("11", True), "d": ("12", True), "e": ("12", False), "f": ("13", True),
        "g": ("13", True), "h": ("13", False), "i": ("15", False),
    }  # fmt: skip
    spans = [
        "a,Insult,0,4", "a,Insult,5,8", "b,Insult,0,4",  # two workers, one of them twice
        "a,Threat,9,20",  # one worker
        "b,Other Toxicity,0,4", "b,Profane/Obscene ,0,4", "c,Profane/Obscene,0,4", "a,Profane/Obscene,0,4",  # three workers
        "h,Identity based Attack,0,5", "h,Identity based Attack,6,9",  # one worker twice
        "z,Insult,0,4", "d,Something else,0,1",  # of an annotation, and of a type, that is not there
    ]  # fmt: skip
    found = read(
        tmp_path,
        "toxic_spans",
        {
            "comments": "\n".join(["comment_id,comment_text", *comments]) + "\n",
            "annotations": "annotation,comment_id,all toxic,not toxic\n"
            + "".join(f"{name},{comment},False,{clean}\n" for name, (comment, clean) in votes.items()),
            "spans": "\n".join(["annotation,type,start,end", *spans]) + "\n",
        },
    )
    by_text = {message.text: dict(message.targets) for message in found}
    assert {message.part for message in found} == {None}
    none = {f"toxicity/{kind}": 0.0 for kind in ("insult", "obscene", "identity_hate", "threat")}
    assert by_text == {
        "rude and threatening": none
        | {"toxicity/insult": 1.0, "toxicity/threat": 0.5, "toxicity/obscene": 1.0, "toxicity/toxic": 1.0},
        "clean, says half": none | {"toxicity/toxic": 1.0},
        "clean says most": none | {"toxicity/identity_hate": 0.5, "toxicity/toxic": 0.0},
    }


def test_davidson_knows_other_types_only_of_clean_tweets(tmp_path: Path) -> None:
    rows = ['0,3,3,0,0,0,"!!! one, &amp; two"', "1,3,0,3,0,1,three", "2,3,0,0,3,2,four"]
    found = read(
        tmp_path, "davidson", {"labeled_data": "\n".join([",count,hate_speech,offensive_language,neither,class,tweet", *rows])}
    )
    assert [(message.part, message.text) for message in found] == [(None, "!!! one, & two"), (None, "three"), (None, "four")]
    assert [dict(message.targets) for message in found] == [
        {"toxicity/toxic": 1.0, "toxicity/identity_hate": 1.0},
        {"toxicity/toxic": 1.0},
        {f"toxicity/{kind}": 0.0 for kind in ("toxic", "identity_hate", "insult", "threat", "severe_toxic")},
    ]


def test_gametox_takes_the_commonest_label_of_a_text_and_leaves_other_types_open(tmp_path: Path) -> None:
    votes = {
        "gg": "000", "you donkey": "11", "swear": "2", "slur": "3", "i find you": "4", "group slur": "5", "spam spam": "6",
        "torn": "0101", "mostly rude": "0112",
    }  # fmt: skip
    rows = [f"{text},{label}.0" for text, labels in votes.items() for label in labels]
    found = read(tmp_path, "gametox", {"gametox": "\n".join(["message,label", *rows, "nobody judged,", '" gg ",1.0']) + "\n"})
    known = {message.text: dict(message.targets) for message in found}
    clean = {f"toxicity/{kind}": 0.0 for kind in TOXICITY}
    toxic = {"toxicity/toxic": 1.0}
    assert known == {
        "gg": clean,
        "you donkey": toxic | {"toxicity/insult": 1.0},
        "swear": toxic,
        "slur": toxic | {"toxicity/identity_hate": 1.0},
        "i find you": toxic | {"toxicity/threat": 1.0},
        "group slur": toxic | {"toxicity/identity_hate": 1.0},
        "spam spam": clean,
        "torn": clean,  # as often the one as the other: the first
        "mostly rude": toxic | {"toxicity/insult": 1.0},
    }
    assert {message.part for message in found} == {None}


def test_twitch_takes_the_majority_and_leaves_ties_out(tmp_path: Path) -> None:
    votes = [("nice one", "Positive"), ("nice one ", "Neutral"), ("nice one", "Positive"), ("tie", "Negative"), ("tie", "Neutral"),
             ("once", "Negative"), (" ", "Neutral")]  # fmt: skip
    lines = [f'{number},"{text}",{label},5,someone,1/2/2026 4:56' for number, (text, label) in enumerate(votes)]
    header = "message_id,message,sentiment,confidence,labeled_by,timestamp"
    found = read(tmp_path, "twitch_sentiment_labels", {"labels": "\r\n".join([header, *lines])})
    assert [(message.part, message.text, dict(message.targets)) for message in found] == [
        (None, "nice one", sentiment("positive")),
        (None, "once", sentiment("negative")),
    ]


def test_umsab_names_a_set_per_language(tmp_path: Path) -> None:
    parts = {}
    for number, language in enumerate(("spanish", "arabic")):
        parts |= {f"{language}_train_text": f"uno {language}\ndos {language}\n", f"{language}_train_labels": f"{number}\n2\n"}
        parts |= {f"{language}_val_text": f"tres {language}\n", f"{language}_val_labels": "1\n"}
    found = read(tmp_path, "umsab", parts)
    assert [(message.source, message.part, message.text) for message in found] == [
        (f"umsab_{language}", part, f"{text} {language}")
        for language in ("arabic", "spanish")
        for part, text in (("train", "uno"), ("train", "dos"), ("dev", "tres"))
    ]
    labels = ["neutral", "positive", "neutral", "negative", "positive", "neutral"]
    assert [dict(message.targets) for message in found] == [sentiment(label) for label in labels]
    assert {"arabic", "spanish", "english"} <= set(LANGUAGES)
