"""Golden traces: a few numbers of the first updates of every baseline, so that no change of code moves them unseen.

``trace(name, kind)`` trains a baseline for a few steps with two seeds in double precision and returns its losses, the
norms of its networks' weights, and a few numbers of its samples. ``tests/golden/traces`` has one file per baseline,
which says the version of the baseline that it was made with.

``python -m tests.golden.trace [NAME ...]`` writes the traces of these baselines anew, of all without a name;
with ``--check`` it writes nothing and says what has moved.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from ganbench import data
from ganbench._util.machine import fixed_arithmetic
from ganbench._util.streams import stream
from ganbench.data.sources import Finite, Streamed
from ganbench.dataset import Dataset, Modes, Source, Space
from ganbench.regularisers import REGULARISERS
from ganbench.training import registry, sampler
from ganbench.training.trainer import Plan, Trainer

FOLDER = Path(__file__).parent / "traces"
SEEDS = (0, 1)
PICKED = 8  # samples of which one number each is kept
TOLERANCE = 1e-9  # relative
SMALL = 1e-3  # numbers below are compared as if they were this large: differences of larger ones, with their rounding

Trace = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A data set, the steps after which numbers are recorded, and sizes that keep training short."""

    make: Callable[[], Dataset]
    steps: tuple[int, ...]
    batch: int
    rows: int | None = None  # samples made at once; None: as many as in every run
    gathered: int | None = None  # samples from which BatchNorm's statistics are computed; None: as in every run


def ring8() -> Dataset:
    """The ring, with centres rounded to single precision as they are today, and kept in double."""
    ring = data.load("ring8")
    assert ring.modes is not None
    source = Streamed(Modes(ring.modes.centres.float().double(), ring.modes.sd))
    return replace(ring, train=source, held_out=source, control=source)


def digits() -> Dataset:
    """The 8 by 8 digits, whose 17 grey levels are the same in single and in double precision."""
    images = data.load("digits")
    return replace(
        images, train=doubled(images.train), held_out=doubled(images.held_out), control=doubled(images.control)
    )


def doubled(part: Source) -> Finite:
    """The examples of a finite source in double precision."""
    assert isinstance(part, Finite)
    return Finite(part.x.double(), part.y)


