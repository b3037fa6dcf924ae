"""How well entities are found: exact matches of span and label, and the lookup that any model has to beat."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from training.ner_data import Sentence, Span


def scores(gold: Sequence[Iterable[Span]], found: Sequence[Iterable[Span]], labels: Collection[str]) -> dict[str, float]:
    """Precision, recall and F1 over all spans (`precision`, `recall`, `f1`) and for each label (`f1/person`, ...).

    A span counts only when start, end and label are right (the CoNLL measure); labels outside of `labels` are not judged, neither
    as right nor as wrong, because a data set that does not mark them cannot say which. A ratio over nothing is 0.
    """
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for gold_spans, found_spans in zip(gold, found, strict=True):
        true = {span for span in gold_spans if span[2] in labels}
        said = {span for span in found_spans if span[2] in labels}
        wanted.update(span[2] for span in true)
        given.update(span[2] for span in said)
        right.update(span[2] for span in true & said)
    out = _ratios(right.total(), given.total(), wanted.total(), "")
    for label in sorted(labels):
        out |= _ratios(right[label], given[label], wanted[label], f"/{label}")
    return out


def _ratios(right: int, given: int, wanted: int, suffix: str) -> dict[str, float]:
    precision = right / given if given else 0.0
    recall = right / wanted if wanted else 0.0
    f1 = 2 * right / (given + wanted) if right else 0.0
    values = {"precision": precision, "recall": recall, "f1": f1}
    return {f"{name}{suffix}": round(value, 4) for name, value in values.items()} | {f"count{suffix}": float(wanted)}


class Lookup:
    """The baseline: the longest entities seen in training, in any case, with the label they had most often."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        votes: dict[tuple[str, ...], Counter[str]] = {}
        for sentence in sentences:
            for start, end, label in sentence.spans:
                votes.setdefault(_key(sentence.text[start:end].split()), Counter())[label] += 1
        self._labels: Mapping[tuple[str, ...], str] = {
            key: min(counts, key=lambda label: (-counts[label], label)) for key, counts in votes.items()
        }
        self._longest = max(map(len, self._labels), default=0)

    def spans(self, text: str) -> list[Span]:
        """Entities of a text, words parted by white space, marks at their ends ignored."""
        words: list[tuple[int, int]] = []
        position = 0
        for word in text.split():
            start = text.index(word, position)
            position = start + len(word)
            stripped = word.strip(".,!?;:\"'()")
            if stripped:
                first = start + word.index(stripped)
                words.append((first, first + len(stripped)))
        found: list[Span] = []
        index = 0
        while index < len(words):
            for length in range(min(self._longest, len(words) - index), 0, -1):
                start, end = words[index][0], words[index + length - 1][1]
                label = self._labels.get(_key(text[start:end].split()))
                if label is not None:
                    found.append((start, end, label))
                    index += length - 1
                    break
            index += 1
        return found


def _key(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)
