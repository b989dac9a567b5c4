"""What `diffusionfer predict` says, in one line, where it cannot predict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.train.training import CONFIG, run, said
from tools.train import checkpoint

pytestmark = pytest.mark.usefixtures("small_encoder")


def damaged(folder: Path, trained: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """Write the model of a run with another configuration; return its path."""
    made, configuration = checkpoint.load_model(trained / "0" / "best.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        changed = change(configuration)
        patch.setattr(checkpoint, "FORMAT", changed.pop("format"))
        checkpoint.save_model(folder / "model.safetensors", made, changed)
    return folder / "model.safetensors"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, but this version reads 1: use the version it is of"),
        ({"method": "caf"}, "has other tensors than caf with alexnet has in this version ("),
        ({"method": ["caf"]}, "is of method ['caf'] with encoder 'alexnet', which this version does not have"),
        ({"method": "new"}, "is of method 'new' with encoder 'alexnet', which this version does not have"),
    ],
)
def test_models_that_do_not_fit(
    tree: Path, trained: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """A model of another version, method or shape is refused."""
    model = damaged(tmp_path, trained, lambda configuration: {**configuration, **change})
    done = run("predict", "--checkpoint", model, "--config", CONFIG, "--data-dir", tree, "--output", tmp_path / "p.csv")
    assert message in said(done)
    assert not (tmp_path / "p.csv").exists()


def test_what_predict_cannot_do(tree: Path, trained: Path, tmp_path: Path) -> None:
    """No model, another method, a split that is missing, no place for the file."""
    model = trained / "0" / "best.safetensors"

    def predicting(*options: str | Path) -> str:
        given = ("--config", CONFIG, "--data-dir", tree, "--device", "cpu", "--workers", "0")
        return said(run("predict", *given, *options))

    output = ("--output", tmp_path / "p.csv")
    assert predicting("--checkpoint", tmp_path / "none", *output) == (
        f"error: {tmp_path}/none cannot be read (No such file or directory)"
    )
    (tmp_path / "text").write_text("no model")
    assert "text is no model of this project (" in predicting("--checkpoint", tmp_path / "text", *output)
    assert "is a model of method 'baseline', not of 'elim'" in predicting(
        "--checkpoint", model, "--method", "elim", *output
    )
    assert "has no split 'dev'" in predicting("--checkpoint", model, "--split", "dev", *output)
    assert "expected a file that ends in .csv" in predicting("--checkpoint", model, "--output", tmp_path / "p.txt")
    assert f"p.csv cannot be written (there is no folder {tmp_path}/none)" in predicting(
        "--checkpoint", model, "--output", tmp_path / "none" / "p.csv"
    )
