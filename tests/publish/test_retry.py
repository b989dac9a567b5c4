"""Patience with an injected clock: how often, how long, and when it ends."""

from __future__ import annotations

import email.utils
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.publish.retry import GaveUp, Retries, Trouble, retry_after

NOON = 1_800_000_000.0


class Clock:
    """A clock that stands still but for what is slept, and for what each try takes."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Sleep, and note it."""
        self.slept.append(seconds)
        self.time += seconds

    def retries(self, chance: float = 1.0, tries: int = 6, deadline: float = 3600.0) -> Retries:
        """Return a policy on this clock."""
        return Retries(
            tries, deadline=deadline, sleep=self.sleep, clock=lambda: self.time, chance=lambda: chance
        )  # fmt: skip


def failing(times: int, *, after: float | None = None) -> tuple[Callable[[], str], list[int]]:
    """Return a job that fails so many times, and the list to which each try adds one."""
    tried: list[int] = []

    def job() -> str:
        tried.append(1)
        if len(tried) <= times:
            raise Trouble("https://hub answers HTTP 503", status=503, after=after)
        return "done"

    return job, tried


def test_a_job_that_recovers_is_done() -> None:
    """Failures that pass cost waits that double, each of which is told."""
    clock, said = Clock(), list[str]()
    job, tried = failing(4)
    assert clock.retries().call(job, said.append) == "done"
    assert len(tried) == 5
    assert clock.slept == [1, 2, 4, 8]
    assert said[3] == "https://hub answers HTTP 503; next try in 8 s (5 of 6)"


def test_a_job_that_does_not_recover_is_given_up() -> None:
    """After the last try there is no further wait, and the number of tries is told."""
    clock = Clock()
    job, tried = failing(100)
    with pytest.raises(GaveUp, match=r"^https://hub answers HTTP 503 \(tried 6 times\)$") as error:
        clock.retries().call(job, lambda line: None)
    assert (len(tried), len(clock.slept), error.value.trouble.status) == (6, 5, 503)


def test_what_is_no_trouble_is_not_tried_again() -> None:
    """An exception that is not Trouble comes out at once, as it is."""
    clock, tried = Clock(), list[int]()

    def job() -> None:
        tried.append(1)
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        clock.retries().call(job, lambda line: None)
    assert (tried, clock.slept) == ([1], [])


def test_what_an_earlier_try_did_is_not_done_again() -> None:
    """Before another try it is looked whether the last one did it after all, and only then."""
    job, tried = failing(100)
    looked: list[int] = []

    def landed() -> str | None:
        looked.append(len(tried))
        if len(looked) == 2:
            raise Trouble("the look fails, too")
        return "found" if len(looked) == 3 else None

    assert Clock().retries().call(job, lambda line: None, landed) == "found"
    assert (len(tried), looked) == (2, [1, 2, 2])


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    """A Hub that asks to wait for longer than there is patience is left at once, with its wish in the line."""
    clock = Clock()
    job, tried = failing(100, after=7200)
    with pytest.raises(GaveUp, match=r"tried 1 time, and it asks to wait 7,200 s"):
        clock.retries().call(job, lambda line: None)
    assert (len(tried), clock.slept) == (1, [])


def test_the_deadline_counts_from_the_first_failure() -> None:
    """A long try that fails in the end has others after it; those end when the patience does."""
    clock, tried = Clock(), list[int]()

    def job() -> None:
        tried.append(1)
        clock.time += 5000.0 if len(tried) == 1 else 45.0
        raise Trouble("silence")

    with pytest.raises(GaveUp, match=r"silence \(tried 4 times, for too long\)"):
        clock.retries(deadline=100).call(job, lambda line: None)


@given(
    st.integers(1, 9), st.integers(0, 20), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 10_000),
    st.floats(0, 5_000),
)  # fmt: skip
def test_patience_is_bounded(tries: int, failures: int, chance: float, after: float | None, deadline: float) -> None:
    """Never more tries than allowed; each wait at least what was asked for and at most its bound; none too late."""
    clock = Clock()
    retries = clock.retries(chance, tries, deadline)
    job, tried = failing(failures, after=after)
    given_up: GaveUp | None = None
    try:
        retries.call(job, lambda line: None)
    except GaveUp as error:
        given_up = error
    if given_up:
        assert given_up.tries == len(tried) <= min(tries, failures)
    else:
        assert failures < tries
        assert len(tried) == failures + 1
    for number, seconds in enumerate(clock.slept):
        low, high = (after, after + retries.base) if after is not None else (0, min(60, 2.0**number))
        assert low <= seconds <= high
    assert sum(clock.slept) <= deadline


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("12", 12),
        (" 0 ", 0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("9" * 400, 999_999_999_999),
        (email.utils.formatdate(NOON + 90, usegmt=True), 90),
        (email.utils.formatdate(NOON - 90, usegmt=True), 0),
        ("Fri, 15 Jan 2027 08:01:30 -0000", 90),
        ("Fri, 99 Jan 2027 08:01:30 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Seconds and dates are understood; what is neither is as if it were not there."""
    assert retry_after(header, NOON) == seconds


@given(st.text())
def test_retry_after_bears_anything(header: str) -> None:
    """No header is an error."""
    seconds = retry_after(header, NOON)
    assert seconds is None or seconds >= 0
