"""The number of the C library's heaps, seen in a process of its own: the setting lasts until the process ends."""

import subprocess
import sys

import pytest

COUNT = """
import ctypes, os, tempfile, threading
from hikari.heap import one_heap
told = {tell}
gate = threading.Barrier(9)

def hold():
    kept = [bytearray(1000) for _ in range(200)]
    gate.wait()
    gate.wait()

threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
gate.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
with tempfile.TemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fdopen(os.dup(file.fileno()), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    file.seek(0)
    print(told, file.read().count(b"<heap nr="))
gate.wait()
"""


def _heaps(tell: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", COUNT.format(tell=tell)], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif("glibc" not in " ".join(__import__("platform").libc_ver()), reason="only glibc has several heaps")
def test_threads_share_one_heap_once_it_was_told() -> None:
    assert int(_heaps("None")[1]) > 1, "without it every thread has its own, or this test shows nothing"
    assert _heaps("one_heap()") == ["True", "1"]
