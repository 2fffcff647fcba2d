"""Milliseconds of a step of every variant, in groups, by backend, beside a loop: ``python -m benchmarks.variants``.

Names on the command line measure only those. The compiled backend is measured with ``--compiled``; it needs a C++
compiler and about ten seconds for each kind of update.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.machine import describe, today
from ganbench import data, optim
from ganbench._util.streams import stream
from ganbench.baseline import Baseline, Batch, Control, Net, Update
from ganbench.dataset import Dataset, Tensors
from ganbench.nets import mlp
from ganbench.nets.layers import refreshed
from ganbench.training import registry
from ganbench.training.batches import examples
from ganbench.training.trainer import Plan, Trainer

BATCH, WIDTH, GROUPS = 64, 64, (1, 5, 16)
COMPILED_GROUP = 5
ROUNDS, LEAST = 3, 0.1  # rounds of at least so many CPU seconds
FEWER = {"pixelrnn": (1, 5), "pixelcnn": (1, 5)}  # a group of 16 needs minutes
HEAD = """# Every variant, step by step

Milliseconds of CPU time of one whole step (all of its updates, data, noise and the generator's average) on one thread:
shared networks with two hidden layers of {width}, batches of {batch}. The loop is ordinary PyTorch for one seed, made
from the same losses: modules called as they are, `backward`, `torch.optim`. The other columns are speeds per seed as
multiples of the loop's, in groups of 1, 5 and 16 seeds (best of {rounds} rounds, in turns); compiled: {group} seeds,
each kind of update compiled once. The machine had other work: read the ratios to a third.

{machine}

Measured {day}.

| variant | data | loop, ms | eager 1 / 5 / 16 | traced 1 / 5 / 16 | compiled {group} |
|---|---|---:|---:|---:|---:|
"""
FOOT = """
The goals, traced: 0.8 / 3 / 5.5 in groups of 1 / 5 / 16, and nowhere below 0.95 with five seeds; compiled: 8 with
five. Where a variant falls short, most of its time is arithmetic, which a group does once for each seed: convolutions
(dcgan, lapgan), attention (sagan), kernels and differences between all pairs of a batch (gmmn, mmd_gan,
minibatch_discrimination), masked convolutions and recurrences over pixels (pixelcnn, pixelrnn; pixelcnn is below 0.95,
because grouped convolutions are slower than a single one). Elsewhere a group shares what Python spends on each
operation. All backends train to the same numbers (`tests/training/test_backends.py`).
"""


class Plain(Net):
    """A network that calls its module as it is, as an ordinary script does."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module, dict(module.named_parameters()), dict(module.named_buffers()))

    def __call__(self, *inputs: Tensor) -> Tensor:
        made: Tensor = self._module(*inputs)
        return made

    def __getattr__(self, name: str) -> Plain:
        return Plain(self._module.get_submodule(name))


class Loop:
    """One seed, trained as by an ordinary script."""

    def __init__(self, baseline: Baseline, dataset: Dataset) -> None:
        self.baseline, self.data, self.stream, self.done = baseline, dataset, stream(0, "loop"), 0
        self.nets = dict(zip("GD", baseline.networks(dataset.space), strict=True))
        self.noise, self.carried = baseline.noise(dataset.space), baseline.initial_state(*self.plain())
        rules = dict(zip("GD", baseline.optimizers(0.0), strict=True))
        self.optimizers = {name: torch_optimizer(rules[name], net) for name, net in self.nets.items()}
        self.average = [weight.detach().clone() for weight in self.nets["G"].parameters()]

    def plain(self) -> tuple[Plain, Plain]:
        return Plain(self.nets["G"]), Plain(self.nets["D"])

    def step(self) -> None:
        for kind in self.baseline.updates(self.done):
            self.update(kind)
        self.done += 1

    def update(self, kind: Update) -> None:
        n = self.baseline.batch_size(kind, BATCH)
        indices = self.data.train.indices(n, self.stream)
        drawn = {f"data.{name}": index for name, index in indices.items()}
        drawn |= {name: draw(n, self.stream) for name, draw in self.noise.items()}
        batch = Batch(examples(self.data.train, drawn) | {"progress": torch.zeros(())} | self.carried)
        for net in self.nets.values():
            weights: Tensors = dict(net.named_parameters())
            buffers = dict(net.named_buffers())
            with torch.no_grad():
                for name, value in refreshed(net, weights, buffers).items():
                    buffers[name].copy_(value)
        updated = {"discriminator": "D", "generator": "G", "both": "DG"}[kind]
        losses = {"D": self.baseline.discriminator_loss, "G": self.baseline.generator_loss}
        for name in updated:
            parameters = list(self.nets[name].parameters())
            gradients = torch.autograd.grad(losses[name](*self.plain(), batch), parameters, allow_unused=True)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
        if "G" in updated and self.carried:
            with torch.no_grad():
                self.carried = self.baseline.next_state(*self.plain(), batch)
        for name in updated:
            self.optimizers[name].step()
        self.after(updated)

    def after(self, updated: str) -> None:
        """Put the discriminator back onto its constraint, move the averaged weights towards the generator."""
        if "D" in updated:
            named = dict(self.nets["D"].named_parameters())
            with torch.no_grad():
                for name, value in self.baseline.project({k: v.detach() for k, v in named.items()}).items():
                    named[name].copy_(value)
        if "G" in updated:
            torch._foreach_lerp_(self.average, [weight.detach() for weight in self.nets["G"].parameters()], 0.001)


def torch_optimizer(rule: optim.Optimizer, net: nn.Module) -> torch.optim.Optimizer:
    """Return torch's own form of an optimiser; a network without weights gets one that changes nothing."""
    weights = list(net.parameters()) or [nn.Parameter(torch.zeros(1))]
    if isinstance(rule, optim.Adam):
        return torch.optim.Adam(weights, rule.lr, rule.betas, rule.eps)
    if isinstance(rule, optim.RMSProp):
        return torch.optim.RMSprop(weights, rule.lr, rule.decay, rule.eps)
    if isinstance(rule, optim.SGD):
        return torch.optim.SGD(weights, rule.lr, rule.momentum)
    raise TypeError(f"expected one of Adam, RMSProp and SGD, got {rule!r}")


def step_of_group(baseline: Baseline, dataset: Dataset, seeds: int, backend: str) -> Callable[[], None]:
    """Return one step of a group that is traced or compiled, and warm."""
    trainer = Trainer(baseline, dataset, range(seeds), Plan(100_000, BATCH, backend=backend))
    trainer.advance(2)
    return lambda: void(trainer.advance(trainer.done + 1))


def void(_: object) -> None:
    """Forget a result."""


def milliseconds(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """CPU milliseconds of one step of each: best of some rounds, in turns, so that a noisy moment hits all."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start, count = time.process_time(), 0
            while (spent := time.process_time() - start) < LEAST or count < 2:
                step()
                count += 1
            best[name] = min(best[name], spent / count * 1e3)
    return best


def row(name: str, compiled: bool) -> str:
    """Measure one variant on the first data set that it supports."""
    for kind in ("ring8", "digits"):
        dataset = data.load(kind)
        baseline = registry.configure(name, {}, dataset)
        if not baseline.unsupported(dataset.space, BATCH):
            break
    loop, groups = Loop(baseline, dataset), FEWER.get(name.partition(":")[0], GROUPS)
    loop.step()
    gains: dict[str, list[str]] = {"eager": [], "traced": [], "compiled": []}
    least = float("inf")
    for seeds in groups:
        backends = ["eager", "traced", *(["compiled"] if compiled and seeds == COMPILED_GROUP else [])]
        spent = milliseconds(
            {"loop": loop.step, **{backend: step_of_group(baseline, dataset, seeds, backend) for backend in backends}}
        )
        least = min(least, spent["loop"])
        for backend in backends:
            gains[backend].append(f"{spent['loop'] * seeds / spent[backend]:.2f}")
    shown = [" / ".join(gains[backend]) or "not measured" for backend in gains]
    return f"| {name} | {dataset.name} | {least:.2f} | {' | '.join(shown)} |\n"


def rows(names: list[str], compiled: bool) -> Iterator[str]:
    for name in names:
        try:
            yield row(name, compiled)
        except Exception as error:
            yield f"| {name} | | | {type(error).__name__}: {str(error).splitlines()[0][:80]} | | |\n"


def known(path: Path) -> dict[str, str]:
    """Return the lines of an earlier table by the name of the variant."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [line for line in text.splitlines(keepends=True) if line.startswith("| ")]
    return {line.split(" | ", 1)[0].removeprefix("| "): line for line in lines if not line.startswith("| variant")}


def main() -> None:
    """Measure, print as it goes, and write the table beside this file; rows that were not asked for stay."""
    torch.set_num_threads(1)
    mlp.generator.__defaults__, mlp.discriminator.__defaults__ = (WIDTH,), (WIDTH, 1, None)  # the networks of the goals
    everyone = [name for name in registry.everyone() if not issubclass(registry.load(name), Control)]
    names = [name for name in sys.argv[1:] if name != "--compiled"] or everyone
    path = Path(__file__).with_suffix(".md")
    table = known(path)
    for name, line in zip(names, rows(names, "--compiled" in sys.argv), strict=True):
        print(line, end="", flush=True)
        table[name] = line
    head = HEAD.format(width=WIDTH, batch=BATCH, rounds=ROUNDS, machine=describe(), day=today(), group=COMPILED_GROUP)
    path.write_text(head + "".join(table[name] for name in everyone if name in table) + FOOT, encoding="utf-8")


if __name__ == "__main__":
    main()
