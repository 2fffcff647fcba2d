"""Train the shipped classifier of colour pictures again, from a folder or archive of CIFAR-10's images.

Like ``train_classifier`` it stands above all layers. It goes on from the last whole epoch where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from math import cos, pi
from pathlib import Path
from typing import Any

import click
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench._util.files import cache_folder, write_atomically, written_whole
from ganbench._util.streams import stream
from ganbench.data.names import OWN_FIELDS
from ganbench.data.own import decoded
from ganbench.data.sources import Pixels
from ganbench.errors import BadInput, RequestError
from ganbench.features.cifar10 import CLASSES, NAME, SIDE, Network, extractor
from ganbench.features.image_network import ImageNetwork
from ganbench.features.train_classifier import SEED, one_thread
from ganbench.io import open_source
from ganbench.io.fingerprint import remembering

LEAST = 1 / 25  # of the rate, at the first step
MARGIN = 4  # pixels
LICENCE = (
    "weights: that of this package; the images are Krizhevsky's CIFAR-10, published for research without a licence, "
    "re-saved as JPEG; none of them is part of this package"
)


@dataclass(frozen=True)
class Recipe:
    """Nesterov's descent on pictures, half of them mirrored; a running mean of the weights is shipped.

    Early epochs see pieces of pictures, which is half the work; later ones see all of them, moved by up to ``MARGIN``
    pixels, edges mirrored into the gap. The rate rises along half a cosine in the first quarter of ``cycle`` epochs and
    begins to fall along another; from the end of epoch ``straight`` it falls in a straight line, to zero at the last.
    """

    epochs: int = 12
    cycle: int = 7
    straight: int = 3
    piece: int = 24  # pixels of a side
    whole: int = 4  # epochs on all of a picture, the last ones
    batch: int = 128
    lr: float = 0.2  # at its highest
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.1  # of labels
    average: float = 0.995  # what stays of the running mean at each step
    precision: str = "bfloat16"  # of products in training; sums and weights are float32


@dataclass(frozen=True)
class Images:
    """Pictures with classes, and what their source is called and contains."""

    pixels: Pixels
    name: str
    digest: str


def images_of(path: str) -> Images:
    """Return CIFAR-10's pictures in a folder, archive or array; raises BadInput unless they are of its ten classes."""
    source = remembering(open_source(path), cache_folder() / "digests.json")
    known = decoded(source, {**OWN_FIELDS, "channels": 3})  # a few are stored as grey
    if tuple(known.x.shape[1:]) != (3, SIDE, SIDE) or known.classes != len(CLASSES):
        raise BadInput(
            f"{path}: expected colour pictures of 32x32 in {len(CLASSES)} folders ({', '.join(CLASSES)}), got shape "
            f"{tuple(known.x.shape[1:])} and {known.classes} classes"
        )
    return Images(Pixels(known.x, 127.5, known.y), Path(path).name, source.digest())


