"""The training loop: in go a method and decoded pixels, out come a model, the best by validation, and its history.

An epoch is a pass over the split in batches; in each, an optimiser takes a step for each phase of the method. The state
is saved after each epoch and, in a long one, every few minutes; from it the run goes on as if it had not been stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from tools.train.checkpoint import load_state, random_state, save_model, save_state, set_random_state
from tools.train.examples import Examples
from tools.train.loading import Plan, loader, normalised
from tools.train.log import Log
from tools.train.methods import Batch, Method, Optimisation, set_rate
from tools.train.pixels import Mapped
from tools.train.predicting import predicted
from tools.train.processes import Processes
from tools.train.progress import Progress, Watcher
from tools.train.runs import LOGS, MODEL, STATE, Settings
from tools.train.scores import figures, mean_ccc

SAVE_SECONDS = 300.0  # after which an epoch that still goes on is saved: the most that a kill can cost
AMP = {"bf16": torch.bfloat16, "fp16": torch.float16}
NAMED = 8  # pictures of a batch that a message names


@dataclass(frozen=True)
class Split:
    """A split that is ready: what is true of its pictures, and their pixels."""

    examples: Examples
    pixels: Mapped


def rate_at(optimisation: Optimisation, step: int, rate: float | None) -> float:
    """Return the learning rate of a step, from 0: at each milestone it becomes `decay` times what it was."""
    passed = sum(step >= milestone for milestone in optimisation.milestones)
    return (optimisation.rate if rate is None else rate) * optimisation.decay**passed


class Training:
    """A run by `settings` in a folder; `workers` processes make the batches. Every process of torchrun has one."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        configuration: Mapping[str, Any],
        method: Method,
        train: Split,
        validation: Split,
        processes: Processes,
        workers: int,
        watcher: Watcher,
    ) -> None:
        self._folder, self._settings, self._configuration = folder, settings, configuration
        self._processes, self._workers, self._watcher = processes, workers, watcher
        self._train, self._validation = train, validation
        self.method = method.to(processes.device)
        device, rank = processes.device, processes.rank
        self._plan = Plan(
            train.examples, settings.batch_size, settings.seed, method.uses_identity, rank, processes.size
        )
        self._batches = loader(train.pixels, self._plan, workers, device.type == "cuda")
        self._optimisers: dict[str, torch.optim.Optimizer] = {}
        for phase in method.phases:
            self._optimisers[phase] = self.method.optimiser(phase, settings.lr)
        self._scaler = torch.amp.GradScaler(device.type, enabled=settings.amp == "fp16")
        self._progress = Progress()
        self._unchecked: list[tuple[int, str, Tensor, dict[str, Tensor]]] = []  # losses of the last step
        torch.manual_seed(settings.seed + 1_000_003 * rank)  # of what is dropped and drawn, not of the weights

    def run(self) -> Progress:
        """Train from the last state, or from the beginning, to the end.

        Raises ValueError where a loss is no number, and where the disk does not take a checkpoint.
        """
        if (self._folder / STATE).exists():
            self._go_on(load_state(self._folder / STATE))
        try:
            with Log(self._folder / LOGS, self._progress.history, self._processes.first) as log:
                while not self._is_done():
                    self._epoch()
                    line, best = self._validate()
                    log.write(line, self._plan.steps * line["epoch"])
                    self._watcher.ends(line, best)
                    self._progress.epoch, self._progress.step, self._progress.sums = line["epoch"] + 1, 0, {}
                    self._save()
        finally:
            self._watcher.leaves()
        return self._progress

    def _is_done(self) -> bool:
        progress, patience = self._progress, self._settings.patience
        waited = progress.epoch - 1 - progress.best_epoch
        return progress.epoch > self._settings.epochs or bool(patience and progress.best_epoch and waited >= patience)

    def _epoch(self) -> None:
        """Take the steps of an epoch that are left."""
        progress = self._progress
        self.method.train()
        self._plan.epoch, self._plan.start = progress.epoch, progress.step
        self._watcher.begins(progress.epoch, progress.step, self._plan.steps)
        began = saved = time.monotonic()
        for rows, crops in self._batches:
            self._step(rows, crops)
            progress.step += 1
            now = time.monotonic()
            progress.seconds, began = progress.seconds + now - began, now
            due = self._processes.size == 1 and now - saved >= SAVE_SECONDS  # several could not agree on the time
            if due and progress.step < self._plan.steps:
                self._check()
                self._check_weights(crops)
                self._save()
                saved = time.monotonic()
        self._check()

    def _step(self, rows: Tensor, crops: Tensor) -> None:
        device = self._processes.device
        examples = self._train.examples
        batch = Batch(
            normalised(crops.to(device, non_blocking=True)),
            *(of[rows].to(device, non_blocking=True) for of in (examples.affect, examples.emotion, examples.identity)),
        )
        taken = (self._progress.epoch - 1) * self._plan.steps + self._progress.step
        found = []
        for phase, optimiser in self._optimisers.items():
            set_rate(optimiser, rate_at(self.method.optimisation[phase], taken, self._settings.lr))
            optimiser.zero_grad(set_to_none=True)
            with self._precision():
                losses = self.method.losses(phase, batch)
            self._scaler.scale(losses["loss"]).backward()
            self._processes.mean(self._gradients(phase))
            self._scaler.step(optimiser)
            found.append(
                (self._progress.step + 1, phase, rows, {name: value.detach() for name, value in losses.items()})
            )
        self._scaler.update()
        self._processes.mean(self.method.buffers())
        self._check()  # those of the step before: a GPU has found them meanwhile
        self._unchecked = found

    def _precision(self) -> AbstractContextManager[Any]:
        amp, device = self._settings.amp, self._processes.device.type
        return torch.autocast(device, AMP[amp] if amp else None, enabled=amp is not None)

    def _gradients(self, phase: str) -> Iterator[Tensor]:
        """Yield the gradients of a phase; several processes need all of them, also where one found none."""
        if self._processes.size > 1:
            parameter: Parameter
            for parameter in self.method.parameters_of(phase):
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                yield parameter.grad

    def _check(self) -> None:
        """Add the losses of the last step to those of the epoch. Raises ValueError where one is no number."""
        unchecked, self._unchecked = self._unchecked, []
        bad = ""
        for step, phase, rows, losses in unchecked:
            values = dict(zip(losses, torch.stack([value.float() for value in losses.values()]).tolist(), strict=True))
            for name, value in values.items():
                key = name if len(self._optimisers) == 1 else f"{phase}/{name}"
                self._progress.sums[key] = self._progress.sums.get(key, 0.0) + value
            wrong = [name for name, value in values.items() if not math.isfinite(value)]
            if wrong and not bad:
                bad = self._say_bad(step, phase, wrong[0], values[wrong[0]], rows)
            if not wrong:
                self._watcher.stepped(values["loss"])
        if unchecked and self._processes.size > 1:
            somewhere = self._processes.total(torch.tensor(float(bool(bad)), device=self._processes.device))
            bad = bad or ("another process found a loss that is no number" if somewhere.item() else "")
        if bad:
            raise ValueError(bad)

    def _check_weights(self, crops: Tensor) -> None:
        """Raise ValueError where the weights of now predict no number: the last losses are of those before.

        What is saved within an epoch is asked so, as validation asks what is saved at its end.
        """
        self.method.eval()
        with torch.inference_mode():
            found = self.method(normalised(crops.to(self._processes.device)))
        self.method.train()
        if not found.isfinite().all():
            progress = self._progress
            raise ValueError(
                f"epoch {progress.epoch}, step {progress.step}: what is predicted is no number: stopped. {self._kept()}"
            )

    def _kept(self) -> str:
        """Say which checkpoints there are, and what may help."""
        kept = [name for name in (STATE, MODEL) if (self._folder / name).exists()]
        return (
            f"{'The last good checkpoint is kept: ' + ', '.join(kept) if kept else 'There is no checkpoint yet'}; "
            "a smaller --lr may help, in another --output"
        )

    def _say_bad(self, step: int, phase: str, name: str, value: float, rows: Tensor) -> str:
        ids = [self._train.examples.ids[row] for row in rows.tolist()]
        named = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if len(ids) > NAMED else "")
        return (
            f"epoch {self._progress.epoch}, step {step}: {name} of phase {phase} is {value}: stopped. "
            f"Pictures of the batch: {named}. {self._kept()}"
        )

    def _validate(self) -> tuple[dict[str, Any], bool]:
        """Return the line of the history of this epoch, and whether it is the best one, which is written then."""
        progress, began = self._progress, time.monotonic()
        truth = self._validation.examples.affect.double().numpy()
        batch = max(1, self._settings.batch_size // self._processes.size)
        found = predicted(self.method, self._validation.pixels, len(truth), batch, self._workers, self._processes)
        try:
            scores = figures(truth, found)
        except ValueError:
            raise ValueError(
                f"epoch {progress.epoch}: what is predicted for the validation split is no number: stopped. "
                f"{self._kept()}"
            ) from None
        ccc = mean_ccc(scores)
        losses = {name: value / self._plan.steps for name, value in progress.sums.items()}
        line = {"epoch": progress.epoch, "losses": losses, "validation": {"ccc": ccc, **scores}}
        progress.history.append(line)
        best = ccc > progress.best_ccc
        if best:
            progress.best_epoch, progress.best_ccc = progress.epoch, ccc
            made = {**self._configuration, "epoch": progress.epoch, "validation_ccc": ccc}
            # Before the state, which says that it is there.
            self._processes.by_the_first(lambda: save_model(self._folder / MODEL, self.method, made))
        progress.seconds += time.monotonic() - began
        return line, best

    def _save(self) -> None:
        random = self._processes.gathered(random_state(self._processes.device))
        state = {
            "settings": asdict(self._settings),
            "progress": asdict(self._progress),
            "model": self.method.state_dict(),
            "optimisers": {phase: optimiser.state_dict() for phase, optimiser in self._optimisers.items()},
            "scaler": self._scaler.state_dict(),
            "random": random,
        }
        self._processes.by_the_first(lambda: save_state(self._folder / STATE, state))

    def _go_on(self, state: Mapping[str, Any]) -> None:
        if state.get("settings") != asdict(self._settings):
            raise ValueError(f"{self._folder / STATE} is of a run by other settings: remove it to begin again")
        try:
            self.method.load_state_dict(state["model"])
            for phase, optimiser in self._optimisers.items():
                optimiser.load_state_dict(state["optimisers"][phase])
            self._scaler.load_state_dict(state["scaler"])
            self._progress = Progress(**state["progress"])
            set_random_state(state["random"][self._processes.rank], self._processes.device)
        except (RuntimeError, LookupError, TypeError, ValueError, AttributeError):
            raise ValueError(
                f"{self._folder / STATE} is of another version of {self._settings.method}: go on with that one, or "
                "remove it to begin again"
            ) from None
