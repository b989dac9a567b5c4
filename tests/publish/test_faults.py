"""Specs of faults, and which requests they hit."""

from __future__ import annotations

import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.publish.staging.faults import ANY, KINDS, STEPS, Fault, Faults, listing, parse_fault
from tools.publish.staging.routes import ROUTES


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Any fault that makes sense."""
    what = draw(st.sampled_from(sorted(KINDS)))
    kind = KINDS[what]
    step = draw(st.sampled_from(sorted(kind.steps or {*STEPS, ANY})))
    argument = draw(st.just("") | st.from_regex(kind.argument, fullmatch=True)) if kind.argument else ""
    first = draw(st.integers(1, 999_999_999))
    last = first if kind.once else draw(st.none() | st.integers(first, 999_999_999))
    return Fault(what, step, argument, first, last)


@given(faults())
def test_text_of_a_fault(fault: Fault) -> None:
    """What a fault is written as must be read as the same fault."""
    assert parse_fault(str(fault)) == fault


@given(st.text() | st.from_regex(r"(503|lost|gone)(=.*)?@(tree|commit)(:[-0-9]*)?", fullmatch=True))
def test_any_text(text: str) -> None:
    """Any text is a fault, which is then written in one way only, or is refused in one line."""
    try:
        said = str(parse_fault(text))
        assert str(parse_fault(said)) == said
    except ValueError as error:
        said = str(error)
    assert said.isprintable()


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("503@commit", Fault("503", "commit")),
        ("503@commit:1", Fault("503", "commit")),
        ("429=30@batch:2", Fault("429", "batch", "30", 2, 2)),
        ("lost=hang@commit:1-3", Fault("lost", "commit", "hang", 1, 3)),
        ("hang@any:2-", Fault("hang", ANY, "", 2, None)),
        ("500@merge:1-", Fault("500", "merge", "", 1, None)),
    ],
)
def test_reading(spec: str, fault: Fault) -> None:
    """The forms that the help shows mean what it says."""
    assert parse_fault(spec) == fault


FORM = "write WHAT[=ARGUMENT]@STEP[:NTH], such as 503@commit, 429=30@batch:2, lost@commit:1-3 or hang@merge:2-"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", f"'' is no fault: {FORM}"),
        ("503", f"'503' is no fault: {FORM}"),
        ("commit=503*2", f"'commit=503*2' is no fault: {FORM}"),
        ("429=@batch", f"'429=@batch' is no fault: {FORM}"),
        ("418@commit", f"fault '418@commit': there is no '418': use one of {', '.join(KINDS)}"),
        ("503@comit", f"fault '503@comit': there is no step 'comit': use any or {', '.join(STEPS)}"),
        ("403=5@commit", "fault '403=5@commit': 403 takes no argument: leave it out (got '5')"),
        ("429=soon@batch", "fault '429=soon@batch': after 429= comes a number of seconds (got 'soon')"),
        ("lost=404@commit", "fault 'lost=404@commit': after lost= comes 500, 502, 503, 504 or hang (got '404')"),
        ("renamed=302@info", "fault 'renamed=302@info': after renamed= comes 301 or 307 (got '302')"),
        (
            "corrupted@commit",
            "fault 'corrupted@commit': corrupted cannot happen at commit: "
            "use upload, part, complete, resolve, download",
        ),
        ("503@commit:0", "fault '503@commit:0': which of the requests? Write :2, :2-4 or :2- (got ':0')"),
        ("503@commit:", "fault '503@commit:': which of the requests? Write :2, :2-4 or :2- (got ':')"),
        ("503@commit:a\nb", r"fault '503@commit:a\nb': which of the requests? Write :2, :2-4 or :2- (got ':a\nb')"),
        ("503@commit:4-2", "fault '503@commit:4-2': requests are counted upwards from 1: write :2, :2-4 or :2-"),
        ("expired@tree:3-", "fault 'expired@tree:3-': expired happens once and lasts: write :3"),
    ],
)
def test_messages(spec: str, message: str) -> None:
    """A spec that makes no sense is refused with what would make some."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_fault(spec)


@pytest.mark.parametrize("what", ["gone", "renamed", "overtaken", "conflict"])
def test_nothing_happens_to_no_repository(what: str) -> None:
    """What happens to a repository is refused at a step that is about none."""
    with pytest.raises(ValueError, match=f"{what} cannot happen at whoami: use settings, info, tree"):
        Faults([f"{what}@whoami"])


def test_listing() -> None:
    """The help names every kind and every step, with what each is."""
    lines = listing().splitlines()
    for name in (*KINDS, *STEPS, ANY):
        assert any(line.startswith(f"  {name}") for line in lines), name
    assert max(map(len, lines)) <= 110


def test_every_address_has_a_step() -> None:
    """Every address of the Hub but its front page belongs to a step, and every step to an address."""
    assert {route.step for route in ROUTES} == {*STEPS, ""}
    assert [route.path.pattern for route in ROUTES if not route.step] == ["/"]


