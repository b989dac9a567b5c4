"""The card's tables of baselines say what the file of results says, and nothing where there is none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browsers import WIDTHS, opened
from tools.describe.blocks.baselines import FILE, NONE, baselines
from tools.describe.preview.page import render_page, write_page

SETTINGS = {
    "epochs": 10, "batch_size": 32, "lr": 1e-4, "patience": 5, "amp": "bf16", "weights": None, "device": "cpu",
    "processes": 1,
}  # fmt: skip


def entry(seed: int | None, ccc: float | None, method: str = "caf", **more: Any) -> dict[str, Any]:
    """Return a run whose CCC of both is `ccc`."""
    figure = [ccc, None if ccc is None else ccc - 0.1, None if ccc is None else ccc + 0.1]
    figures = dict.fromkeys(("ccc", "pcc", "rmse", "sagr"), figure)
    return {
        "method": method, "encoder": "alexnet", "seed": seed, "config": "small_cropped", "data": "local abc",
        "settings": {**SETTINGS, "seed": seed}, "code": "123", "epochs": 3, "minutes": 2.0,
        "test": {"valence": figures, "arousal": figures}, **more,
    }  # fmt: skip


def reference(method: str, ccc: float) -> dict[str, Any]:
    """Return what has no network."""
    return entry(None, ccc, method, encoder=None, minutes=0.07, epochs=None, settings={"seed": None, "penalty": 1.0})


def results(*runs: dict[str, Any]) -> bytes:
    """Return a file of results."""
    return json.dumps({"format": 1, "runs": runs}).encode()


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table; spaces are all alike."""
    return [cell.strip().replace("\u00a0", " ") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def shown(text: str) -> list[list[list[str]]]:
    """Return the cells of each line of each table, but for the line of dashes: CCC and others, of means and of runs."""
    found = [[cells(line) for line in part.splitlines()] for part in text.split("\n\n") if part.startswith("| ")]
    return [[lines[0], *lines[2:]] for lines in found]


def test_means_and_runs() -> None:
    """Runs that differ in their seed alone are one line of means; each stands below with its interval."""
    made = results(reference("mean", 0.0), entry(0, 0.5), entry(1, 0.7))
    text = baselines(made)
    means, other_means, each, others_each = shown(text)
    assert means == [
        ["method", "valence CCC", "arousal CCC", "runs", "minutes"],
        ["mean", "0.000", "0.000", "1", "0.1"],
        ["caf", "0.600 ± 0.141", "0.600 ± 0.141", "2", "2.0"],
    ]
    assert other_means[0] == [
        "method", "valence PCC", "arousal PCC", "valence RMSE", "arousal RMSE", "valence SAGR", "arousal SAGR"
    ]  # fmt: skip
    assert other_means[2] == ["caf", *["0.600 ± 0.141"] * 6]
    assert each[0] == ["method", "seed", "valence CCC", "arousal CCC", "epochs", "minutes"]
    assert each[1] == ["mean", "", "0.000 [-0.100, 0.100]", "0.000 [-0.100, 0.100]", "", "0.1"]
    assert each[3] == ["caf", "1", "0.700 [0.600, 0.800]", "0.700 [0.600, 0.800]", "3", "2.0"]
    assert others_each[3] == ["caf", "1", *["0.700 [0.600, 0.800]"] * 6]
    assert "mean predicts by the mean of the training split" in text
    assert "ridge" not in text
    assert text == baselines(made)


def test_what_is_the_same_is_said_once() -> None:
    """Config, encoder, training, data and code are in a sentence, with what no reference has left to the others."""
    text = baselines(results(reference("ridge", 0.4), entry(0, 0.5), entry(1, 0.7, "elim", identity=["race", "age"])))
    assert (
        "In all runs: config `small_cropped`, encoder alexnet, epochs at most 10, patience 5, batch 32, rate 0.0001, "
        "precision bf16, weights random, device cpu, processes 1, identity race, age, data `local abc`, code `123`.\n\n"
    ) in text


@pytest.mark.parametrize(
    ("other", "column", "values"),
    [
        ({"data": "local def"}, "data", ("`local abc`", "`local def`")),
        ({"config": "small_original"}, "config", ("`small_cropped`", "`small_original`")),
        ({"encoder": "resnet18"}, "encoder", ("alexnet", "resnet18")),
        ({"code": "124+changes"}, "code", ("`123`", "`124+changes`")),
        ({"labels": "f" * 64}, "labels", ("`eeeeeeeeeeee`", "`ffffffffffff`")),
        ({"settings": {**SETTINGS, "seed": 1, "lr": None}}, "rate", ("0.0001", "of the method")),
        ({"settings": {**SETTINGS, "seed": 1, "amp": None}}, "precision", ("bf16", "float32")),
        ({"settings": {**SETTINGS, "seed": 1, "processes": 2}}, "processes", ("1", "2")),
        ({"settings": {**SETTINGS, "seed": 1, "weights": "ab" * 32}}, "weights", ("random", "abababababab")),
    ],
)
def test_whatever_differs_is_a_column(other: dict[str, Any], column: str, values: tuple[str, str]) -> None:
    """Runs on other data, by other code or other settings than the seed, are not averaged with these."""
    text = baselines(results(entry(0, 0.5, labels="e" * 64), entry(1, 0.7, **{"labels": "e" * 64, **other})))
    means, others, each, _ = shown(text)
    for lines in (means, others, each):
        assert lines[0][:2] == ["method", column]
        assert [line[1] for line in lines[1:]] == list(values)
    assert [line[-2] for line in means[1:]] == ["1", "1"]
    assert f" {column} " not in text.split("In all runs: ")[1].split("\n")[0]


def test_code_that_differs_by_method_is_no_column() -> None:
    """Then the sentence says which method was trained by which."""
    runs = [entry(0, 0.5), entry(1, 0.5), entry(0, 0.7, "elim", code="`45`")]
    text = baselines(results(reference("ridge", 0.4), *runs))
    assert shown(text)[0][0] == ["method", "valence CCC", "arousal CCC", "runs", "minutes"]
    assert "code `123` (ridge, caf), `` `45` `` (elim).\n" in text


def test_who_it_is_matters_to_elim_alone() -> None:
    """Then runs by other columns of identity are others; the remaining methods make no use of it."""
    other = [entry(0, 0.5, "elim", identity=["seed"]), entry(1, 0.5, "elim", identity=["race", "age"])]
    assert [line[1] for line in shown(baselines(results(*other)))[0]] == ["identity", "seed", "race, age"]
    same = [{**run, "method": "caf"} for run in other]
    assert len(shown(baselines(results(*same)))[0]) == 2


def test_what_is_not_defined() -> None:
    """A figure that one run does not have has no mean."""
    means, _, each, _ = shown(baselines(results(entry(0, None), entry(1, 0.7))))
    assert means[1] == ["caf", "not defined", "not defined", "2", "2.0"]
    assert each[1][2:4] == ["not defined"] * 2


def test_hostile_results() -> None:
    """Whatever the file says, it is no markup."""
    runs = [entry(0, 0.5, "<script>|\n# x", **{name: "</details><b>|\n# y"}) for name in ("encoder", "data", "code")]
    settings = {**SETTINGS, "seed": 0, "amp": "<i>|\n# z", "device": "`|<u>"}
    text = baselines(results(*runs, entry(0, 0.5, settings=settings, identity=["<s>"])))
    for mark in ("<script>", "<b>", "<i>", "<u>"):
        assert mark not in re.sub(r"`[^`\n]*`", "", text.replace("\\<", "").replace("\\`", ""))
    assert not re.search(r"^# ", text, re.M)
    tables = shown(text)
    assert len(tables) == 4
    assert all(len(line) == len(lines[0]) for lines in tables for line in lines)


def test_no_results() -> None:
    """Then the card says so."""
    assert baselines(None) == baselines(results()) == NONE


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b'{"format": 2, "runs": []}', b'{"format": 1, "runs": [{}]}', b'{"format": 1, "runs": 7}'),
        results(entry(0, 0.5, test={"valence": [], "arousal": []})),
        results(entry(0, 0.5, settings={"epochs": "many"})),
        results(entry(0, 0.5, minutes="long")),
    ],
)
def test_no_file_of_results(content: bytes) -> None:
    """Another file is refused by its name."""
    with pytest.raises(ValueError, match=f"{Path(FILE)} holds no results"):
        baselines(content)


