"""What may become a memory: the gate before every write, one per channel.

The engine's own words come back in many ways: a viewer quotes the VTuber, a program stores what it was told to say, a recalled memory is
handed in again and grows into a second one. An audit of another memory system found 98 of 100 entries to be junk of such kinds. So
everything the VTuber says and everything that is recalled is remembered by hash, and what only repeats it is not stored as a viewer's.
Bots, commands to bots and pasted texts stay out as well. Deterministic in event time; not thread-safe (the store has one writer).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hikari.errors import BadInput, BadStore
from hikari.memory.duplicates import LONG_WORDS, content_hash, normalised
from hikari.memory.records import source_of
from hikari.memory.repeats import Copypasta, Heard
from hikari.memory.sources import TRUSTED, is_bot, is_command

Reason = Literal["new", "trusted", "bot", "command", "echo", "recalled", "copypasta"]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """Which checks are made; `pasting_users` different people within `pasting_window_s` make a text copypasta. Raises `BadInput`."""

    bots: bool = True
    commands: bool = True
    echoes: bool = True
    recalled: bool = True
    copypasta: bool = True
    pasting_users: int = 3
    pasting_window_s: float = 600.0
    echo_window_s: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        if self.pasting_users < 2:
            raise BadInput("copypasta needs at least 2 different users", field="pasting_users")
        for name in ("pasting_window_s", "echo_window_s"):
            if not getattr(self, name) > 0:
                raise BadInput(f"{name} must be over 0 seconds", field=name)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a text.

    `of` is the id of the memory to merge it into, when that is known; `further` are ids of copies that were stored before the text was
    known to be pasted around, to be merged into `of` as well.
    """

    action: Literal["store", "merge", "skip"]
    reason: Reason
    of: str | None = None
    further: tuple[str, ...] = ()


class Gate:
    """Decides about the writes of one channel; bounded memory."""

    def __init__(self, policy: WritePolicy | None = None) -> None:
        self.policy = policy or WritePolicy()
        self._said = Heard(size=2_000, max_age_s=self.policy.echo_window_s, min_words=3)
        self._recalled = Heard(size=4_000, max_age_s=self.policy.echo_window_s, min_words=1)
        self._pasted = Copypasta(self.policy.pasting_users, self.policy.pasting_window_s)

    def said(self, text: str, at: float) -> None:
        """The VTuber said this at `at` (epoch seconds)."""
        self._said.add_spoken(text, at)

    def recalled(self, identifier: str, text: str, at: float, user: str | None = None) -> None:
        """The memory with this id, of this viewer, was handed out at `at`."""
        self._recalled.add(text, at, f"{_who(user)} {identifier}")

    def decide(
        self, text: str, user: str | None, at: float, metadata: Mapping[str, Any], identifier: str | None = None
    ) -> Decision:
        """Whether a text becomes a memory; `identifier` is the id it would get.

        A text is an echo only when it repeats as a whole what the VTuber said before; a quotation inside a longer text is the viewer's.
        """
        policy = self.policy
        if source_of(metadata) in TRUSTED:
            return Decision("store", "trusted")
        if policy.bots and is_bot(user, metadata):
            return Decision("skip", "bot")
        if policy.commands and is_command(text):
            return Decision("skip", "command")
        if policy.echoes and self._said.find(text, at) is not None:
            return Decision("skip", "echo")
        known = self._known(text, user, at) if policy.recalled else None
        if known is not None:
            return Decision("merge", "recalled", known)
        pasted = self._pasted.add(text, user, at, identifier) if policy.copypasta and user is not None else None
        if pasted is not None:
            return Decision("skip" if pasted.first is None else "merge", "copypasta", pasted.first, pasted.further)
        return Decision("store", "new")

    def _known(self, text: str, user: str | None, at: float) -> str | None:
        """The id of the recalled memory that this text repeats. A short one that another viewer says is a fact of that viewer."""
        tag = self._recalled.find(text, at)
        if tag is None:
            return None
        who, _, identifier = tag.partition(" ")
        of_another = "-" not in (who, _who(user)) and who != _who(user)
        return None if of_another and len(normalised(text).split()) < LONG_WORDS else identifier

    def forget(self, texts: list[str], user: str | None = None) -> None:
        """Drop the hashes of these texts, those of a viewer who is forgotten, and the viewer among those who paste."""
        self._recalled.forget(texts)
        self._pasted.forget(texts, user)

    def to_dict(self) -> dict[str, Any]:
        """The state in plain values (JSON, msgpack): hashes and times, no text."""
        return {
            "format": FORMAT,
            "said": self._said.to_dict(),
            "recalled": self._recalled.to_dict(),
            "pasted": self._pasted.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], policy: WritePolicy | None = None) -> "Gate":
        """The gate with the state of `to_dict`. Raises `BadStore` when it is damaged or newer."""
        if state.get("format") != FORMAT:
            raise BadStore(f"the write gate's state has another format than {FORMAT}, the one this version reads")
        gate = cls(policy)
        try:
            gate._said.load(state["said"])
            gate._recalled.load(state["recalled"])
            gate._pasted.load(state["pasted"])
        except KeyError as error:
            raise BadStore("the write gate's state is incomplete") from error
        return gate


def _who(user: str | None) -> str:
    return "-" if user is None else f"{content_hash(f'user {user}'):x}"
