"""What a row asks of a backend: its seeds, its settings, and its prompt as the web UI reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make.generating import Row
from tools.make.generation.base import Settings, candidate_seeds, row_seed, task_of
from tools.make.generation.weighting import unweighted, weighted
from tools.make.prompts import NEGATIVE_PROMPT

DIFFUSERS = Settings("diffusers")


@given(st.integers(0, 2**63 - 1), st.integers(1, 100))
def test_seeds_of_candidates(seed: int, count: int) -> None:
    """The first is the row's, each is another, more of them begin with the same, and all follow the stated formula."""
    seeds = candidate_seeds(seed, count)
    assert seeds[0] == seed
    assert len({*seeds}) == count
    assert seeds == candidate_seeds(seed, count + 1)[:-1]
    assert all(other == (seed + k * 2_654_435_769) % 2**32 for k, other in enumerate(seeds) if k)


def test_a_row_that_was_made_has_the_seeds_of_then() -> None:
    """The seed of the one that was kept leads back to the first; a seed that a person wrote is a new beginning."""
    seeds = candidate_seeds(7, 3)
    row = {"seed": str(seeds[2]), "candidate_seeds": " ".join(map(str, seeds))}
    assert row_seed("a/b.png", row) == 7
    assert row_seed("a/b.png", {**row, "seed": "8"}) == 8


def test_settings_of_a_row() -> None:
    """The command's come first, then the row's, then the published ones."""
    row: Row = {"prompt": "a man"}
    task = task_of(2, "a/b.png", row, DIFFUSERS)
    assert (task.steps, task.sampler, task.cfg_scale, task.width, task.height) == (50, "DPM++ 2M Karras", 12, 512, 512)
    assert (task.negative_prompt, len(task.seeds)) == (NEGATIVE_PROMPT, 3)
    row |= {"steps": "20", "sampler": "Euler a", "cfg_scale": "7.5", "negative_prompt": "ugly", "width": "640"}
    task = task_of(2, "a/b.png", row, DIFFUSERS)
    assert (task.steps, task.sampler, task.cfg_scale, task.width) == (20, "Euler a", 7.5, 640)
    assert task.negative_prompt == "ugly"
    told = replace(DIFFUSERS, steps=5, sampler="DDIM", cfg_scale=3.0, width=64, candidates=1)
    task = task_of(2, "a/b.png", row, told)
    assert (task.steps, task.sampler, task.cfg_scale, task.width, len(task.seeds)) == (5, "DDIM", 3, 64, 1)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"prompt": " "}, "prompt is empty, expected what the picture shows: write one, or remove the row"),
        ({"steps": "many"}, "steps: expected a whole number from 1 to 1000 (got 'many')"),
        ({"steps": "0"}, "steps: expected a whole number from 1 to 1000 (got '0')"),
        ({"cfg_scale": "nan"}, "cfg_scale: expected a number from 0 to 100 (got 'nan')"),
        ({"width": "500"}, "width: expected a multiple of 8 pixels (got 500)"),
        ({"seed": "-2"}, f"seed: expected a whole number from 0 to {2**63 - 1} (got '-2')"),
    ],
)
def test_a_row_that_no_model_can_draw(cells: Row, message: str) -> None:
    """The column, the value and what is expected are named."""
    with pytest.raises(ValueError, match=r"^(prompt|steps|cfg_scale|width|seed)") as caught:
        task_of(2, "a/b.png", {"prompt": "a man", **cells}, DIFFUSERS)
    assert str(caught.value) == message


def test_an_unknown_sampler_is_refused_with_the_list() -> None:
    """So that the right name can be chosen."""
    with pytest.raises(ValueError, match=r"^sampler: expected one of DPM\+\+ 2M, .*, UniPC \(got 'LCM'\)$"):
        task_of(2, "a/b.png", {"prompt": "a man", "sampler": "LCM"}, DIFFUSERS)


@pytest.mark.parametrize(
    ("prompt", "parts"),
    [
        ("a man", [("a man", 1.0)]),
        ("", []),
        ("(a:1.5) b", [("a", 1.5), (" b", 1.0)]),
        ("((a))", [("a", 1.1 * 1.1)]),
        ("[a]", [("a", 1 / 1.1)]),
        ("(a [b:2] c:2)", [("a ", 2.0), ("b:2", 2 / 1.1), (" c", 2.0)]),
        (r"\(a\) \[b\] \\", [("(a) [b] \\", 1.0)]),
        ("(a", [("a", 1.1)]),
        ("a:1.2) ]", [("a:1.2) ]", 1.0)]),
        ("(a: b)", [("a: b", 1.1)]),
    ],
)
def test_weights_are_those_of_the_web_ui(prompt: str, parts: list[tuple[str, float]]) -> None:
    """Round brackets strengthen, square ones weaken, a number says how much, a backslash makes one a character."""
    found = weighted(prompt)
    assert [text for text, _ in found] == [text for text, _ in parts]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in parts])


def test_the_published_negative_prompt() -> None:
    """Its weights are read, and none of its words is lost."""
    found = dict(weighted(NEGATIVE_PROMPT))
    assert (found["worst quality"], found["bad anatomy"], found["fused fingers"]) == (2.0, 1.21, 1.61051)
    assert found["monochrome"] == pytest.approx(1.21)
    assert not {*"()[]:"} & {*unweighted(NEGATIVE_PROMPT)}


@given(st.text("ab, ()[]:\\12."))
def test_any_prompt_has_weights(prompt: str) -> None:
    """No text is refused, none without brackets is changed, and no letter is lost."""
    found = "".join(text for text, _ in weighted(prompt))
    assert [c for c in found if c in "ab,"] == [c for c in prompt if c in "ab,"]
    if not {*"()[]\\"} & {*prompt}:
        assert found == prompt
