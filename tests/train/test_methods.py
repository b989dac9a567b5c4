"""What holds for each of the four methods: what a loop may rely on, and that each of them learns."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.environments import ROOT
from tests.train import Small, noise
from tools.train.encoders import ENCODERS, encoder
from tools.train.losses.agreement import ccc, regression
from tools.train.methods import METHODS, Batch, Method, elim


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the wide layer of ELIM one of 512, not 10,240: what is tested here does not depend on it, but takes long."""
    monkeypatch.setattr(elim, "WIDE", 512)


every_method = pytest.mark.parametrize("name", list(METHODS))


def made(name: str, seed: int = 0, **settings: float) -> Method:
    """Return a method with the small encoder, its weights drawn from a seed."""
    torch.manual_seed(seed)
    return METHODS[name](Small(), **settings)


def steps(method: Method, batches: list[Batch], rate: float = 1e-3) -> list[dict[str, float]]:
    """Train as a loop does, an optimiser for each phase, and return what was logged."""
    optimisers = {phase: method.optimiser(phase, rate) for phase in method.phases}
    logged = []
    for batch in batches:
        for phase, optimiser in optimisers.items():
            optimiser.zero_grad()
            losses = method.losses(phase, batch)
            losses["loss"].backward()
            optimiser.step()
            logged.append({key: value.item() for key, value in losses.items()})
    return logged


@every_method
def test_interface(name: str) -> None:
    """Predictions (n, 2); each phase has parameters, an optimisation and a loss; together they change everything."""
    method, batch = made(name), noise(6)
    assert method(batch.images).shape == (6, 2)
    assert set(method.optimisation) == set(method.phases)
    changed = set()
    for phase in method.phases:
        changed |= {id(value) for value in method.parameters_of(phase)}
        losses = method.losses(phase, batch)
        assert all(value.shape == () for value in losses.values())
        assert not [key for key, value in losses.items() if key != "loss" and value.requires_grad]
    assert changed == {id(value) for value in method.parameters()}


@every_method
def test_a_phase_gives_gradients_to_its_own_parameters_only(name: str) -> None:
    """What one phase changes gets all of its gradient and nothing else gets any, so that none is left for the next."""
    method, batch = made(name), noise(8)
    for phase in method.phases:
        method.zero_grad()
        method.losses(phase, batch)["loss"].backward()
        own = {id(value) for value in method.parameters_of(phase)}
        assert {id(value) for value in method.parameters() if value.grad is not None} == own


@every_method
def test_the_same_seed_gives_the_same_weights_and_losses(name: str) -> None:
    """Two runs after the same seed are equal to the bit, dropout and the choice of identities included."""
    runs = []
    for _ in range(2):
        method = made(name, seed=3, **({"quiet": 0} if name == "elim" else {}))
        runs.append((steps(method, [noise(9, seed=k) for k in range(4)]), method.state_dict()))
    assert runs[0][0] == runs[1][0]
    assert all(torch.equal(value, runs[1][1][key]) for key, value in runs[0][1].items())


@every_method
def test_a_state_dict_holds_all(name: str) -> None:
    """With the weights of a state dict and the state of the generator, another object goes on to the bit."""
    first = made(name, **({"quiet": 1} if name == "elim" else {}))
    steps(first, [noise(9)])
    second = made(name, seed=9, **({"quiet": 1} if name == "elim" else {}))
    second.load_state_dict(first.state_dict())
    state = torch.get_rng_state()
    one = steps(first, [noise(9, seed=k) for k in (1, 2)])
    torch.set_rng_state(state)
    assert one == steps(second, [noise(9, seed=k) for k in (1, 2)])


def level(batch: Batch) -> Batch:
    """Return the batch with the same truth in every row."""
    return dataclasses.replace(batch, affect=torch.full_like(batch.affect, 0.3))


def alone(batch: Batch) -> Batch:
    """Return the batch with an identity of its own for every row."""
    return dataclasses.replace(batch, identity=torch.arange(len(batch.identity)))


