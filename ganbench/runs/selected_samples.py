"""Samples that the trained discriminator selects: rejection (DRS) and Metropolis-Hastings chains (MH-GAN).

Both read a ratio of densities, data over samples, from the discriminator's answers. Training seldom leaves these at
their optimum, so they are calibrated: a logistic regression on examples that were never trained on, and on samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbench._util.streams import stream
from ganbench.baseline import some
from ganbench.errors import BadInput
from ganbench.training.sampler import ROWS, Sampler
from ganbench.training.trainer import Trainer

SamplerName = Literal["plain", "drs", "mh"]

REAL = 2000  # examples of the calibration, at most
FAKE = 10_000  # samples from which the largest ratio is estimated, as in DRS's paper
QUANTILE = 0.8  # of the samples, which is accepted half of the time
PATIENCE = 2000  # rejections in a row after which a sample is given up
CHAIN = 640  # proposals of a chain, as in MH-GAN's paper

Samples = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LogRatio:
    """The calibrated logarithm of the ratio of densities, data over samples, as a function of the answers."""

    scale: float
    offset: float

    @classmethod
    def fitted(cls, real: Tensor, fake: Tensor) -> LogRatio:
        """Return the logistic regression of what is real on the answers.

        Targets a little inside of 0 and 1 keep the scale finite where the answers separate the two. Both kinds weigh
        the same, however many there are of each.

        Parameters
        ----------
        real, fake
            Answers to examples and to samples, (n,) and (m,).

        References
        ----------
        Platt, Probabilistic Outputs for Support Vector Machines, 1999, section 2.2, for the targets

        Examples
        --------
        >>> real, fake = torch.tensor([0.0, 1.0, 1.0, 1.0]), torch.tensor([0.0, 0.0, 0.0, 1.0])
        >>> ratio = LogRatio.fitted(real.repeat(1000), fake.repeat(1000))
        >>> round(ratio(torch.tensor(1.0)).exp().item(), 2)  # three of four real ones, one of four fake ones
        3.0
        """
        x = torch.cat([real, fake]).double()
        sure = [(len(each) + 1) / (len(each) + 2) for each in (real, fake)]
        target = torch.cat([x.new_full(real.shape, sure[0]), x.new_full(fake.shape, 1 - sure[1])])
        weight = torch.cat([x.new_full(each.shape, 0.5 / len(each)) for each in (real, fake)])

        def loss(numbers: Any) -> tuple[float, Any]:
            logits = numbers[0] * x + numbers[1]
            rest = weight * (logits.sigmoid() - target)
            value = binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")
            return value.item(), [(rest * x).sum().item(), rest.sum().item()]

        scale, offset = minimize(loss, [0.0, 0.0], jac=True, method="BFGS").x
        return cls(float(scale), float(offset))

    def __call__(self, answers: Tensor) -> Tensor:
        return self.scale * answers.double() + self.offset


class Selection:
    """Selected samples of one trained seed; sample i depends on the seeds and on i alone.

    Parameters
    ----------
    sampler
        Of one seed.
    trainer
        With the discriminator of that seed.
    noise_seed
        Of the draws, as of ``Sampler.draw``.

    Raises
    ------
    BadInput
        For a baseline without a discriminator, or with one that judges no example by itself.
    """

    def __init__(self, sampler: Sampler, trainer: Trainer, noise_seed: int) -> None:
        self.sampler, self.trainer, self.noise_seed = sampler, trainer, noise_seed
        self.seed, baseline = sampler.seeds[0], trainer.baseline
        if not baseline.d_steps:
            raise BadInput(f"{type(baseline).__name__} has no discriminator that could select samples")
        real = self.answers(*some(trainer.data.control, REAL, stream(self.seed, "selection", "real")))
        chunks = range(-(-FAKE // ROWS))
        fake = torch.cat([self.answers(*self.proposals(chunk, "calibration")) for chunk in chunks])
        self.log_ratio = LogRatio.fitted(real, fake)
        self.real, self.fake = self.log_ratio(real), self.log_ratio(fake)

    def draw(self, n: int, labels: Tensor | None, how: SamplerName) -> Samples:
        """Return selected samples, (n, *shape), and their labels, (n,)."""
        select = self.chained if how == "mh" else self.first_accepted
        parts = []
        for start in range(0, n, ROWS):
            asked = None if labels is None else labels[start : start + ROWS]
            parts.append(select(start // ROWS, min(ROWS, n - start), asked))
        x, y = (torch.cat(each) for each in zip(*parts, strict=True))
        return x, y

    def first_accepted(self, chunk: int, rows: int, labels: Tensor | None) -> Samples:
        """Discriminator rejection sampling: each sample is the first of its proposals that is accepted.

        A proposal whose log ratio is l, where the largest of many samples is M, is accepted with the probability
        sigmoid(F - gamma), F = l - M - log(1 - exp(l - M)). With gamma = 0 and a right ratio, samples have the data's
        density, and few proposals are accepted; here gamma is the ``QUANTILE`` of F among samples.

        References
        ----------
        Azadi et al., Discriminator Rejection Sampling, 2019, equation 8 and section 3.3. arXiv:1810.06758
        """
        largest = self.fake.max()
        gamma = acceptance(self.fake, largest).quantile(QUANTILE)
        _, y = self.proposals(chunk, "sample", labels)
        waiting = torch.arange(rows)
        kept: Tensor | None = None
        for attempt in range(PATIENCE):
            x, _ = self.proposals(chunk, attempted(attempt), y)
            kept = x.clone() if kept is None else kept
            logits = acceptance(self.log_ratio(self.answers(x, y)), largest) - gamma
            accepted = (self.uniform(chunk, attempted(attempt)) < logits.sigmoid())[waiting]
            kept[waiting[accepted]] = x[waiting[accepted]]
            waiting = waiting[~accepted]
            if not len(waiting):
                return kept[:rows], y[:rows]
        raise BadInput(f"drs: a sample had none of {PATIENCE} proposals accepted; expected mh or plain")

    def chained(self, chunk: int, rows: int, labels: Tensor | None) -> Samples:
        """Metropolis-Hastings: a chain of samples for each, which ends with the last one that was accepted.

        A chain begins with a real example that was never trained on, and moves with the probability of the proposal's
        ratio over the present one's, at most 1. One that never moved begins again, with a sample.

        References
        ----------
        Turner et al., Metropolis-Hastings Generative Adversarial Networks, 2019, Algorithm 1. arXiv:1811.11357
        """
        kept, y = self.proposals(chunk, "sample", labels)
        now = self.real[(self.uniform(chunk, "start") * len(self.real)).long()]
        stuck = ~self.walk(chunk, kept, y, now, range(CHAIN), torch.ones(ROWS, dtype=torch.bool))
        if bool(stuck[:rows].any()):
            x, _ = self.proposals(chunk, attempted(CHAIN), y)
            kept[stuck], now[stuck] = x[stuck], self.log_ratio(self.answers(x, y))[stuck]
            self.walk(chunk, kept, y, now, range(CHAIN + 1, 2 * CHAIN), stuck)
        return kept[:rows], y[:rows]

    def walk(self, chunk: int, kept: Tensor, y: Tensor, now: Tensor, attempts: range, chains: Tensor) -> Tensor:
        """Move some ``chains`` of a chunk on, in place; return which have moved."""
        moved = torch.zeros_like(chains)
        for attempt in attempts:
            x, _ = self.proposals(chunk, attempted(attempt), y)
            proposed = self.log_ratio(self.answers(x, y))
            accepted = chains & (self.uniform(chunk, attempted(attempt)).log() < proposed - now)
            kept[accepted], now[accepted] = x[accepted], proposed[accepted]
            moved |= accepted
        return moved

    def proposals(self, chunk: int, purpose: str, labels: Tensor | None = None) -> Samples:
        """Return the samples of a chunk, (ROWS, *shape), and their labels, (ROWS,)."""
        x, y = self.sampler.chunk(chunk, self.noise_seed, labels, purpose)
        return x[0], y[0]

    def answers(self, x: Tensor, y: Tensor) -> Tensor:
        """Return how real the discriminator finds examples, (n,); raises BadInput where it judges none by itself."""
        state, net = self.trainer.state["D"], self.trainer.updates.stacked["D"]
        D = net.net(state["weights"][0], {name: buffer[0] for name, buffer in state["buffers"].items()})
        device, parts = self.trainer.device, []
        for own, labels in zip(x.split(ROWS), y.split(ROWS), strict=True):
            with torch.no_grad():
                part = self.trainer.baseline.realness(D, own.to(device), labels.to(device))
            if part is None:
                raise BadInput(f"{type(self.trainer.baseline).__name__}: its discriminator judges no sample by itself")
            if part.shape != (len(own),):
                name = type(self.trainer.baseline).__name__
                raise BadInput(f"{name}.realness: expected a number for each sample, got shape {tuple(part.shape)}")
            parts.append(part.cpu())
        return torch.cat(parts).double()

    def uniform(self, chunk: int, purpose: str) -> Tensor:
        """Return a number from 0 to 1 for each sample of a chunk, (ROWS,)."""
        names = ("selection", self.noise_seed, purpose, chunk)
        return torch.rand(ROWS, generator=stream(self.seed, *names), dtype=torch.double)


def attempted(attempt: int) -> str:
    """Return the purpose of the draws of an attempt; the first one's are those of plain samples."""
    return f"sample, attempt {attempt}" if attempt else "sample"


def acceptance(log_ratio: Tensor, largest: Tensor) -> Tensor:
    """Return F of discriminator rejection sampling, infinite at the largest ratio.

    Examples
    --------
    >>> half = torch.tensor(0.5).log()  # half of the largest ratio: as often accepted as not
    >>> acceptance(half, torch.tensor(0.0)).item()
    0.0
    """
    below = (log_ratio - largest).clamp(max=0)
    return below - (-below.exp()).log1p()
