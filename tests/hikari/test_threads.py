"""Matrix products in one thread, seen in a process of its own: the setting lasts until the process ends."""

import subprocess
import sys


def test_every_blas_library_is_told() -> None:
    code = (
        "from hikari.threads import one_blas_thread\n"
        "one_blas_thread()\n"
        "import threadpoolctl\n"
        "found = [each['num_threads'] for each in threadpoolctl.threadpool_info() if each['user_api'] == 'blas']\n"
        "print(found, len(found))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[1]", "1"]
