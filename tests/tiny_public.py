"""Small invented sets in the formats of the public ones, and a small corpus, for runs of the real pre-training."""

import dataclasses
from pathlib import Path

from hikari import fingerprint
from tests import tiny
from training import corpus
from training.entry import composed
from training.pretrain_text import PretrainTextConfig
from training.public_data import PublicFileConfig, PublicSetConfig

MOODS = ("hate sad bad", "what is this", "love good great")
"""Negative, neutral, positive."""
WORDS = ("stream", "game", "play", "you", "why", "this", "can", "not")


def sentences(kind: str, number: int) -> list[tuple[str, int]]:
    """Distinct texts and their mood."""
    return [(f"{MOODS[n % 3]} {WORDS[n % 8]} {kind} {n}", n % 3) for n in range(number)]


def files() -> dict[str, dict[str, str]]:
    """The content of every part of every set."""
    pair = {}
    for task, number in (("offensive", 2), ("hate", 2), ("irony", 2), ("emotion", 4), ("sentiment", 3)):
        for part in ("train", "val") if task != "sentiment" else ("val",):
            rows = [text for text, _ in sentences(f"{task} {part}", 24)]
            pair[f"{task}_{part}_text"] = "".join(f"{text}\n" for text in rows)
            pair[f"{task}_{part}_labels"] = "".join(f"{n % number}\n" for n in range(len(rows)))
    emotions = {
        f"{name}_{part}": "".join(
            f"{text}\t{labels[mood]}\t{part}{n}\n" for n, (text, mood) in enumerate(sentences(f"reddit {part}", 24))
        )
        for part in ("train", "dev")
        for name, labels in (("ekman", "543"), ("original", ("25", "27", "17")))
    }
    names = ("negative", "neutral", "positive")
    tweets = {
        part: "".join(f"{part}{n}\t{names[mood]}\t{text}\n" for n, (text, mood) in enumerate(sentences(part, 24)))
        for part in ("twitter-2013train-A", "twitter-2016devtest-A")
    }
    comments = sentences("comment", 60)
    return {
        "semeval2017_task4a": tweets,
        "tweeteval": pair,
        "goemotions": emotions,
        "toxic_spans": {
            "comments": "comment_id,comment_text\n" + "".join(f"{n},{text}\n" for n, (text, _) in enumerate(comments)),
            "annotations": "annotation,comment_id,all toxic,not toxic\n"
            + "".join(f"{n}{worker},{n},False,{mood == 2}\n" for n, (_, mood) in enumerate(comments) for worker in "ab"),
            "spans": "annotation,type,start,end\n"
            + "".join(f"{n}{worker},Insult,0,4\n" for n, (_, mood) in enumerate(comments) for worker in "ab" if mood == 0),
        },
        "davidson": {
            "labeled_data": ",count,hate_speech,offensive_language,neither,class,tweet\n"
            + "".join(f"{n},3,0,0,0,{mood},{text}\n" for n, (text, mood) in enumerate(sentences("lexicon", 60)))
        },
        "gametox": {"gametox": "message,label\n" + "".join(f"{text},{mood}.0\n" for text, mood in sentences("tank", 60))},
        "twitch_sentiment_labels": {
            "labels": "message_id,message,sentiment,confidence,labeled_by,timestamp\n"
            + "".join(f"{n},{text},{names[mood].title()},5,x,now\n" for n, (text, mood) in enumerate(sentences("twitch", 30)))
        },
        "umsab": {
            f"{language}_{part}_{kind}": "".join(
                f"{text if kind == 'text' else mood}\n" for text, mood in sentences(f"{language} {part}", 12)
            )
            for language in ("german", "spanish")
            for part in ("train", "val")
            for kind in ("text", "labels")
        },
    }


def write_mirror(folder: Path) -> dict[str, PublicSetConfig]:
    """The sets as a mirror would hold them, and their configurations."""
    sets = {}
    for name, parts in files().items():
        (folder / name).mkdir(parents=True)
        configured = {}
        for part, content in parts.items():
            (folder / name / part).write_text(content)
            hashed = fingerprint.of_bytes(content.encode())
            configured[part] = PublicFileConfig(path=f"{name}/{part}", url=f"https://example.org/{name}/{part}", sha256=hashed)
        sets[name] = PublicSetConfig(name, "https://example.org", "MIT", "none", {"0": "negative"}, configured)
    return sets


def write_corpus(folder: Path) -> Path:
    """A corpus of four splits, in the format of the bundled one."""
    folder.mkdir(parents=True)
    for split in (*corpus.SPLITS, corpus.CHALLENGE):
        rows = [
            corpus.Row(f"{split}-{n}-{m}", "tiny", f"{text} {split} {n}", sentiment, emotion, tuple(kinds), question, None)
            for n in range(3)
            for m, (text, sentiment, emotion, kinds, question) in enumerate(tiny.TEXTS)
        ]
        corpus.write_split(split, rows, folder)
    return folder


def config(folder: Path, encoder: Path, sets: dict[str, PublicSetConfig], output: Path, *overrides: str) -> PretrainTextConfig:
    """A short run on the tiny sets; `folder` holds the corpus and gets the tables."""
    made = composed(
        "pretrain",
        PretrainTextConfig,
        [
            "task=text_public", "task.encoder.source=folder", f"task.encoder.location={encoder}", "task.encoder.sha256=null",
            "tracking@task.tracking=off", f"output={output}", f"task.corpus={folder / 'corpus'}", f"task.cache={folder / 'cache'}",
            "task.rows_per_epoch=160", "task.dev_rows=20", "task.batch_size=16", "task.max_tokens=24", "task.trainer.max_epochs=2",
            "task.trainer.progress=false", "task.optim.lr=0.003", "task.optim.head_lr=0.02", "task.ablations=null", *overrides,
        ],
    )  # fmt: skip
    return dataclasses.replace(made, task=dataclasses.replace(made.task, sets=sets))
