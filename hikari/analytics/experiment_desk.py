"""The experiments of all channels: in memory for the answer, on disk before it."""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiment_reports import experiment_plan, experiment_report
from hikari.analytics.experiment_rows import HEAD, Rows, packed_head
from hikari.analytics.experiments import Experiment, Outcome
from hikari.analytics.store import AnalyticsStore, Change
from hikari.analytics.store_keys import of_name
from hikari.errors import BadInput, NotFound

TABLE = "outcomes"
MAX_EXPERIMENTS = 1_000


class ExperimentDesk:
    """Every change is one small transaction, written before it counts: what was acknowledged is never lost. Safe from many threads."""

    def __init__(self, store: AnalyticsStore) -> None:
        self._store, self._lock = store, threading.Lock()
        self._known: dict[bytes, Experiment] = {}
        grouped: dict[bytes, list[tuple[bytes, bytes]]] = {}
        for key, row in store.scan(TABLE):
            grouped.setdefault(key[:16], []).append((key[16:], row))
        for prefix, rows in grouped.items():
            self._known[prefix] = Experiment.from_rows(rows)

    def create(self, channel: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new experiment, as a draft; its plan. Raises `BadInput`."""
        # A salt that nobody knows: viewers cannot work out their arm.
        about = definition(_salted(values))
        prefix = _prefix(channel, about.id)
        with self._lock:
            if prefix in self._known:
                raise BadInput("an experiment with this id exists in the channel", field="id")
            if len(self._known) >= MAX_EXPERIMENTS:
                raise BadInput(f"there are at most {MAX_EXPERIMENTS} experiments", field="id")
            made = Experiment(about)
            self._store.write([(TABLE, prefix + HEAD, packed_head(about, made.status))])
            self._known[prefix] = made
        return {"id": about.id, "status": made.status.phase, "plan": experiment_plan(about)}

    def start(self, channel: str, identifier: str, timestamp: Any) -> dict[str, Any]:
        return self._head(channel, identifier, lambda one: one.start_delta(timestamp))

    def stop(self, channel: str, identifier: str, timestamp: Any, reason: str = "stopped by hand") -> dict[str, Any]:
        return self._head(channel, identifier, lambda one: one.stop_delta(timestamp, reason))

    def assign(
        self, channel: str, identifier: str, unit: str | None, timestamp: Any, covariate: float | None = None
    ) -> dict[str, Any]:
        """The arm to show to a viewer, or now."""
        with self._lock:
            one = self._get(channel, identifier)
            self._apply(_prefix(channel, identifier), one, one.assign_delta(unit, timestamp, covariate))
            return {"id": identifier, "unit": unit, "arm": one.arm(unit, timestamp)}

    def record(self, channel: str, identifier: str, outcome: Outcome) -> dict[str, Any]:
        """Count an outcome; `counted` is false when its id was counted before."""
        with self._lock:
            one = self._get(channel, identifier)
            rows = one.delta(outcome)
            self._apply(_prefix(channel, identifier), one, rows)
            return {"id": identifier, "counted": bool(rows)}

    def report(self, channel: str, identifier: str, now: Any) -> dict[str, Any]:
        with self._lock:
            return experiment_report(self._get(channel, identifier), now)

    def list(self, channel: str) -> list[dict[str, Any]]:
        """The channel's experiments: id, name, status."""
        mine = of_name(channel)
        with self._lock:
            return [
                {"id": one.definition.id, "name": one.definition.name, "status": one.status.phase}
                for prefix, one in sorted(self._known.items())
                if prefix.startswith(mine)
            ]

    def forget_user(self, channel: str | None, username: str) -> int:
        """Take a viewer out of every experiment of the channel, or of all channels; returns of how many."""
        mine, count = b"" if channel is None else of_name(channel), 0
        with self._lock:
            for prefix, one in self._known.items():
                rows = one.forget_delta(username) if prefix.startswith(mine) else {}
                if rows:
                    self._apply(prefix, one, rows)
                    count += 1
        return count

    def _head(self, channel: str, identifier: str, change: Callable[[Experiment], Rows]) -> dict[str, Any]:
        with self._lock:
            one = self._get(channel, identifier)
            self._apply(_prefix(channel, identifier), one, change(one))
            return {"id": identifier, "status": one.status.phase}

    def _get(self, channel: str, identifier: str) -> Experiment:
        found = self._known.get(_prefix(channel, identifier))
        if found is None:
            raise NotFound("there is no experiment with this id in the channel", field="id")
        return found

    def _apply(self, prefix: bytes, one: Experiment, rows: Mapping[bytes, bytes | None]) -> None:
        if rows:
            changes: list[Change] = [(TABLE, prefix + key, row) for key, row in rows.items()]
            self._store.write(changes)
            one.apply(rows)


def _salted(values: Any) -> Any:
    return {"salt": secrets.token_hex(8), **cast("Mapping[str, Any]", values)} if isinstance(values, Mapping) else values


def _prefix(channel: str, identifier: str) -> bytes:
    return of_name(channel) + of_name(identifier)
