"""Constants, layers and optimisers are those that docs/methods.md states, of the authors' code."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from torch import nn

from tests.environments import ROOT
from tests.train import Small
from tools.train.methods import METHODS

PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")

SETTINGS = {
    "baseline": {"dropout": 0.5},
    "caf": {"dropout": 0.5, "adversarial": 0.1, "confidence": 0.7, "penalty": 1e-6},
    "avce": {
        "dropout": 0.5, "contrast": 0.0256, "alpha": 0.5, "beta": 0.005, "gamma": 0.5, "balance": 0.8, "penalty": 0.1,
        "hold": 0.01,
    },
    "elim": {
        "dropout": 0.0, "matching": 2.5, "identities": 5, "epsilon": 1 / 5, "iterations": 5, "quiet": 10, "warm": 200
    },
}  # fmt: skip

LAYERS = {
    ("baseline", "head"): "dropout 0.5, 64, ReLU, dropout 0.5, 512, ReLU, 2",
    ("caf", "head"): "dropout 0.5, 64, ReLU, dropout 0.5, 8, ReLU, 2",
    ("caf", "discriminator"): "64, 32, dropout 0.2, ReLU, 16",
    ("avce", "bottleneck"): "dropout 0.5, 32, ReLU",
    ("avce", "head"): "dropout 0.5, 256, ReLU, 2",
    ("avce", "view_head"): "256, ReLU, 2, Tanh",
    ("avce", "metric_head"): "64, ReLU, 8, ReLU",
    ("elim", "latent"): "dropout 0.0, 256, ReLU, dropout 0.0, 512, RowNorm, ReLU",
    ("elim", "head"): "10240, RowNorm, ReLU, 2",
}


@pytest.mark.parametrize("name", list(METHODS))
def test_constants(name: str) -> None:
    """What a method takes where it is told nothing."""
    assert dataclasses.asdict(METHODS[name](Small()).settings) == SETTINGS[name]


def said(layer: nn.Module) -> str:
    """Return a layer in a word or two."""
    if isinstance(layer, nn.Linear):
        return f"{layer.out_features}"
    return f"dropout {layer.p}" if isinstance(layer, nn.Dropout) else type(layer).__name__


def test_layers() -> None:
    """Behind the encoder lie these layers, and no others that learn."""
    found = {
        (name, part): ", ".join(map(said, layers))
        for name in METHODS
        for part, layers in METHODS[name](Small()).named_children()
        if part != "encoder" and isinstance(layers, nn.Sequential)
    }
    assert found == LAYERS


@pytest.mark.parametrize("name", list(METHODS))
def test_optimisers(name: str) -> None:
    """Rate, betas and milestones of each phase are those of the page's table."""
    title = METHODS[name].__name__
    (row,) = re.findall(rf"^\| {title} \| ([\d.e-]+) \| ([\d., ]+) \| ([\d, ]+) \|", PAGE, re.MULTILINE)
    rate, betas, milestones = row
    for phase in METHODS[name].phases:
        optimisation = METHODS[name].optimisation[phase]
        assert optimisation.rate == float(rate)
        assert optimisation.betas == tuple(map(float, betas.split(", ")))
        assert optimisation.milestones == tuple(map(int, milestones.split(", ")))
        assert f"times {optimisation.decay} after steps" in PAGE


def test_the_example_of_the_page() -> None:
    """It runs as it stands: a step of each phase is taken, and there is a number for each of its pictures."""
    example = re.search(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert example
    names: dict[str, Any] = {}
    exec(compile(example[1], "docs/methods.md", "exec"), names)
    assert list(names["optimisers"]) == list(names["method"].phases)
    assert all(optimiser.state for optimiser in names["optimisers"].values())
    for predicted in (names["valence"], names["arousal"]):
        assert predicted.shape == (len(names["batch"].images),)
        assert predicted.isfinite().all()
