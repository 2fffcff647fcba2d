"""Try a user's baseline before a run: one update of each kind and one sample, with an error that says what to write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import getfile
from pathlib import Path

import torch

from ganbench._util.user_code import in_one_line, raising_line
from ganbench.baseline import Baseline
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, RequestError
from ganbench.training.backends import LOOP
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer


@dataclass(frozen=True)
class Idiom:
    """Ordinary PyTorch that cannot be trained for all seeds at once, and what to write instead.

    ``error`` is a pattern of torch's message, ``source`` one of the user's line; where another line than the one that
    raised has it, such as the layer's in ``networks``, that line is named.
    """

    name: str
    error: str
    source: str
    instead: str


VALUE = r"calling \.item\(\) on a Tensor|data pointer of Tensor|data-dependent control flow"
IDIOMS = (
    Idiom(
        "dropout",
        "random operation",
        r"[Dd]ropout",
        'declare the draw in noise(), such as {"keep": uniform(width)}, and multiply by (b.keep > p) / (1 - p)',
    ),
    Idiom(
        "a random draw inside a loss",
        "random operation",
        "",
        "declare it in noise() and use it as b.NAME: seeds differ",
    ),
    Idiom(
        "torch's spectral norm",
        r"Batching rule not implemented|inplace|in-place",
        r"spectral_norm",
        "wrap the layer in SpectralNorm of ganbench.nets.layers",
    ),
    Idiom(
        "requires_grad_ and autograd.grad",
        r"requires_grad_\(\)|does not require grad|element 0 of tensors|backward\(\) called",
        r"requires_grad|autograd\.grad|backward\(",
        "gradient(D, x) of ganbench.baseline returns the gradient of D at each x, (n, d)",
    ),
    Idiom(
        "a number taken out of a tensor",
        VALUE,
        r"\.item\(|\.tolist\(|\.numpy\(|\bfloat\(|\bint\(",
        "keep it a tensor: .detach() stops its gradient",
    ),
    Idiom("a branch on a tensor's value", VALUE, "", "torch.where(condition, a, b) chooses for every seed"),
)


def rehearse(name: str, baseline: Baseline, dataset: Dataset, batch: int, backend: str = "eager") -> None:
    """Make the first updates and draw a sample; raise BadInput that says what went wrong, where, and the remedy.

    Under the backend ``loop`` a loss may take numbers out of tensors and branch on them, but not draw from torch's
    global generator: a seed would not repeat itself.
    """
    global_generator = torch.random.get_rng_state()
    try:
        trainer = Trainer(baseline, dataset, (0,), Plan(1, batch, backend=LOOP if backend == LOOP else "eager"))
        for kind in dict.fromkeys(baseline.updates(0)):
            trainer.update(kind)
        x, _ = Sampler(trainer).draw(1)
    except RequestError as error:
        raise BadInput(f"{name}: {error}") from error
    except Exception as error:  # whatever a user's file may raise
        raise BadInput(explained(name, error, Path(getfile(type(baseline))))) from error
    if not torch.equal(global_generator, torch.random.get_rng_state()):
        raise BadInput(f"{name}: it draws from torch's global generator: declare the draw in noise() instead")
    if x.shape[2:] != dataset.space.shape:
        raise BadInput(f"{name}: generate must return samples of shape {dataset.space.shape}, got {tuple(x.shape[2:])}")


def explained(name: str, error: Exception, file: Path) -> str:
    """Return one line: the file and line, and what to write instead or, for an error of another kind, its words."""
    number, line = raising_line(error, file)
    lines = file.read_text(encoding="utf-8").splitlines()
    for idiom in IDIOMS:
        if re.search(idiom.error, str(error)):
            if re.search(idiom.source, line):
                return f"{name}, line {number}: {idiom.name} cannot be trained for all seeds at once: {idiom.instead}"
            elsewhere = [
                i for i, text in enumerate(lines, 1) if re.search(idiom.source, text) and "import " not in text
            ]
            if elsewhere:
                where = f"{name}, line {elsewhere[0]}"
                return f"{where}: {idiom.name} cannot be trained for all seeds at once: {idiom.instead}"
    where = f"{name}, line {number}" if number else name
    return f"{where}: {in_one_line(error)}"
