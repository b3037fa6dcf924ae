"""`Hikari`: an engine, called one call after the other."""

import threading
from collections.abc import Callable
from functools import update_wrapper
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

import httpx

from hikari_client import chat_calls, memory_calls, replies, stream_calls, transport
from hikari_client.calls import Answer, Call
from hikari_client.errors import HikariError
from hikari_client.listening import Listening
from hikari_client.retry import Retry
from hikari_client.sync_events import Events

P = ParamSpec("P")
T = TypeVar("T")


def pause(seconds: float) -> None:
    """Wait."""
    threading.Event().wait(seconds)


class _Method(Generic[P, T]):
    """A call as a method: the parameters of the function that makes it, and its result."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make

    def __get__(self, client: "Hikari", owner: type | None = None) -> Callable[P, T]:
        def method(*arguments: P.args, **named: P.kwargs) -> T:
            return client.call(self._make(*arguments, **named))

        return update_wrapper(method, self._make)


class Hikari:
    """A client of one engine. Safe to use from several threads; close it, or use it in a `with`.

    Every method raises a `HikariError`; what was not begun, or counts once however often it comes, is tried again by itself.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:3000",
        key: str | None = None,
        *,
        packed: bool = False,
        timeout_s: float = 30.0,
        retry: Retry | None = None,
        http: httpx.Client | None = None,
        pause: Callable[[float], None] = pause,
    ) -> None:
        """`packed`: msgpack instead of JSON; `http`: a client of your own, with your proxies and certificates."""
        self._url, self._key, self._packed, self._timeout_s = url.rstrip("/"), key, packed, timeout_s
        self._retry, self._pause = retry or Retry(), pause
        self._http = http or httpx.Client()

    def __repr__(self) -> str:
        return f"Hikari({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def call(self, call: Call[T]) -> T:
        """Make a call."""
        failures = 0
        while True:
            try:
                return self._once(call)
            except HikariError as error:
                failures += 1
                wait = self._retry.after(error, failures, repeatable=call.repeatable)
                if wait is None:
                    raise
                self._pause(wait)

    def post(self, path: str, **body: Any) -> Any:
        """Make a call for which there is no method; it is repeated only when it was not begun."""
        return self.call(Call(path, body, _value, repeatable=False))

    def ready(self) -> bool:
        """Whether the engine is there and ready."""
        try:
            return self._http.get(f"{self._url}/readyz", timeout=5.0).is_success
        except httpx.TransportError:
            return False

    def events(self, channel: str = "default", *, subscribe: bool = True, retry: Retry | None = None) -> Events:
        """The events of a channel, and a way to send messages into it. Use it in a `with`."""
        listening = Listening.chat(self._url, self._key, channel, subscribe=subscribe, packed=self._packed)
        return Events(listening, retry or self._retry, self._pause)

    def dashboard(self, channel: str = "default", *, retry: Retry | None = None) -> Events:
        """A snapshot of the channel every second, and its events in between. Use it in a `with`."""
        return Events(Listening.dashboard(self._url, self._key, channel, packed=self._packed), retry or self._retry, self._pause)

    def _once(self, call: Call[T]) -> T:
        try:
            response = self._http.post(
                self._url + call.path,
                content=transport.content_of(call, self._packed),
                headers=transport.headers_for(self._key, self._packed),
                timeout=transport.timeout_of(call, self._timeout_s),
            )
        except httpx.TransportError as error:
            raise transport.failure_of(error) from error
        return transport.result_of(call, response)

    analyze_message = _Method(chat_calls.analyze_message)
    analyze_batch = _Method(chat_calls.analyze_batch)
    reading = _Method(chat_calls.reading)
    learned_emotes = _Method(chat_calls.learned_emotes)
    reset_learned_emotes = _Method(chat_calls.reset_learned_emotes)
    process_chat_message = _Method(chat_calls.process_chat_message)
    process_chat_batch = _Method(chat_calls.process_chat_batch)

    next_reply = _Method(replies.next_reply)
    said = _Method(replies.said)

    store_memory = _Method(memory_calls.store_memory)
    store_memories = _Method(memory_calls.store_memories)
    retrieve_memories = _Method(memory_calls.retrieve_memories)
    get_memory = _Method(memory_calls.get_memory)
    update_memory = _Method(memory_calls.update_memory)
    delete_memory = _Method(memory_calls.delete_memory)
    recent_memories = _Method(memory_calls.recent_memories)
    related_entities = _Method(memory_calls.related_entities)
    facts = _Method(memory_calls.facts)
    summarize_episode = _Method(memory_calls.summarize_episode)
    consolidate_memories = _Method(memory_calls.consolidate_memories)
    forget_memories = _Method(memory_calls.forget_memories)
    forget_user = _Method(memory_calls.forget_user)
    memory_stats = _Method(memory_calls.memory_stats)

    viewer_insights = _Method(stream_calls.viewer_insights)
    global_insights = _Method(stream_calls.global_insights)
    record_metric = _Method(stream_calls.record_metric)
    start_stream = _Method(stream_calls.start_stream)
    schedule = _Method(stream_calls.schedule)
    forecast_metrics = _Method(stream_calls.forecast_metrics)
    predict_engagement = _Method(stream_calls.predict_engagement)
    detect_anomalies = _Method(stream_calls.detect_anomalies)
    anomaly_feedback = _Method(stream_calls.anomaly_feedback)
    cluster_viewers = _Method(stream_calls.cluster_viewers)
    topics = _Method(stream_calls.topics)
    create_experiment = _Method(stream_calls.create_experiment)
    start_experiment = _Method(stream_calls.start_experiment)
    stop_experiment = _Method(stream_calls.stop_experiment)
    assign = _Method(stream_calls.assign)
    record_outcome = _Method(stream_calls.record_outcome)
    experiment_report = _Method(stream_calls.experiment_report)
    list_experiments = _Method(stream_calls.list_experiments)
    record_content = _Method(stream_calls.record_content)
    content_report = _Method(stream_calls.content_report)


def _value(answer: Answer) -> Any:
    return answer.value