def strikes(faults: Faults, step: str, times: int, stage: str = "before") -> list[list[str]]:
    """Return what hits each of `times` requests."""
    found = [faults.strike(step, stage, lambda _: True, "GET", "/x") for _ in range(times)]  # type: ignore[arg-type]
    return [[str(fault) for fault in struck] for struck in found]


def test_which_requests_are_hit() -> None:
    """A fault hits the requests of its step that it names, and no others."""
    faults = Faults(["503@commit:2", "500@tree:2-3", "502@info:3-"])
    assert strikes(faults, "commit", 3) == [[], ["503@commit:2"], []]
    assert strikes(faults, "tree", 4) == [[], ["500@tree:2-3"], ["500@tree:2-3"], []]
    assert strikes(faults, "info", 5) == [[], [], *[["502@info:3-"]] * 3]
    assert strikes(faults, "merge", 3) == [[], [], []]


def test_any_step() -> None:
    """A fault of any step counts the requests of all steps, but not those of none."""
    faults = Faults(["503@any:3"])
    assert strikes(faults, "", 5) == [[]] * 5
    assert strikes(faults, "info", 2) + strikes(faults, "tree", 2) == [[], [], ["503@any:3"], []]


def test_several_at_once() -> None:
    """Of those that answer a request the first alone does, and all count it; what only happens, happens besides."""
    faults = Faults(["overtaken@commit", "503@commit", "500@commit:1-2", "lost@commit", "cut@commit:3"])
    assert strikes(faults, "commit", 3) == [["overtaken@commit", "503@commit"], ["500@commit:1-2"], []]
    assert strikes(faults, "commit", 2, "after") == [["cut@commit:3"], []]
    assert list(map(str, faults.unfired)) == ["lost@commit"]


def test_impossible_requests_do_not_count() -> None:
    """A request that a fault cannot hit is not one of those that it counts."""
    faults = Faults(["expired@tree:2"])
    for possible in (False, True, False, False):
        assert faults.strike("tree", "before", [lambda _: False, lambda _: True][possible], "GET", "/") == []
    assert [str(fault) for fault in faults.strike("tree", "before", lambda _: True, "GET", "/")] == ["expired@tree:2"]


def test_report() -> None:
    """The closing words say what happened, in order, and what did not."""
    faults = Faults(["503@tree", "500@merge"])
    assert faults.strike("info", "before", lambda _: True, "GET", "/a") == []
    faults.add("502@info:1-2")
    strikes(faults, "info", 1)
    faults.strike("tree", "before", lambda _: True, "GET", "/api/tree")
    assert [(str(one.fault), one.number) for one in faults.fired] == [("502@info:1-2", 1), ("503@tree", 1)]
    assert list(map(str, faults.unfired)) == ["500@merge"]
    assert faults.report() == [
        "502@info:1-2: GET /x, request 1",
        "503@tree: GET /api/tree, request 1",
        "500@merge: did not happen, as no request came to it",
    ]


def test_clearing() -> None:
    """Faults that are cleared hit nothing, and what happened is still known; new ones count from 1."""
    faults = Faults(["503@tree:1-", "500@merge"])
    assert strikes(faults, "tree", 1) == [["503@tree:1-"]]
    faults.clear()
    assert strikes(faults, "tree", 1) + strikes(faults, "merge", 1) == [[], []]
    faults.add("502@tree:2")
    assert strikes(faults, "tree", 2) == [[], ["502@tree:2"]]
    assert [str(one.fault) for one in faults.fired] == ["503@tree:1-", "502@tree:2"]
    assert list(map(str, faults.unfired)) == ["500@merge"]


def test_adding_all_or_none() -> None:
    """Where one of several specs is wrong, none is taken."""
    faults = Faults()
    with pytest.raises(ValueError, match="there is no step"):
        faults.add("503@tree", "503@nothing")
    assert faults.unfired == []


def test_threads() -> None:
    """However many threads ask at once, as many requests are hit as the fault says."""
    faults = Faults(["503@upload:1000-1999"])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: strikes(faults, "upload", 1000), range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert sum(len(struck) for one in found for struck in one) == len(faults.fired) == 1000
    assert sorted(one.number for one in faults.fired) == list(range(1000, 2000))


def test_one_request_at_a_time() -> None:
    """While one request is decided on, another waits: no two are counted as the same."""
    faults = Faults(["503@upload:1-"])
    other = threading.Thread(target=strikes, args=(faults, "upload", 1))

    def while_the_other_waits(_: Fault) -> bool:
        other.start()
        other.join(0.05)
        return other.is_alive()

    assert len(faults.strike("upload", "before", while_the_other_waits, "PUT", "/")) == 1
    other.join()
    assert [one.method for one in faults.fired] == ["PUT", "GET"]
