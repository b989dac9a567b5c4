"""The log of a run, which TensorBoard shows: in go the lines of the history, out come event files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Log:
    """The TensorBoard log of a run, by the first process; what a killed run wrote beyond its state is dropped."""

    def __init__(self, folder: Path, history: Sequence[Mapping[str, Any]], first: bool) -> None:
        self._writer: Any = None
        if first:
            from torch.utils.tensorboard import SummaryWriter

            known = history[-1]["step"] if history else 0
            self._writer = SummaryWriter(str(folder), purge_step=known + 1)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *of: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, line: dict[str, Any], step: int) -> None:
        """Write the losses and the figures of an epoch, at the steps that were taken."""
        line["step"] = step
        if self._writer is None:
            return
        for name, value in line["losses"].items():
            self._writer.add_scalar(f"train/{name}", value, step)
        for name, value in line["validation"].items():
            for metric, of in value.items() if isinstance(value, dict) else [("mean", value)]:
                if of is not None:
                    self._writer.add_scalar(f"validation/{metric if metric != 'mean' else 'ccc'}/{name}", of, step)
