"""What each of the three elaborate methods adds to the regression, and when."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor
from torch.nn import Dropout, Sequential

from tests.train import Small, noise
from tools.train.encoders import Encoder
from tools.train.losses.adversarial import discriminator_loss, encoder_loss, strong_and_weak
from tools.train.losses.agreement import regression
from tools.train.losses.transport import identity_shift, without_shift
from tools.train.losses.views import metric_regularity, similarity, sparsemax
from tools.train.methods import AVCE, CAF, ELIM


def test_caf_adds_the_adversarial_loss_by_its_weight() -> None:
    """The encoder's loss is regression + 0.1 times the distance between what the discriminator sees in both groups."""
    torch.manual_seed(0)
    method, batch = CAF(Small()).eval(), noise(6)
    strong, weak = strong_and_weak(batch.affect)
    seen = method.discriminator(method.encoder(batch.images))
    adversarial = encoder_loss(seen[strong], seen[weak])
    expected = regression(method(batch.images), batch.affect)["loss"] + 0.1 * adversarial
    losses = method.losses("encoder", batch)
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses["adversarial"].item() == pytest.approx(adversarial.item(), rel=1e-6)


def test_caf_moves_weak_rows_only() -> None:
    """The adversarial loss has a slope by the features of weak rows, and none by those of strong ones."""
    torch.manual_seed(0)
    batch, slopes = noise(6), []
    strong, weak = strong_and_weak(batch.affect)
    method = CAF(Small(), adversarial=1.0).eval()
    plain = CAF(Small(), adversarial=0.0).eval()
    plain.load_state_dict(method.state_dict())
    for of in (method, plain):
        features = torch.ones(6, 16, requires_grad=True)
        of.encoder = Given(features + torch.eye(6, 16))
        of.losses("encoder", batch)["loss"].backward()
        assert features.grad is not None
        slopes.append(features.grad)
    moved = (slopes[0] - slopes[1]).abs().amax(1) > 1e-6
    assert moved[weak].all()
    assert not moved[strong].any()


def test_caf_sets_strong_rows_apart_from_weak_ones() -> None:
    """The discriminator's loss is that of the embeddings of both groups, by the multiplier as it was before."""
    torch.manual_seed(0)
    method, batch = CAF(Small()).eval(), noise(7)
    method.multiplier.fill_(0.3)
    strong, weak = strong_and_weak(batch.affect)
    seen = method.discriminator(method.encoder(batch.images))
    expected, constraint = discriminator_loss(seen[strong], seen[weak], 0.7, torch.tensor(0.3), 1e-6)
    losses = method.losses("discriminator", batch)
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses["constraint"].item() == pytest.approx(constraint.item(), rel=1e-6)


def test_caf_moves_its_multiplier() -> None:
    """Each step of the discriminator adds penalty times constraint, and the next loss feels it, not its own."""
    torch.manual_seed(0)
    method, batch = CAF(Small(), penalty=0.5), noise(6)
    still = CAF(Small(), penalty=0.0)
    still.load_state_dict(method.state_dict())
    method.discriminator[2] = still.discriminator[2] = Dropout(0.0)
    expected = 0.0
    for _ in range(3):
        losses, plain = (of.losses("discriminator", batch) for of in (method, still))
        c = losses["constraint"].item()
        assert losses["loss"].item() == pytest.approx(plain["loss"].item() + expected * c + 0.25 * c**2, rel=1e-5)
        expected += 0.5 * c
        assert losses["multiplier"].item() == pytest.approx(expected, rel=1e-6)
    assert method.state_dict()["multiplier"].item() == pytest.approx(expected, rel=1e-6)


def test_caf_without_strong_rows_is_regression() -> None:
    """Where no row is stronger than another the discriminator has nothing to learn, nor the encoder from it."""
    torch.manual_seed(0)
    method, batch = CAF(Small()).eval(), noise(4)
    batch = dataclasses.replace(batch, affect=torch.full_like(batch.affect, 0.5))
    assert method.losses("discriminator", batch)["loss"].item() == 0
    losses = method.losses("encoder", batch)
    assert losses["loss"].item() == regression(method(batch.images), batch.affect)["loss"].item()
    assert "adversarial" not in losses


def test_avce_takes_the_contrast_off_and_adds_the_regularity() -> None:
    """loss = regression - 0.0256 contrast + metric; the regression's parts are those of the Baseline."""
    torch.manual_seed(0)
    method, batch = AVCE(Small()).eval(), noise(6)
    parts, losses = regression(method(batch.images), batch.affect), method.losses("regression", batch)
    expected = parts["loss"] - 0.0256 * losses["contrast"] + losses["metric"]
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses["mse"].item() == parts["mse"].item()


