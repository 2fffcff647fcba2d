"""Top-k: the generator learns from those of its samples alone that the discriminator thinks most real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.regularisers.regulariser import Answers, Loss, Regulariser

PARTS = 100  # of the training; in each of them fewer samples count


@dataclass(frozen=True)
class TopK(Regulariser):
    """In the generator's loss only the k highest answers about its samples have a gradient, each n/k of its own.

    So a loss that is a mean over samples has the gradient of the mean over the best k; its value is that of all. k is
    the batch's size at first and ``gamma`` times as large in each hundredth of the training (in the paper in each
    epoch, which streamed data do not have), down to the share ``least`` of the batch.

    Parameters
    ----------
    gamma
        By which k falls; the paper's value.
    least
        Share of the batch at which k stays.

    References
    ----------
    Sinha et al., Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad Samples, 2020.
    arXiv:2002.06224

    Examples
    --------
    >>> import torch
    >>> answers = torch.tensor([1.0, 4.0, 3.0, 2.0], requires_grad=True)
    >>> best = TopK(least=0.5).best(answers, Batch({"progress": torch.tensor(0.99)}))
    >>> torch.autograd.grad(best.mean(), answers)[0].tolist()
    [0.0, 0.5, 0.5, 0.0]
    """

    gamma: float = 0.99
    least: float = 0.75

    name: ClassVar[str] = "topk"
    paper: ClassVar[str] = (
        "Sinha et al., Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad Samples, 2020. "
        "arXiv:2002.06224"
    )
    claim: ClassVar[str] = "Dropping the gradients of the samples that look least real improves samples at no cost."
    steers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("gamma", "least"):
            self.require(0 < getattr(self, name) <= 1, name, "in (0, 1]")

    def generator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        return Answers(loss, G, D, b, lambda output: self.best(output, b)).value

    def best(self, output: Tensor, b: Batch) -> Tensor:
        """Return the same answers, of which the best k alone have a gradient."""
        n = len(output)
        k = (n * (self.gamma ** (PARTS * b.progress)).clamp(min=self.least)).floor().clamp(min=1)
        rank = output.argsort(descending=True, stable=True).argsort()
        weight = (rank < k).to(output.dtype) * (n / k).to(output.dtype)
        held = output.detach()
        return held + weight * (output - held)
