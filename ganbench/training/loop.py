"""Train one seed in an ordinary PyTorch loop: modules, ``backward()`` and ``torch.optim``.

This is the backend for prints and breakpoints, and the reference that the vectorised backends are tested against: it
shares a baseline's losses and its batches with them, but neither their gradients nor their optimisers.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net, Update
from ganbench.dataset import Tensors
from ganbench.errors import BadInput
from ganbench.nets.layers import refreshed
from ganbench.optim import SGD, Adam, Descent, LookaheadSteps, OptimisticSteps, Optimizer, RMSProp
from ganbench.training.update import UPDATED, Tree, scalar

# for each of our optimisers, the names of its state and of the same state in torch's optimiser
STATE_NAMES: dict[type, dict[str, str]] = {
    Adam: {"mean": "exp_avg", "square": "exp_avg_sq"},
    RMSProp: {"square": "square_avg"},
    SGD: {"velocity": "momentum_buffer"},
}


class AfterStep:
    """torch's optimiser, after whose steps weights are moved once more, as OptimisticSteps or LookaheadSteps says.

    What that needs from step to step is kept beside the state that torch's optimiser has for a parameter.
    """

    def __init__(self, rule: OptimisticSteps | LookaheadSteps, inner: torch.optim.Optimizer | AfterStep) -> None:
        self.rule, self.inner, self.count = rule, inner, 0
        self.param_groups: list[dict[str, Any]] = inner.param_groups
        self.state: Any = inner.state

    @torch.no_grad()
    def step(self) -> None:
        """Make the inner step, then the move."""
        weights = [weight for group in self.param_groups for weight in group["params"]]
        before = [weight.clone() for weight in weights]
        self.inner.step()
        self.count += 1
        for weight, old in zip(weights, before, strict=True):
            kept = self.state[weight]
            if isinstance(self.rule, OptimisticSteps):
                step = weight - old
                weight.copy_(old + 2 * step - kept.get("before", torch.zeros_like(step)))
                kept["before"] = step
            else:
                slow = kept.setdefault("slow", old)
                if self.count % self.rule.period == 0:
                    weight.copy_((1 - self.rule.alpha) * slow + self.rule.alpha * weight)
                    kept["slow"] = weight.clone()


class Loop:
    """One seed's generator and discriminator, their optimisers, and the average of the generator's weights.

    Parameters
    ----------
    baseline
        Whose losses, optimisers and constraints are used.
    G, D
        Freshly made networks, which are trained in place.
    """

    def __init__(self, baseline: Baseline, G: nn.Module, D: nn.Module) -> None:
        self.baseline, self.G, self.D = baseline, G, D
        self.average = copy.deepcopy(G)
        self.rules = dict(zip("GD", baseline.optimizers(0.0), strict=True))
        self.opt_G, self.opt_D = torch_optimizer(self.rules["G"], G), torch_optimizer(self.rules["D"], D)
        self.carried = copied(baseline.initial_state(Net.of(G), Net.of(D)))
        self.counts = {"G": 0, "D": 0}  # updates that each has had

    def update(self, kind: Update, batch: Tensors, progress: float, decay: float) -> list[Tensor]:
        """Make one update at ``progress`` in [0, 1); return the losses behind it, the discriminator's first."""
        self.rules = dict(zip("GD", self.baseline.optimizers(progress), strict=True))
        for optimizer, rule in zip((self.opt_G, self.opt_D), self.rules.values(), strict=True):
            set_schedule(optimizer, rule)
        refresh_buffers(self.G)
        refresh_buffers(self.D)
        b = Batch(batch | self.carried)
        if kind == "discriminator":
            losses = self.discriminator_step(b)
        else:
            losses = self.generator_step(b, decay) if kind == "generator" else self.simultaneous_step(b, decay)
        for name in UPDATED[kind]:
            self.counts[name] += 1
        return losses

    def discriminator_step(self, b: Batch) -> list[Tensor]:
        """One gradient step of the discriminator on its loss."""
        loss = scalar(self.baseline.discriminator_loss, *self.nets(), b)
        backward(loss, self.D)
        self.opt_D.step()
        self.project()
        return [loss.detach()]

    def generator_step(self, b: Batch, decay: float) -> list[Tensor]:
        """One gradient step of the generator on its loss."""
        loss = scalar(self.baseline.generator_loss, *self.nets(), b)
        backward(loss, self.G)
        carried = self.next_state(b)
        self.opt_G.step()
        self.follow(decay)
        self.carried = carried
        return [loss.detach()]

    def simultaneous_step(self, b: Batch, decay: float) -> list[Tensor]:
        """Both losses from the same weights, then one step of either network."""
        loss_D = scalar(self.baseline.discriminator_loss, *self.nets(), b)
        loss_G = scalar(self.baseline.generator_loss, *self.nets(), b)
        backward(loss_D, self.D)
        backward(loss_G, self.G)
        carried = self.next_state(b)
        self.opt_D.step()
        self.project()
        self.opt_G.step()
        self.follow(decay)
        self.carried = carried
        return [loss_D.detach(), loss_G.detach()]

    def nets(self) -> tuple[Net, Net]:
        """Return both networks with the next steps of their optimisers, for a loss."""
        G, D = (
            Net.of(net, Descent(rule, optimizer_state(rule, optimizer, net), columns(rule, self.counts[name] + 1)))
            for (name, rule), net, optimizer in zip(
                self.rules.items(), (self.G, self.D), (self.opt_G, self.opt_D), strict=True
            )
        )
        return G, D

    def next_state(self, b: Batch) -> Tensors:
        """Return the carried tensors of the next step, from the networks before this one."""
        if not self.carried:
            return {}
        with torch.no_grad():
            return copied(self.baseline.next_state(Net.of(self.G), Net.of(self.D), b))

    @torch.no_grad()
    def project(self) -> None:
        """Map the discriminator's weights back onto the baseline's constraint, such as WGAN's clipping."""
        weights: Tensors = dict(self.D.named_parameters())
        for name, projected in self.baseline.project(dict(weights)).items():
            weights[name].copy_(projected)

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Let the average follow the generator's weights."""
        for average, weight in zip(self.average.parameters(), self.G.parameters(), strict=True):
            average.mul_(decay).add_((1 - decay) * weight)

    def monitor(self, batch: Tensors) -> Tensor:
        """Return the baseline's own measure of how training goes."""
        with torch.no_grad():
            return self.baseline.monitor(Net.of(self.G), Net.of(self.D), Batch(batch | self.carried))

    def state(self) -> Tree:
        """Return copies of everything that the rest of training depends on, named and laid out as in ``Updates``."""
        state: Tree = {"average": row(self.average.parameters()), "carried": dict(self.carried)}
        for name, net, optimizer in (("G", self.G, self.opt_G), ("D", self.D, self.opt_D)):
            weights, buffers = row(net.parameters()), copied(dict(net.named_buffers()))
            moments = optimizer_state(self.rules[name], optimizer, net)
            state[name] = {"weights": weights, "optimizer": moments, "buffers": buffers}
        return state

    @torch.no_grad()
    def load(self, state: Mapping[str, Any], counts: Mapping[str, int]) -> None:
        """Continue from such a state after ``counts`` updates of the generator, "G", and the discriminator, "D"."""
        fill(self.average, state["average"])
        self.carried, self.counts = copied(state["carried"]), dict(counts)
        for name, net, optimizer in (("G", self.G, self.opt_G), ("D", self.D, self.opt_D)):
            fill(net, state[name]["weights"])
            for key, buffer in net.named_buffers():
                buffer.copy_(state[name]["buffers"][key])
            load_optimizer_state(self.rules[name], optimizer, net, state[name]["optimizer"], counts[name])


