"""A child of the test process, made by fork: what it answers, and that it does not keep anybody waiting."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable


def true_in_a_fork(job: Callable[[], bool], seconds: float = 60) -> bool:
    """Return whether a job returns True in a forked child.

    A child that hangs, as one may that was forked while other threads held a lock, says where it was on stderr, and
    counts as one that failed.
    """
    if not (child := os.fork()):
        faulthandler.dump_traceback_later(seconds, exit=True)
        os._exit(0 if job() else 1)
    deadline = time.monotonic() + seconds + 10  # later than the child's own word
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
