"""The agreement of annotators: against cases worked out by hand, a slow reference, and the real annotations."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import EMONET_EMOTIONS
from tests.check.emonet import write_judgements, write_ratings, write_upstream
from tests.check.material import EMONET
from tools.check.annotations.agreement import (
    Agreement,
    EmotionAgreement,
    _differences,
    agreement,
    agreement_of_file,
    render_agreement,
)
from tools.check.images.listing import read_listing
from tools.make.ratings.statistics import Level, alpha

# The examples A (two observers, values 0 and 1) and C (four observers, gaps) of Krippendorff, "Computing
# Krippendorff's Alpha-Reliability", 2011; a unit a tuple. Alpha is 0.095 there, and 0.849 for interval data.
BINARY = [(0, 1), (1, 1), (0, 1), (0, 0), (0, 0), (0, 1), (0, 0), (0, 0), (1, 0), (0, 0)]
GAPS = [(1, 1, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4), (4, 4, 4, 4), (1, 1, 2, 1)]
GAPS += [(2, 2, 2, 2), (5, 5, 5), (1, 1)]


def fast_alpha(units: list[tuple[float, ...]], level: Level = "interval") -> float | None:
    """Return what `alpha` says of units."""
    things = [number for number, unit in enumerate(units) for _ in unit]
    return alpha(things, [value for unit in units for value in unit], level)


def slow_alpha(units: list[tuple[float, ...]]) -> float | None:
    """Return alpha by its definition, pair by pair."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    if len(set(values)) < 2:
        return None
    observed = sum(
        sum((a - b) ** 2 for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / len(values)
    pairs = len(values) * (len(values) - 1)
    return 1 - observed / (sum((a - b) ** 2 for a, b in itertools.permutations(values, 2)) / pairs)


def of(data_dir: Path, config: str) -> Agreement | None:
    """Return the agreement in a config of a tree."""
    listing, _ = read_listing(config, str(data_dir))
    assert listing
    return agreement(config, listing)


def test_alpha_as_its_author_computes_it() -> None:
    """The examples of the paper have the alpha that the paper gives."""
    assert fast_alpha([tuple(map(float, unit)) for unit in BINARY], "nominal") == pytest.approx(0.095, abs=5e-4)
    assert fast_alpha([tuple(map(float, unit)) for unit in GAPS]) == pytest.approx(0.849, abs=5e-4)


@given(st.lists(st.lists(st.integers(0, 7).map(float), min_size=2, max_size=5).map(tuple), max_size=12))
def test_alpha_is_its_definition(units: list[tuple[float, ...]]) -> None:
    """Alpha is what pair by pair gives; without variation there is none."""
    fast, slow = fast_alpha(units), slow_alpha(units)
    assert (fast is None) == (slow is None)
    assert fast == pytest.approx(slow, abs=1e-9)


def test_judgements(tmp_path: Path) -> None:
    """Shares and counts of a case worked out by hand; rows that cannot be read are left out and counted."""
    write_upstream(tmp_path)
    rows = [("0", "a", "True", "Fear"), ("0", "b", " true", "Fear"), ("0", "c", "False", "Fear")]
    rows += [("1", "a", "True", "Fear"), ("1", "b", "TRUE", "Fear"), ("2", "a", "False", "Fear")]
    rows += [
        ("0", "a", "True", "Hopelessness"),
        ("0", "a", "maybe", "Fear"),
        ("0", "a", "True", "Joy"),
        ("", "a", "", ""),
    ]
    write_judgements(tmp_path, rows)
    found = of(tmp_path, "emonet_binary")
    assert found
    assert [row.emotion for row in found.rows] == ["Fear", "Helplessness"]
    # Two of five judgements of the images 0 and 1 are not alike: observed (4 / 2) / 5, expected 2 * 4 * 1 / (5 * 4).
    assert found.rows[0] == EmotionAgreement("Fear", 3, 6, 4 / 6, 2, 0.5, (2 / 3 + 0) / 2, 0.0)
    assert found.rows[1] == EmotionAgreement("Helplessness", 1, 1, 1.0, 0, None, None, None)
    assert found.left_out == 3
    assert found.never_denied


def test_someone_asked_after_a_no(tmp_path: Path) -> None:
    """Where all found an image to be without the emotion, alpha needs no warning."""
    write_upstream(tmp_path)
    write_judgements(tmp_path, [("0", who, "False", "Fear") for who in "ab"])
    found = of(tmp_path, "emonet_binary")
    assert found
    assert not found.never_denied
    assert "without the emotion" not in render_agreement(found)


def test_ratings(tmp_path: Path) -> None:
    """Mean, difference and alpha of ratings worked out by hand; models and what cannot be read do not count."""
    write_upstream(tmp_path)
    given = {"0": (1, 3, 7), "1": (2, 2), "2": (5,)}
    rows = [(image, f"e{n}", f"{{'X|Fear': {value}}}") for image, said in given.items() for n, value in enumerate(said)]
    write_ratings(tmp_path, [*rows, ("0", "e9", "{'X|Fear': 8}")])
    found = of(tmp_path, "emonet_hq")
    assert found
    row = found.rows[EMONET_EMOTIONS.index("Fear")]
    assert (row.images, row.judgements, row.repeatedly, found.left_out) == (3, 6, 2, 1)
    assert row.mean == pytest.approx(20 / 6)
    assert row.difference == pytest.approx(((2 + 4 + 6) / 3 + 0) / 2)
    assert row.unanimous == 0.5
    assert row.alpha == pytest.approx(slow_alpha([(1, 3, 7), (2, 2)]))
    others = [other for other in found.rows if other.emotion != "Fear"]
    assert all((other.mean, other.unanimous, other.difference, other.alpha) == (0, 1, 0, None) for other in others)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 14)), min_size=1, max_size=30))