def test_avce_contrasts_the_sparse_view_with_the_dense_one() -> None:
    """p is how like the sparse view's prediction, halved, is to that of the whole, q that of the dense view's.

    J = E[p] - 0.5 E[q] - 0.005/2 E[p^2] - 0.5/2 E[q^2], and the regularity is that of the three embeddings.
    """
    torch.manual_seed(0)
    method, batch = AVCE(Small()).eval(), noise(6)
    whole = 3 * method.bottleneck(method.encoder(batch.images)).detach()  # so that sparse and dense differ
    views, predicted = (sparsemax(whole), whole.softmax(1)), method.head(whole)
    p, q = (similarity(method.view_head(view) / 2, predicted, 0.8, 0.1).double() for view in views)
    contrast = (p - 0.5 * q - 0.0025 * p**2 - 0.25 * q**2).mean()
    sparse, dense = (method.metric_head(view) for view in views)
    metric = metric_regularity(method.metric_head(whole), sparse, dense, 0.01)
    method.bottleneck = Sequential()
    method.encoder = Given(whole)
    losses = method.losses("regression", batch)
    assert losses["contrast"].item() == pytest.approx(contrast.item(), rel=1e-6)
    assert losses["metric"].item() == pytest.approx(metric.item(), rel=1e-6)
    assert abs(p - q).min() > 1e-4  # or it would not matter which is which


class Given(Encoder):
    """An encoder whose features are given."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features, self.width = features, features.shape[1]

    def forward(self, images: Tensor) -> Tensor:
        return self.features


def test_elim_matches_identities_with_two_rows_at_least() -> None:
    """Of identities 0 0 1 1 1 2 the first two take part; of all different ones, or one alone, none do."""
    torch.manual_seed(0)
    method = ELIM(Small())
    groups = method._groups(torch.tensor([0, 0, 1, 1, 1, 2]))
    assert sorted(rows.tolist() for rows in groups) == [[0, 1], [2, 3, 4]]
    for identity in ([0, 1, 2], [5, 5, 5], [0, 0, 1]):
        assert method._groups(torch.tensor(identity)) == []
    assert len(method._groups(torch.arange(20) // 2)) == 5
    firsts = {method._groups(torch.tensor([0, 0, 1, 1]))[0].tolist()[0] for _ in range(50)}
    assert firsts == {0, 2}  # either is the reference now and then


def test_elim_without_pairs_is_regression() -> None:
    """Where each picture is of its own identity there is nothing to match, which the log says."""
    torch.manual_seed(0)
    method, batch = ELIM(Small(), quiet=0).eval(), noise(4, identities=4)
    losses = method.losses("regression", batch)
    assert losses["loss"].item() == regression(method(batch.images), batch.affect)["loss"].item()
    assert losses["identities"].item() == 0
    assert "matching" not in losses


def test_elim_adds_the_error_without_shift() -> None:
    """At full warmth: regression + 2.5 times the mean over identities of the squared error, the reference as it is."""
    torch.manual_seed(0)
    method, batch = ELIM(Small(), quiet=0, warm=1).eval(), noise(6, identities=2)
    method.steps += 1
    groups = method._groups(batch.identity)
    latent = method.latent(method.encoder(batch.images))
    reference, target = latent[groups[0]], latent[groups[1]]
    left = without_shift(target, identity_shift(reference, target, 0.2, 5))
    errors = [
        (method.head(rows) - batch.affect[at]).square().mean()
        for rows, at in zip((reference, left), groups, strict=True)
    ]
    losses = method.losses("regression", batch)
    expected = regression(method(batch.images), batch.affect)["loss"] + 2.5 * torch.stack(errors).mean()
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses["identities"].item() == 2


def test_elim_warms_up() -> None:
    """Nothing is matched at first, then the weight grows as the steps do, then it is one."""
    method = ELIM(Small(), quiet=2, warm=8)
    found = []
    for _ in range(10):
        found.append(method._warmth().item())
        method.losses("regression", noise(4))
    assert found == pytest.approx([0, 0, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8, 1, 1])
    assert ELIM(Small())._warmth().item() == 0


def test_elim_keeps_the_statistics_of_features_as_they_are() -> None:
    """What has its shift taken off does not enter the running statistics, by which predictions are made."""
    matched, plain = (ELIM(Small(), dropout=0.0, quiet=quiet) for quiet in (0, 1000))
    plain.load_state_dict(matched.state_dict())
    for method, identities in ((matched, 2), (plain, 6)):
        method.losses("regression", noise(6, identities=identities))
    for name, value in matched.named_buffers():
        assert torch.equal(value, plain.get_buffer(name)), name
