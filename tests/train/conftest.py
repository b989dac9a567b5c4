"""Fixtures of the tests of training: trees of sketches, drawn once, and a small encoder in place of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.train import Small
from tests.train.training import chosen, draw, eight_in_each_split
from tools.train.encoders import ENCODERS
from tools.train.methods import elim


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of 24 pictures to train on, 8 to validate and 8 to test."""
    return draw(tmp_path_factory.mktemp("sketches") / "tree", chosen(24, 8, 8))


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with the same eight pictures in each split."""
    return eight_in_each_split(tmp_path_factory.mktemp("eight") / "tree")


@pytest.fixture
def small_encoder() -> Iterator[None]:
    """Both encoders are a small one for a while, and the wide layer of ELIM has 512 outputs, not 10,240.

    It has nearly all the weights of such a model, so that checkpoints take most of the time; and it takes a small rate,
    as the published one is: a step of Adam moves the weights of all its 10,240 outputs at once.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elim, "WIDE", 512)
        for name in list(ENCODERS):
            patch.setitem(ENCODERS, name, Small)
        yield
