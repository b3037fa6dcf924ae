"""How many threads numpy's matrix products take: one, in a process that answers many small requests."""

from importlib import import_module

import threadpoolctl  # pyright: ignore[reportMissingTypeStubs]


def one_blas_thread() -> None:
    """Keep matrix products in the calling thread, for the whole process and until it ends.

    The products of one request are small: spread over two processors they take ten times as long as soon as one of these is busy
    (12 x 320 by 320 x 192: 9.6 ms against 0.08 ms). A library must not decide that for its host, so the service and the commands do.
    """
    import_module("numpy")  # only a library that is loaded can be told
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
