# pyright: reportUnnecessaryIsInstance=false
# Texts come from callers: their declared type is what is checked here.
"""Finding who and what a message speaks of: certain rules first, then a small trained spaCy pipeline.

The rules (`entity_rules.py`) know links, mentions, hashtags, viewers and famous names; the pipeline (`entity_bundle.py`, trained by
`python -m training.pretrain task=entities`) finds the rest. Without a pipeline the rules work alone.
"""

import importlib.util
import logging
import re
import threading
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hikari import fingerprint
from hikari.errors import NotReady
from hikari.fields import MAX_TEXT
from hikari.memory.entity_bundle import LABELS, find_pipeline, load_pipeline
from hikari.memory.entity_rules import Entity, Gazetteer, certain, entity_key, gazetteer
from hikari.settings import Settings

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

__all__ = ["Entity", "EntityRecogniser", "entity_key"]

_log = logging.getLogger("hikari.memory")

ONTONOTES: Mapping[str, str] = {
    "PERSON": "person",
    "GPE": "location",
    "LOC": "location",
    "FAC": "location",
    "ORG": "group",
    "NORP": "group",
    "PRODUCT": "product",
    "WORK_OF_ART": "creative_work",
}
"""Labels of spaCy's own English pipelines in our words; dates, numbers and the like are no entities here."""
_UNUSED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "senter")
_BATCH = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
_EDGE = " \t\n\"'’“”`.,!?;:()[]{}<>*~|"


