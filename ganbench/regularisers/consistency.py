"""CR and bCR: the discriminator is to say of a mirrored and moved image what it says of the image itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.baseline import Batch, Draw, Net, uniform
from ganbench.dataset import Space
from ganbench.regularisers import images
from ganbench.regularisers.regulariser import Answers, Loss, Regulariser, function_of


@dataclass(frozen=True)
class Consistency(Regulariser):
    """A penalty on the squared difference between the answers about an image and about another view of it.

    A view is mirrored, left to right, half of the time and moved by up to an eighth of either side, 4 pixels of 32;
    zeros come in, which are mid-grey.
    """

    images: ClassVar[bool] = True

    @property
    def weights(self) -> dict[str, float]:
        """Of the penalty, by the kind of images that it is about."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {f"{self.name}_draws": uniform(len(self.reads), 3)}

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        answers, draws = Answers(loss, G, D, b), getattr(b, f"{self.name}_draws")
        total = answers.value
        for place, (kind, weight) in enumerate(self.weights.items()):
            answer = answers.of(kind)
            view = images.view(answer.x, *draws[: len(answer.x), place].to(answer.x.dtype).unbind(1))
            total = total + weight * (answer.output - function_of(D, answer)(view)).square().mean()
        return total


@dataclass(frozen=True)
class CR(Consistency):
    """Adds ``weight * E[(D(x) - D(T(x)))^2]`` at real images to the discriminator's loss; D's answers are logits.

    T mirrors and moves, as in the paper; it does not say what comes in at the edges: here mid-grey.

    Parameters
    ----------
    weight
        Of the penalty; the paper's value.

    References
    ----------
    Zhang et al., Consistency Regularization for Generative Adversarial Networks, 2020, Algorithm 1.
    arXiv:1910.12027

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> G, D = Net.of(nn.Identity()), Net.of(nn.Flatten(0))
    >>> b = Batch({"x": torch.ones(1, 1, 1, 1), "z": torch.zeros(1), "cr_draws": torch.full((1, 1, 3), 0.5)})
    >>> CR().discriminator_loss(lambda G, D, b: D(b.x).mean(), G, D, b).item()
    1.0
    """

    weight: float = 10.0

    name: ClassVar[str] = "cr"
    paper: ClassVar[str] = (
        "Zhang et al., Consistency Regularization for Generative Adversarial Networks, 2020. arXiv:1910.12027"
    )
    claim: ClassVar[str] = "Holding the discriminator's answers still under small changes of real images improves FID."
    reads: ClassVar[tuple[str, ...]] = ("real",)

    def __post_init__(self) -> None:
        self.require(self.weight >= 0, "weight", "0 or more")

    @property
    def weights(self) -> dict[str, float]:
        return {"real": self.weight}


@dataclass(frozen=True)
class BCR(Consistency):
    """Adds ``real * E[(D(x) - D(T(x)))^2] + fake * E[(D(G(z)) - D(T(G(z))))^2]`` to the discriminator's loss.

    Balanced consistency: generated images are treated as real ones are, so that the generator is not taught to imitate
    the changes. Each image has a view of its own.

    Parameters
    ----------
    real, fake
        Weights of the penalty at either kind of images; the paper's values.

    References
    ----------
    Zhao et al., Improved Consistency Regularization for GANs, 2021, Algorithm 1. arXiv:2002.04724
    """

    real: float = 10.0
    fake: float = 10.0

    name: ClassVar[str] = "bcr"
    paper: ClassVar[str] = "Zhao et al., Improved Consistency Regularization for GANs, 2021. arXiv:2002.04724"
    claim: ClassVar[str] = "Consistency at generated images too keeps marks of the changes out of the samples."
    reads: ClassVar[tuple[str, ...]] = ("real", "fake")

    def __post_init__(self) -> None:
        for name in ("real", "fake"):
            self.require(getattr(self, name) >= 0, name, "0 or more")

    @property
    def weights(self) -> dict[str, float]:
        return {"real": self.real, "fake": self.fake}
