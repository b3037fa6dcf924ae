"""Bringing a store of an older schema up to date, one step at a time, inside one transaction.

1   vectors as float32, no table `by_session`
2   vectors as float16 (half the bytes; recall unchanged), `by_session` finds the turn before and after
"""

from collections.abc import Callable

import numpy as np

from hikari.memory import keys
from hikari.memory.records import decode
from hikari.memory.rows import VIEWER, Edit


def migrate(edit: Edit, version: int, target: int) -> None:
    """Run the steps from `version` to `target`; the caller's transaction makes it all or nothing."""
    for step in range(version, target):
        STEPS[step](edit)
        edit.set_meta("schema", step + 1)


def _from_1(edit: Edit) -> None:
    channels = {row["name"]: keys.CHANNEL.pack(row["no"]) for row in edit.channels()}
    for key, blob in list(edit.table("vectors")):
        edit.put("vectors", key, np.frombuffer(blob, np.float32).astype(np.float16).tobytes())
    for key, blob in edit.table("records"):
        memory = decode(keys.NUMBER.unpack(key)[0], blob)
        place = keys.of_name(memory.session or "", 8) + keys.of_time(memory.timestamp) + key
        edit.put("by_session", channels[memory.channel] + place, b"")
        if memory.user is not None:
            name = f"{VIEWER}{memory.user.casefold()}"
            edit.put("state", channels[memory.channel] + keys.of_name(name), keys.pack((name, memory.user)))


STEPS: dict[int, Callable[[Edit], None]] = {1: _from_1}
"""From schema n to n + 1."""
