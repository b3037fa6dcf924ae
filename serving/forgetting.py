"""`/forget_user`: a viewer goes from every part of the engine, and from what this process holds besides."""

import asyncio
from typing import Any

from hikari.errors import HikariError
from hikari.fields import name_field
from serving.calls import Call, Outcome
from serving.links import Part
from serving.live import Live

Row = dict[str, Any]


async def forget_user(sentiment: Part, memory: Part, analytics: Part, live: Live, arguments: Row) -> Outcome:
    """All parts forget, whatever becomes of the others; who asks again after an error loses nothing by it.

    The memory goes last: what the stream had accepted for it before is then written, and is forgotten with the rest.
    """
    try:
        user, channel = name_field(arguments["user"], "user"), arguments.get("channel")
        if channel is not None:
            name_field(channel, "channel")
    except HikariError as error:
        return {"error": error.as_dict()}
    live.forget_user(user, channel)
    await live.written()
    named: Row = {"username": user} if channel is None else {"username": user, "channel": channel}
    calls: list[tuple[Part, Call]] = [
        (memory, {"method": "forget_user", "arguments": arguments}),
        (analytics, {"method": "forget_user", "arguments": named}),
        (sentiment, {"method": "forget_user", "arguments": {"username": user, "channel": channel}}),
    ]
    outcomes = [outcome for (outcome,) in await asyncio.gather(*(part.run([call]) for part, call in calls))]
    failed = next((outcome for outcome in outcomes if "error" in outcome), None)
    if failed is not None:
        return failed
    remembered, counted, trend = (outcome.get("answer") for outcome in outcomes)
    return {"answer": {**(remembered or {}), "analytics": counted, "trend": trend}}
