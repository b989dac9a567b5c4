"""The card's tables of baselines say what the file of results says, and nothing where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.describe.blocks.baselines import FILE, NONE, baselines


def entry(seed: int | None, ccc: float | None, method: str = "caf", **more: Any) -> dict[str, Any]:
    """Return a run whose CCC of both is `ccc`."""
    figure = [ccc, None if ccc is None else ccc - 0.1, None if ccc is None else ccc + 0.1]
    figures = dict.fromkeys(("ccc", "pcc", "rmse", "sagr"), figure)
    return {
        "method": method, "encoder": "alexnet", "seed": seed, "config": "small_cropped", "data": "local abc",
        "settings": {"seed": seed}, "code": "123", "epochs": 3, "minutes": 2.0,
        "test": {"valence": figures, "arousal": figures}, **more,
    }  # fmt: skip


def results(*runs: dict[str, Any]) -> bytes:
    """Return a file of results."""
    return json.dumps({"format": 1, "runs": runs}).encode()


def test_means_and_runs() -> None:
    """Runs that differ in their seed alone are one line of means for valence and one for arousal; each stands below."""
    made = results(entry(0, 0.5), entry(1, 0.7), entry(None, 0.0, "mean", encoder=None, minutes=None))
    text = baselines(made)
    assert "| `small_cropped` | caf | alexnet |  | 2 | valence | 0.600 ± 0.141 |" in text
    assert "| `small_cropped` | mean |  |  | 1 | arousal | 0.000 |" in text
    assert "| caf | alexnet | 1 | valence | 0.700 [0.600, 0.800] |" in text
    assert text == baselines(made)


def test_what_is_not_defined() -> None:
    """A figure that one run does not have has no mean."""
    text = baselines(results(entry(0, None), entry(1, 0.7)))
    assert text.count("not defined") > 2
    assert "± " not in text.split("Mean ±")[0]


def test_other_data_is_another_line() -> None:
    """Runs on other data, or by other settings than the seed, are not averaged with these."""
    rate = {"seed": 1, "epochs": 10, "batch_size": 32, "lr": 1e-4, "amp": "bf16"}
    for other in ({"data": "local def"}, {"settings": rate}):
        text = baselines(results(entry(0, 0.5), entry(1, 0.7, **other)))
        assert "| 2 |" not in text.split("Mean ±")[0]
    assert "| caf | alexnet | 10 epochs at most, batch 32, rate 0.0001, bf16 | 1 | valence |" in text


def test_hostile_results() -> None:
    """Whatever the file says, it is no markup."""
    text = baselines(results(entry(0, 0.5, "<script>|\n# x")))
    assert "<script>" not in text.replace("\\<script", "")
    assert "\n# x" not in text


def test_no_results() -> None:
    """Then the card says so."""
    assert baselines(None) == baselines(results()) == NONE


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": 2, "runs": []}', b'{"format": 1, "runs": [{}]}'])
def test_no_file_of_results(content: bytes) -> None:
    """Another file is refused by its name."""
    with pytest.raises(ValueError, match=f"{Path(FILE)} holds no results"):
        baselines(content)