def test_differences_of_ratings(said: list[tuple[int, int]]) -> None:
    """The mean difference and the unanimous share are what pair by pair gives."""
    said = sorted(said)
    units: dict[int, list[float]] = {}
    for image, value in said:
        units.setdefault(image, []).append(value / 2)
    values = np.array([value / 2 for _, value in said])
    images = np.array([image for image, _ in said])
    starts = np.flatnonzero(np.r_[True, images[1:] != images[:-1]])
    count = np.diff(np.r_[starts, len(images)]).astype(float)
    slow = [sum(abs(a - b) for a, b in itertools.combinations(unit, 2)) for unit in units.values()]
    assert _differences(values, starts, count).tolist() == pytest.approx(slow)


def test_nothing_to_compare(tmp_path: Path) -> None:
    """A config of one annotation an image, one without annotations, and one that cannot be read have no agreement."""
    write_upstream(tmp_path)
    assert of(tmp_path, "emonet_big") is None
    for text in ("path,annotator,value,emotion\n", "path\n0\n", "a,a\n1,2\n", ""):
        (tmp_path / "emonet-face-binary/binary.csv").write_text(text)
        (tmp_path / "emonet-face-hq/hq.csv").write_text(text.replace("path", "image"))
        assert of(tmp_path, "emonet_binary") is None
        assert of(tmp_path, "emonet_hq") is None


@pytest.mark.parametrize("config", EMONET[:2])
def test_rendered(tmp_path: Path, config: str) -> None:
    """Both tables fit 80 columns and JSON can hold what they say."""
    write_upstream(tmp_path)
    found = of(tmp_path, config)
    assert found
    assert all(len(line) <= 80 for line in render_agreement(found).splitlines())
    document = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [row["emotion"] for row in document["emotions"]] == [row.emotion for row in found.rows]


def test_the_table() -> None:
    """The most disputed emotion comes first, what is not known is a dash, and no zero has a minus."""
    rows = (
        EmotionAgreement("Awe", 2000, 4000, 0.5, 2000, 0.99, 0.01, -0.0001),
        EmotionAgreement("Fear", 1, 1, 1.0, 0, None, None, None),
        EmotionAgreement("Intoxication/Altered States of Consciousness", 10, 25, 0.25, 10, 0.1, 0.9, -0.861),
    )
    assert render_agreement(Agreement("binary", rows, 7, never_denied=True)) == (
        "emotion                             images  judged  present  again  agree  alpha\n"
        "Intoxication/Altered States of ...      10      25      25%     10    10%  -0.86\n"
        "Awe                                  2,000   4,000      50%  2,000    99%   0.00\n"
        "Fear                                     1       1     100%      0      -      -\n"
        "\n"
        "judged: judgements; again: images that were judged more than once; agree: those\n"
        "of them on which all say the same; alpha: Krippendorff's alpha, over them\n"
        "Of the images judged again, none was found by all to be without the emotion:\n"
        "it takes a yes for another annotator to be asked. Alpha, which counts agreement\n"
        "on a no as well, cannot be high here: compare emotions by agree.\n"
        "left out: 7 that cannot be read\n"
    )


def test_real_annotations(tmp_path: Path, shared: Path) -> None:
    """The table of the real binary.csv has all of its 65,686 judgements, in a file alone as in its folder."""
    found = agreement_of_file(shared / "emonet/binary.csv", "binary")
    assert found
    assert (len(found.rows), found.left_out, found.never_denied) == (40, 0, True)
    assert sum(row.judgements for row in found.rows) == 65_686
    by_name: dict[str, Any] = {row.emotion: row for row in found.rows}
    helpless = by_name["Helplessness"]
    assert (helpless.images, helpless.judgements, helpless.repeatedly) == (1000, 1556, 359)
    # Counted with pandas, by grouping the rows of an image: 123 of 359 are unanimous.
    assert math.isclose(helpless.unanimous, 123 / 359)
    assert render_agreement(found).splitlines()[1].startswith("Sexual Lust ")
    folder = tmp_path / "emonet-face-binary"
    (folder / "images").mkdir(parents=True)
    shutil.copy(shared / "emonet/binary.csv", folder)
    assert of(tmp_path, "emonet_binary") == found
