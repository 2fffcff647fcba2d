"""LeCam: the discriminator's answers about one kind of example are held near the running mean about the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.dataset import Tensors
from ganbench.regularisers.regulariser import Answers, Loss, Regulariser


@dataclass(frozen=True)
class LeCam(Regulariser):
    """Adds ``weight * (E[(D(x) - fake)^2] + E[(D(G(z)) - real)^2])`` to the discriminator's loss.

    ``real`` and ``fake`` are running means of the discriminator's answers about either kind. They begin at 0 and move
    once in a training step, by the generator's batch, before its step.

    It is the paper's equation. The authors' code differs: there an answer counts only on one side (``D(x)`` above
    ``fake``, ``D(G(z))`` below ``real``), the means move at every step of the discriminator, by its own batch, and
    their start is forgotten (StyleGAN2) or the term waits for a thousand steps (BigGAN).

    Parameters
    ----------
    weight
        Of the term; the paper's value for CIFAR.
    decay
        Of the running means.

    References
    ----------
    Tseng et al., Regularizing Generative Adversarial Networks under Limited Data, 2021, section 3.2.
    arXiv:2104.03310

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> means = {"lecam_real": torch.tensor(0.5), "lecam_fake": torch.tensor(0.0)}
    >>> b = Batch({"x": torch.ones(2), "z": torch.zeros(2)} | means)
    >>> nets = Net.of(nn.Identity()), Net.of(nn.Identity())
    >>> LeCam(weight=1.0).discriminator_loss(lambda G, D, b: D(G(b.z)).mean() - D(b.x).mean(), *nets, b).item()
    0.25
    """

    weight: float = 0.3
    decay: float = 0.99

    name: ClassVar[str] = "lecam"
    paper: ClassVar[str] = (
        "Tseng et al., Regularizing Generative Adversarial Networks under Limited Data, 2021. arXiv:2104.03310"
    )
    claim: ClassVar[str] = "Holding the discriminator's answers near running means makes training with few data robust."
    reads: ClassVar[tuple[str, ...]] = ("real", "fake")

    def __post_init__(self) -> None:
        self.require(self.weight >= 0, "weight", "0 or more")
        self.require(0 <= self.decay < 1, "decay", "in [0, 1)")

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        answers = Answers(loss, G, D, b)
        real, fake = answers.of("real").output, answers.of("fake").output
        far = (real - b.lecam_fake).square().mean() + (fake - b.lecam_real).square().mean()
        return answers.value + self.weight * far

    def initial_state(self, G: Net, D: Net) -> Tensors:
        start = next(iter(D.weights.values())).new_zeros(())
        return {"lecam_real": start, "lecam_fake": start}

    def next_state(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensors:
        answers = Answers(loss, G, D, b)
        real, fake = (answers.of(kind).output.mean() for kind in ("real", "fake"))
        return {
            "lecam_real": self.decay * b.lecam_real + (1 - self.decay) * real,
            "lecam_fake": self.decay * b.lecam_fake + (1 - self.decay) * fake,
        }
