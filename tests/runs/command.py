"""Tiny suites for the tests of running: a ring, a few steps, a handful of samples."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from ganbench.cli.main import main
from ganbench.suites import read
from ganbench.suites.suite import Suite
from tests.narrow import narrow

TINY = """
question = "Is it so?"
baselines = ["ns_gan", "noise"]
datasets = ["ring8"]
seeds = 2
steps = 2
batch = 16
samples = 32
metrics = ["fid"]
"""

OWN = '''
from dataclasses import dataclass

import torch
from ganbench.baseline import Baseline


@dataclass(frozen=True)
class Mine(Baseline):
    """Mine."""

    strength: float = 1.0
    latent: int = 2

    def discriminator_loss(self, G, D, b):
        return LOSS

    def generator_loss(self, G, D, b):
        return -D(G(b.z)).mean()
'''


def own(folder: Path, discriminator: str = "(D(G(b.z)) - D(b.x)).mean()", name: str = "mine.py") -> str:
    """Write a user's own baseline with that loss of the discriminator and return its path."""
    path = folder / name
    path.write_text(OWN.replace("LOSS", discriminator))
    return str(path)


def suite(folder: Path, text: str = TINY, name: str = "tiny.toml") -> str:
    """Write a suite and return its path."""
    path = folder / name
    path.write_text(text)
    return str(path)


def suite_of(folder: Path, text: str = TINY) -> Suite:
    """Write a suite and read it."""
    return narrow(read(Path(suite(folder, text))), Suite)


def ganbench(*arguments: str) -> Result:
    """Call the command line in this process."""
    return CliRunner().invoke(main, arguments)
