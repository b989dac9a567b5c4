"""Faults that a staging Hub is told to have: what goes wrong, at which step, and at which of its requests.

In come specs such as `503@commit:2`; out goes, for each request, what is to go wrong with it, and a log of what did.
This is data and decision only; `mishaps.py` does what is decided here. Faults count their requests each for itself.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

# The steps of a publication and of a load; every address of the Hub but its front page belongs to one (see routes.py).
STEPS: Mapping[str, str] = {
    "whoami": "whose token is this",
    "create": "make the repository",
    "delete": "remove the repository",
    "settings": "change the repository's settings",
    "info": "describe the repository at a revision",
    "tree": "list files, a page at a time",
    "paths": "describe some paths",
    "card": "check the header of a card before a commit",
    "preupload": "ask how each file is to be uploaded",
    "batch": "announce large files (git LFS)",
    "upload": "send a large file whole, over a link",
    "part": "send a part of a large file, over a link",
    "complete": "make one file of the parts, over a link",
    "verify": "ask whether a large file has arrived",
    "commit": "make a commit, or a pull request with one",
    "commits": "list the commits",
    "refs": "list branches, tags and pull requests",
    "branch": "make or remove a branch",
    "tag": "make or remove a tag",
    "discussions": "list or describe pull requests and discussions",
    "propose": "open a pull request or a discussion",
    "status": "open or close a pull request",
    "comment": "comment on a pull request, or rename it",
    "merge": "merge a pull request",
    "resolve": "ask for a file: its content, or the link to a large one",
    "download": "fetch the content of a large file, over a link",
}
ANY = "any"

# Links stand for themselves: whoever holds one needs no token.
LINK_STEPS = frozenset({"upload", "part", "complete", "download"})
NO_REPOSITORY = frozenset({"whoami", "create", "delete", "card"})
STORING_STEPS = frozenset({"upload", "part", "complete"})
CONTENT_STEPS = frozenset({*STORING_STEPS, "resolve", "download"})

# `before`: decided before the request is handled; `after`: once it was, with success.
Stage = Literal["before", "after"]


@dataclass(frozen=True)
class Kind:
    """A kind of fault: when it is decided, what it does, and the argument it may have (a pattern, and in words).

    `answers`: the request gets no other answer than the fault's. `once`: it changes the Hub for good, so it cannot
    come again. `steps`: where it makes sense, None for everywhere.
    """

    stage: Stage
    says: str
    argument: str = ""
    takes: str = ""
    answers: bool = True
    once: bool = False
    steps: frozenset[str] | None = None


NUMBER = "0|[1-9][0-9]{0,11}"
_OF_A_REPOSITORY = frozenset(STEPS) - NO_REPOSITORY | {ANY}
_WITH_A_LOGIN = frozenset(STEPS) - {"card"} | {ANY}

KINDS: Mapping[str, Kind] = {
    "400": Kind("before", "bad request"),
    "401": Kind("before", "the token is not known, this once (see expired)"),
    "403": Kind("before", "forbidden"),
    "404": Kind("before", "not found, this once (see gone)"),
    "408": Kind("before", "the request took too long"),
    "409": Kind("before", "conflict, of nothing in particular (see conflict)"),
    "412": Kind("before", "the branch has moved, although it has not (see overtaken)"),
    "429": Kind("before", "too many requests, with Retry-After: N if given", NUMBER, "a number of seconds"),
    "500": Kind("before", "internal error"),
    "502": Kind("before", "bad gateway, as a page of HTML"),
    "503": Kind(
        "before", "unavailable, as a page of HTML, with Retry-After: N if given", NUMBER, "a number of seconds"
    ),
    "504": Kind("before", "the gateway gave up, as a page of HTML; nothing was done (see lost=504)"),
    "expired": Kind(
        "before",
        "from then on the token (upload, part, complete, download: the link) is not valid",
        answers=False,
        once=True,
        steps=_WITH_A_LOGIN,
    ),
    "gone": Kind(
        "before", "the repository has been removed just before", answers=False, once=True, steps=_OF_A_REPOSITORY
    ),
    "renamed": Kind(
        "before",
        "from then on the repository has another name, to which the old one leads (307)",
        "301|307",
        "301 or 307",
        answers=False,
        once=True,
        steps=_OF_A_REPOSITORY,
    ),
    "overtaken": Kind(
        "before", "somebody else has committed a new file just before", answers=False, steps=_OF_A_REPOSITORY
    ),
    "conflict": Kind(
        "before", "somebody else has committed a line to README.md just before", answers=False, steps=_OF_A_REPOSITORY
    ),
    "reset": Kind(
        "before",
        "the connection is reset, after N bytes of the request's body if given; nothing is done",
        NUMBER,
        "a number of bytes",
    ),
    "hang": Kind("before", "no answer ever comes; nothing is done"),
    "lost": Kind(
        "after",
        "all is done, but its answer does not come: reset, or a gateway's status, or nothing ever",
        "500|502|503|504|hang",
        "500, 502, 503, 504 or hang",
    ),
    "cut": Kind(
        "after",
        "all is done, and the connection is reset after N bytes of the answer (half)",
        NUMBER,
        "a number of bytes",
    ),
    "ended": Kind("after", "as cut, but the connection is closed in good order", NUMBER, "a number of bytes"),
    "truncated": Kind(
        "after",
        "with every sign of success, only N bytes (half) of the file are kept, or sent",
        NUMBER,
        "a number of bytes",
        steps=CONTENT_STEPS,
    ),
    "corrupted": Kind(
        "after",
        "as truncated, but a bit of byte N (the middle) is flipped",
        NUMBER,
        "the number of a byte, from 0",
        steps=CONTENT_STEPS,
    ),
}

_FORM = "WHAT[=ARGUMENT]@STEP[:NTH], such as 503@commit, 429=30@batch:2, lost@commit:1-3 or hang@merge:2-"
_SPEC = re.compile(r"(?P<what>[^=@:]+)(?:=(?P<argument>[^@]*))?@(?P<step>[^@:]+)(?::(?P<nth>.*))?", re.DOTALL)
_NTH = re.compile(r"(?P<first>[1-9][0-9]{0,8})(?P<more>-(?P<last>[1-9][0-9]{0,8})?)?")


@dataclass(frozen=True)
class Fault:
    """A fault: what happens at the requests `first` to `last` (None: and for ever) of a step, counted from 1.

    Its text, which `parse_fault` reads, is its spec. Raises ValueError, in one line, for one that makes no sense.
    """

    what: str
    step: str
    argument: str = ""
    first: int = 1
    last: int | None = 1

    def __post_init__(self) -> None:
        if self.what not in KINDS:
            raise ValueError(f"fault {str(self)!r}: there is no {self.what!r}: use one of {', '.join(KINDS)}")
        if self.step not in STEPS and self.step != ANY:
            raise ValueError(f"fault {str(self)!r}: there is no step {self.step!r}: use {ANY} or {', '.join(STEPS)}")
        kind = self.kind
        if self.argument and not kind.argument:
            raise ValueError(
                f"fault {str(self)!r}: {self.what} takes no argument: leave it out (got {self.argument!r})"
            )
        if self.argument and not re.fullmatch(kind.argument, self.argument):
            raise ValueError(f"fault {str(self)!r}: after {self.what}= comes {kind.takes} (got {self.argument!r})")
        if kind.steps is not None and self.step not in kind.steps:
            possible = ", ".join(step for step in (*STEPS, ANY) if step in kind.steps)
            raise ValueError(f"fault {str(self)!r}: {self.what} cannot happen at {self.step}: use {possible}")
        if self.first < 1 or (self.last is not None and self.last < self.first):
            raise ValueError(f"fault {str(self)!r}: requests are counted upwards from 1: write :2, :2-4 or :2-")
        if kind.once and self.last != self.first:
            raise ValueError(f"fault {str(self)!r}: {self.what} happens once and lasts: write :{self.first}")

    @property
    def kind(self) -> Kind:
        """What is known of all faults of this kind."""
        return KINDS[self.what]

    def __contains__(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)

    def __str__(self) -> str:
        argument = f"={self.argument}" if self.argument else ""
        nth = "" if (self.first, self.last) == (1, 1) else f":{self.first}"
        if self.last != self.first:
            nth += f"-{self.last or ''}"
        return f"{self.what}{argument}@{self.step}{nth}"


def parse_fault(spec: str) -> Fault:
    """Return the fault that `spec` describes. Raises ValueError, in one line that says what would be right."""
    match = _SPEC.fullmatch(spec)
    if match is None or match["argument"] == "":
        raise ValueError(f"{spec!r} is no fault: write {_FORM}")
    if match["nth"] is None:
        return Fault(match["what"], match["step"], match["argument"] or "")
    nth = _NTH.fullmatch(match["nth"])
    if nth is None:
        raise ValueError(f"fault {spec!r}: which of the requests? Write :2, :2-4 or :2- (got {':' + match['nth']!r})")
    first = int(nth["first"])
    last = int(nth["last"]) if nth["last"] else None if nth["more"] else first
    return Fault(match["what"], match["step"], match["argument"] or "", first, last)


def listing() -> str:
    """Return what a fault may be and where, for a person: the form, the kinds and the steps, a line each."""
    arguments = {what: f"[={'N' if kind.argument == NUMBER else kind.argument}]" for what, kind in KINDS.items()}
    kinds = [(what + (arguments[what] if kind.argument else ""), kind) for what, kind in KINDS.items()]
    steps = {**STEPS, ANY: "any of these, counted together"}
    return "\n".join(
        [
            f"A fault is {_FORM}.",
            "NTH is 2 (the second request of the step), 2-4, or 2- (from the second on); without it, the first.",
            "Requests to which WHAT cannot happen (no token to expire, no body to cut) do not count.",
            "WHAT happens:",
            *(
                f"  {what:<16} {kind.says}" if len(what) < 17 else f"  {what}\n{'':19}{kind.says}"
                for what, kind in kinds
            ),
            "STEP is one of:",
            *(f"  {step:<16} {says}" for step, says in steps.items()),
        ]
    )


class Fired(NamedTuple):
    """A fault that happened: to which request, in the order of its step's requests from 1."""

    fault: Fault
    number: int
    method: str
    path: str


