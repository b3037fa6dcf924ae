"""The lexical index against a dictionary: any order of calls, also while a commit runs or fails."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hikari.memory import lexical
from hikari.memory.lexical import LexicalIndex
from hikari.memory.lexical_segments import Segments
from hikari.memory.lexical_text import terms
from tests.hikari.memory.lexical_helpers import WORDS, found, ints, raising, sentences

rows = st.lists(st.tuples(st.integers(0, 30), sentences), max_size=8)
numbers = st.lists(st.integers(0, 35), max_size=8, unique=True)


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
            patch.setattr(lexical, "write_manifest", raising(OSError("no space")))
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
TestAgainstDictionary.settings = settings(max_examples=20, stateful_step_count=10)


def _prefixes(present: set[str]) -> set[str]:
    return {word for word in WORDS if any(term.startswith(word) for term in present)}
