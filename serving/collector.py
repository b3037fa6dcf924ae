"""What a process loads at its start is kept out of Python's garbage collection.

Libraries, models and rules are close to a million objects that live as long as the process. To go through them takes a collection
0.4 s on a busy machine, every few seconds of a busy stream, in which no message is read; without them it takes a few milliseconds.
"""

import gc


def spare() -> None:
    """Collect once, and never look again at what is left. Called when everything is open."""
    gc.collect()
    gc.freeze()