class Faults:
    """The faults of a Hub, safe for several threads: they count requests, say which is hit, and log what happened."""

    def __init__(self, faults: Iterable[str | Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._fired: list[tuple[int, Fired]] = []
        self._over = 0  # so many of them are over
        self.add(*faults)

    def add(self, *faults: str | Fault) -> None:
        """Have more faults, which count from now on. Raises ValueError, and adds none, where a spec is wrong."""
        parsed = [fault if isinstance(fault, Fault) else parse_fault(fault) for fault in faults]
        with self._lock:
            self._faults += parsed
            self._seen += [0] * len(parsed)

    def clear(self) -> None:
        """Have none of the present faults any longer. What happened stays, an expired token or a new name included."""
        with self._lock:
            self._over = len(self._faults)

    def strike(self, step: str, stage: Stage, possible: Callable[[Fault], bool], method: str, path: str) -> list[Fault]:
        """Count a request of `step` and return the faults that hit it, in the order in which they were given.

        Of those that answer, the first alone does, and the others have missed it. One for which it is not `possible`
        neither counts nor hits it.
        """
        struck: list[Fault] = []
        if not step:
            return struck
        with self._lock:
            numbered = list(enumerate(self._faults))[self._over :]
            present = [(index, fault) for index, fault in numbered if fault.step in (step, ANY)]
            for index, fault in present:
                if fault.kind.stage != stage or not possible(fault):
                    continue
                self._seen[index] += 1
                answered = any(other.kind.answers for other in struck)
                if self._seen[index] in fault and not answered:
                    struck.append(fault)
                    self._fired.append((index, Fired(fault, self._seen[index], method, path)))
            if stage == "before" and any(fault.kind.answers for fault in struck):
                # Nothing comes after such an answer; the request counts there all the same.
                for index, fault in present:
                    self._seen[index] += fault.kind.stage == "after"
        return struck

    @property
    def fired(self) -> list[Fired]:
        """What happened so far, in order."""
        with self._lock:
            return [fired for _, fired in self._fired]

    @property
    def unfired(self) -> list[Fault]:
        """The faults that have not happened once."""
        with self._lock:
            happened = {index for index, _ in self._fired}
            return [fault for index, fault in enumerate(self._faults) if index not in happened]

    def report(self) -> list[str]:
        """Say in a line each what happened, in order, and then which faults never did."""
        happened = [f"{fault}: {method} {path}, request {number}" for fault, number, method, path in self.fired]
        return happened + [f"{fault}: did not happen, as no request came to it" for fault in self.unfired]