class EntityRecogniser:
    """Texts in, entities out, as many and in the same order; safe under concurrent calls.

    `EntityRecogniser()` knows the rules alone; `open` adds the trained pipeline, `installed` one of spaCy's own.
    """

    def __init__(
        self,
        pipeline: "Language | None" = None,
        *,
        labels: Mapping[str, str] | None = None,
        version: str = "rules",
        names: Gazetteer | None = None,
    ) -> None:
        """`labels` maps the pipeline's labels to ours (unlisted ones are dropped); `version` names the pipeline's content."""
        self._pipeline = pipeline
        self._labels: Mapping[str, str] = {label: label for label in LABELS} if labels is None else labels
        self._names = names or gazetteer()
        untyped: Any = pipeline  # spaCy's vocabulary carries no types
        self._common: set[str] = set() if untyped is None else getattr(untyped.vocab.vectors, "whole_words", set)()
        """Common words that no text had yet."""
        # spaCy's vocabulary grows while it reads: one reader at a time.
        self._lock = threading.Lock()
        self.fingerprint = fingerprint.of_value({"pipeline": version, "rules": _rules_version(self._names)})
        """Equal for recognisers that find the same."""

    @classmethod
    def open(cls, path: Path | str | None = None, settings: Settings | None = None) -> "EntityRecogniser":
        """With the trained pipeline at `path`, `$HIKARI_HOME/models/entities` or the checkout's `data/models/entities`.

        Raises `NotReady` when there is none or spaCy is missing, `BadBundle` when it is damaged.
        """
        pipeline, manifest = load_pipeline(find_pipeline(path, settings))
        from hikari.memory.entity_pass import shorten  # needs spaCy, which is there once a pipeline is

        shorten(pipeline)
        return cls(pipeline, version=str(manifest["fingerprint"]))

    @classmethod
    def installed(cls, package: str = "en_core_web_sm") -> "EntityRecogniser":
        """With one of spaCy's own English pipelines. Raises `NotReady` when it is not installed."""
        if importlib.util.find_spec("spacy") is None or importlib.util.find_spec(package) is None:
            raise NotReady(f"the spaCy pipeline {package} is not installed")
        import spacy

        pipeline = spacy.load(package, exclude=list(_UNUSED))
        return cls(pipeline, labels=ONTONOTES, version=f"{package} {pipeline.meta.get('version')}")

    @property
    def has_pipeline(self) -> bool:
        """False: only the rules are at work."""
        return self._pipeline is not None

    def entities(self, texts: Sequence[str], people: Container[str] = ()) -> list[list[Entity]]:
        """The entities of each text, by place, none overlapping; `people` holds the `entity_key` of every known viewer.

        A text that cannot be read (no string, nothing visible) has none and disturbs no other; what lies behind `MAX_TEXT`
        characters is not read. Where rules and pipeline disagree, the rules are right.
        """
        clean = [_SURROGATE.sub(" ", text[:MAX_TEXT]) if isinstance(text, str) else "" for text in texts]
        sure = [certain(text, people, self._names) for text in clean]
        guessed = self._guess([(at, text) for at, text in enumerate(clean) if any(map(str.isalpha, text))])
        return [self._merge(text, sure[at], guessed.get(at, ())) for at, text in enumerate(clean)]

    def _guess(self, texts: Sequence[tuple[int, str]]) -> dict[int, list[Entity]]:
        """What the pipeline finds, by the text's number; a text on which it fails is left to the rules."""
        pipeline = self._pipeline
        if pipeline is None or not texts:
            return {}
        # The zone frees the words that were new to spaCy: its vocabulary would otherwise grow for as long as people chat.
        # Common words are many times the work to make anew and only so many: those it keeps.
        with self._lock:
            self._learn(pipeline, texts)
            return self._read(pipeline, texts)

    def _learn(self, pipeline: "Language", texts: Sequence[tuple[int, str]]) -> None:
        for _, text in texts:
            for word in self._common.intersection(text.split()):
                self._common.discard(word)
                pipeline.tokenizer(word)

    def _read(self, pipeline: "Language", texts: Sequence[tuple[int, str]]) -> dict[int, list[Entity]]:
        with pipeline.memory_zone():  # pyright: ignore[reportUnknownMemberType]
            if len(texts) > 1:
                try:
                    docs = pipeline.pipe([text for _, text in texts], batch_size=_BATCH)
                    return {at: self._found(doc) for (at, _), doc in zip(texts, docs, strict=True)}
                except Exception as error:  # noqa: BLE001 - whatever one text did must not reach its neighbours
                    _log.warning(
                        "the entity pipeline failed on a batch (%s); its texts are read one by one", type(error).__name__
                    )
            return {at: self._alone(pipeline, text) for at, text in texts}

    def _alone(self, pipeline: "Language", text: str) -> list[Entity]:
        try:
            return self._found(pipeline(text))
        except Exception as error:  # noqa: BLE001 - the rules have still read it
            _log.warning("the entity pipeline failed on a text (%s)", type(error).__name__)
            return []

    def _found(self, doc: "Doc") -> list[Entity]:
        return [
            Entity(span.text, self._labels[span.label_], span.start_char, span.end_char, "")
            for span in doc.ents
            if span.label_ in self._labels
        ]

    def _merge(self, text: str, sure: list[Entity], guessed: Iterable[Entity]) -> list[Entity]:
        merged = list(sure)
        for entity in guessed:
            start, end = _trimmed(text, entity.start, entity.end)
            key = entity_key(text[start:end])
            plausible = len(key) > 1 and any(map(str.isalpha, key)) and not self._is_nothing(key)
            if plausible and all(end <= other.start or other.end <= start for other in sure):
                merged.append(Entity(text[start:end], entity.label, start, end, key))
        return sorted(merged, key=lambda entity: entity.start)

    def _is_nothing(self, key: str) -> bool:
        return all(word in self._names.nothing for word in key.split())


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the marks at its ends and without a genitive."""
    while start < end and text[start] in _EDGE:
        start += 1
    if text[start:end].lower().endswith(("'s", "’s")):
        end -= 2
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _rules_version(names: Gazetteer) -> str:
    entries = {" ".join(words): [[e.label, e.key, e.exact] for e in found] for words, found in names.entries.items()}
    return fingerprint.of_value({"entries": entries, "nothing": sorted(names.nothing)})
