import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.analytics import features
from hikari.analytics.events import ChatEvent
from hikari.analytics.windows import StreamWindows
from training.feature_files import StreamFeatures, read_features, write_features
from training.public_data import PublicDataError
from training.streams import RecordedStream, Signals, feature_set, featurise, read_streams

START = 1_700_000_000.0


def stream(seed: int = 0, minutes: int = 300, silence: float = 0.0) -> RecordedStream:
    chance, time, events, viewers = random.Random(seed), START, [], []
    texts = ["hello", "Kappa Kappa", "what is this?", "WOW OK", "one two three four five six seven", "@ann no", "\U0001f602"]
    while time < START + minutes * 60:
        time += round(chance.expovariate(0.1), 3)
        if silence and START + 1_800 < time < START + 1_800 + silence:
            time = START + 1_800 + silence
        text = chance.choice(texts) + f" {chance.randrange(30)}"
        events.append(
            ChatEvent(time, f"viewer{int(chance.paretovariate(0.6)) % 200}", text, chance.uniform(-1, 1), None, chance.random())
        )
        if chance.random() < 0.02:
            viewers.append((time - 0.5, float(chance.randrange(100))))
    return RecordedStream("ann", "1", START, START + minutes * 60, tuple(events), tuple(viewers))


@pytest.mark.parametrize(
    ("seed", "minutes", "silence"),
    [(0, 90, 0.0), (1, 300, 0.0), (2, 200, 3_500.0), (3, 200, 4_500.0), (4, 700, 16_000.0)],
)
def test_training_sees_exactly_what_serving_sees(seed: int, minutes: int, silence: float) -> None:
    recorded = stream(seed, minutes, silence)
    trained = featurise(recorded)
    live, answers = StreamWindows(), dict[int, np.ndarray]()
    live.start_stream(recorded.start)
    minute = int(recorded.start // 60)
    arriving: list[tuple[float, ChatEvent | None, float]] = [(time, None, viewers) for time, viewers in recorded.viewers]
    arriving += [(event.timestamp, event, 0.0) for event in recorded.events]
    arriving.sort(key=lambda item: item[0])
    for time, event, viewers in arriving:
        while time >= (minute + 1) * 60:  # the minute is over: this is what the model is asked with
            answers[minute] = features.rows(live, (minute + 1) * 60)
            minute += 1
        if event is None:
            live.record("viewer_count", viewers, time, now=time)
        else:
            live.add(event, now=time)
    assert trained.first_minute == int(START // 60)
    assert len(trained.matrix) == features.last_minute(recorded.end) - trained.first_minute + 1
    for end in range(1, len(trained.matrix) + 1):
        served = answers[trained.first_minute + end - 1]
        assert np.array_equal(features.window(trained.matrix, end), served, equal_nan=True)
    assert len(answers) >= minutes - 1


def test_a_scorer_sees_each_text_once_and_its_signals_count() -> None:
    recorded = RecordedStream(
        "ann", "1", START, START + 120, tuple(ChatEvent(START + n, "a", f"text {n % 3}") for n in range(60))
    )

    def score(texts: Sequence[str]) -> list[Signals]:
        assert sorted(texts) == ["text 0", "text 1", "text 2"]
        return [(int(text[-1]) / 2, "joy", None) for text in texts]

    matrix = featurise(recorded, score).matrix
    assert matrix[1, features.INDEX["mean_sentiment"]] == pytest.approx(0.5, abs=0.1)
    assert matrix[1, features.INDEX["emotion_joy"]] == 1
    assert np.isnan(matrix[1, features.INDEX["toxic_share"]])


def archive(folder: Path, packed: bool) -> Path:
    folder.mkdir()
    about = [{"channel": "ann", "vod_id": vod, "created_at": f"2024-01-0{vod}T10:00:30Z", "duration_s": 130} for vod in (1, 2)]
    chat: list[dict[str, Any]] = [
        {"v": vod, "t": t, "u": "bob", "m": f"hi {t}"} for vod in (1, 2) for t in (0, 29, 45, 50, 40, 400)
    ]
    chat[1]["bot"] = 1
    chat[2]["u"] = None  # a deleted account
    for name, rows in (("streams.jsonl", about), ("chat_ann.jsonl", chat)):
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        (folder / (name + ".gz" if packed else name)).write_bytes(gzip.compress(text) if packed else text)
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_the_archive_format(tmp_path: Path, packed: bool) -> None:
    folder = archive(tmp_path / "archive", packed)
    first, second = read_streams(folder)
    assert (first.channel, first.stream_id, second.stream_id) == ("ann", "1", "2")
    assert [event.timestamp - first.start for event in first.events] == [
        0,
        29,
        40,
        45,
        50,
    ]  # in order; what lies beyond the end is left out
    assert first.end - first.start == 130
    assert len(next(read_streams(folder, bots=False)).events) == 4
    matrix = featurise(first).matrix
    assert matrix[:, features.INDEX["messages"]].tolist() == [2, 3]


def test_the_log_format(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = ["StartTime: 2021-07-04 20:27:37", "2021-07-04 20:29:45,500\tu1\thi\tthere", "2021-07-04 20:30:10,000\tu2\tyo"]
    (folder / "a.log.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (folder / "b.log").write_text("2021-07-04 22:00:00,000\tu1\tback\n")
    first, second = read_streams(folder)
    assert [event.message for event in first.events] == ["hi\tthere", "yo"]
    assert first.events[0].timestamp == 1_625_410_785.5  # 14:59:45.5 UTC
    assert (first.channel, first.end % 60, len(second.events)) == ("logs", 0, 1)


def test_the_replay_format_sorts_and_splits(tmp_path: Path) -> None:
    rows = [
        {"timestamp": START + time, "username": "ann", "message": "hi", **({"viewer_count": 3} if time == 9 else {})}
        for time in (50, 9, 9000)
    ]
    file = tmp_path / "ann.jsonl"
    file.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    first, second = read_streams(file)
    assert [event.timestamp - START for event in first.events] == [9, 50]
    assert first.viewers == ((START + 9, 3.0),)
    assert list(read_streams(tmp_path)) == [first, second]


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("x.jsonl", b"{}\n", "line 1: timestamp"),
        ("x.jsonl", b'{"timestamp": 1, "username": "SECRET", "message": ""}\n', "line 1: message"),
        ("x.jsonl", b"SECRET\n", "line 1: it is no JSON"),
        ("x.jsonl", b"[]\n", "line 1"),
        ("x.jsonl", b"\xff\xfe\n", "cannot be read"),
        ("x.jsonl.gz", b"no gzip", "cannot be read"),
        ("x.log", b"SECRET\n", "line 1: it does not begin with a time"),
        ("x.log", b"2021-07-04 20:29:45,500\tSECRET\n", "line 1: it is not time"),
        ("streams.jsonl", b'{"channel": "a"}\n', "line 1: vod_id, created_at missing"),
        ("streams.jsonl", b"", "no chat_<channel>"),
        ("readme.md", b"", "holds neither"),
    ],
)
def test_damaged_files_are_named_and_not_quoted(tmp_path: Path, name: str, content: bytes, wanted: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PublicDataError, match=wanted) as caught:
        list(read_streams(tmp_path))
    assert "SECRET" not in str(caught.value)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    folder = archive(tmp_path / "archive", packed=False)
    chat = folder / "chat_ann.jsonl"
    for line, wanted in (
        ('{"v": 9, "t": 0, "u": "a", "m": "b"}', "does not list stream 9"),
        ('{"v": 1, "t": "0"}', "t, u, m missing"),
    ):
        chat.write_text(line)
        with pytest.raises(PublicDataError, match=wanted):
            list(read_streams(folder))


def test_features_are_made_once(tmp_path: Path) -> None:
    folder, cache, calls = archive(tmp_path / "archive", packed=True), tmp_path / "cache", 0

    def score(texts: Sequence[str]) -> list[Signals]:
        nonlocal calls
        calls += 1
        return [(0.0, None, None)] * len(texts)

    for _ in range(2):
        again = feature_set(folder, cache, score=score, score_name="zero")
    assert calls == 2  # one a stream
    plain = feature_set(folder, cache)
    assert len(list(cache.iterdir())) == 2
    assert [each.first_minute for each in plain] == [each.first_minute for each in again]
    assert np.array_equal(plain[0].matrix, featurise(next(read_streams(folder))).matrix, equal_nan=True)
    with pytest.raises(ValueError, match="score_name"):
        feature_set(folder, cache, score=score)


def test_other_files_are_no_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npz"
    write_features(path, [])
    assert read_features(path) == []
    write_features(path, [StreamFeatures("a", "1", 5, np.zeros((2, len(features.FEATURES))))])
    monkeypatch.setattr(features, "VERSION", 99)
    with pytest.raises(PublicDataError, match="make it again"):
        read_features(path)
    path.write_bytes(b"nothing")
    with pytest.raises(PublicDataError, match="no file of features"):
        read_features(path)
    with pytest.raises(PublicDataError):
        read_features(tmp_path / "missing.npz")
