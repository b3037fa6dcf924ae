# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire and from disk: their declared types are what is checked here.
"""The public analyser: sentiment, emotion, toxicity, trends and a recommendation for every chat message."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from hikari.bundle import find_bundle
from hikari.errors import BadInput, HikariError, NotReady, TooLarge
from hikari.fields import MAX_NAME, name_field
from hikari.sentiment import symbols as symbol_lexicon
from hikari.sentiment.caching import ScoreCache, score_key
from hikari.sentiment.channel_lexicons import ChannelLexicons
from hikari.sentiment.emote_evidence import LearningConfig
from hikari.sentiment.emote_learning import EmoteLearner, Lesson
from hikari.sentiment.messages import MAX_BATCH, MAX_ID, ChatMessage, chat_message
from hikari.sentiment.opening import open_classifier
from hikari.sentiment.recommendation import Signals, recommend, unread
from hikari.sentiment.scores import MessageScores, Scorer
from hikari.sentiment.symbols import SymbolLexicon
from hikari.sentiment.thresholds import toxicity_thresholds as read_thresholds
from hikari.sentiment.trends import Trends
from hikari.settings import Settings

BUNDLE_NAME = "text"
LEARNED = "emotes_learned"
"""The folder of what is learned of emotes, below `HIKARI_HOME`."""
AHEAD_S = 60.0
"""Emotes learn nothing of a later time than so far ahead of the clock: evidence of years to come would outweigh all other."""
LEARNING = LearningConfig()


class AdvancedSentimentAnalyzer:
    """Analyses chat messages; opens its model on the first call, or when used as `async with`.

    `path` names a bundle (default: see `hikari.bundle.find_bundle`), `ensemble` one of the bundle's ensembles (`seed`, `tuned`).
    Calls may run concurrently; trends follow the order in which messages are given. `clock` gives epoch seconds, `cache` the scores of
    texts that were met before (`caching.py`), `learning` how channels' unknown emotes are learned (`emote_learning.py`), None: not at all.
    `toxicity_thresholds` (`{"toxic": 0.7}`, see `thresholds.py`) are used instead of the
    bundle's, label by label; default: `HIKARI_TOXICITY_THRESHOLDS`. Raises `BadInput` for wrong ones.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        ensemble: str | None = None,
        device: str = "auto",
        threads: int | None = None,
        clock: Callable[[], float] = time.time,
        cache: ScoreCache | None = None,
        toxicity_thresholds: Mapping[str, float] | None = None,
        learning: LearningConfig | None = LEARNING,
    ) -> None:
        self._path = path
        self._ensemble = ensemble
        self._device = device
        self._threads = threads
        self._clock = clock
        self._cache = cache
        self._thresholds = None if toxicity_thresholds is None else read_thresholds(toxicity_thresholds)
        self._scorer: Scorer | None = None
        self._opening: asyncio.Lock | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._trends = Trends()
        self._learner = None if learning is None else EmoteLearner(learning, self._trends.knows)
        self._lexicons = ChannelLexicons()

    async def open(self) -> None:
        """Load and verify the model; called by the first analysis. Raises `NotReady` or `BadBundle`."""
        if self._scorer is not None:
            return
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._scorer is None:
                # One thread: the model uses all cores inside a pass, and a second pass beside it would only slow both.
                self._executor = ThreadPoolExecutor(1, thread_name_prefix="hikari-text")
                try:
                    self._scorer = await asyncio.get_running_loop().run_in_executor(self._executor, self._load)
                except BaseException:
                    # A later call may come from another event loop, which must not meet this one's lock.
                    await self.close()
                    raise

    async def close(self) -> None:
        """Release the model early, once what was learned is on disk; a later call opens it again."""
        executor, scorer = self._executor, self._scorer
        self._executor = self._scorer = self._opening = None
        if self._learner is not None:
            self._learner.flush()
        if executor is not None:
            if scorer is not None:
                executor.submit(scorer.classifier.close)  # after what is under way
            executor.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether the model is loaded."""
        return self._scorer is not None

    def reading(self) -> dict[str, Any]:
        """How messages are read: `languages` with the measured macro-F1 of each, `language_minimum` for the supported ones, and the
        `toxicity_thresholds` in force. Raises `NotReady` before the model is loaded."""
        if self._scorer is None:
            raise NotReady("the text model is not open")
        calibration = self._scorer.calibration
        return {
            "languages": dict(calibration.languages),
            "language_minimum": calibration.language_minimum,
            "toxicity_thresholds": dict(self._scorer.toxicity_thresholds),
        }

    async def analyze_message(
        self,
        text: str,
        username: str,
        context: Mapping[str, Any] | None = None,
        *,
        channel: str = "default",
        timestamp: Any = None,
    ) -> dict[str, Any]:
        """Analyse one message; see the README for the shape of the answer.

        `context` may hold `roles`, `paid` and `timestamp`. Raises `BadInput` or `TooLarge` naming the parameter, `NotReady`.
        """
        row = {"text": text, "username": username, "context": context, "channel": channel}
        now = self._clock()
        message = chat_message(row if timestamp is None else {**row, "timestamp": timestamp}, now)
        return (await self._analyze([message], now))[0]

    async def analyze_batch(self, messages: Sequence[Mapping[str, Any]], *, channel: str = "default") -> list[dict[str, Any]]:
        """Analyse many messages: one answer a row, in order; a bad row is `{"id", "error"}` and harms no other.

        Rows hold `text`, `username` and optionally `id`, `channel`, `timestamp`, `roles`, `paid`, `context`.
        """
        if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence):
            raise BadInput("messages must be a list of objects", field="messages")
        if len(messages) > MAX_BATCH:
            raise TooLarge(f"messages has {len(messages)} rows, at most {MAX_BATCH} are allowed", field="messages")
        now = self._clock()
        rows: list[ChatMessage | dict[str, Any]] = []
        for row in messages:
            identifier: Any = None
            try:
                if not isinstance(row, Mapping):
                    raise BadInput("a message must be an object", field="messages")
                identifier = row.get("id")
                rows.append(chat_message({"channel": channel, **row}, now))
            except HikariError as error:
                shown = identifier if _echoable(identifier) else None
                rows.append({"id": shown, "error": error.as_dict()})
        answers = iter(await self._analyze([row for row in rows if isinstance(row, ChatMessage)], now))
        return [{"id": row.id, **next(answers)} if isinstance(row, ChatMessage) else row for row in rows]

    def add_emotes(self, channel: str, emotes: Mapping[str, Mapping[str, Any]]) -> int:
        """Teach a channel its own emotes: `{name: {"polarity": -1..1, "emotion": ..., "meaning": "plain words"}}`.

        They win over global emotes of the same name, in this channel only. Returns how many were added; raises `BadInput`.
        """
        return self._lexicons.add(channel, emotes)

    async def learned_emotes(self, channel: str = "default") -> list[dict[str, Any]]:
        """Emotes that the channel's messages taught: `{name, polarity, emotion, support, viewers, last_seen, used}`, best known first.

        `support` counts messages, faded and capped by viewer; `used` tells whether the emote counts in scores. Raises `BadInput`.
        """
        name_field(channel, "channel")
        await self.open()
        return [] if self._learner is None else self._learner.shown(channel, self._lexicons.of(channel))

    async def reset_learned_emotes(self, channel: str = "default", name: str | None = None) -> int:
        """Forget what was learned of one emote of a channel, or of all, here and on disk; returns how many that were.

        An emote that goes on being used is learned anew; `add_emotes` settles it. Raises `BadInput`.
        """
        name_field(channel, "channel")
        if name is not None:
            name_field(name, "name")
        await self.open()
        return 0 if self._learner is None else self._learner.reset(channel, name)

    def forget_user(self, channel: str | None, username: str) -> bool:
        """Drop what is remembered of a viewer in a channel, or in all: the trend, and what their messages taught of emotes.

        Returns whether there was any.
        """
        trends = self._trends
        trend = trends.forget_everywhere(username) if channel is None else trends.forget_user(channel, username)
        learner = self._open_learner(Settings.read())
        return trend if learner is None else learner.forget_user(channel, username) or trend

    async def _analyze(self, messages: list[ChatMessage], now: float) -> list[dict[str, Any]]:
        if not messages:
            return []
        started = time.perf_counter()
        await self.open()
        scorer, executor = self._scorer, self._executor
        if scorer is None or executor is None:
            raise HikariError("the analyser was closed while it was opening")
        pairs, lessons = self._to_read(messages, now + AHEAD_S)
        rests = [(lesson.rest, self._lexicons.of(lesson.channel)) for lesson in lessons]
        scores = await asyncio.get_running_loop().run_in_executor(executor, self._scores, scorer, pairs + rests)
        if self._learner is not None:
            for lesson, read in zip(lessons, scores[len(pairs) :], strict=True):
                self._learner.learn(lesson, read.aggregate, read.emotion)
            self._learner.save()
        latency_ms = round((time.perf_counter() - started) * 1000, 3)
        return [
            {**self._answer(message, score, model := scorer.model_of(score)), "model": model, "latency_ms": latency_ms}
            for message, score in zip(messages, scores[: len(pairs)], strict=True)
        ]

    def _to_read(self, messages: list[ChatMessage], latest: float) -> tuple[list[tuple[str, SymbolLexicon]], list[Lesson]]:
        """Each message with the lexicon that it is read with, and what is to be learned from those with unknown emotes."""
        if self._learner is None:
            return [(message.text, self._lexicons.of(message.channel)) for message in messages], []
        pairs: list[tuple[str, SymbolLexicon]] = []
        lessons: list[Lesson] = []
        for message in messages:
            known, at = self._lexicons.of(message.channel), min(message.timestamp, latest)
            lexicon, lesson = self._learner.read(message.channel, message.username, message.text, at, known)
            pairs.append((message.text, lexicon))
            if lesson is not None:
                lessons.append(lesson)
        return pairs, lessons

    async def warm(self, texts: Sequence[str]) -> int:
        """Let the cache know what will be said often; returns how many texts that were. Without a cache nothing happens."""
        await self.open()
        scorer, executor = self._scorer, self._executor
        if self._cache is None or scorer is None or executor is None:
            return 0
        pairs = [(text, symbol_lexicon.lexicon()) for text in texts]
        return len(await asyncio.get_running_loop().run_in_executor(executor, self._scores, scorer, pairs))

    def _scores(self, scorer: Scorer, pairs: Sequence[tuple[str, SymbolLexicon]]) -> list[MessageScores]:
        """The scores of each text; equal ones, and those that the cache knows, take one pass or none."""
        cache = self._cache
        if cache is None:
            order = list(dict.fromkeys(pairs))
            found = dict(zip(order, scorer.score(order), strict=True))
            return [found[pair] for pair in pairs]
        keys = [score_key(scorer.identity, symbols.fingerprint, text) for text, symbols in pairs]
        known = dict(cache.get(keys))
        unknown = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in known}
        if unknown:
            computed = dict(zip(unknown, scorer.score(list(unknown.values())), strict=True))
            cache.put(computed)
            known |= computed
        return [known[key] for key in keys]

    def _answer(self, message: ChatMessage, scores: MessageScores, model: Mapping[str, Any]) -> dict[str, Any]:
        # A mood that was misread must not turn a trend either.
        mood = scores.aggregate if model["language_supported"] else symbol_lexicon.score(scores.symbols)
        trend = self._trends.add(message.channel, message.username, mood, message.timestamp)
        signals = Signals(
            score=scores.aggregate,
            label=scores.label,
            emotion=scores.emotion,
            emotion_probability=scores.emotions[scores.emotion],
            toxic_labels=tuple(scores.toxic_labels),
            asks=scores.asks,
            paid=message.paid,
            moderator=message.moderator,
            user_falling=trend["user_trend"]["direction"] == "falling",
            only_symbols=scores.only_symbols,
        )
        if not model["language_supported"]:
            signals = unread(signals, scores.symbols)
        probability = None if scores.question is None else round(scores.question, 4)
        context = {**trend, "question": {"asks": scores.asks, "probability": probability}}
        return {
            **scores.as_dict(),
            "context": context,
            "response_recommendation": recommend(signals).as_dict(),
        }

    def _load(self) -> Scorer:
        settings = Settings.read()
        path = find_bundle(BUNDLE_NAME, self._path, settings)
        classifier = open_classifier(path, threads=self._threads or settings.threads, device=self._device)
        self._lexicons.read_files(settings.home / "emotes")
        self._open_learner(settings)
        thresholds = self._thresholds
        if thresholds is None:
            thresholds = read_thresholds(settings.toxicity_thresholds, "HIKARI_TOXICITY_THRESHOLDS")
        scorer = Scorer(classifier, self._ensemble, thresholds)
        scorer.score([("warm up", symbol_lexicon.lexicon())])
        return scorer

    def _open_learner(self, settings: Settings) -> EmoteLearner | None:
        if not settings.learn_emotes:
            self._learner = None
        if self._learner is not None:
            self._learner.open(settings.home / LEARNED)
        return self._learner


def _echoable(identifier: Any) -> bool:
    if isinstance(identifier, str):
        return len(identifier) <= MAX_NAME and identifier.isprintable()
    return isinstance(identifier, int) and not isinstance(identifier, bool) and abs(identifier) <= MAX_ID
