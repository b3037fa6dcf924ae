"""Episodic memory: what was said between two cuts, told in a few sentences and kept with the rows that it rests on."""

import time
from collections.abc import Sequence

from hikari.errors import HikariError
from hikari.memory.core import Core
from hikari.memory.episodes import Episode
from hikari.memory.keys import of_name
from hikari.memory.records import Memory
from hikari.memory.summaries import Summariser, Turn

MIN_TURNS = 4
"""An episode of fewer turns needs no summary: its turns are one."""
MIN_TURNS_ASKED = 1
"""Whoever asks for a summary gets one."""
IMPORTANCE = 0.5
MAX_SESSION_TURNS = 2_000


class Narrator:
    """Writes summaries of episodes and sessions into the store."""

    def __init__(self, core: Core, summariser: Summariser) -> None:
        self._core, self._summariser = core, summariser

    def sum_up(self, channel: str, deadline: float) -> int:
        """Store the summaries of the channel's ended episodes; returns how many."""
        done = 0
        with self._core.spaces.use(channel) as namespace:
            for episode in namespace.closed_episodes(self._core.clock()):
                done += self.write(channel, episode) is not None
                namespace.summed_up(episode)
                if time.perf_counter() > deadline:
                    break
        return done

    def open_episode(self, channel: str) -> Memory | None:
        """End the channel's open episode and store its summary; None when nothing was said."""
        with self._core.spaces.use(channel) as namespace:
            namespace.end_episode()
            last: Memory | None = None
            for episode in namespace.closed_episodes():
                last = self.write(channel, episode, MIN_TURNS_ASKED) or last
                namespace.summed_up(episode)
        return last

    def session(self, channel: str, session: str) -> Memory | None:
        """Store the summary of everything that was said in a session; None when there is nothing."""
        with self._core.store.read() as view:
            rows = [row for seq in view.seqs_of_session(channel, session) if (row := view.get(seq)) is not None]
        rows = [row for row in rows if row.session == session and not row.members][-MAX_SESSION_TURNS:]
        if not rows:
            return None
        episode = Episode(rows[0].timestamp, rows[-1].timestamp, tuple(row.seq for row in rows), "end")
        return self.write(channel, episode, MIN_TURNS_ASKED, session)

    def write(self, channel: str, episode: Episode, least: int = MIN_TURNS, session: str | None = None) -> Memory | None:
        """Sum up an episode and store it; the same episode twice is stored once. None when too little is left of it."""
        # Of the episode as it was: what was deleted or reworded since does not make it another one.
        identifier = of_name(f"episode/{episode.seqs[0]}/{episode.seqs[-1]}/{len(episode.seqs)}", 10).hex()
        with self._core.store.read() as view:
            known = view.find(channel, identifier)
            if known is not None:
                return known
            rows = list(view.get_many(episode.seqs).values())
            vectors = view.vectors([row.seq for row in rows], self._core.embedder.dimension)
        if len(rows) < least:
            return None
        turns = [Turn(row.user or "someone", row.content, vector) for row, vector in zip(rows, vectors, strict=True)]
        summary = self._summariser.summarise(turns)
        if not summary.text:
            return None
        members = tuple(row.seq for row in rows)
        asked, session = session is not None, session or _session(rows)
        metadata = _facts(rows, episode, self._summariser.name)
        if session is not None:
            metadata["session"] = session
        answer = self._core.store_summary(
            Memory(
                seq=0, id=identifier, channel=channel, content=summary.text, memory_type="episodic", tier="episodic",
                metadata=metadata, importance=IMPORTANCE, session=session,
                timestamp=episode.end, source="system", members=members,
            ),
            None if asked else max(episode.seqs),
        )  # fmt: skip
        if isinstance(answer, HikariError):
            raise answer
        return self._core.get(channel, answer)


def _facts(rows: Sequence[Memory], episode: Episode, summariser: str) -> dict[str, object]:
    speakers = sorted({row.user for row in rows if row.user is not None})
    return {
        "source": "system",
        "start": episode.start,
        "end": episode.end,
        "turns": len(rows),
        "speakers": speakers[:20],
        "closed_by": episode.reason,
        "summariser": summariser,
    }


def _session(rows: Sequence[Memory]) -> str | None:
    sessions = {row.session for row in rows}
    return sessions.pop() if len(sessions) == 1 else None
