"""Training and metrics on a GPU, in at most six minutes: ``python -m benchmarks.gpu [--device cuda] [--minutes 6]``.

Needs no more than the project itself. Every part is tried by itself: what fails or is left no time for is a line of the
page, ``gpu.md`` beside this file or where ``--out`` says. ``--tiny`` runs all parts in a small form, also on the CPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.machine import describe, today
from ganbench import data
from ganbench._util.streams import stream
from ganbench.data.sources import Pixels
from ganbench.dataset import Dataset
from ganbench.features.inception import ORIGINAL, Inception
from ganbench.metrics import coverage, density, fid, precision, recall
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

BANDS = {3: 1e-5, 40: 2e-3}  # how far weights may differ from the CPU's after so many steps of about 2e-4
BACKENDS = ("eager", "traced", "compiled", "graphs")
HEAD = """# On {device}

Equality: the largest difference of a weight from the CPU's, and the band that it must stay in. Steps: training steps a
second for the whole group, batches of 64; `graphs` replays the traced step as CUDA graphs. Metrics and Inception:
seconds, the best of three. What failed says why.

{machine}

Measured {day}, {seconds:.0f} s in all.

| part | what | figure |
|---|---|---|
"""


@dataclass(frozen=True)
class Form:
    """What is measured."""

    cases: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    sizes: tuple[int, ...]
    features: int
    images: int
    least: float  # seconds of a round
    batch: int = 64


FULL = Form(
    (("ns_gan", "ring8"), ("wgan_gp", "ring8"), ("dcgan", "grey28"), ("sngan", "colour32")),
    seeds=(1, 5, 16, 64),
    sizes=(10_000, 50_000),
    features=2048,
    images=512,
    least=0.5,
)
TINY = Form((("ns_gan", "ring8"),), seeds=(1,), sizes=(60,), features=8, images=2, least=0.0, batch=8)


class Report:
    """Lines of the page; no part starts after the deadline."""

    def __init__(self, device: torch.device, minutes: float) -> None:
        self.device, self.began, self.limit = device, time.monotonic(), 60 * minutes
        self.lines: list[str] = []

    def measure(self, part: str, what: str, figure: Callable[[], str]) -> None:
        """Add a line, whatever happens."""
        if time.monotonic() - self.began > self.limit:
            said = "no time was left"
        else:
            try:
                said = figure()
            except Exception as error:  # what a device cannot do is a result
                said = f"{type(error).__name__}: {' '.join(str(error).split())[:100]}".replace("|", "/")
        self.lines.append(f"| {part} | {what} | {said} |\n")
        print(self.lines[-1], end="", flush=True)

    def finish(self) -> None:
        """Wait until the device has done what was asked of it."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, act: Callable[[], object], least: float) -> float:
        """Seconds of one call: the best of three rounds of at least ``least`` seconds."""
        best = float("inf")
        for _ in range(3):
            count = 0
            self.finish()
            start = time.perf_counter()
            while not count or time.perf_counter() - start < least:
                act()
                count += 1
                if count % 8 == 0:  # what is only queued must not pass for done
                    self.finish()
            self.finish()
            best = min(best, (time.perf_counter() - start) / count)
        return best


def dataset(name: str) -> Dataset:
    """Return ring8, or images of noise with the shape of MNIST's or CIFAR's."""
    if name == "ring8":
        return data.load(name)
    shape = (1, 28, 28) if name == "grey28" else (3, 32, 32)
    levels = torch.randint(256, (2000, *shape), generator=stream(0, "gpu", name)).byte()
    digits = data.load("digits")
    images = Pixels(levels, 127.5, torch.zeros(2000, dtype=torch.int64))
    return replace(digits, name=name, space=replace(digits.space, shape=shape), train=images)


def trainer(case: tuple[str, str], seeds: int, batch: int, device: torch.device, backend: str) -> Trainer:
    """Return a group at its start."""
    name, kind = case
    source = dataset(kind)
    plan = Plan(100_000, batch, device=str(device), backend=backend)
    made = Trainer(registry.configure(name, {}, source), source, range(seeds), plan)
    if made.remark:
        raise RuntimeError(made.remark)
    return made


def distance(case: tuple[str, str], steps: int, batch: int, device: torch.device) -> str:
    """Return how far weights are from the CPU's after some steps."""
    here, there = (trainer(case, 2, batch, where, "traced") for where in (torch.device("cpu"), device))
    here.advance(steps)
    there.advance(steps)
    most = max(float((here.state[net]["weights"] - there.state[net]["weights"].cpu()).abs().max()) for net in "GD")
    return f"{most:.1e}, band {BANDS[steps]:.0e}: {'within' if most <= BANDS[steps] else 'OUTSIDE'}"


