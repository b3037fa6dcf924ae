"""The lexical index: BM25 by the formula, words in any script, and a text that is never read as a query language."""

import math
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory import lexical
from hikari.memory.lexical import LexicalIndex
from hikari.memory.lexical_tail import Document, Tail, idf
from hikari.memory.lexical_text import prepare, terms
from tests.hikari.memory.lexical_helpers import found, ints, sentences


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
@settings(max_examples=15)
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
@settings(max_examples=100)
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
