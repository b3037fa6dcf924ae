"""The bundled corpus keeps its promises, and new rows neither move old ones nor leak between splits."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari import fingerprint
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from training import corpus
from training.corpus import CHALLENGE, HARD, NEAR_DUPLICATE, SAME_SPLIT, SPLITS, Row

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "data" / "corpus"


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Row]]:
    return {split: corpus.read_split(split, FOLDER) for split in SPLITS}


@pytest.fixture(scope="module")
def everything(splits: dict[str, list[Row]]) -> list[tuple[str, Row]]:
    return [(split, row) for split, rows in splits.items() for row in rows]


@pytest.fixture(scope="module")
def challenge() -> list[Row]:
    return corpus.read_split(CHALLENGE, FOLDER)


@pytest.fixture(scope="module")
def pairs(everything: list[tuple[str, Row]]) -> list[tuple[int, int, float]]:
    return corpus.similar_pairs([row.text for _, row in everything], SAME_SPLIT)


def new_row(text: str, **changes: Any) -> dict[str, Any]:
    labels = {"sentiment": "positive", "emotion": "joy", "toxicity": [], "question": False, "hard": None}
    return {"text": text, **labels, **changes}


def distinct(count: int) -> list[str]:
    """Messages that share no trigram with one another."""
    letters = [chr(0x4E00 + number) for number in range(count * 6)]
    return ["".join(letters[number * 6 : number * 6 + 6]) for number in range(count)]


def where(folder: Path) -> dict[str, str]:
    """Text to split."""
    return {row.text: split for split in SPLITS for row in corpus.read_split(split, folder)}


def brute_force(texts: list[str], threshold: float) -> list[tuple[int, int, float]]:
    def grams(text: str) -> set[str]:
        padded = f" {corpus.canonical(text)} "
        padded = padded if len(padded) >= 3 else f"{padded:^3}"
        return {padded[start : start + 3] for start in range(len(padded) - 2)}

    sets = [grams(text) for text in texts]
    found = []
    for left in range(len(texts)):
        for right in range(left + 1, len(texts)):
            similarity = len(sets[left] & sets[right]) / len(sets[left] | sets[right])
            if similarity >= threshold and sets[left] & sets[right]:
                found.append((left, right, similarity))
    return found


def test_every_row_follows_the_schema(everything: list[tuple[str, Row]]) -> None:
    for _, row in everything:
        assert re.fullmatch(r"[a-z0-9_]+", row.theme), row
        assert 0 < len(row.text.strip()) <= len(row.text) <= 500, row
        assert row.text == row.text.strip(), row
        assert row.sentiment in SENTIMENT, row
        assert row.emotion in EMOTION, row
        assert set(row.toxicity) <= set(TOXICITY), row
        assert len(set(row.toxicity)) == len(row.toxicity), row
        assert not row.toxicity or "toxic" in row.toxicity, row
        assert isinstance(row.question, bool), row
        assert row.hard is None or row.hard in HARD, row


def test_ids_are_unique_and_equal_to_the_hash_of_the_text(everything: list[tuple[str, Row]]) -> None:
    assert len({row.id for _, row in everything}) == len(everything)
    for _, row in everything:
        assert row.id == fingerprint.of_bytes(row.text.encode())[:12], row


def test_the_corpus_is_large_enough(everything: list[tuple[str, Row]]) -> None:
    assert len(everything) >= 3000


def test_files_are_sorted_and_written_as_the_code_writes_them(splits: dict[str, list[Row]], tmp_path: Path) -> None:
    for split, rows in splits.items():
        assert [row.id for row in rows] == sorted(row.id for row in rows)
        corpus.write_split(split, rows, tmp_path)
        assert (tmp_path / f"{split}.jsonl").read_bytes() == (FOLDER / f"{split}.jsonl").read_bytes()


def test_no_message_says_the_same_as_another(everything: list[tuple[str, Row]], pairs: list[tuple[int, int, float]]) -> None:
    twins = [
        (everything[left][1].text, everything[right][1].text, round(similarity, 3))
        for left, right, similarity in pairs
        if similarity >= NEAR_DUPLICATE
    ]
    assert twins == []
    assert len({corpus.canonical(row.text) for _, row in everything}) == len(everything)


def test_no_message_resembles_one_of_another_split(
    everything: list[tuple[str, Row]], pairs: list[tuple[int, int, float]]
) -> None:
    leaks = [
        (everything[left][0], everything[left][1].text, everything[right][0], everything[right][1].text)
        for left, right, _ in pairs
        if everything[left][0] != everything[right][0]
    ]
    assert leaks == []


def test_the_test_split_judges_every_label(splits: dict[str, list[Row]]) -> None:
    emotions = Counter(row.emotion for row in splits["test"])
    assert {emotion: emotions[emotion] for emotion in EMOTION if emotions[emotion] < 40} == {}
    assert sum(bool(row.toxicity) for row in splits["test"]) >= 60


def test_each_split_shows_every_label_and_questions(splits: dict[str, list[Row]]) -> None:
    for rows in splits.values():
        assert {row.sentiment for row in rows} == set(SENTIMENT)
        assert {row.emotion for row in rows} == set(EMOTION)
        assert {label for row in rows for label in row.toxicity} == set(TOXICITY)
        share = sum(row.question for row in rows) / len(rows)
        assert 0.05 < share < 0.5


def test_a_quarter_of_the_messages_is_hard(everything: list[tuple[str, Row]]) -> None:
    assert sum(row.hard is not None for _, row in everything) >= len(everything) / 4
    assert {row.hard for _, row in everything} == {None, *HARD}


def test_emotions_are_as_uneven_as_in_a_chat(everything: list[tuple[str, Row]]) -> None:
    counts = Counter(row.emotion for _, row in everything)
    assert max(counts.values()) >= 2 * min(counts.values())


def test_splits_have_their_shares(splits: dict[str, list[Row]]) -> None:
    total = sum(len(rows) for rows in splits.values())
    for split, share in corpus.SHARES.items():
        assert len(splits[split]) / total == pytest.approx(share, abs=0.02)
    assert sum(corpus.SHARES.values()) == pytest.approx(1.0)


def test_the_splits_are_stratified_by_emotion(splits: dict[str, list[Row]]) -> None:
    shares = {
        split: {label: sum(row.emotion == label for row in rows) / len(rows) for label in EMOTION}
        for split, rows in splits.items()
    }
    for label in EMOTION:
        values = [shares[split][label] for split in SPLITS]
        assert max(values) - min(values) < 0.02, label


def test_summary_counts_what_is_there(splits: dict[str, list[Row]]) -> None:
    summary = corpus.summary(FOLDER)
    for split, rows in splits.items():
        counts = summary[split]
        assert counts["rows"] == len(rows)
        assert sum(counts[f"sentiment/{label}"] for label in SENTIMENT) == len(rows)
        assert sum(counts[f"emotion/{label}"] for label in EMOTION) == len(rows)
        assert counts["toxicity/toxic"] == counts["toxic"] == sum(bool(row.toxicity) for row in rows)
        assert counts["questions"] == sum(row.question for row in rows)
        assert counts["hard"] == sum(row.hard is not None for row in rows)


@given(
    st.lists(st.text(alphabet="ab c!A", min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=12),
    st.sampled_from([0.3, 0.5, 0.6, 1.0]),
)
def test_similar_pairs_equal_brute_force(texts: list[str], threshold: float) -> None:
    found, expected = corpus.similar_pairs(texts, threshold), brute_force(texts, threshold)
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
    assert [pair[2] for pair in found] == pytest.approx([pair[2] for pair in expected])


def test_similar_pairs_of_real_messages_equal_brute_force(everything: list[tuple[str, Row]]) -> None:
    texts = [row.text for _, row in everything][::20]
    found, expected = corpus.similar_pairs(texts, 0.2), brute_force(texts, 0.2)
    assert expected
    assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]


def test_messages_that_differ_in_case_and_stretching_alone_are_equal() -> None:
    assert corpus.similar_pairs(["nooooo WAY", "Nooo  way", "gg"], 1.0) == [(0, 1, 1.0)]


@given(st.text(max_size=60))
def test_canonical_is_idempotent(text: str) -> None:
    once = corpus.canonical(text)
    assert corpus.canonical(once) == once


def test_no_challenge_message_says_the_same_as_another(everything: list[tuple[str, Row]], challenge: list[Row]) -> None:
    texts = [row.text for _, row in everything] + [row.text for row in challenge]
    twins = [(texts[left], texts[right]) for left, right, _ in corpus.similar_pairs(texts, NEAR_DUPLICATE)]
    assert twins == []
    assert not {row.id for row in challenge} & {row.id for _, row in everything}


def test_the_challenge_set_follows_the_schema_and_is_sorted(challenge: list[Row]) -> None:
    assert [row.id for row in challenge] == sorted({row.id for row in challenge})
    assert all(row.id == fingerprint.of_bytes(row.text.encode())[:12] for row in challenge)
    assert min(sum(bool(row.toxicity) for row in challenge), sum(not row.toxicity for row in challenge)) >= 60


def test_new_rows_never_enter_the_challenge_set(tmp_path: Path) -> None:
    kept = Row(fingerprint.of_bytes(b"abcdefgh")[:12], "t", "abcdefgh", "neutral", "neutral", (), False, None)
    corpus.write_split(CHALLENGE, [kept], tmp_path)
    before = (tmp_path / f"{CHALLENGE}.jsonl").read_bytes()
    twin = "abcdefgh yz"
    assert SAME_SPLIT <= corpus.similar_pairs([twin, "abcdefgh"], 0.0)[0][2] < 1.0
    counts = corpus.add("t", [new_row(twin), new_row("ABCDEFGH"), *map(new_row, distinct(20))], tmp_path)
    assert sum(counts[split] for split in SPLITS) == 20
    assert counts.total() == 22
    assert (tmp_path / f"{CHALLENGE}.jsonl").read_bytes() == before


def test_added_rows_are_spread_by_the_shares(tmp_path: Path) -> None:
    rows = [new_row(text) for text in distinct(50)] + [
        new_row(text, sentiment="negative", emotion="anger", toxicity=["toxic", "insult"]) for text in distinct(100)[50:]
    ]
    counts = corpus.add("theme", rows, tmp_path)
    assert counts == {"train": 68, "dev": 14, "test": 18}
    for emotion in ("joy", "anger"):
        each = {split: sum(row.emotion == emotion for row in corpus.read_split(split, tmp_path)) for split in SPLITS}
        assert each == {"train": 34, "dev": 7, "test": 9}


def test_added_rows_carry_hash_theme_and_labels(tmp_path: Path) -> None:
    row = new_row("kys", sentiment="negative", emotion="anger", toxicity=["toxic", "threat"], hard="implicit")
    corpus.add("fights", [row], tmp_path)
    (read,) = corpus.read_split("train", tmp_path)
    assert read == Row(
        fingerprint.of_bytes(b"kys")[:12],
        "fights",
        "kys",
        "negative",
        "anger",
        ("toxic", "threat"),
        False,
        "implicit",
    )


def test_near_duplicates_are_dropped_among_new_rows_and_against_old_ones(tmp_path: Path) -> None:
    first = corpus.add("t", [new_row("what a great stream today"), new_row("WHAT a great stream todayyy")], tmp_path)
    assert first == {"train": 1, "near-duplicates dropped": 1}
    second = corpus.add("t", [new_row("what a great stream todayy")], tmp_path)
    assert second == {"near-duplicates dropped": 1}
    assert list(where(tmp_path)) == ["what a great stream today"]


def test_old_rows_stay_where_they_are(tmp_path: Path) -> None:
    texts = distinct(60)
    corpus.add("t", [new_row(text) for text in texts[:30]], tmp_path)
    before = where(tmp_path)
    lines = {split: set((tmp_path / f"{split}.jsonl").read_text().splitlines()) for split in SPLITS}
    corpus.add("u", [new_row(text, emotion="neutral", sentiment="neutral") for text in texts[30:]], tmp_path)
    after = where(tmp_path)
    assert {text: after[text] for text in before} == before
    assert len(after) == 60
    for split in SPLITS:
        assert lines[split] <= set((tmp_path / f"{split}.jsonl").read_text().splitlines())


def test_adding_the_same_rows_again_changes_nothing(tmp_path: Path) -> None:
    rows = [new_row(text) for text in distinct(20)]
    corpus.add("t", rows, tmp_path)
    before = {split: (tmp_path / f"{split}.jsonl").read_bytes() for split in SPLITS}
    assert corpus.add("t", rows, tmp_path) == {"near-duplicates dropped": 20}
    assert {split: (tmp_path / f"{split}.jsonl").read_bytes() for split in SPLITS} == before


def test_adding_is_deterministic(tmp_path: Path) -> None:
    rows = [new_row(text, emotion=EMOTION[number % 7]) for number, text in enumerate(distinct(40))]
    for name in ("one", "two"):
        corpus.add("t", rows[:25], tmp_path / name)
        corpus.add("t", rows[25:], tmp_path / name)
    for split in SPLITS:
        one, two = ((tmp_path / name / f"{split}.jsonl").read_bytes() for name in ("one", "two"))
        assert one == two


def test_look_alikes_follow_their_twin_into_its_split(tmp_path: Path) -> None:
    texts = distinct(30)
    corpus.add("t", [new_row(text) for text in texts], tmp_path)
    homes = where(tmp_path)
    assert set(homes.values()) == set(SPLITS)
    # Six letters have 6 trigrams with their spaces; two more letters keep 5 of 9, between the two limits.
    twins = {f"{text}{chr(0x3041 + 2 * n)}{chr(0x3042 + 2 * n)}": text for n, text in enumerate(texts)}
    similarities = [corpus.similar_pairs([twin, text], 0.0)[0][2] for twin, text in twins.items()]
    assert all(SAME_SPLIT <= similarity < NEAR_DUPLICATE for similarity in similarities)
    corpus.add("t", [new_row(twin, emotion="fear", sentiment="negative") for twin in twins], tmp_path)
    after = where(tmp_path)
    assert {twin: after[twin] for twin in twins} == {twin: homes[text] for twin, text in twins.items()}


def test_a_row_between_two_splits_is_dropped(tmp_path: Path) -> None:
    left, right = "abcdefgh", "ijklmnop"
    for split, text in (("train", left), ("test", right)):
        row = Row(fingerprint.of_bytes(text.encode())[:12], "t", text, "neutral", "neutral", (), False, None)
        corpus.write_split(split, [row], tmp_path)
    bridge = "abcdefgh ijklmnop"
    assert [round(corpus.similar_pairs([bridge, text], 0.0)[0][2], 2) for text in (left, right)] == [
        0.47,
        0.47,
    ]
    between = Row("0" * 12, "t", "abcdefg ijklmnop", "neutral", "neutral", (), False, None)
    assert [len(corpus.similar_pairs([between.text, text], SAME_SPLIT)) for text in (left, right)] == [0, 1]
    # With the limit lowered to where the bridge resembles both, it belongs nowhere.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "SAME_SPLIT", 0.4)
        assert corpus.add("t", [new_row(bridge)], tmp_path) == {"dropped between two splits": 1}
    assert set(where(tmp_path)) == {left, right}


def test_bad_rows_are_refused_with_every_problem_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [
        new_row("fine"),
        new_row("a", sentiment="good"),
        new_row("b", emotion="hunger", question="yes"),
        new_row("c", toxicity=["insult"]),
        new_row("d", toxicity=["toxic", "toxic"]),
        new_row(" "),
        new_row("e" * 501),
        new_row("f", hard="difficult"),
        new_row("g", colour="red"),
        {"text": "h"},
    ]
    with pytest.raises(ValueError, match="row 2: sentiment must be one of") as caught:
        corpus.add("t", rows, tmp_path)
    lines = str(caught.value).splitlines()
    assert [int(line.split(":")[0].removeprefix("row ")) for line in lines] == [2, 3, 3, 4, 5, 6, 7, 8, 9, 10]
    assert "got 'hunger'" in lines[1]
    assert "question must be true or false" in lines[2]
    assert "must contain `toxic`" in lines[3]
    assert "colour" in lines[8]
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_file_is_refused_with_every_line(tmp_path: Path) -> None:
    good = {"id": "1", "theme": "t", **new_row("x")}
    lines = [good, {**good, "sentiment": "good"}, good, {**good, "question": 1}]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    with pytest.raises(ValueError, match="line 2: sentiment") as caught:
        corpus.read_split("dev", tmp_path)
    assert "line 4: question" in str(caught.value)
    assert "line 3" not in str(caught.value)


def test_an_empty_split_is_an_empty_file(tmp_path: Path) -> None:
    corpus.write_split("dev", [], tmp_path)
    assert (tmp_path / "dev.jsonl").read_bytes() == b""
    assert corpus.read_split("dev", tmp_path) == []


def test_the_command_line_adds_and_summarises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(new_row(text)) for text in distinct(20)) + "\n\n")
    monkeypatch.setattr(corpus.add, "__defaults__", (tmp_path / "data",))
    monkeypatch.setattr(corpus.summary, "__defaults__", (tmp_path / "data",))
    corpus.main(["add", "greetings", str(file)])
    first, _, rest = capsys.readouterr().out.partition("\n")
    assert "'train': " in first
    assert sum(counts["rows"] for counts in json.loads(rest).values()) == 20
    corpus.main(["check"])
    assert json.loads(capsys.readouterr().out) == json.loads(rest)
