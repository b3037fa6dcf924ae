# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire and from disk: their declared types are what is checked here.
"""The public analyser: sentiment, emotion, toxicity, trends and a recommendation for every chat message."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from hikari.bundle import find_bundle
from hikari.errors import BadInput, HikariError, TooLarge
from hikari.fields import MAX_NAME, name_field
from hikari.sentiment import symbols as symbol_lexicon
from hikari.sentiment.caching import ScoreCache, score_key
from hikari.sentiment.messages import MAX_BATCH, MAX_ID, ChatMessage, chat_message
from hikari.sentiment.opening import open_classifier
from hikari.sentiment.recommendation import Signals, recommend
from hikari.sentiment.scores import MessageScores, Scorer
from hikari.sentiment.symbols import Symbol, SymbolLexicon
from hikari.sentiment.trends import Trends
from hikari.settings import Settings

BUNDLE_NAME = "text"


class AdvancedSentimentAnalyzer:
    """Analyses chat messages; opens its model on the first call, or when used as `async with`.

    `path` names a bundle (default: see `hikari.bundle.find_bundle`), `ensemble` one of the bundle's ensembles (`seed`, `tuned`).
    Calls may run concurrently; trends follow the order in which messages are given. `clock` gives epoch seconds, `cache` the scores of
    texts that were met before (`caching.py`).
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
    ) -> None:
        self._path = path
        self._ensemble = ensemble
        self._device = device
        self._threads = threads
        self._clock = clock
        self._cache = cache
        self._scorer: Scorer | None = None
        self._opening: asyncio.Lock | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._trends = Trends()
        self._channel_files: dict[str, list[Symbol]] = {}
        self._added_emotes: dict[str, list[Symbol]] = {}
        self._channel_symbols: dict[str, SymbolLexicon] = {}

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
        """Release the model early; a later call opens it again."""
        executor, scorer = self._executor, self._scorer
        self._executor = self._scorer = self._opening = None
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
        message = chat_message(row if timestamp is None else {**row, "timestamp": timestamp}, self._clock())
        return (await self._analyze([message]))[0]

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
        answers = iter(await self._analyze([row for row in rows if isinstance(row, ChatMessage)]))
        return [{"id": row.id, **next(answers)} if isinstance(row, ChatMessage) else row for row in rows]

    def add_emotes(self, channel: str, emotes: Mapping[str, Mapping[str, Any]]) -> int:
        """Teach a channel its own emotes: `{name: {"polarity": -1..1, "emotion": ..., "meaning": "plain words"}}`.

        They win over global emotes of the same name, in this channel only. Returns how many were added; raises `BadInput`.
        """
        name_field(channel, "channel")
        if not isinstance(emotes, Mapping):
            raise BadInput("emotes must be an object", field="emotes")
        rows = [symbol_lexicon.make_symbol(name, row, f"emotes.{name}") for name, row in emotes.items()]
        self._added_emotes.setdefault(channel, []).extend(rows)
        self._combine_symbols(channel)
        return len(emotes)

    def forget_user(self, channel: str | None, username: str) -> bool:
        """Drop what is remembered of a viewer in a channel, or in all, which is the trend; returns whether there was any."""
        return self._trends.forget_everywhere(username) if channel is None else self._trends.forget_user(channel, username)

    async def _analyze(self, messages: list[ChatMessage]) -> list[dict[str, Any]]:
        if not messages:
            return []
        started = time.perf_counter()
        await self.open()
        scorer, executor = self._scorer, self._executor
        if scorer is None or executor is None:
            raise HikariError("the analyser was closed while it was opening")
        pairs = [(message.text, self._symbols(message.channel)) for message in messages]
        scores = await asyncio.get_running_loop().run_in_executor(executor, self._scores, scorer, pairs)
        latency_ms = round((time.perf_counter() - started) * 1000, 3)
        return [
            {**self._answer(message, score), "model": scorer.model, "latency_ms": latency_ms}
            for message, score in zip(messages, scores, strict=True)
        ]

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

    def _answer(self, message: ChatMessage, scores: MessageScores) -> dict[str, Any]:
        trend = self._trends.add(message.channel, message.username, scores.aggregate, message.timestamp)
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
        probability = None if scores.question is None else round(scores.question, 4)
        context = {**trend, "question": {"asks": scores.asks, "probability": probability}}
        return {
            **scores.as_dict(),
            "context": context,
            "response_recommendation": recommend(signals).as_dict(),
        }

    def _symbols(self, channel: str) -> SymbolLexicon:
        return self._channel_symbols.get(channel, symbol_lexicon.lexicon())

    def _combine_symbols(self, channel: str) -> None:
        own = [*self._channel_files.get(channel, ()), *self._added_emotes.get(channel, ())]
        self._channel_symbols[channel] = symbol_lexicon.lexicon().extended(own)

    def _load(self) -> Scorer:
        settings = Settings.read()
        path = find_bundle(BUNDLE_NAME, self._path, settings)
        classifier = open_classifier(path, threads=self._threads or settings.threads, device=self._device)
        self._load_channel_files(settings.home / "emotes")
        scorer = Scorer(classifier, self._ensemble)
        scorer.score([("warm up", symbol_lexicon.lexicon())])
        return scorer

    def _load_channel_files(self, folder: Path) -> None:
        """`<home>/emotes/<channel>.tsv` in the format of the bundled lexicons; what `add_emotes` said before stays on top."""
        with contextlib.suppress(FileNotFoundError):
            for file in sorted(folder.iterdir()):
                if file.suffix == ".tsv":
                    try:
                        content = file.read_text(encoding="utf-8")
                    except UnicodeDecodeError as error:
                        raise BadInput(f"{file} must be UTF-8") from error
                    self._channel_files[file.stem] = symbol_lexicon.parse_rows(content, file.name)
                    self._combine_symbols(file.stem)


def _echoable(identifier: Any) -> bool:
    if isinstance(identifier, str):
        return len(identifier) <= MAX_NAME and identifier.isprintable()
    return isinstance(identifier, int) and not isinstance(identifier, bool) and abs(identifier) <= MAX_ID