def blocks(name: str, channels: int, side: int, classes: int) -> Dataset:
    """Images in [-1, 1], blocks of 4 by 4 pixels under a pattern without any; 24 to train, 12 and 12.

    Their grey is continuous: where all weights of a clipped network are alike, levels would add up to exactly nothing,
    and on which side of a kink that falls is up to rounding.
    """
    draws = stream(0, "golden", name)
    coarse = torch.rand(48, channels, side // 4, side // 4, generator=draws, dtype=torch.double)
    fine = torch.rand(48, channels, side, side, generator=draws, dtype=torch.double)
    x = coarse.repeat_interleave(4, 2).repeat_interleave(4, 3) + fine - 1
    y = torch.arange(48) % max(classes, 1)
    train, held_out, control = (Finite(x[part], y[part]) for part in (slice(24), slice(24, 36), slice(36, 48)))
    space = Space(shape=(channels, side, side), classes=classes, low=-1.0, high=1.0)
    return Dataset(name, space, train, held_out, control, split="by position", features="identity", latent=8)


# Points, small images, images whose networks are convolutional (without labels), and images in colour.
KINDS = {
    "ring8": Kind(ring8, steps=(1, 3, 40), batch=16),
    "digits": Kind(digits, steps=(1, 3, 10), batch=16, rows=16, gathered=64),
    "grey28": Kind(lambda: blocks("grey28", channels=1, side=28, classes=0), (1, 3), batch=4, rows=8, gathered=32),
    "colour32": Kind(lambda: blocks("colour32", channels=3, side=32, classes=4), (1, 3), batch=4, rows=8, gathered=32),
}

# Defaults that would take too long, by baseline or by baseline and kind.
SETTINGS: dict[str, dict[str, Any]] = {
    "ae_ot": {"kept": 60, "rounds": 20},
    "ns_gan+ada": {"ada_start": 0.5, "ada_kimg": 0.5, "ada_interval": 1},  # else no image is changed so soon
    "ns_gan+lookahead": {"lookahead_every": 2},
    "gmm": {"components": 5, "limit": 500},
    "kde": {"limit": 500},
    "pixelcnn on grey28": {"width": 8, "layers": 2},
    **{f"biggan on {kind}": {"width": 8} for kind in ("digits", "colour32")},
    **{f"stylegan2 on {kind}": {"width": 8} for kind in ("digits", "grey28", "colour32")},
    **{
        f"{name} on {kind}": {"width": 8, "sampling_steps": 4}
        for name in ("ddpm", "flow_matching")
        for kind in ("grey28", "colour32")
    },
}

LEFT_OUT = {
    f"gaussian on {kind}": "covariances of 24 images have mostly rounding noise for eigenvalues"
    for kind in ("grey28", "colour32")
}


def trace(name: str, kind: str) -> Trace:
    """Return what a baseline does on one kind of data; where it does not support them, why."""
    if reason := LEFT_OUT.get(f"{name} on {kind}"):
        return {"left out": reason}
    with pinned(KINDS[kind]):
        dataset, plan = loaded(kind), KINDS[kind]
        settings = SETTINGS.get(name, {}) | SETTINGS.get(f"{name} on {kind}", {})
        baseline = registry.configure(name, settings, dataset)
        if reason := baseline.unsupported(dataset.space, plan.batch):
            return {"unsupported": reason}
        trainer = Trainer(baseline, dataset, SEEDS, Plan(max(plan.steps), plan.batch, backend="eager"))
        numbers = {f"step {step}": numbers_at(trainer, step) for step in plan.steps if baseline.updates(0)}
        return numbers | sampled(trainer)


@contextmanager
def pinned(kind: Kind) -> Iterator[None]:
    """Compute in double precision, with fixed arithmetic and as few samples at once as the kind says."""
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(fixed_arithmetic())
        for constant, value in {"ROWS": kind.rows, "STATISTICS": kind.gathered}.items():
            if value is not None:
                stack.enter_context(patch.object(sampler, constant, value))
        stack.callback(torch.set_default_dtype, before)
        torch.set_default_dtype(torch.double)
        yield


@cache
def loaded(kind: str) -> Dataset:
    return KINDS[kind].make()


def numbers_at(trainer: Trainer, step: int) -> dict[str, list[float]]:
    """Train until so many steps are done; return losses, the monitor and norms of weights, by seed."""
    trainer.record(trainer.advance(step))
    check_double({"state": trainer.state, "x": trainer.source.examples(trainer.source.indices(1, stream(0)))[0]})
    losses, state = trainer.history[-1], trainer.state
    names = {"discriminator": "discriminator loss", "generator": "generator loss", "monitor": "monitor"}
    numbers = {label: losses[name] for name, label in names.items() if name in losses}
    rows = {
        "generator weights": [state["G"]["weights"]],
        "discriminator weights": [state["D"]["weights"]],
        "averaged generator weights": [state["average"]],
        "carried state": list(state["carried"].values()),
    }
    return numbers | {label: norm(parts) for label, parts in rows.items() if any(part.numel() for part in parts)}


def sampled(trainer: Trainer) -> Trace:
    """Return one number of each of the first samples, from all over the example, and norms of what was fitted."""
    snapshot = sampler.Sampler(trainer)
    x, _ = snapshot.draw(PICKED)
    fitted = {name: part for name, part in snapshot.extra.items() if name not in trainer.state["carried"]}
    check_double({"samples": x, "fitted": fitted})
    flat = x.flatten(2)
    size = flat.shape[2]
    # Steps of the golden section. The first would meet a pixel of digits that never changes, and a fitted covariance's
    # least eigenvalue, which is rounding noise.
    places = [(i + 2) * size * 89 // 144 % size for i in range(PICKED)]
    picked = [[float(row[i, place]) for i, place in enumerate(places)] for row in flat]
    return {"samples": picked} | ({"fitted": {name: norm([part]) for name, part in fitted.items()}} if fitted else {})


def norm(parts: Sequence[Tensor]) -> list[float]:
    """Euclidean norm, by seed, of all that the tensors (seeds, ...) hold."""
    return torch.cat([part.double().reshape(len(SEEDS), -1) for part in parts], 1).square().sum(1).sqrt().tolist()


def check_double(tree: Any) -> None:
    """Raise AssertionError where a number is kept in less than double precision."""
    types = {leaf.dtype for leaf in tree_leaves(tree) if isinstance(leaf, Tensor) and leaf.is_floating_point()}
    assert types <= {torch.double}, f"not all is double precision: {types}"


def everyone() -> list[str]:
    """Return all names that are traced: those that run, and one baseline under each regulariser."""
    return [*registry.everyone(), *(f"ns_gan+{name}" for name in REGULARISERS)]


def family(name: str) -> str:
    """Return the name of a member's baseline: that of its file."""
    return name.partition(":")[0]


def path_of(name: str) -> Path:
    """Return the file of a baseline's traces; members of a family share one."""
    return FOLDER / f"{family(name)}.json"


def source_of(base: str) -> str:
    """Return where the code of a traced name is that has a version."""
    return "ganbench/regularisers" if "+" in base else f"baselines/{base}.py"


def version_of(name: str) -> int:
    """Return the version of a baseline's code."""
    return registry.load(name).version


def load(name: str) -> dict[str, Any]:
    """Return what a baseline's file holds: the version that it was made with, and the traces of each member."""
    path = path_of(name)
    nothing: dict[str, Any] = {"version": 0, "traces": {}}
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else nothing


def read(name: str) -> dict[str, Trace]:
    """Return a baseline's traces by kind; none where they were never written."""
    traces: dict[str, Trace] = load(name)["traces"].get(name, {})
    return traces


def write(names: Sequence[str]) -> None:
    """Trace these baselines and put them into their files, beside the members that are there already."""
    new = {name: {kind: trace(name, kind) for kind in KINDS} for name in names}
    for path in sorted({path_of(name) for name in names}):
        members = [name for name in everyone() if path_of(name) == path]
        traces = {name: kinds for name in members if (kinds := new.get(name) or read(name))}
        path.parent.mkdir(exist_ok=True)
        path.write_text(text({"version": version_of(members[0]), "traces": traces}) + "\n", encoding="utf-8")


def text(value: Any, indent: int = 0) -> str:
    """JSON with a line for each list; numbers are as long as it takes to read them back to the last bit."""
    if not isinstance(value, dict):
        return json.dumps(value, allow_nan=False)
    lines = [" " * (indent + 1) + f"{json.dumps(key)}: {text(each, indent + 1)}" for key, each in value.items()]
    return "\n".join(["{", ",\n".join(lines), " " * indent + "}"])


def entries(recorded: Trace) -> dict[str, float]:
    """Every number of a trace under a readable name, in the order in which they came about."""
    numbers: dict[str, float] = {}
    for part, held in recorded.items():
        if part == "samples":
            for seed, row in zip(SEEDS, held, strict=True):
                numbers |= {f"sample {i}, seed {seed}": value for i, value in enumerate(row)}
        elif isinstance(held, dict):
            where = " at " + part if part != "fitted" else ", fitted"
            for label, row in held.items():
                numbers |= {f"{label}{where}, seed {seed}": value for seed, value in zip(SEEDS, row, strict=True)}
    return numbers


def moved(old: Trace, new: Trace) -> list[str]:
    """Say, one line each, what is no longer as it was; the words of why data are not supported may change."""
    before, after = entries(old), entries(new)
    if not before or not after:
        was, now = (
            "trained" if numbers else ", ".join(t) or "no trace" for numbers, t in ((before, old), (after, new))
        )
        return [f"{was} -> {now}"] if was != now else []
    changes = [f"{name}: gone" for name in before if name not in after]
    for name, value in after.items():
        if name not in before:
            changes.append(f"{name}: new")
        elif not near(before[name], value):
            changes.append(f"{name}: {before[name]:.12g} -> {value:.12g}")
    return changes


def near(a: float, b: float) -> bool:
    return isfinite(b) and abs(a - b) <= TOLERANCE * max(abs(a), abs(b), SMALL)


def complaint(name: str, kinds: Sequence[str] = tuple(KINDS)) -> str:
    """Trace a baseline again; say in one line what moved first and what to do about it, or nothing."""
    base, anew = family(name), f"write the trace anew with `python -m tests.golden.trace {family(name)}`"
    if (written := load(name)["version"]) != version_of(name):
        return f"{base} is at version {version_of(name)} and its trace at {written}: {anew}"
    for kind in kinds:
        if changes := moved(read(name).get(kind, {}), trace(name, kind)):
            more = f"; and {len(changes) - 1} more" if changes[1:] else ""
            return (
                f"the trace of {name} on {kind} moved ({changes[0]}{more}): "
                f"raise version of {base} in {source_of(base)} if this is meant, and {anew}"
            )
    return ""


def main(arguments: Sequence[str]) -> int:
    """Write traces, or check them; the exit code says whether one has moved."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.trace", description="Write golden traces anew.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a baseline, a family or a member; all without any")
    parser.add_argument("--check", action="store_true", help="write nothing, say what has moved")
    given = parser.parse_args(arguments)
    known = everyone()
    for name in given.names:
        if not any(name in (each, family(each)) for each in known):
            parser.error(f"no baseline {name!r}")
    names = [each for each in known if not given.names or {each, family(each)} & set(given.names)]
    if not given.check:
        write(names)
        return 0
    lines = [line for name in names if (line := complaint(name))]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