HARD: dict[str, Callable[[], Batch]] = {
    "one row": lambda: noise(1),
    "two rows": lambda: noise(2),
    "equal truths": lambda: level(noise(6)),
    "equal pictures": lambda: dataclasses.replace(noise(6), images=torch.zeros(6, 3, 16, 16)),
    "each its own identity": lambda: alone(noise(6)),
    "one identity": lambda: noise(6, identities=1),
}


@every_method
@pytest.mark.parametrize("case", list(HARD))
@pytest.mark.parametrize("dtype", [None, torch.bfloat16, torch.float16], ids=str)
def test_hard_batches_are_finite(name: str, case: str, dtype: torch.dtype | None) -> None:
    """Loss and gradients are finite, in full and in mixed precision, and the loss is of 32 bits."""
    method, batch = made(name, **({"quiet": 0, "warm": 1} if name == "elim" else {})), HARD[case]()
    for phase in method.phases * 2:
        method.zero_grad()
        with torch.autocast("cpu", dtype=dtype or torch.bfloat16, enabled=dtype is not None):
            losses = method.losses(phase, batch)
        losses["loss"].backward()
        assert losses["loss"].dtype == torch.float32
        assert all(value.isfinite() for value in losses.values()), losses
        if (name, case, dtype) == ("elim", "equal pictures", torch.float16):
            continue  # batch norm of equal rows: the gradient passes 65,504, which loss scaling finds and skips
        assert all(value.grad.isfinite().all() for value in method.parameters() if value.grad is not None)


@every_method
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_found_in_a_loss(name: str, bad: float) -> None:
    """Features that are none end in a loss that is none, where a loop finds it, and not in an error of an index."""
    method, batch = made(name, **({"quiet": 0} if name == "elim" else {})), noise(9)
    batch.images[3] = bad
    found = [method.losses(phase, batch)["loss"].isfinite().item() for phase in method.phases]
    assert not all(found)


@every_method
def test_the_optimisers_move_what_is_of_their_phase(name: str) -> None:
    """Each parameter once, at the published rate or the given one; of ELIM the layers behind what is matched slower."""
    method = made(name)
    for phase in method.phases:
        published = method.optimisation[phase]
        for rate, expected in ((None, published.rate), (1.0, 1.0)):
            optimiser = method.optimiser(phase, rate)
            rates = {of: group["lr"] for group in optimiser.param_groups for of in group["params"]}
            assert sum(len(group["params"]) for group in optimiser.param_groups) == len(rates)
            assert set(rates) == set(method.parameters_of(phase))
            slow = set(method.get_submodule("head").parameters()) if name == "elim" else set()
            assert rates == {of: expected / 4 if of in slow else expected for of in rates}
            assert {group["betas"] for group in optimiser.param_groups} == {published.betas}
    with pytest.raises(ValueError, match="has no phase 'other'; it has"):
        method.optimiser("other")


@every_method
def test_eight_pictures_are_learned_by_heart(name: str) -> None:
    """Every method fits eight pictures of four identities: concordance above 0.95, from below 0.5, in 150 steps."""
    learn_by_heart(name, 150, 3e-3)


