"""How far a long job is: a bar on a terminal; in a pipe, a line now and then.

In go numbers of what is done; out come, for whoever watches, the share that is done, the rate and the time left.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tqdm import tqdm

from tools.publish.options import Say
from tools.publish.text import duration, size

# Seconds between two lines in a pipe: a push of seconds says nothing, one of hours a hundred lines an hour.
LINES_EVERY = 30.0


class Progress:
    """Shows one job; use it in a `with`. `unit` is "image" or "B", of which `total` are to be done."""

    def __init__(self, what: str, total: int, unit: str, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._say, self._clock, self._lock = say, clock, threading.Lock()
        self._begun = self._said = clock()
        self._note = ""
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and self.total:
            self._bar = tqdm(total=self.total, desc=self.what, unit=self.unit, unit_scale=self.unit == "B")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            if kind is None:
                self._bar.total = self._bar.n  # what was to be done was known from above
            self._bar.close()

    def note(self, words: str) -> None:
        """Show words behind what is done."""
        self._note = words
        if self._bar is not None:
            self._bar.set_postfix_str(words)

    def advance(self, number: int) -> None:
        """Count more of what is done, or less where a part begins anew."""
        with self._lock:
            self.done += number
            if self._bar is not None:
                self._bar.update(number)
            elif (now := self._clock()) - self._said >= LINES_EVERY:
                self._said = now
                self._say(self.line(now))

    def line(self, now: float) -> str:
        """Return how far it is at a time of the clock, in a line."""
        seconds = max(now - self._begun, 1e-9)
        rate = self.done / seconds
        done, total = (_number(number, self.unit) for number in (self.done, self.total))
        line = f"{self.what}: {self._note}{', ' if self._note else ''}{done} of {total}"
        if self.total:
            line += f" ({self.done / self.total:.0%})"
        line += f", {_number(int(rate), self.unit)}/s"
        return f"{line}, {duration((self.total - self.done) / rate)} left" if 0 < self.done < self.total else line


def _number(number: int, unit: str) -> str:
    return size(number) if unit == "B" else f"{number:,} {unit}s"
