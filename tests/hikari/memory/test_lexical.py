"""The lexical index: BM25 by the formula, any order of calls against a dictionary, crashes, damage, and what is left in the files."""

import math
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hikari.errors import BadIndex, BadInput, StoreFull
from hikari.memory import lexical, lexical_files
from hikari.memory.lexical import LexicalIndex
from hikari.memory.lexical_segments import Segments
from hikari.memory.lexical_tail import Document, Tail, idf
from hikari.memory.lexical_text import prepare, terms

WORDS = ("cat", "dog", "karaoke", "rain", "boss", "speedrun", "tea", "piano", "the", "cats", "running")
sentences = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
rows = st.lists(st.tuples(st.integers(0, 30), sentences), max_size=8)
numbers = st.lists(st.integers(0, 35), max_size=8, unique=True)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def found(index: LexicalIndex, text: str, k: int = 50, allowed: Any = None) -> list[int]:
    return index.search(text, k, allowed)[0].tolist()


def bm25(documents: dict[int, list[str]], query: Iterable[str]) -> dict[int, float]:
    """Robertson and Zaragoza (2009), written out, with k1 = 1.2 and b = 0.75."""
    total = len(documents)
    mean = sum(map(len, documents.values())) / total
    scores: dict[int, float] = {}
    for term in set(query):
        having = sum(term in words for words in documents.values())
        for seq, words in documents.items():
            count = words.count(term)
            if count:
                weight = math.log(1 + (total - having + 0.5) / (having + 0.5))
                scores[seq] = scores.get(seq, 0) + weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(words) / mean))
    return scores


@given(
    st.dictionaries(st.integers(0, 50), sentences.filter(lambda text: text.strip("the ")), min_size=1, max_size=12),
    sentences,
    st.integers(0, 12),
)
@settings(max_examples=15, deadline=None)
def test_scores_are_bm25_wherever_the_documents_are(texts: dict[int, str], query: str, committed: int) -> None:
    expected = bm25({seq: terms(text) for seq, text in texts.items()}, terms(query))
    with tempfile.TemporaryDirectory() as folder:
        index = LexicalIndex(Path(folder) / "lexical")
        seqs = sorted(texts)
        for part in (seqs[:committed], seqs[committed:]):
            index.flush()
            index.add(ints(*part), [texts[seq] for seq in part])
        answers, scores = index.search(query, 50)
        index.close()
    assert set(answers.tolist()) == set(expected)
    assert (np.diff(scores) <= 0).all()
    # Mean lengths differ a little between the committed part and the whole; with all on one side they are equal.
    tolerance = 1e-4 if committed == 0 or committed >= len(texts) else 0.35
    for seq, score in zip(answers.tolist(), scores.tolist(), strict=True):
        assert score == pytest.approx(expected[seq], rel=tolerance)


def test_tail_scores_by_the_formula() -> None:
    documents = {1: ["cat", "cat", "dog"], 2: ["dog"], 3: ["rain", "cat"]}
    tail = Tail()
    for seq, words in documents.items():
        tail.add(seq, Document.of(" ".join(words), words))
    weights = {term: idf(3, tail.frequency(term)) for term in ("cat", "dog")}
    assert tail.scores(weights, tail.length / 3) == pytest.approx(bm25(documents, ["cat", "dog"]))
    assert tail.remove(1)
    assert not tail.remove(1)
    assert (tail.length, tail.frequency("cat"), tail.frequency("dog"), len(tail)) == (3, 1, 1, 2)