def test_elim_of_the_published_width_learns_by_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10,240 weights of a sum, which a step of Adam all moves, at a smaller rate."""
    monkeypatch.setattr(elim, "WIDE", 10_240)
    learn_by_heart("elim", 100, 3e-4)


def learn_by_heart(name: str, count: int, rate: float) -> None:
    """Train with eight pictures, and assert that they are not known before and are known then."""
    warming = {"quiet": 2, "warm": 20} if name == "elim" else {}
    method, batch = made(name, dropout=0.0, **warming), noise(8, identities=4, seed=5)

    def agreement() -> Tensor:
        method.eval()
        with torch.no_grad():
            found = ccc(method(batch.images), batch.affect)
        method.train()
        return found

    assert (agreement() < 0.5).all()
    logged = steps(method, [batch] * count, rate)
    assert (agreement() > 0.95).all()
    assert all(math.isfinite(value) for losses in logged for value in losses.values())


@every_method
@pytest.mark.parametrize("network", list(ENCODERS))
def test_a_real_encoder_at_full_size(name: str, network: str) -> None:
    """With each encoder and two pictures of 224 pixels a step is taken, and predictions are there."""
    torch.manual_seed(0)
    method, batch = METHODS[name](encoder(network)), noise(2, side=224)
    before = {key: value.clone() for key, value in method.state_dict().items() if key.startswith("encoder")}
    steps(method, [batch])
    assert any(not torch.equal(value, method.state_dict()[key]) for key, value in before.items())
    assert method.eval()(batch.images).isfinite().all()


@every_method
def test_nothing_is_made_on_another_device(name: str) -> None:
    """The device follows the inputs: nothing is made on the default device, here one without data."""
    method, batch = made(name, **({"quiet": 0} if name == "elim" else {})), noise(9)
    with torch.device("meta"):
        for phase in method.phases:
            losses = method.losses(phase, batch)
            assert {value.device.type for value in losses.values()} == {"cpu"}


def sources() -> Iterator[Path]:
    """Yield the modules of encoders, losses and methods."""
    yield from (ROOT / "tools" / "train").rglob("*.py")


def test_no_module_names_a_device() -> None:
    """No module calls CUDA or chooses a device by name."""
    for file in sources():
        if {"losses", "methods"} & set(file.parts) or file.name == "encoders.py":
            assert not re.search(r"cuda|\bmps\b", file.read_text(encoding="utf-8"), re.IGNORECASE), file


@every_method
def test_without_training_nothing_is_counted(name: str) -> None:
    """In evaluation the losses of a batch are the same each time, and the state stays as it is."""
    method, batch = made(name).eval(), noise(6)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    for phase in method.phases:
        one, other = (method.losses(phase, batch) for _ in range(2))
        assert {key: value.item() for key, value in one.items()} == {key: value.item() for key, value in other.items()}
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


@every_method
def test_order_of_rows_does_not_matter(name: str) -> None:
    """In evaluation, the loss is that of a set of rows."""
    method, batch = made(name, **({"quiet": 0} if name == "elim" else {})).eval(), noise(9)
    order = torch.tensor([4, 2, 8, 0, 6, 1, 7, 3, 5])
    mixed = Batch(*(getattr(batch, field.name)[order] for field in dataclasses.fields(Batch)))
    for phase in method.phases:
        values = []
        for rows in (batch, mixed):
            torch.manual_seed(0)
            values.append(method.losses(phase, rows)["loss"].item())
        assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_baseline_minimises_the_loss_of_regression() -> None:
    """Its loss is that of its predictions, and nothing else."""
    method, batch = made("baseline").eval(), noise(6)
    expected = regression(method(batch.images), batch.affect)["loss"]
    assert method.losses("regression", batch)["loss"].item() == expected.item()


@every_method
def test_what_is_not_there_is_said(name: str) -> None:
    """A setting or a phase that a method does not have is named, with those that it has."""
    title = METHODS[name].__name__
    with pytest.raises(ValueError, match=rf"^{title} has no setting 'depth'; it has dropout.*$"):
        made(name, depth=3)
    for value in (-0.1, math.nan, True):
        with pytest.raises(ValueError, match=rf"^{title}: dropout: expected a number from 0 \(got {value!r}\)$"):
            made(name, dropout=value)
    if name == "elim":
        with pytest.raises(ValueError, match=r"^ELIM: identities: expected a whole number from 0 \(got 5\.0\)$"):
            made(name, identities=5.0)
    with pytest.raises(
        ValueError, match=rf"^{title} has no phase 'warming'; it has {', '.join(METHODS[name].phases)}$"
    ):
        made(name).losses("warming", noise(2))
    with pytest.raises(ValueError, match="has no phase 'warming'"):
        list(made(name).parameters_of("warming"))
