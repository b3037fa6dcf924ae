"""Events out of a real Redis, decoded by the Python client."""

import msgspec
import redis

from hikari_client import AnalysisEvent, decode_event
from tests.serving.clients.samples import analysis


def test_events_of_a_channel_come_over_redis(redis_server: str) -> None:
    with redis.Redis.from_url(redis_server) as connection, connection.pubsub() as subscription:
        subscription.subscribe("hikari.events.lobby")
        assert subscription.get_message(timeout=10)["type"] == "subscribe"  # type: ignore[index]
        connection.publish("hikari.events.lobby", msgspec.msgpack.encode(analysis()))
        message = subscription.get_message(timeout=10)
    assert message is not None
    event = decode_event(message["data"])
    assert isinstance(event, AnalysisEvent)
    assert event.response_recommendation.tone == "helpful"
