"""The content cache: right counts, bounded, shared over a real Redis, and only hits are lost when that goes away."""

from pathlib import Path

import msgspec
import pytest

from hikari.errors import BadInput
from hikari.sentiment.scores import MessageScores, Scorer
from hikari.sentiment.symbols import lexicon
from hikari.stream.cache import PREFIX, ContentCache, common_phrases
from tests.redis_process import RedisProcess

KEYS = [bytes([number]) * 16 for number in range(6)]


@pytest.fixture(scope="module")
def scores(scorer: Scorer) -> list[MessageScores]:
    texts = ["i love this game KEKW 🔥", "you idiot", "why", "KEKW", "gg", "the table"]
    return scorer.score([(text, lexicon()) for text in texts])


def test_what_comes_back_is_what_was_put(scores: list[MessageScores]) -> None:
    cache = ContentCache()
    cache.put(dict(zip(KEYS, scores, strict=True)))
    assert cache.get(KEYS) == dict(zip(KEYS, scores, strict=True))
    assert cache.get([b"other"]) == {}


def test_every_message_is_counted_once(scores: list[MessageScores]) -> None:
    cache = ContentCache()
    assert cache.stats()["rate"] is None
    cache.get([KEYS[0], KEYS[1], KEYS[0]])  # two passes, one shared
    cache.put({KEYS[0]: scores[0], KEYS[1]: scores[1]})
    cache.get([KEYS[0], KEYS[2], KEYS[0], KEYS[1]])
    stats = cache.stats()
    assert (stats["hits"], stats["shared_hits"], stats["merged"], stats["misses"]) == (3, 0, 1, 3)
    assert stats["rate"] == round(4 / 7, 4)
    cache.clear_counts()
    assert cache.stats()["rate"] is None
    assert cache.stats()["entries"] == 2


def test_memory_is_bounded_and_the_least_recently_used_go(scores: list[MessageScores]) -> None:
    room = ContentCache()
    room.put({KEYS[0]: scores[0]})
    one = int(room.stats()["bytes"] or 0)
    cache = ContentCache(capacity=3 * one + 10)
    for key in KEYS[:3]:
        cache.put({key: scores[0]})
    cache.get([KEYS[0]])
    cache.put({KEYS[3]: scores[0]})
    assert set(cache.get(KEYS)) == {KEYS[0], KEYS[2], KEYS[3]}
    assert cache.stats()["bytes"] == 3 * one
    cache.put({KEYS[3]: scores[0]})
    assert cache.stats()["bytes"] == 3 * one
    assert ContentCache(capacity=0).get(KEYS) == {}
    with pytest.raises(BadInput):
        ContentCache(capacity=-1)


def test_processes_share_over_redis_and_values_are_msgpack(scores: list[MessageScores], redis_server: str) -> None:
    import redis

    left, right = ContentCache(redis_url=redis_server), ContentCache(redis_url=redis_server)
    left.put({KEYS[0]: scores[0]})
    assert right.get([KEYS[0], KEYS[0], KEYS[1]]) == {KEYS[0]: scores[0]}
    assert right.get([KEYS[0]]) == {KEYS[0]: scores[0]}
    stats = right.stats()
    assert (stats["hits"], stats["shared_hits"], stats["misses"], stats["errors"]) == (1, 2, 1, 0)
    with redis.Redis.from_url(redis_server) as client:
        value = client.get(PREFIX.encode() + KEYS[0])
        assert msgspec.msgpack.decode(value)["emotion"] == scores[0].emotion  # type: ignore[arg-type]
        for key, content in zip(KEYS[1:4], (b"\x00", msgspec.msgpack.encode({"aggregate": 1}), b""), strict=True):
            client.set(PREFIX.encode() + key, content)
    assert right.get(KEYS[1:4]) == {}
    assert right.stats()["rejected"] == 3
    left.close()
    right.close()


def test_redis_that_goes_away_costs_hits_only(scores: list[MessageScores], tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server:
        cache = ContentCache(redis_url=server.url)
        cache.put({KEYS[0]: scores[0]})
        server.stop()
        assert cache.get([KEYS[0], KEYS[1]]) == {KEYS[0]: scores[0]}
        cache.put({KEYS[1]: scores[1]})
        assert cache.get([KEYS[1]]) == {KEYS[1]: scores[1]}
        assert int(cache.stats()["errors"] or 0) >= 1
        cache.close()


def test_the_common_phrases_are_different_and_short() -> None:
    phrases = common_phrases()
    assert len(phrases) == len(set(phrases)) > 300
    assert all(phrase == phrase.strip() and len(phrase) <= 40 for phrase in phrases)
