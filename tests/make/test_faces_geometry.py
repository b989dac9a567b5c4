"""Where the crop of a face lies: as facenet-pytorch has it, inside the picture, and the same from the sheet's cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from DiffusionFER import parse_box
from tools.make.faces.geometry import Edges, Face, largest, region, whole_picture

Box = tuple[float, float, float, float]
SIZES = st.tuples(st.integers(1, 2000), st.integers(1, 2000))
SIDES = st.floats(-500, 2500, allow_nan=False)
LENGTHS = st.floats(0.01, 3000, allow_nan=False)
FACES = st.builds(Face, SIDES, SIDES, LENGTHS, LENGTHS)
FORMS = st.integers(16, 1024).flatmap(lambda side: st.tuples(st.just(side), st.integers(0, side - 1), st.booleans()))


@pytest.mark.parametrize(
    ("box", "side", "margin", "edges"),
    [  # by hand, from the rule that the module names: growth is margin / (side - margin), half of it on each side
        ((182, 63, 87, 111), 160, 0, (182, 63, 269, 174)),
        ((182, 63, 87, 111), 160, 32, (171, 49, 279, 187)),  # 10.875 and 13.875 more on each side
        ((10, 5, 100, 200), 112, 12, (4, 0, 116, 217)),  # 6 and 12 more, above the upper edge
        ((-40, 20, 200, 260), 160, 32, (0, 0, 185, 312)),  # the box as it was found, not what of it is in the picture
        ((450.7, 400.2, 61.9, 150.0), 160, 0, (450, 400, 512, 512)),  # edges are rounded down, and end at the picture
    ],
)
def test_the_region_is_that_of_facenet(box: Box, side: int, margin: int, edges: Edges) -> None:
    """In a picture of 512 x 512."""
    assert region(Face(*box), (512, 512), side=side, margin=margin, keep_aspect=False) == edges


@given(face=FACES, size=SIZES, form=FORMS)
def test_a_region_lies_in_its_picture_and_has_pixels(
    face: Face, size: tuple[int, int], form: tuple[int, int, bool]
) -> None:
    """Whatever the box; a square where it is asked for."""
    side, margin, keep_aspect = form
    left, top, right, bottom = region(face.within(size), size, side=side, margin=margin, keep_aspect=keep_aspect)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert not keep_aspect or right - left == bottom - top


@given(face=FACES, size=SIZES)
def test_a_box_survives_the_sheet(face: Face, size: tuple[int, int]) -> None:
    """The cell of a box gives the same box, which lies in the picture but for what two decimals cannot say."""
    kept = face.within(size)
    x, y, width, height = parse_box(kept.cell) or []
    assert Face(x, y, width, height) == kept
    assert x >= 0
    assert y >= 0
    if kept.width and kept.height:
        assert x + width <= size[0] + 0.01
        assert y + height <= size[1] + 0.01
        assert kept.within(size) == kept


@given(face=FACES, across=st.floats(0.1, 10), down=st.floats(0.1, 10))
def test_scaling_there_and_back(face: Face, across: float, down: float) -> None:
    """A face that was found in a smaller picture is where it was."""
    back = face.scaled(across, down).scaled(1 / across, 1 / down)
    assert (back.x, back.y, back.width, back.height) == pytest.approx((face.x, face.y, face.width, face.height))


def test_the_largest_of_several() -> None:
    """The first of two that are as large."""
    faces = [Face(0, 0, 10, 10), Face(5, 5, 20, 10, 0.8), Face(9, 9, 10, 20, 0.9)]
    assert largest(faces) is faces[1]


@pytest.mark.parametrize(
    ("box", "is_cut"),
    [((1, 1, 98, 98), False), ((0, 1, 9, 9), True), ((1, 0, 9, 9), True), ((91, 1, 9, 9), True), ((1, 91, 9, 9), True)],
)
def test_a_face_at_the_edge_is_cut_off(box: Box, is_cut: bool) -> None:
    """On each of the four sides of a picture of 100 x 100."""
    assert Face(*box).is_cut_off((100, 100)) == is_cut


def test_a_whole_picture_is_squeezed_or_cut() -> None:
    """As a box would be."""
    form = {"side": 64, "margin": 0}
    assert region(whole_picture((300, 200)), (300, 200), keep_aspect=False, **form) == (0, 0, 300, 200)
    assert region(whole_picture((300, 200)), (300, 200), keep_aspect=True, **form) == (50, 0, 250, 200)