def rate(report: Report, case: tuple[str, str], seeds: int, backend: str, form: Form) -> str:
    """Return steps a second of a group, and the most memory that it took."""
    if report.device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(report.device)
    group = trainer(case, seeds, form.batch, report.device, "traced" if backend == "graphs" else backend)
    group.advance(2)
    with graphed(group) if backend == "graphs" else plainly():
        each = report.seconds(lambda: group.advance(group.done + 1), form.least)
    peak = torch.cuda.max_memory_allocated(report.device) / 2**20 if report.device.type == "cuda" else 0.0
    return f"{1 / each:.0f} steps/s" + (f", at most {peak:.0f} MiB" if peak else "")


@contextmanager
def plainly() -> Iterator[None]:
    yield


@contextmanager
def graphed(group: Trainer) -> Iterator[None]:
    """Let a warm trainer replay its steps as CUDA graphs: what is drawn is copied to where the graph reads it."""
    if group.device.type != "cuda":
        raise RuntimeError("CUDA graphs need CUDA")
    before = dict(group.steps)
    for key, step in before.items():
        group.steps[key] = captured(step)
    try:
        yield
    finally:
        group.steps = before


def captured(step: Callable[[Sequence[Tensor]], Sequence[Tensor]]) -> Callable[[Sequence[Tensor]], Sequence[Tensor]]:
    """Return a step that captures itself at its first call and is replayed afterwards."""
    kept: dict[str, list[Tensor]] = {}
    graph = torch.cuda.CUDAGraph()

    def call(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        if not kept:
            warm = torch.cuda.Stream()
            warm.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(warm):
                step(tensors)
            torch.cuda.current_stream().wait_stream(warm)
            kept["inputs"] = [tensor if tensor.is_contiguous() else tensor.clone() for tensor in tensors]
            with torch.cuda.graph(graph):
                kept["losses"] = list(step(kept["inputs"]))
        for own, new in zip(kept["inputs"], tensors, strict=True):
            if own.data_ptr() != new.data_ptr():
                own.copy_(new)
        graph.replay()
        return kept["losses"]

    return call


def metrics(report: Report, form: Form) -> None:
    """FID, and precision, recall, density and coverage, of normal features."""
    named: dict[str, list[Callable[..., float]]] = {
        "fid": [fid],
        "precision, recall, density, coverage": [precision, recall, density, coverage],
    }
    for n in form.sizes:
        for label, functions in named.items():

            def figure(n: int = n, functions: list[Callable[..., float]] = functions) -> str:
                draws = stream(0, "gpu", "features")
                real, fake = (torch.randn(n, form.features, generator=draws).to(report.device) for _ in range(2))
                return f"{report.seconds(lambda: [each(real, fake) for each in functions], 0.0):.2f} s"

            report.measure("metrics", f"{label}, n = {n}", figure)


def inception(report: Report, form: Form) -> None:
    """The forward pass of Inception with weights that are not trained, which costs the same."""

    def figure() -> str:
        torch.manual_seed(0)
        network: nn.Module = Inception(ORIGINAL).eval().to(report.device)
        images = torch.zeros(form.images, 3, 299, 299, device=report.device)
        with torch.no_grad():
            each = report.seconds(lambda: network(images), form.least)
        return f"{form.images / each:.0f} images/s"

    report.measure("Inception", f"{form.images} images of 299 by 299", figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all parts and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args(arguments)
    device, form = torch.device(given.device), TINY if given.tiny else FULL
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("no CUDA device is here; --device cpu --tiny tries the script")
    report = Report(device, given.minutes)
    for case in form.cases:
        for steps in BANDS:
            report.measure(
                "equality",
                f"{case[0]} on {case[1]}, {steps} steps",
                lambda case=case, steps=steps: distance(case, steps, form.batch, device),  # type: ignore[misc]
            )
    metrics(report, form)
    inception(report, form)
    for seeds in form.seeds:
        for case in form.cases:
            for backend in BACKENDS:
                report.measure(
                    "steps",
                    f"{case[0]} on {case[1]}, {seeds} seeds, {backend}",
                    lambda c=case, s=seeds, b=backend: rate(report, c, s, b, form),  # type: ignore[misc]
                )
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    spent = time.monotonic() - report.began
    page = HEAD.format(device=name, machine=describe(), day=today(), seconds=spent) + "".join(report.lines)
    given.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
