"""The figures of agreement: against their definitions, other libraries, and the real annotations."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.make.ratings import statistics
from tools.make.ratings.agreement import file_report
from tools.make.ratings.statistics import Level, alpha, mean_kappa, quadratic_kappa, shares

Units = list[list[int]]
UNITS = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=5), max_size=12)
LEVELS: list[Level] = ["nominal", "interval"]
# Example C of Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011: four observers, gaps. Alpha is 0.743 as
# nominal and 0.849 as interval data there.
GAPS = [[1, 1, 1], [2, 2, 3, 2], [3] * 4, [3] * 4, [2] * 4, [1, 2, 3, 4], [4] * 4, [1, 1, 2, 1], [2] * 4, [5] * 3]
GAPS += [[1, 1], [3]]


def flat(units: Units) -> tuple[list[int], list[int]]:
    """Return units as judgements: what was judged, and what was said."""
    return [n for n, unit in enumerate(units) for _ in unit], [value for unit in units for value in unit]


def slow_alpha(units: Units, level: Level) -> float | None:
    """Return alpha by its definition, pair by pair."""

    def differ(a: int, b: int) -> int:
        return int(a != b) if level == "nominal" else (a - b) ** 2

    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    if len(set(values)) < 2:
        return None
    within = sum(sum(differ(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    among = sum(differ(a, b) for a, b in itertools.permutations(values, 2)) / (len(values) - 1)
    return 1 - within / among


@pytest.mark.parametrize("library", [True, False])
def test_alpha_as_its_author_computes_it(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the paper has the alpha that the paper gives, by the library and without it."""
    if library:
        pytest.importorskip("krippendorff")
    else:
        monkeypatch.setattr(statistics, "_library", lambda: None)
    assert alpha(*flat(GAPS), "nominal") == pytest.approx(0.743, abs=5e-4)
    assert alpha(*flat(GAPS), "interval") == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize("level", LEVELS)
@given(units=UNITS)
def test_alpha_is_its_definition(level: Level, units: Units) -> None:
    """The library, the sums that stand in for it, and pair by pair give the same; without variation there is none."""
    pytest.importorskip("krippendorff")
    by_library, slow = alpha(*flat(units), level), slow_alpha(units, level)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_library", lambda: None)
        by_sums = alpha(*flat(units), level)
    assert (by_library is None) == (by_sums is None) == (slow is None)
    assert by_library == pytest.approx(slow, abs=1e-9)
    assert by_sums == pytest.approx(slow, abs=1e-9)


def test_alpha_of_more_than_the_library_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would not fit into memory is not given to the library: 20,000 things with as many values."""
    values = np.arange(40_000) / 40_000

    def refuse(**given: object) -> float:
        raise AssertionError("the library was called")

    monkeypatch.setattr(statistics, "_library", lambda: type("Library", (), {"alpha": staticmethod(refuse)}))
    found = alpha(np.repeat(np.arange(20_000), 2), values, "interval")
    assert found is not None
    assert found > 0.999


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=2, max_size=20))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    """Quadratic weighted kappa is what scikit-learn computes, as the published analysis does; else there is none."""
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = zip(*pairs, strict=True)
    found = quadratic_kappa(first, second)
    if found is None:
        assert len({*first, *second}) == 1
    else:
        theirs = metrics.cohen_kappa_score(first, second, weights="quadratic", labels=list(range(8)))
        assert found == pytest.approx(theirs, abs=1e-9)


def test_mean_kappa() -> None:
    """The mean is over pairs with two pictures in common; ratings are cut to whole numbers; who never varies is out."""
    nan = np.nan
    ratings = np.array([[0, 0.9, nan, 3], [7, 7, nan, 3], [3, 4, 1, 3]])
    kappas = [quadratic_kappa([0, 7, 3], [0, 7, 4]), quadratic_kappa([0, 7, 3], [3, 3, 3])]
    kappas.append(quadratic_kappa([0, 7, 4], [3, 3, 3]))
    assert kappas[1:] == pytest.approx([0, 0])
    assert mean_kappa(ratings) == pytest.approx(np.mean([kappa for kappa in kappas if kappa is not None]))
    assert mean_kappa(np.array([[1.0, nan], [nan, 1.0]])) is None


@pytest.mark.parametrize(
    ("yes", "count", "kind"),
    [(2, 2, "full"), (0, 2, "full"), (1, 2, "none"), (3, 3, "full"), (0, 3, "full"), (2, 3, "partial"),
     (1, 3, "partial"), (2, 4, "none"), (3, 4, "partial")],
)  # fmt: skip
def test_shares(yes: int, count: int, kind: str) -> None:
    """Votes of two and three are counted as the published analysis does, and more alike; one vote is none."""
    found = shares([yes, 1], [count, 1])
    assert found
    assert (found.things, getattr(found, kind), found.full + found.partial + found.none) == (1, 1.0, 1.0)
    assert shares([1], [1]) is None


def test_real_annotations(shared: Path) -> None:
    """The real binary.csv has the shares that pandas counts by the published definition (14,670 emotions of a picture
    judged again: 9,075 full, 1,943 partial, 3,652 none), for each emotion and in sum."""
    report = file_report(shared / "emonet/binary.csv", "binary")
    assert (report.pictures, report.raters, report.repeatedly, report.left_out) == (19_999, 7, 14_670, 0)
    rows = {row.emotion: row for row in report.rows}
    assert len(rows) == 40
    for kind, things in {"full": 9075, "partial": 1943, "none": 3652}.items():
        assert sum(round(row.pictures * getattr(row, kind)) for row in report.rows) == things
    lust, elation, helpless = rows["Sexual Lust"], rows["Elation"], rows["Helplessness"]
    assert (lust.pictures, lust.full, lust.partial, lust.none) == (94, 1 / 94, 11 / 94, 82 / 94)
    assert (elation.pictures, elation.full, elation.partial, elation.none) == (456, 450 / 456, 3 / 456, 3 / 456)
    assert (helpless.pictures, helpless.full) == (359, 123 / 359)
    assert lust.alpha == pytest.approx(-0.860, abs=5e-4)
    text = report.as_text()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Sexual Lust                           94      1.1%     11.7%     87.2%    -0.860\n" in text
