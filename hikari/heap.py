"""How many heaps the C library keeps: one, in a process that must stay small for days."""

import ctypes

_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def one_heap() -> bool:
    """Let all threads allocate from one heap, for the whole process; True where the C library (glibc) can be told.

    Call it before threads start. glibc gives each of them a heap of its own, and what one thread frees is not there for the others:
    the analytics' writer and snapshot threads held 30 MB more that way. A library must not decide that for its host, so the service
    and the commands do.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except (AttributeError, OSError):
        return False