def backward(loss: Tensor, net: nn.Module) -> None:
    """Set the gradient of ``loss`` with respect to one network's parameters, and to no other's.

    A parameter that the loss does not depend on has the gradient zero: torch's optimisers would skip it otherwise,
    and the momentum that it has from earlier steps.
    """
    parameters = [*net.parameters()]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    if parameters and loss.requires_grad:
        loss.backward(inputs=parameters)


def torch_optimizer(rule: Optimizer, net: nn.Module) -> torch.optim.Optimizer | AfterStep:
    """Return torch's optimiser of that kind for a network's parameters; raises BadInput where torch has none."""
    if isinstance(rule, OptimisticSteps | LookaheadSteps):
        return AfterStep(rule, torch_optimizer(rule.base, net))
    parameters = [*net.parameters()] or [nn.Parameter(torch.zeros(0))]  # torch refuses to optimise nothing
    if isinstance(rule, Adam):
        return torch.optim.Adam(parameters, rule.lr, rule.betas, rule.eps)
    if isinstance(rule, RMSProp):
        return torch.optim.RMSprop(parameters, rule.lr, rule.decay, rule.eps)
    if isinstance(rule, SGD):
        return torch.optim.SGD(parameters, rule.lr, rule.momentum)
    raise BadInput(f"the backend loop knows Adam, RMSProp and SGD of ganbench.optim, got {type(rule).__name__}")