class AgainstDictionary(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(lexical, "TAIL_LIMIT", 6)
        self.patch.setattr(lexical, "TAIL_MAXIMUM", 12)
        self.patch.setattr(lexical, "BULK", 5)
        self.patch.setattr(lexical, "LISTED", 4)
        self.folder = tempfile.TemporaryDirectory()
        self.index = LexicalIndex(Path(self.folder.name) / "lexical")
        self.texts: dict[int, str] = {}

    @rule(added=rows)
    def add(self, added: list[tuple[int, str]]) -> None:
        self.index.add(np.array([seq for seq, _ in added], np.int64), [text for _, text in added])
        self.texts.update(added)

    @rule(gone=numbers)
    def remove(self, gone: list[int]) -> None:
        assert self.index.remove(ints(*gone)) == sum(self.texts.pop(seq, None) is not None for seq in gone)

    @rule()
    def flush(self) -> None:
        self.index.flush()

    @rule(first=rows, added=rows, every=st.integers(1, 3), removed_first=st.booleans())
    def change_while_committing(
        self, first: list[tuple[int, str]], added: list[tuple[int, str]], every: int, removed_first: bool
    ) -> None:
        """What changes between the decision what to write and the new picture is neither lost nor found twice."""
        commit, gone = Segments.commit, [seq for seq, _ in first + added][::every]

        def changing(*arguments: Any) -> None:
            if removed_first:
                self.remove(gone)
            self.add(added)
            if not removed_first:
                self.remove(gone)
            self.everything()
            commit(*arguments)

        with self.no_commits():
            self.add(first)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Segments, "commit", changing)
                self.index.flush()

    @rule(added=rows)
    def fail_to_commit(self, added: list[tuple[int, str]]) -> None:
        """The disk is full after the commit and before its manifest."""
        with self.no_commits(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(lexical, "write_manifest", _raising(OSError("no space")))
            self.add(added)
            self.index.change += 1
            with pytest.raises(OSError, match="no space"):
                self.index.flush()
        self.everything()

    @contextmanager
    def no_commits(self) -> Iterator[None]:
        """Additions wait in the tail, none is committed beside or at once."""
        if self.index._worker is not None:
            self.index._worker.join()
        with pytest.MonkeyPatch.context() as patch:
            for limit in ("TAIL_LIMIT", "TAIL_MAXIMUM", "BULK"):
                patch.setattr(lexical, limit, 10_000)
            yield

    @rule()
    def purge(self) -> None:
        self.index.purge()
        present = {term for text in self.texts.values() for term in terms(text)}
        if len(self.index._tail) == 0:
            assert {term for term in map(str.lower, WORDS) if self.index.files_have(term)} <= _prefixes(present)

    @rule(crash=st.booleans())
    def reopen(self, crash: bool) -> None:
        if crash:
            with self.no_commits():
                self.index.flush()
        else:
            self.index.close()
        self.index = LexicalIndex(Path(self.folder.name) / "lexical")

    @rule(query=sentences, k=st.integers(1, 40))
    def search(self, query: str, k: int) -> None:
        asked = set(terms(query))
        expected = {seq for seq, text in self.texts.items() if asked & set(terms(text))}
        answers, scores = self.index.search(query, k)
        assert len(answers) == min(k, len(expected))
        assert set(answers.tolist()) <= expected
        assert (scores > 0).all()
        assert (np.diff(scores) <= 0).all()

    @rule(query=sentences, k=st.integers(1, 40), allowed=numbers)
    def search_allowed(self, query: str, k: int, allowed: list[int]) -> None:
        asked = set(terms(query))
        expected = {seq for seq in allowed if asked & set(terms(self.texts.get(seq, "")))}
        answers = found(self.index, query, k, ints(*sorted(allowed)))
        assert len(answers) == min(k, len(expected))
        assert set(answers) <= expected

    @invariant()
    def everything(self) -> None:
        assert len(self.index) == len(self.texts)
        answers = found(self.index, " ".join(WORDS), 100)
        assert sorted(answers) == sorted(seq for seq, text in self.texts.items() if terms(text))

    def teardown(self) -> None:
        self.index.close()
        self.patch.undo()
        self.folder.cleanup()


TestAgainstDictionary = AgainstDictionary.TestCase
TestAgainstDictionary.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)


def _raising(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any) -> Any:
        raise error

    return raising


