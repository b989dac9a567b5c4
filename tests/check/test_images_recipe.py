"""The recipe that a generator wrote into an image: read as it was written, whatever else the text may be."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check.pictures import drawn, exif, saved
from tools.check.images.examine import examine
from tools.check.images.recipe import COLUMNS, parse_parameters, recipe_digest

PLAIN = st.text(string.ascii_letters + string.digits + " ,()<>:é", min_size=1).map(lambda text: " ".join(text.split()))


@given(PLAIN, PLAIN, st.integers(0, 2**64), st.integers(1, 150), st.floats(1, 30).map(lambda value: round(value, 1)))
def test_recipe_is_read_as_it_was_written(prompt: str, negative: str, seed: int, steps: int, scale: float) -> None:
    """Whatever prompt and settings go into a recipe come out of it."""
    settings = f"Steps: {steps}, Sampler: Euler a, CFG scale: {scale}, Seed: {seed}, Size: 512x512, Model: x"
    found = parse_parameters(f"{prompt}\nNegative prompt: {negative}\n{settings}")
    assert found == {
        **{"prompt": prompt, "negative_prompt": negative, "sampler": "Euler a", "schedule": ""},
        **{"steps": str(steps), "seed": str(seed), "cfg_scale": str(scale)},
    }


def test_recipe_of_several_lines() -> None:
    """Prompts of several lines, none, and values in quotes are read."""
    found = parse_parameters('a\nb\nNegative prompt: c\nd\nLora hashes: "x: 1, Seed: 9", Steps: 2, Seed: 3')
    assert (found["prompt"], found["negative_prompt"], found["seed"]) == ("a b", "c d", "3")
    assert parse_parameters("Steps: 2, Seed: 3")["prompt"] == ""


@pytest.mark.parametrize("text", ["", "\n", "a face", "Steps: 3", "Seed: unknown", "Negative prompt: x", "{}"])
def test_text_that_is_no_recipe(text: str) -> None:
    """Text without steps and seed is no recipe of the web UI."""
    assert parse_parameters(text) == {}


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is read without an error."""
    parse_parameters(text)
    parse_parameters(f"a\n{text}Steps: 1, Seed: 2, {text}")


def test_long_text_takes_no_time() -> None:
    """Text made to keep an expression busy is done with; what is beyond any prompt is not read."""
    for text in ('A: "' * 10**5, "A" * 10**6, "A: " * 10**5 + "Steps: 1, Seed: 2"):
        parse_parameters(text)


@pytest.mark.parametrize(
    "comment", [b"UNICODE\0" + "ä 1".encode("utf-16-be"), b"UNICODE\0" + "ä 1".encode("utf-16-le"),
                b"ASCII\0\0\0" + "ä 1".encode(), bytes(8) + "ä 1".encode(), "ä 1".encode()]
)  # fmt: skip
def test_user_comment_in_any_encoding(comment: bytes) -> None:
    """The EXIF user comment is read in each encoding that it may have."""
    for kind in ("PNG", "JPEG", "WEBP"):
        content = saved(drawn(1), kind, exif=exif(Orientation=1, UserComment=comment))
        assert examine(content).metadata.parameters == "ä 1"


def test_digest_tells_recipes_apart() -> None:
    """The digest of a row changes with each column of the recipe, and with no other."""
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    digests = {recipe_digest({**row, column: "1"}) for column in COLUMNS}
    assert len({*digests, recipe_digest(row)}) == len(COLUMNS) + 1
    assert recipe_digest({**row, "race": "x"}) == recipe_digest(row) == recipe_digest(None)
