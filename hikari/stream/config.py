"""Settings of the pipeline, with defaults for a live stream on two cores."""

from dataclasses import dataclass

from hikari.errors import BadInput


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What an operator may change. Raises `BadInput`."""

    names: tuple[str, ...] = ()
    """What the VTuber is called: who says one of these speaks to her."""
    capacity: int = 1_024
    """Messages that may wait."""
    max_batch: int = 32
    """Messages that are analysed together; fewer when fewer wait."""
    bulk_batch: int = 192
    """The same for what comes in bulk: the more texts, the more of them have one length and share a pass; live messages wait for a part
    to end, about 0.1 s."""
    max_wait_s: float = 0.1
    """In lasting overload, messages that waited longer and are no question and not paid are dropped ..."""
    patience_s: float = 1.0
    """... once the oldest message has waited longer than `max_wait_s` for so long: a short burst is worked off instead."""
    remember: bool = True
    """Whether messages become memories."""
    backlog: int = 2_000
    """Accepted memories that may wait for the disk; beyond it ordinary messages are kept out as `busy`."""
    quarantine: int = 100
    """Messages that failed alone, of which the last ones are shown."""
    drain_s: float = 10.0
    """How long an ending pipeline tries to write what it accepted."""

    def __post_init__(self) -> None:
        least = {"capacity": 1, "max_batch": 1, "bulk_batch": 1, "max_wait_s": 0.001, "patience_s": 0.0, "backlog": 1, "quarantine": 1, "drain_s": 0.0}  # fmt: skip  # noqa: E501
        problems = [f"{name} must be at least {low}" for name, low in least.items() if not getattr(self, name) >= low]
        if problems:
            raise BadInput("; ".join(problems), field="config")
