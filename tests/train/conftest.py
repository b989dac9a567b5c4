"""Fixtures of the tests of training: trees of sketches, drawn once, and a small encoder in place of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.train import Small
from tests.train.training import SHORT, chosen, draw, eight_in_each_split, train
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


@contextmanager
def small() -> Iterator[None]:
    """Replace both encoders by a small one for a while, and the wide layer of ELIM, of 10,240 outputs, by one of 512.

    It has nearly all the weights of such a model, so that checkpoints take most of the time; and it takes a small rate,
    as the published one is: a step of Adam moves the weights of all its 10,240 outputs at once.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elim, "WIDE", 512)
        for name in list(ENCODERS):
            patch.setitem(ENCODERS, name, Small)
        yield


@pytest.fixture
def small_encoder() -> Iterator[None]:
    """Both encoders are a small one for a while."""
    with small():
        yield


@pytest.fixture(scope="session")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each of two seeds; it must not be changed."""
    folder = tmp_path_factory.mktemp("runs")
    with small():
        for seed in "01":
            assert train(tree, folder / seed, *SHORT, "--seed", seed).exit_code == 0
    return folder