def _prefixes(present: set[str]) -> set[str]:
    return {word for word in WORDS if any(term.startswith(word) for term in present)}


def test_terms_are_folded_stemmed_and_without_stop_words() -> None:
    assert terms("The CATS were running to Cafés!") == ["cat", "were", "run", "cafe"]
    assert terms("x" * 40 + " " + "y" * 39) == ["y" * 39]
    assert terms("the of and") == []


def test_scripts_without_spaces_are_found_by_their_parts(tmp_path: Path) -> None:
    assert prepare("a 東京都 b").split() == ["a", "東京", "京都", "b"]
    assert prepare("猫").split() == ["猫"]
    index = LexicalIndex(tmp_path / "lexical")
    index.add(ints(1, 2), ["今日は東京タワーに行きました", "ｆｕｌｌ ｗｉｄｔｈ"])
    assert found(index, "東京") == [1]
    assert found(index, "full width") == [2]
    index.close()


@given(st.one_of(st.text(st.characters(exclude_categories=())), st.text("+-*?~^\"'()[]{}:\\/&|!<> ANDORTto", max_size=40)))
@settings(max_examples=100, deadline=None)
def test_no_text_raises_or_is_read_as_a_query_language(opened: LexicalIndex, text: str) -> None:
    answers = found(opened, text)
    asked = set(terms(text))
    assert answers == [seq for seq, words in ((1, {"cat"}), (2, {"dog"})) if asked & words]
    opened.add(ints(3), [text])
    opened.remove(ints(3))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    index = LexicalIndex(tmp_path_factory.mktemp("opened") / "lexical")
    index.add(ints(1), ["cat"])
    index.flush()
    index.add(ints(2), ["dog"])
    return index


@pytest.mark.parametrize(
    "query", ["*", "cat*", "text:cat", "seq:1", "-cat", "cat AND dog", '"cat dog"', "ca?", "[a TO z]", "/c.*/", "cat^9"]
)
def test_operators_have_no_meaning(opened: LexicalIndex, query: str) -> None:
    assert found(opened, query) == ([1, 2] if "dog" in query else [1] if "cat" in query else [])


def test_bad_calls_are_refused(opened: LexicalIndex) -> None:
    with pytest.raises(BadInput, match="came with"):
        opened.add(ints(5, 6), ["one"])
    with pytest.raises(BadInput, match="negative"):
        opened.add(ints(-1), ["one"])
    with pytest.raises(BadInput, match="k must be"):
        opened.search("cat", 0)


def test_common_terms_are_left_out_where_rarer_ones_remain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "COMMON_COUNT", 5)
    monkeypatch.setattr(lexical, "COMMON_SHARE", 0.2)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(np.arange(30), ["cat"] * 28 + ["cat karaoke", "karaoke"])
    index.flush()
    assert sorted(found(index, "cat karaoke")) == [28, 29]
    assert len(found(index, "cat")) == 29
    index.close()


def test_of_a_long_text_the_rarest_terms_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MAX_TERMS", 2)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(ints(1, 2, 3, 4), ["cat dog tea", "cat dog", "cat", "piano"])
    assert sorted(found(index, "cat dog tea piano")) == [1, 4]
    index.close()


def test_a_full_tail_is_committed_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 10)
    index = LexicalIndex(tmp_path / "lexical")
    for seq in range(10):
        index.add(ints(seq), [f"cat number{seq}"])
    assert index._worker is not None
    index._worker.join()
    assert len(index._tail) == 0
    assert len(index._picture) == len(index) == 10
    index.add(ints(10), ["cat"])
    index.change = 11
    index.close()
    assert (LexicalIndex(tmp_path / "lexical").change, len(index._tail)) == (11, 0)


