"""What may happen to a push while it is under way: it dies, or someone else commits.

In come moments as numbers, which hypothesis draws; out come faults for the way to the Hub, and calls that never return.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from hypothesis import strategies as st

from tests.publish.bad_days import Fault, Way, after
from tools.publish import push as pushing

TOOLS = str(Path(pushing.__file__).parent)
STAGING = str(Path(TOOLS, "staging"))
TIMES = 3  # a call counts as a moment of its own the first few times that the function is called


class Killed(BaseException):
    """The end of a push at some moment; nothing but the test expects it."""


@dataclass(frozen=True)
class Crash:
    """A push dies with its `number`-th request, before it is sent or after it was answered, or with a function call."""

    at: str
    number: int


@dataclass(frozen=True)
class Foreign:
    """Someone else commits: what (see `Pushes._commit`), to which of our shards, and just before which request."""

    what: str
    shard: int
    request: int = 0


crashes = st.one_of(
    st.builds(Crash, st.sampled_from(["before a request", "after a request"]), st.integers(1, 30)),
    st.builds(Crash, st.just("call"), st.integers(1, 280)),
)
foreign = st.builds(
    Foreign,
    st.sampled_from(["file", "overwrite", "exchange", "delete", "stray"]),
    st.integers(0, 40),
    st.integers(1, 30),
)


NOTHING = after(lambda: None)


class Day(Way):
    """A way to the Hub on which something happens with one request."""

    happening: tuple[int, Fault] = 0, NOTHING

    def let(self, number: int, fault: Fault) -> None:
        """Let this happen with the request of this number, counted from 1 and from now on; 0: with none."""
        with self._lock:
            self.requests.clear()
            self.happening = number, fault

    def next(self, method: str, path: str) -> Fault | None:
        """Note a request, and return what is to happen with it."""
        with self._lock:
            self.requests.append((method, path))
            number, fault = self.happening
            return fault if len(self.requests) == number else None


@contextmanager
def dying_with_call(number: int) -> Iterator[None]:
    """Let what runs in the block die with its `number`-th call of a function of the publishing tools; 0: not at all.

    Counted are the first few calls of each function.
    """
    left, before = number, sys.gettrace()
    calls: Counter[CodeType] = Counter()

    def trace(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(TOOLS) or code.co_filename.startswith(STAGING):
            return
        calls[code] += 1
        # Whatever resumes a generator is no call, and what is raised there would leave its `finally` out.
        if calls[code] <= TIMES and not code.co_flags & inspect.CO_GENERATOR:
            left -= 1
            if left == 0:
                sys.settrace(before)
                raise Killed

    if number:
        sys.settrace(trace)
    try:
        yield
    finally:
        if number:
            sys.settrace(before)
