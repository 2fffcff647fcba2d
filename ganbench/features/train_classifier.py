"""Train a shipped classifier again: a script above all layers, which is why it may import the data sets."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import safetensors.torch
import torch
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.data import load
from ganbench.data.sources import Finite
from ganbench.dataset import Source
from ganbench.errors import BadInput, RequestError
from ganbench.features.classifier import PLANS, Classifier, Network

SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained: Adam, its rate falling to zero along half a cosine."""

    epochs: int
    batch: int
    lr: float


RECIPES = {"digits": Recipe(40, 32, 2e-3), "mnist": Recipe(5, 128, 2e-3)}


def train(name: str, source: Finite, recipe: Recipe) -> Network:
    """Return the classifier trained on ``source``: the same bits on the same machine and torch version."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(SEED, name, "weights").initial_seed())
        network = Network(PLANS[name])
        batches = -(-len(source.x) // recipe.batch)
        optimizer = torch.optim.Adam(network.parameters(), recipe.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * batches)
        order = stream(SEED, name, "order")
        for _ in range(recipe.epochs):
            for index in torch.split(torch.randperm(len(source.x), generator=order), recipe.batch):
                loss = F.cross_entropy(network(source.x[index]), source.y[index])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                schedule.step()
    return network


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread for a while: the order of a sum depends on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def correct(extractor: Classifier, source: Finite) -> int:
    """Return how many examples the classifier names rightly."""
    guesses = extractor.posteriors(extractor.features(source.x)).argmax(1)
    return int((guesses == source.y).sum())


def all_of(source: Source) -> Finite:
    """Return the source with its examples at hand; raises BadInput where it has no end."""
    if not isinstance(source, Finite):
        raise BadInput("a classifier is trained on a finite data set")
    return source


def write(path: Path, content: bytes) -> None:
    """Write a file so that no one ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def ship(name: str, data: Path | None, out: Path, recipe: Recipe) -> dict[str, object]:
    """Train, then write ``<name>.safetensors`` and its card ``<name>.json`` into ``out``; return the card."""
    dataset = load(name, data)
    network = train(name, all_of(dataset.train), recipe)
    weights = safetensors.torch.save(network.state_dict())
    held_out = all_of(dataset.held_out)
    right = correct(Classifier(name, PLANS[name], weights), held_out)
    card: dict[str, object] = {
        "name": name,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "split": dataset.split,
        "held_out": len(held_out.x),
        "correct": right,
        "accuracy": right / len(held_out.x),
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "lr": recipe.lr,
        "seed": SEED,
        "torch": torch.__version__.split("+")[0],
    }
    write(out / f"{name}.safetensors", weights)
    write(out / f"{name}.json", (json.dumps(card, indent=2) + "\n").encode())
    return card


@click.command()
@click.argument("name", type=click.Choice(sorted(RECIPES)))
@click.option("--data", help="Folder of the data set's files.")
@click.option("--out", default=".", help="Folder to write into.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training examples.")
def main(name: str, data: str | None, out: str, epochs: int | None) -> None:
    """Train the classifier NAME and write its weights and its card."""
    recipe = RECIPES[name]
    try:
        card = ship(name, Path(data) if data else None, Path(out), replace(recipe, epochs=epochs or recipe.epochs))
    except RequestError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{name}: {card['correct']} of {card['held_out']} held-out examples right, SHA-256 {card['sha256']}")


if __name__ == "__main__":
    main()