def test_adding_waits_when_commits_do_not_keep_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_MAXIMUM", 10)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(np.arange(9), ["cat"] * 9)
    monkeypatch.setattr(Segments, "commit", _raising(StoreFull("the disk is full")))
    with pytest.raises(StoreFull):
        index.add(ints(9), ["cat"])
    assert len(found(index, "cat")) == 10
    monkeypatch.undo()
    index.close()
    assert len(LexicalIndex(tmp_path / "lexical")) == 10


def test_a_failed_commit_in_the_background_says_so_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 3)
    index = LexicalIndex(tmp_path / "lexical")
    with monkeypatch.context() as patch:
        patch.setattr(Segments, "commit", _raising(OSError("secretword")))
        index.add(ints(1, 2, 3), ["cat", "cat", "cat"])
        assert index._worker is not None
        index._worker.join()
    assert "tried again" in caplog.text
    assert "secretword" not in caplog.text
    assert found(index, "cat") == [1, 2, 3]
    index.close()


def test_a_disk_that_is_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = LexicalIndex(tmp_path / "lexical")

    class Writer:
        def __getattr__(self, name: str) -> Any:
            return _raising(ValueError("IoError: No space left on device")) if name == "commit" else lambda *_: 1

    class Full:
        schema = index._segments._index.schema

        def writer(self, *_: int) -> Writer:
            return Writer()

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    real = index._segments._index
    monkeypatch.setattr(index._segments, "_index", Full())
    index.add(ints(1), ["cat"])
    with pytest.raises(StoreFull, match="disk is full"):
        index.flush()
    assert found(index, "cat") == [1]


def test_searches_beside_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 40)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(np.arange(100), [f"steady word{seq}" for seq in range(100)])
    done, problems = threading.Event(), []

    def search() -> None:
        while not done.is_set():
            answers = found(index, "steady gone", 500)
            if sorted(answers) != list(range(100)):
                problems.append(len(answers))

    searcher = threading.Thread(target=search, daemon=True)
    searcher.start()
    try:
        for turn in range(40):
            new = np.arange(1_000 + turn * 10, 1_010 + turn * 10)
            index.add(new, ["fleeting"] * 10)
            index.add(ints(turn), [f"steady word{turn}"])
            index.remove(new[::2])
            if turn % 15 == 7:
                index.purge()
    finally:
        done.set()
        searcher.join()
    assert problems == []
    assert len(index) == 300
    assert len(found(index, "fleeting", 1_000)) == 200
    index.close()


def test_many_indices_at_once_hold_no_writer(tmp_path: Path) -> None:
    before = threading.active_count()
    indices = [LexicalIndex(tmp_path / str(number)) for number in range(12)]
    for number, index in enumerate(indices):
        index.add(ints(number), ["cat"])
        index.flush()
    assert threading.active_count() == before
    # The writer's lock is free: a second opening of the same folder can commit.
    second = LexicalIndex(tmp_path / "3")
    second.add(ints(99), ["dog"])
    second.close()
    assert sorted(found(LexicalIndex(tmp_path / "3"), "cat dog")) == [3, 99]


def saved(folder: Path) -> Path:
    index = LexicalIndex(folder)
    index.add(np.arange(20), [f"cat number{seq}" for seq in range(20)])
    index.flush()
    index.remove(ints(4))
    index.change = 5
    index.close()
    return folder