@pytest.mark.parametrize("width", WIDTHS)
def test_many_runs_read_well(browser: Browser, tmp_path: Path, width: str) -> None:
    """Four methods by three seeds beside two references: rows are low, and on a desk no table of means is wide."""
    runs = [reference("mean", 0.0), reference("ridge", 0.884)]
    runs += [
        entry(seed, 0.8 + seed / 50, method) for method in ("baseline", "caf", "avce", "elim") for seed in range(3)
    ]
    data, commit = "FER-Universe/DiffusionFER@0123456789ab", "0123456789ab+changes, 0123456789ac"
    runs = [{**run, "data": data, "code": commit} for run in runs]
    (tmp_path / "README.md").write_text(f"---\nlicense: mit\n---\n# Runs\n\n{baselines(results(*runs))}")
    write_page(render_page(tmp_path / "README.md", tmp_path, 5), tmp_path / "page.html")
    with opened(browser, (tmp_path / "page.html").as_uri(), width) as page:
        tables = page.locator("main .wide table")
        assert [tables.nth(number).is_visible() for number in range(4)] == [True, True, False, False]
        page.get_by_text("Each run, with the 95% intervals").click()
        assert [tables.nth(number).is_visible() for number in range(4)] == [True] * 4
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        high = "all => Math.max(...all.map(row => row.offsetHeight))"
        assert page.locator("main tr").evaluate_all(high) <= 60
        wide = "all => Math.max(...all.map(table => table.offsetWidth - table.parentElement.clientWidth))"
        first = page.locator("main .wide table").first
        if width == "phone":
            assert first.evaluate("table => table.offsetWidth") <= 1.6 * WIDTHS[width]
        else:
            assert page.locator("main > .wide table").evaluate_all(wide) <= 10  # of which nobody misses a letter
        page.screenshot(path=tmp_path / "shot.png", full_page=True)
