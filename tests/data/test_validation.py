"""A search never sees what tables are scored against, nor is it scored on what it was trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.data import load
from ganbench.data.sources import Finite, Stacked
from ganbench.scoring.reference import drawn


def rows(x: Tensor) -> set[bytes]:
    return {row.numpy().tobytes() for row in x}


def finite(source: object) -> Finite:
    assert isinstance(source, Finite)
    return source


def test_training_examples_are_divided_and_held_out_ones_are_left_alone() -> None:
    usual, search = load("digits"), load("digits(validation=1)")
    assert search.name == "digits(validation=1)"
    train, held_out = finite(search.train), finite(search.held_out)
    assert (train.size, held_out.size, finite(usual.train).size) == (600, 299, 899)
    assert rows(train.x) | rows(held_out.x) == rows(finite(usual.train).x)
    assert not rows(held_out.x) & rows(train.x)
    assert not rows(held_out.x) & rows(finite(usual.held_out).x)
    assert "validation" in search.split
    assert load("digits(validation=0)").name == "digits"


def test_a_stream_gives_other_draws_as_reference() -> None:
    usual, search = load("ring8"), load("ring8(validation=1,sd=0.02)")
    assert search.name == "ring8(sd=0.02,validation=1)"
    same = load("ring8(sd=0.02)")
    a, b = (drawn(data.held_out, 50, data.reference)[0] for data in (same, search))
    assert not torch.equal(a, b)
    assert usual.reference == "reference"


def test_stacks_are_made_of_either_part() -> None:
    search = load("stacked_digits(validation=1)")
    train, held_out = search.train, search.held_out
    assert isinstance(train, Stacked)
    assert isinstance(held_out, Stacked)
    assert (train.source.size, held_out.source.size) == (600, 299)
