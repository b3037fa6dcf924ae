"""Requests and answers of the memory as the OpenAPI document shows them. Contents are checked by the engine, for all callers alike."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, WithJsonSchema

from serving.parameters import Count, Flag, Fraction, MaybeName, Moment, Name, Request, Seconds, Text, example

Metadata = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}],
            "description": "any JSON object of at most 16 kB; `user`, `channel`, `session`, `timestamp`, `source` have a meaning",
        }
    ),
]


class StoreMemory(Request):
    model_config = example(
        content="my cat is called Mochi", memory_type="conversation", metadata={"user": "kai"}, importance=0.7, channel="default"
    )
    content: Text
    memory_type: Name = Field(
        default="short_term", description="a tier (`short_term`, `long_term`, `episodic`) or a name of your own"
    )
    metadata: Metadata = None
    importance: Fraction = 0.5
    id: MaybeName = Field(default=None, description="stored once, however often it is delivered; default: a new one")
    channel: Name = "default"
    user: MaybeName = None
    timestamp: Moment = None
    pinned: Flag = Field(default=False, description="never fades and is never purged")
    expires_at: Moment = Field(default=None, description="is deleted then")
    ttl_s: Seconds = Field(default=None, description="is deleted so many seconds after its timestamp; instead of `expires_at`")


class StoreMemories(Request):
    model_config = example(
        rows=[
            {"content": "i moved to Osaka last month", "metadata": {"user": "mika"}},
            {"content": "the next tournament is on friday", "memory_type": "fact", "importance": 0.9},
        ]
    )
    rows: list[Any] = Field(description="up to 10,000 objects with the parameters of `/store_memory`")
    channel: MaybeName = Field(default=None, description="for rows that name none")


class RetrieveMemories(Request):
    model_config = example(query="what is kai's cat called?", k=3, channel="default", explain=True)
    query: Text
    k: Count = 5
    memory_types: Any = Field(default=None, description="types or tiers, as one name or a list")
    channel: Name = "default"
    user: MaybeName = Field(default=None, description="only what this viewer said")
    since: Moment = Field(default=None, description="only from this time on")
    until: Moment = Field(default=None, description="only before this time")
    as_of: Moment = Field(default=None, description="answer as at that time")
    filters: Any = Field(
        default=None,
        description="conditions on the metadata: `{key: value}` or `{key: {operator: value}}` with eq, ne, gt, gte, lt, lte, in, nin, "
        "contains, icontains, startswith, exists; AND, OR, NOT take lists of such objects",
        examples=[{"platform": "twitch", "bits": {"gte": 100}}],
    )
    cursor: Any = Field(default=None, description="the `Hikari-Next-Cursor` of the page before")
    explain: Flag = Field(default=False, description="add the parts of each score")
    decay: StrictBool | None = Field(default=None, description="whether forgetting weighs; default: as configured")
    current_only: Flag = Field(default=False, description="leave out what newer facts superseded")


class MemoryOf(Request):
    model_config = example(id="3f1c0a5d9e7b42c68d10", channel="default")
    id: Name
    channel: Name = "default"


class UpdateMemory(Request):
    """What is left out stays as it is."""

    model_config = example(id="3f1c0a5d9e7b42c68d10", importance=0.9, pinned=True)
    id: Name
    channel: Name = "default"
    content: Text | None = None
    memory_type: Name | None = None
    metadata: Metadata = Field(default=None, description="replaces the old metadata as a whole")
    importance: Fraction = None
    pinned: Flag | None = None
    expires_at: Moment = Field(default=None, description="null: it no longer expires")
    ttl_s: Seconds = Field(default=None, description="seconds from now")


class DeleteMemory(MemoryOf):
    model_config = example(id="3f1c0a5d9e7b42c68d10", channel="default")


class MaybeChannel(Request):
    model_config = example(channel="default")
    channel: MaybeName = Field(default=None, description="default: all channels")


class OneChannel(Request):
    model_config = example(channel="default")
    channel: Name = "default"


class ForgetMemories(MaybeChannel):
    model_config = example(channel="default", below=0.05, dry_run=True)
    below: StrictFloat | None = Field(
        default=None, description="also delete what has faded under this decayed importance; default: only what has expired"
    )
    dry_run: Flag = Field(default=False, description="count only")


class ForgetUser(MaybeChannel):
    model_config = example(user="kai")
    user: Name


class SummarizeEpisode(OneChannel):
    model_config = example(channel="default")
    session: MaybeName = Field(default=None, description="a whole session instead of the open episode")


class RelatedEntities(OneChannel):
    model_config = example(entity="kai", hops=2)
    entity: Name
    hops: Count = 1
    limit: Count = 10


class Facts(OneChannel):
    model_config = example(subject="kai", attribute="lives in")
    subject: Name
    attribute: MaybeName = None
    as_of: Moment = Field(default=None, description="what was true then")


class RecentMemories(OneChannel):
    model_config = example(channel="default", n=20)
    n: Count = 20


class ReloadKnowledge(Request):
    model_config = example()
    path: MaybeName = Field(
        default=None, description="a folder below `indices` of HIKARI_HOME or of the installation; default: `knowledge`"
    )


class Stored(BaseModel):
    id: str


class Memory(BaseModel):
    """One memory; times in epoch seconds."""

    model_config = ConfigDict(extra="allow")
    id: str
    channel: str
    content: str
    memory_type: str
    tier: Literal["short_term", "long_term", "episodic"]
    user: str | None = Field(description="who said it; null for what no viewer said")
    metadata: dict[str, Any]
    importance: Annotated[float, Field(ge=0, le=1)]
    timestamp: float
    pinned: bool
    expires_at: float | None
    current: bool = Field(description="false when a newer fact superseded it")


class Found(Memory):
    """A memory that answers a query."""

    score: float
