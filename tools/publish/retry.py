"""Patience, with an end: what fails for a while is tried again, after growing waits, a bounded number of times.

In goes a job that raises `Trouble` for a failure that another try may cure; out comes its result, or `GaveUp` with how
often it was tried. Nothing here knows a Hub; clock, sleep and chance may be given, so that tests need no time.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timezone
from typing import TypeVar

T = TypeVar("T")
Say = Callable[[str], object]

# Statuses that tell of the Hub's present state, not of what was asked: 408 and 504 are answers that came too late, 429
# and 503 ask to wait, 500 and 502 are faults that a Hub gets over. All others say that the same would fail again.
PASSING = frozenset((408, 429, 500, 502, 503, 504))


class Trouble(Exception):  # noqa: N818
    """A failure that another try may cure: what happened, in words, and what is known of it.

    `status` is that of the answer, if there was one; `after` are the seconds that the other side asks to wait;
    `reached` tells whether there was another side.
    """

    def __init__(
        self, what: str, *, status: int | None = None, after: float | None = None, reached: bool = True
    ) -> None:
        super().__init__(what)
        self.status = status
        self.after = after
        self.reached = reached


class GaveUp(Exception):  # noqa: N818
    """The last failure, after `tries` tries; `why` says why there was no further one where there could have been."""

    def __init__(self, trouble: Trouble, tries: int, why: str = "") -> None:
        super().__init__(f"{trouble} (tried {tries} time{'s' * (tries > 1)}{', ' + why if why else ''})")
        self.trouble = trouble
        self.tries = tries


@dataclass(frozen=True)
class Retries:
    """How often a job is tried, and what is waited for in between, in seconds.

    The wait before try n + 1 is drawn evenly from 0 to base * 2^(n-1), at most `ceiling` ("full jitter": Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that many clients of a Hub that comes back do not
    come back all at once. Where the other side asks to wait, that wait is kept, and up to `base` is added by chance. No
    try begins later than `deadline` after the first failure.
    """

    tries: int = 6
    base: float = 1.0
    ceiling: float = 60.0
    deadline: float = 3600.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def wait(self, failures: int, after: float | None) -> float:
        """Return how long to wait after so many failures (1 or more), the last of which asked for `after` seconds."""
        if after is not None:
            return after + self.base * self.chance()
        # The exponent is bounded, for a float is.
        return min(self.ceiling, self.base * 2.0 ** min(failures - 1, 60)) * self.chance()

    def call(self, job: Callable[[], T], say: Say, landed: Callable[[], T | None] | None = None) -> T:
        """Return what the job returns, tried until it does; `say` is told of each wait.

        `landed` is for what must not be done twice: it is asked before every further try, and returns the job's result
        where an earlier try, whose answer was lost, has done it after all. It may raise Trouble, too.

        Raises GaveUp, and at once whatever else the job or `landed` raises.
        """
        failures, latest = 0, 0.0
        while True:
            try:
                if failures and landed and (done := landed()) is not None:
                    return done
                return job()
            except Trouble as trouble:
                failures += 1
                if failures == 1:
                    latest = self.clock() + self.deadline
                if failures >= self.tries:
                    raise GaveUp(trouble, failures) from None
                seconds = self.wait(failures, trouble.after)
                if self.clock() + seconds > latest:
                    why = f"and it asks to wait {trouble.after:,.0f} s" if trouble.after else "for too long"
                    raise GaveUp(trouble, failures, why) from None
                say(f"{trouble}; next try in {seconds:.0f} s ({failures + 1} of {self.tries})")
                self.sleep(seconds)


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3: seconds or a date), None without.

    `now` is the time in seconds since 1970. What is neither is as if it were not there; a date that has passed is 0.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = email.utils.parsedate_to_datetime(text)
        # A date without a zone, which RFC 9110 does not know, is taken for one in UTC.
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
