"""Images that are there twice: the search in bands finds what a comparison of all pairs finds, and real copies."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from tests.check.pictures import drawn, saved
from tools.check.images.duplicates import ALIKE_BITS, Digests, Seen, alike, same
from tools.check.images.examine import HASH_SIDE, PLAIN_BITS, THUMBNAIL, examine, perceptual_hash

BYTES = HASH_SIDE**2 // 8


def clusters(seed: int, count: int, flips: int) -> Digests:
    """Return hashes around a few centres, from which each differs in up to `flips` bits."""
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 256, (4, BYTES), np.uint8)[random.integers(0, 4, count)]
    bits = np.unpackbits(hashes, axis=1)
    for row in bits:
        row[random.integers(0, bits.shape[1], random.integers(0, flips + 1))] ^= 1
    return np.packbits(bits, axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 40))
def test_bands_find_what_all_pairs_find(seed: int, count: int, flips: int) -> None:
    """An image is found if and only if an earlier one is within the bound, once, with such a one and their distance."""
    hashes = clusters(seed, count, flips)
    bits = np.unpackbits(hashes, axis=1).astype(int)
    distances = np.abs(bits[:, None] - bits[None]).sum(axis=2)
    expected = {later for later in range(count) if (distances[later, :later] <= ALIKE_BITS).any()}
    found = alike(hashes).pairs
    assert sorted(later for later, _, _ in found) == sorted(expected)
    assert all(earlier < later and distances[later, earlier] == bits_ for later, earlier, bits_ in found)


@given(st.lists(st.integers(0, 5)))
def test_same_digests(values: list[int]) -> None:
    """Digests that are there more than once are grouped, in their order; the others are not named."""
    digests = np.array([[value, 7] for value in values], np.uint8).reshape(-1, 2)
    found = [rows.tolist() for rows in same(digests)]
    expected = [[place for place, value in enumerate(values) if value == given] for given in sorted(set(values))]
    assert found == [rows for rows in expected if len(rows) > 1]


def test_many_equal_hashes() -> None:
    """One hash a hundred thousand times is no reason to compare all pairs."""
    assert len(alike(np.zeros((100_000, BYTES), np.uint8)).pairs) == 99_999


def test_a_tight_cluster() -> None:
    """Many hashes that share bands, hardly two of them near, are compared with a few each; what is left is told."""
    bits = np.unpackbits(np.zeros((5_000, BYTES), np.uint8), axis=1)
    random = np.random.default_rng(0)
    for row in bits:
        row[random.choice(bits.shape[1], 20, replace=False)] = 1
    hashes = np.packbits(bits, axis=1)
    found, all_pairs = alike(hashes, neighbours=50), alike(hashes, neighbours=5_000)
    assert 4_000 < found.unknown <= 5_000 > all_pairs.unknown == 0
    assert {later for later, _, _ in found.pairs} <= {later for later, _, _ in all_pairs.pairs}


def test_seen_forgets_nothing() -> None:
    """What was not given a digest is not among those that have one."""
    seen = Seen(3, 2)
    seen.add(0, b"\0\0")
    seen.add(2, b"ab")
    places, digests = seen.where()
    assert (places.tolist(), digests.tolist()) == ([0, 2], [[0, 0], [97, 98]])
    assert seen.where(np.array([False, True, True]))[0].tolist() == [2]


@pytest.mark.parametrize("seed", range(5))
def test_copies_look_alike(seed: int) -> None:
    """Copies that were saved again, scaled, brightened or darkened a little are alike; other pictures are not."""
    pytest.importorskip("scipy")
    look = perceptual_hash()
    picture = drawn(seed, (240, 240))
    copies: list[Image.Image] = [Image.open(io.BytesIO(saved(picture, kind, quality=70))) for kind in ("JPEG", "WEBP")]
    copies += [picture.resize((side, side), Image.Resampling.BICUBIC) for side in (120, 216, 480)]
    copies += [ImageEnhance.Brightness(picture).enhance(factor) for factor in (0.9, 1.05)]
    pictures = [picture, *copies, drawn(seed + 100, (240, 240))]
    assert look is not None
    thumbnails = [examine(saved(image), pixels=True).thumbnail for image in pictures]
    looks = look([thumbnail for thumbnail in thumbnails if thumbnail])
    hashes = np.frombuffer(b"".join(looks), np.uint8).reshape(-1, BYTES)
    assert {later for later, _, _ in alike(hashes).pairs} == set(range(1, len(copies) + 1))


def test_plain_pictures_are_not_accused() -> None:
    """Gradients and stripes, whose hashes would all be equal, have none; a picture without green has its own."""
    pytest.importorskip("scipy")
    look = perceptual_hash()
    assert look is not None
    gradient = Image.linear_gradient("L")
    stripe = gradient.point(lambda value: 255 * (value > 99))
    red = Image.merge("RGB", (drawn(1, mode="L"), Image.new("L", (48, 48)), Image.new("L", (48, 48))))
    found = [examine(saved(image), pixels=True).thumbnail for image in (gradient, gradient.rotate(90), stripe, red)]
    assert [bool(bits) for bits in look([thumbnail for thumbnail in found if thumbnail])] == [False, False, False, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=9), st.integers(1, THUMBNAIL), st.booleans())
def test_hashes_are_those_of_imagehash(seeds: list[int], spots: int, mirrored: bool) -> None:
    """However many thumbnails are given at a time, each has the hash that the library imagehash makes of it."""
    imagehash, look = pytest.importorskip("imagehash"), perceptual_hash()
    assert look is not None
    thumbnails = []
    for seed in seeds:
        drawing = np.random.default_rng(seed).integers(0, 256, (spots, spots), np.uint8)
        if mirrored:  # half of the frequencies are zero but for what rounding leaves
            drawing = np.concatenate((drawing, drawing[:, ::-1]), axis=1)
        thumbnails.append(Image.fromarray(drawing).resize((THUMBNAIL, THUMBNAIL)))
    for thumbnail, bits in zip(thumbnails, look(thumbnails), strict=True):
        expected = imagehash.phash(thumbnail, HASH_SIDE).hash
        assert bits == (np.packbits(expected).tobytes() if expected.sum() >= PLAIN_BITS else b"")
