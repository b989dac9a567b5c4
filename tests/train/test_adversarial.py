"""The losses of CAF: worked by hand, their laws, and batches in which they have nothing to say."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import tests.train  # noqa: F401  (one thread)
from tools.train.losses.adversarial import confidences, discriminator_loss, encoder_loss, information, strong_and_weak


def column(*values: float) -> Tensor:
    """Return embeddings of one output."""
    return torch.tensor(values, dtype=torch.float64)[:, None]


def drawn(rows: int, seed: int) -> Tensor:
    """Return embeddings of three outputs."""
    return torch.randn(rows, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_strong_and_weak_lie_on_either_side_of_the_median() -> None:
    """Intensities 1, 0.5, 0, 0.5: the median is 0.5, so that one row is strong and one weak."""
    strong, weak = strong_and_weak(torch.tensor([[-1.0, 0], [0.3, 0.4], [0, 0], [0, -0.5]]))
    assert strong.tolist() == [True, False, False, False]
    assert weak.tolist() == [False, False, True, False]


def test_an_odd_row_lies_on_the_median() -> None:
    """Of five different intensities the third is the median: two rows above it, two below."""
    strong, weak = strong_and_weak(torch.tensor([[0.1, 0], [0, 0.9], [0.5, 0], [-0.3, 0], [0, -0.6]]))
    assert strong.tolist() == [False, True, False, False, True]
    assert weak.tolist() == [True, False, False, True, False]


@pytest.mark.parametrize("affect", [[[0.3, 0.4]], [[0.5, 0], [0, -0.5], [0, 0.5]]])
def test_equal_intensities_are_neither(affect: list[list[float]]) -> None:
    """One row, or rows of the same intensity, give no group."""
    strong, weak = strong_and_weak(torch.tensor(affect))
    assert not strong.any()
    assert not weak.any()


def test_information_worked_by_hand() -> None:
    """s = w = 1: ln p(1|1) = 0 and the other signal is 2 away, exp(-4/0.4) = exp(-10): ln 2 - ln(1 + exp(-10)).

    s = -1, w = 1 is less than nothing, so 0; s = w = 3 would be 4/0.4 + ln 2 - ln(1 + exp(-30)), cut off at 2.5.
    """
    found = information(column(1, -1, 3), column(1, 3))
    assert found[0, 0].item() == pytest.approx(math.log(2) - math.log1p(math.exp(-10)), rel=1e-12)
    assert found[1, 0].item() == 0
    assert found[2, 1].item() == 2.5


def test_information_is_the_mean_over_outputs() -> None:
    """s = (1, 1), w = (1, 0.5): output 1 as above; in output 2 the other signal is 1.5 away: (2.25 - 0.25)/0.4 = 5.

    So ln 2 - ln(1 + exp(-10)) and ln 2 - ln(1 + exp(-5)), halved.
    """
    found = information(torch.tensor([[1, 1]]).double(), torch.tensor([[1, 0.5]]).double())
    expected = math.log(2) - (math.log1p(math.exp(-10)) + math.log1p(math.exp(-5))) / 2
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_information_is_finite_far_away() -> None:
    """Densities that are zero as floats are no quotient of zeros."""
    assert information(torch.full((1, 2), 1e4), torch.full((1, 2), -1e4)).item() == 0
    assert information(torch.full((1, 2), 1e4), torch.full((1, 2), 1e4)).item() == 2.5


def test_confidences_worked_by_hand() -> None:
    """Around 0 lie, of the strong group 0.1, of the weak one 1 and 1.2: shares of the strong group 1, 1/2, 1/3.

    They differ from 1/2 by 1/2, 0, 1/6. With the scale 0.4 the first neighbour decides (1/2 > 0.4): 0.4. With 0.7 none
    does (0.7 > 1/2, 0.7/sqrt(3) > 1/6), so all three count. Around 0.1 it is the same.
    """
    strong, weak = column(0, 0.1), column(1, 1.2)
    assert confidences(strong, weak, 0.4).tolist() == pytest.approx([0.4, 0.4])
    assert confidences(strong, weak, 0.7).tolist() == pytest.approx([0.7 / math.sqrt(3)] * 2)


def test_the_weak_decide_as_well() -> None:
    """The nearest row of 0 and of 5 is the weak one at 0.1: it decides, as a strong one would."""
    assert confidences(column(0, 5), column(0.1), 0.4).tolist() == pytest.approx([0.4, 0.4])


def test_a_share_at_the_bound_does_not_decide() -> None:
    """With the scale 1/2 the first neighbour has 1/2 more than 1/2, not over the bound; nor have two and three."""
    found = confidences(column(0, 0.1), column(1, 1.2), 0.5)
    assert found.tolist() == pytest.approx([0.5 / math.sqrt(3)] * 2)


def test_discriminator_worked_by_hand() -> None:
    """Strong rows at 0 and 1, a weak one at 1.5.

    Near: |0 - 1|^2 = 1, both ways. Far, from 0: the information is 0 and the bound 0.7/sqrt(2), no neighbour deciding,
    less than 1.5^2: 0. From 1: information -0.25/0.4 + 0.25/0.4 + ln 2 - ln(1 + exp(-15)) (the signals are 0.5 and 2.5
    away, 6.25/0.4 - 0.25/0.4 = 15), and the same bound, less 0.25.
    """
    far = math.log(2) - math.log1p(math.exp(-15)) + 0.7 / math.sqrt(2) - 0.25
    constraint = 1 - (1 + far**2 / 2) / 2
    multiplier = torch.tensor(2.0, dtype=torch.float64)
    loss, found = discriminator_loss(column(0, 1), column(1.5), 0.7, multiplier, 10)
    assert found.item() == pytest.approx(constraint, rel=1e-12)
    assert loss.item() == pytest.approx(1 + far / 2 + 2 * constraint + 5 * constraint**2, rel=1e-12)


def test_discriminator_of_two_outputs() -> None:
    """Strong rows at (0, 0) and (0.5, 0.5), 0.5 apart as squares; the weak one at (0.5, 0) is 0.25 from both.

    Information of (0, 0): output 1, from 0 to 0.5, has -0.25/0.4 + 0.25/0.4 + ln 2 - ln(1 + exp(-5)) (the signals are
    0.5 and 1.5 away); output 2 is 0 as it was, 1 from either signal: 1/0.4 = 2.5. Of (0.5, 0.5) it is the same, with
    0.25/0.4 in the other output. No neighbour decides at 0.7, so the bound is 0.7/sqrt(2).
    """
    far = (2.5 + math.log(2) - math.log1p(math.exp(-5))) / 2 + 0.7 / math.sqrt(2) - 0.25
    strong, weak = torch.tensor([[0, 0], [0.5, 0.5]]).double(), torch.tensor([[0.5, 0]]).double()
    loss, constraint = discriminator_loss(strong, weak, 0.7, torch.zeros(()).double(), 0)
    assert constraint.item() == pytest.approx(1 - (0.25 + far**2) / 2, rel=1e-12)
    assert loss.item() == pytest.approx(0.5 + far, rel=1e-12)


def test_encoder_worked_by_hand() -> None:
    """Strong rows have the mean (1, 3), weak ones (2, 1): (|-1| + |2|) / 2; only the weak ones learn."""
    strong = torch.tensor([[0.0, 3], [2, 3]], requires_grad=True)
    weak = torch.tensor([[2.0, 1]], requires_grad=True)
    loss = encoder_loss(strong, weak)
    loss.backward()
    assert loss.item() == 1.5
    assert strong.grad is None
    assert weak.grad is not None
    assert weak.grad.tolist() == [[0.5, -0.5]]


def test_gradients() -> None:
    """What autograd gives is what finite differences give, for both sides and for the multiplier."""
    strong, weak = drawn(4, 0).mul(0.6).requires_grad_(), drawn(3, 1).mul(0.6).requires_grad_()
    multiplier = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert discriminator_loss(strong, weak, 0.7, multiplier, 0.3)[0].item() > 0
    # The neighbours that decide jump where rows change places, which steps of 1e-6 do not do here.
    assert torch.autograd.gradcheck(
        lambda s, w, m: discriminator_loss(s, w, 0.7, m, 0.3)[0], (strong, weak, multiplier)
    )
    assert torch.autograd.gradcheck(lambda w: encoder_loss(strong.detach(), w), (weak,))


def test_order_of_rows_does_not_matter() -> None:
    """Every pair counts, in whatever order the batch came."""
    strong, weak, zero = drawn(5, 0), drawn(4, 1), torch.zeros((), dtype=torch.float64)
    one = discriminator_loss(strong, weak, 0.7, zero, 1e-6)[0]
    other = discriminator_loss(strong.flip(0), weak[[2, 0, 3, 1]], 0.7, zero, 1e-6)[0]
    assert one.item() == pytest.approx(other.item(), rel=1e-12)
    assert encoder_loss(strong.flip(0), weak.flip(0)).item() == pytest.approx(encoder_loss(strong, weak).item())


def test_moving_all_embeddings_leaves_the_encoder_no_way_out() -> None:
    """The encoder's loss knows differences only, and is 0 where both groups look alike."""
    strong, weak = drawn(5, 0), drawn(4, 1)
    assert encoder_loss(strong + 3, weak + 3).item() == pytest.approx(encoder_loss(strong, weak).item())
    assert encoder_loss(strong, strong).item() == 0


@pytest.mark.parametrize("rows", [(1, 1), (1, 3), (2, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_few_and_equal_rows_are_finite(rows: tuple[int, int], dtype: torch.dtype) -> None:
    """A row of each group is enough, even where all embeddings are equal; 16 bits are widened."""
    strong, weak = (torch.zeros(count, 4, dtype=dtype, requires_grad=True) for count in rows)
    loss, _ = discriminator_loss(strong, weak, 0.7, torch.zeros(()), 1e-6)
    (loss + encoder_loss(strong, weak)).backward()
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert weak.grad is not None
    assert weak.grad.isfinite().all()
