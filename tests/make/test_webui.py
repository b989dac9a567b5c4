"""The web UI's recipe: what is written is read as it was, and what was read before by the checks still is."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.check.images import recipe as checked
from tools.make.prompts import NEGATIVE_PROMPT
from tools.make.webui import LONGEST, parse_parameters, plain, read_settings, user_comment, write_parameters

WORDS = st.text(string.ascii_letters + string.digits + " ,()<>:.\n\té", max_size=200).filter(
    lambda text: not plain(text).startswith("Negative prompt:")
)
VALUE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=60).map(str.strip)
REQUIRED = {"Steps": 50, "Sampler": "DPM++ 2M Karras", "CFG scale": "12", "Seed": 1, "Size": "512x512"}


def test_a_recipe_has_the_form_of_the_web_ui() -> None:
    """The published settings read as the web UI writes them."""
    text = write_parameters("a\nman ", " (ugly:1.3),\nbad", {**REQUIRED, "Model": "v1-5", "Model hash": ""})
    assert text == (
        "a man\nNegative prompt: (ugly:1.3), bad\n"
        "Steps: 50, Sampler: DPM++ 2M Karras, CFG scale: 12, Seed: 1, Size: 512x512, Model: v1-5"
    )
    assert write_parameters("a man", "", REQUIRED).count("\n") == 1


@given(WORDS, WORDS, st.integers(0, 2**63), st.integers(1, 1000), st.floats(0, 100).map(lambda x: f"{x:g}"))
def test_what_is_written_is_read(prompt: str, negative: str, seed: int, steps: int, scale: str) -> None:
    """The law: reading undoes writing, but for white space."""
    settings = {**REQUIRED, "Steps": steps, "CFG scale": scale, "Seed": seed}
    assert parse_parameters(write_parameters(prompt, negative, settings)) == {
        **{"prompt": plain(prompt), "negative_prompt": plain(negative), "sampler": "DPM++ 2M Karras", "schedule": ""},
        **{"steps": str(steps), "cfg_scale": scale, "seed": str(seed)},
    }


@given(VALUE)
def test_any_value_of_a_setting_is_read(value: str) -> None:
    """Commas, colons and quotes in a model's name do not part it, nor are they taken for other settings."""
    found = read_settings(write_parameters("a", "b", {**REQUIRED, "Model": value, "Version": "x"}))
    assert found["Model" if value else "Version"] == (value or "x")
    assert {name: found[name] for name in REQUIRED} == {name: str(value) for name, value in REQUIRED.items()}


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """What is no recipe has no settings."""
    assert read_settings(text) == {} or parse_parameters(text)
    read_settings(f"{text}\nSteps: 1, Seed: 2, {text}")


def test_long_text_takes_no_time() -> None:
    """Of ten million characters, no more than a prompt's worth is looked at."""
    for text in ("a" * 10**7, "A: " * 10**6 + "Steps: 1, Seed: 2", "Steps: 1, Seed: 2, " + 'A: "' * 10**6):
        assert len(str(parse_parameters(text))) < 2 * LONGEST


def test_the_checks_read_by_the_same_code() -> None:
    """A recipe means the same where it is written, imported and checked."""
    assert checked.parse_parameters is parse_parameters
    text = write_parameters("a man", NEGATIVE_PROMPT, REQUIRED)
    assert parse_parameters(text)["negative_prompt"] == NEGATIVE_PROMPT


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + "ä 1".encode("utf-16-be"),
        b"UNICODE\0" + "ä 1".encode("utf-16-le"),
        b"ASCII\0\0\0" + "ä 1".encode(),
        bytes(8) + "ä 1".encode(),
        "ä 1",
    ],
)
def test_a_user_comment_in_any_encoding(comment: bytes | str) -> None:
    """The eight bytes before the text say how it is written."""
    assert user_comment(comment) == "ä 1"
