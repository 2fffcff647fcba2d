"""Stacked digits: three digits drawn at random as the channels of one image, which makes a thousand modes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ganbench.data.digits import digits
from ganbench.data.mnist import mnist
from ganbench.data.sources import Finite, Stacked
from ganbench.dataset import Dataset, Source


def stacked_digits() -> Dataset:
    """Return images (3, 8, 8) in [-1, 1] of three digits of the same split of ``digits``."""
    return stacked(digits())


def stacked_mnist(folder: Path | None = None, download: bool = True) -> Dataset:
    """Return images (3, 28, 28) in [-1, 1] of three digits of the same split of MNIST (Metz et al., 2016)."""
    return stacked(mnist(folder, download))


def stacked(data: Dataset) -> Dataset:
    """Return ``data`` with three of its examples as the channels of one, labelled 100 r + 10 g + b; every draw new."""

    def three(source: Source) -> Stacked:
        if not isinstance(source, Finite):
            raise TypeError(f"{data.name} is streamed: there is nothing to stack")
        return Stacked(source, data.space.classes)

    name = f"stacked_{data.name}"
    return replace(
        data,
        name=name,
        space=replace(data.space, shape=(3, *data.space.shape[1:]), classes=data.space.classes**3),
        train=three(data.train),
        held_out=three(data.held_out),
        control=three(data.control),
        split=f"three independent draws from the same part of {data.name} ({data.split})",
        features=name,
    )