class Training:
    """A network, its running mean, and the optimiser; ``epoch`` counts those that are done."""

    def __init__(self, images: Images, recipe: Recipe) -> None:
        self.images, self.recipe, self.epoch = images, recipe, 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream(SEED, NAME, "weights").initial_seed())
            self.network = Network().to(memory_format=torch.channels_last)
        self.mean = deepcopy(self.network)
        steps = -(-images.pixels.size // recipe.batch)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(),
            recipe.lr,
            recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        rate = partial(share_of_rate, recipe=recipe, steps=steps)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, rate)

    def state(self) -> dict[str, Any]:
        """Return all that going on needs."""
        return {"epoch": self.epoch, "of": self.identity(), "parts": [each.state_dict() for each in self.parts]}

    @property
    def parts(self) -> list[Any]:
        """All that changes."""
        return [self.network, self.mean, self.optimizer, self.schedule]

    def identity(self) -> list[str]:
        """Return what a state belongs to: these pictures and this recipe."""
        return [self.images.digest, repr(self.recipe), str(torch.__version__)]

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        for each, part in zip(self.parts, state["parts"], strict=True):
            each.load_state_dict(part)
        self.epoch = state["epoch"]

    def train_epoch(self) -> float:
        """Train on every picture once, in an order and with changes that belong to the epoch; return the mean loss."""
        total, draws = 0.0, stream(SEED, NAME, "epoch", self.epoch)
        self.network.train()
        for x, y in self.batches(draws):
            with torch.autocast("cpu", dtype=getattr(torch, self.recipe.precision)):
                logits = self.network.fc(self.network(x.contiguous(memory_format=torch.channels_last)))
            loss = F.cross_entropy(logits.float(), y, label_smoothing=self.recipe.smoothing)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            self.schedule.step()
            follow(self.mean, self.network, self.recipe.average)
            total += float(loss.detach()) * len(y)
        self.epoch += 1
        return total / self.images.pixels.size

    def batches(self, draws: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every picture or a piece of it, in random order, with their classes."""
        pixels, recipe = self.images.pixels, self.recipe
        side = SIDE if self.epoch >= recipe.epochs - recipe.whole else recipe.piece
        for index in torch.split(torch.randperm(pixels.size, generator=draws), self.recipe.batch):
            x, y = pixels.examples({"index": index})
            yield pieces(x, side, draws), y


def share_of_rate(step: int, recipe: Recipe, steps: int) -> float:
    """Return the rate of a step as a share of the highest; an epoch has so many ``steps``."""
    top, end = recipe.cycle * steps / 4 - 1, recipe.cycle * steps - 1
    turn = min(recipe.straight, recipe.epochs - 1) * steps
    at = min(step, turn)
    rising, falling = (1 - cos(pi * at / top)) / 2, (1 + cos(pi * (at - top) / (end - top))) / 2
    left = (recipe.epochs * steps - step) / (recipe.epochs * steps - turn)
    return (LEAST + (1 - LEAST) * rising if at < top else falling) * min(left, 1.0)


def pieces(x: Tensor, side: int, draws: torch.Generator) -> Tensor:
    """Return squares of that side anywhere in pictures (n, c, h, h), each mirrored half of the time.

    Squares as large as a picture may lie up to ``MARGIN`` pixels outside, where its edge is mirrored.
    """
    n, room = len(x), x.shape[-1] - side or 2 * MARGIN
    down, right = torch.randint(room + 1, (2, n), generator=draws)
    mirrored, along = torch.randint(2, (n,), generator=draws).bool(), torch.arange(side)
    wide = (F.pad(x, (MARGIN,) * 4, mode="reflect") if side == x.shape[-1] else x).permute(0, 2, 3, 1)
    rows = (down[:, None] + along)[:, :, None]
    columns = right[:, None] + torch.where(mirrored[:, None], along.flip(0), along)
    return wide[torch.arange(n)[:, None, None], rows, columns[:, None, :]].permute(0, 3, 1, 2)


def follow(mean: nn.Module, network: nn.Module, kept: float) -> None:
    """Move a running mean of weights and of BatchNorm's statistics towards the network's."""
    with torch.no_grad():
        for slow, fast in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
            slow.copy_(slow.lerp(fast, 1 - kept) if slow.is_floating_point() else fast)


def train(images: Images, recipe: Recipe, checkpoint: Path) -> Network:
    """Return the running mean of a classifier trained on pictures: the same bits on the same machine and torch.

    After each epoch the state is written to ``checkpoint``, from where the same training goes on.
    """
    with one_thread():
        training = Training(images, recipe)
        if checkpoint.is_file():
            state = torch.load(checkpoint, weights_only=True)
            if state["of"] != training.identity():
                raise BadInput(f"{checkpoint}: the state of another training; delete it, or name another --out")
            training.load(state)
        while training.epoch < recipe.epochs:
            loss = training.train_epoch()
            with written_whole(checkpoint) as part:
                torch.save(training.state(), part)
            click.echo(f"epoch {training.epoch} of {recipe.epochs}: mean loss {loss:.4f}")
    return training.mean


def correct(network: ImageNetwork, pixels: Pixels) -> int:
    """Return how many pictures the classifier names rightly."""
    posteriors = network(pixels.levels).posteriors
    return 0 if posteriors is None else int((posteriors.argmax(1) == pixels.y).sum())


def ship(train_on: str, held_out_path: str, out: Path, recipe: Recipe) -> dict[str, object]:
    """Train, then write ``cifar10.safetensors`` and its card ``cifar10.json`` into ``out``; return the card."""
    images, held_out = images_of(train_on), images_of(held_out_path)
    checkpoint = out / f"{NAME}.checkpoint.pt"
    network = train(images, recipe, checkpoint)
    weights = safetensors.torch.save({name: value.contiguous() for name, value in network.state_dict().items()})
    digest = hashlib.sha256(weights).hexdigest()
    right = correct(extractor(weights, digest), held_out.pixels)
    card: dict[str, object] = {
        "name": NAME,
        "sha256": digest,
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "classes": CLASSES,
        "trained_on": f"{images.name}, {images.pixels.size} pictures, digest {images.digest}",
        "split": f"held out: {held_out.name}, digest {held_out.digest}",
        "held_out": held_out.pixels.size,
        "correct": right,
        "accuracy": right / held_out.pixels.size,
        **vars(recipe),
        "seed": SEED,
        "torch": torch.__version__.split("+")[0],
        "licence": LICENCE,
        "command": f"python -m {__spec__.name if __spec__ else __name__} {images.name} {held_out.name}",
    }
    write_atomically(out / f"{NAME}.safetensors", weights)
    write_atomically(out / f"{NAME}.json", (json.dumps(card, indent=2) + "\n").encode())
    checkpoint.unlink()
    return card


@click.command()
@click.argument("train_on", metavar="TRAIN")
@click.argument("held_out", metavar="HELD_OUT")
@click.option("--out", default=".", help="Folder to write into.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training pictures.")
def main(train_on: str, held_out: str, out: str, epochs: int | None) -> None:
    """Train the classifier of CIFAR-10 on TRAIN and write its weights and its card, with what it names of HELD_OUT.

    Either is a folder or archive with a sub-folder for each class, or an array with labels.
    """
    recipe = Recipe()
    try:
        card = ship(train_on, held_out, Path(out), replace(recipe, epochs=epochs or recipe.epochs))
    except RequestError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{NAME}: {card['correct']} of {card['held_out']} held-out pictures right, SHA-256 {card['sha256']}")


if __name__ == "__main__":
    main()