def innermost(rule: Optimizer) -> Optimizer:
    """Return what an optimiser is made of that torch has too."""
    return innermost(rule.base) if isinstance(rule, OptimisticSteps | LookaheadSteps) else rule


def state_names(rule: Optimizer) -> dict[str, str]:
    """Return the names of an optimiser's state and of the same state in torch's."""
    if isinstance(rule, OptimisticSteps):
        return state_names(rule.base) | {"before": "before"}
    return state_names(rule.base) | {"slow": "slow"} if isinstance(rule, LookaheadSteps) else STATE_NAMES[type(rule)]


def set_schedule(optimizer: torch.optim.Optimizer | AfterStep, rule: Optimizer) -> None:
    """Set the scheduled numbers of an optimiser."""
    rule = innermost(rule)
    (group,) = optimizer.param_groups
    values = rule.schedule()
    group["lr"] = values["lr"]
    if isinstance(rule, Adam):
        group["betas"] = (values["beta1"], values["beta2"])
    if isinstance(rule, SGD):
        group["momentum"] = values["momentum"]


def columns(rule: Optimizer, count: int) -> Tensors:
    """Return the scheduled numbers of an optimiser's update number ``count`` as (1,) tensors."""
    return {name: torch.tensor([value], dtype=torch.double) for name, value in rule.schedule(count).items()}


def optimizer_state(rule: Optimizer, optimizer: torch.optim.Optimizer | AfterStep, net: nn.Module) -> Tensors:
    """Return the state of torch's optimiser as ours keeps it: rows of all parameters; before the first step, as new."""
    new = rule.init(row(net.parameters()))
    state: Tensors = {}
    for ours, theirs in state_names(rule).items():
        moments = [(optimizer.state[weight].get(theirs), piece) for weight, piece in parts(net, new[ours])]
        state[ours] = row([piece if moment is None else moment for moment, piece in moments])
    return state


def load_optimizer_state(
    rule: Optimizer, optimizer: torch.optim.Optimizer | AfterStep, net: nn.Module, state: Tensors, count: int
) -> None:
    """Put the state of our optimiser after ``count`` updates into torch's."""
    within = optimizer
    while isinstance(within, AfterStep):
        within.count, within = count, within.inner
    for ours, theirs in state_names(rule).items():
        for weight, moment in parts(net, state[ours]):
            optimizer.state[weight] |= {theirs: moment.clone()}
    if not isinstance(innermost(rule), SGD):
        for weight in net.parameters():
            optimizer.state[weight]["step"] = torch.tensor(float(count))


def refresh_buffers(net: nn.Module) -> None:
    """Renew the buffers that follow weights, such as the singular vectors of a spectral norm."""
    buffers = dict(net.named_buffers())
    with torch.no_grad():
        for name, value in refreshed(net, dict(net.named_parameters()), buffers).items():
            if value is not buffers[name]:
                buffers[name].copy_(value)


def copied(tensors: Mapping[str, Tensor]) -> Tensors:
    """Return detached copies."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def row(tensors: Iterable[Tensor]) -> Tensor:
    """Join the tensors of a network into one row."""
    flat = [tensor.detach().flatten() for tensor in tensors]
    return torch.cat(flat) if flat else torch.zeros(0)


def parts(net: nn.Module, row: Tensor) -> list[tuple[nn.Parameter, Tensor]]:
    """Return a network's parameters, each beside its part of the row."""
    parameters = [*net.parameters()]
    pieces = row.split([weight.numel() for weight in parameters]) if parameters else ()
    return [(weight, piece.view_as(weight)) for weight, piece in zip(parameters, pieces, strict=True)]


def fill(net: nn.Module, row: Tensor) -> None:
    """Overwrite a network's parameters with a row."""
    for weight, piece in parts(net, row):
        weight.copy_(piece)