def test_damage_is_noticed(tmp_path: Path) -> None:
    folder = saved(tmp_path / "lexical")
    checked = 0
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        if not whole:
            continue  # lock files
        for at in range(0, len(whole), max(1, len(whole) // 25)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(BadIndex):
                LexicalIndex(folder)
        path.write_bytes(whole[:-1])
        with pytest.raises(BadIndex):
            LexicalIndex(folder)
        path.unlink()
        with pytest.raises(BadIndex):
            LexicalIndex(folder)
        path.write_bytes(whole)
        checked += 1
    assert checked >= 8
    (folder / "stray.idx").write_bytes(b"x")
    with pytest.raises(BadIndex):
        LexicalIndex(folder)
    (folder / "stray.idx").unlink()
    assert len(LexicalIndex(folder)) == 19


def test_another_analysis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved(tmp_path / "lexical")
    monkeypatch.setattr(lexical, "VERSION", lexical.VERSION + 1)
    with pytest.raises(BadIndex, match="another version of the analysis"):
        LexicalIndex(folder)


@pytest.fixture
def crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder taken after a commit and before its manifest; 30 is in, 2 is out, and the manifest says change 5."""
    index = LexicalIndex(saved(tmp_path / "live"))
    index.add(ints(30), ["cat fresh"])
    index.remove(ints(2))
    index.change = 7
    write = lexical_files.write_manifest

    def crashing(*arguments: Any) -> Any:
        shutil.copytree(tmp_path / "live", tmp_path / "crashed")
        return write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(lexical, "write_manifest", crashing)
        index.close()
    return tmp_path / "crashed"


def test_a_crash_before_the_manifest_is_harmless(crashed: Path) -> None:
    index = LexicalIndex(crashed)
    assert index.change == 5  # the owner replays 6 and 7, which are in already
    index.add(ints(30), ["cat fresh"])
    index.remove(ints(2))
    index.change = 7
    assert sorted(found(index, "cat")) == [0, 1, 3, *range(5, 20), 30]
    index.close()
    again = LexicalIndex(crashed)
    assert (again.change, len(again)) == (7, 19)


def test_damage_after_a_crash_is_noticed_by_tantivys_checksums(crashed: Path) -> None:
    fresh = [path for path in crashed.iterdir() if path.suffix in {".idx", ".term", ".store"}]
    assert fresh
    for path in fresh:
        whole = path.read_bytes()
        for broken in (whole[:-1], whole[: len(whole) // 2], bytes([whole[0] ^ 1]) + whole[1:], b""):
            path.write_bytes(broken)
            with pytest.raises(BadIndex):
                LexicalIndex(crashed)
        path.write_bytes(whole)
    fresh[0].unlink()
    with pytest.raises(BadIndex):
        LexicalIndex(crashed)


def test_a_crash_while_a_folder_was_begun_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "lexical").mkdir()
    assert len(LexicalIndex(tmp_path / "lexical")) == 0
    (tmp_path / "lexical" / "manifest.json").unlink()
    with pytest.raises(BadIndex):
        LexicalIndex(tmp_path / "lexical")


TELLTALE = "zyxwvutqqmark"


def files_with(folder: Path, token: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


def test_purge_leaves_nothing_of_a_removed_text_in_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "lexical"
    index = LexicalIndex(folder)
    index.add(np.arange(60), [f"cat number{seq}" for seq in range(60)])
    index.add(ints(70), [f"my word is {TELLTALE}"])
    index.change = 3
    index.flush()
    assert files_with(folder, TELLTALE)  # the scan finds it while it is there
    assert index.files_have(TELLTALE)
    index.remove(ints(70, 5))
    assert found(index, TELLTALE) == []
    index.flush()
    assert files_with(folder, TELLTALE)  # and after deleting: this is what purge is for
    assert index.files_have(TELLTALE)
    index.purge()
    assert files_with(tmp_path, TELLTALE) == []
    assert not index.files_have(TELLTALE[:4])
    assert len(index) == 59
    assert found(index, "number7") == [7]
    index.close()
    again = LexicalIndex(folder)
    assert (len(again), again.change) == (59, 3)
    assert Counter(found(again, "cat", 100)) == Counter(seq for seq in range(60) if seq != 5)


def test_a_failed_purge_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    index.add(ints(1, 2), ["cat", "dog"])
    index.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Segments, "commit", _raising(StoreFull("the disk is full")))
        with pytest.raises(StoreFull):
            index.purge()
    assert sorted(found(index, "cat dog")) == [1, 2]
    index.add(ints(3), ["tea"])
    index.close()
    assert len(LexicalIndex(tmp_path / "lexical")) == 3
