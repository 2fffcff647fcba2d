"""Suites on CIFAR-10: twelve methods, every setting has an effect, published numbers are those of the ledger."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import torch

from ganbench.baseline import Control
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.suites import shipped
from ganbench.suites.suite import Suite
from ganbench.training import registry
from ganbench.training.trainer import unsupported

ROOT = Path(__file__).parents[2]
LINE = re.compile(
    r"\| (?:`(?P<row>[\w+]+)`|real images) \| (?P<metric>\w+) (?P<value>[\d.]+)[^|]*\|[^|]*\| `(?P<key>\S+)` \|"
)


def suite(name: str) -> Suite:
    made = shipped(name)
    assert isinstance(made, Suite)
    return made


def photographs(name: str) -> Dataset:
    part = Finite(torch.zeros(40, 3, 32, 32), torch.arange(40) % 10)
    return Dataset(name, Space((3, 32, 32), 10, -1.0, 1.0), part, part, part, "none", "random_conv", latent=128)


@pytest.mark.parametrize("name", [pytest.param("cifar10", marks=pytest.mark.slow), "cifar10-tiny"])  # wide networks
def test_twelve_methods_are_set_up_as_the_suite_says(name: str) -> None:
    made = suite(name)
    data = photographs(made.datasets[0])
    trained = [each for each in made.baselines if not issubclass(registry.load(each), Control)]
    assert len(trained) == 12
    for each in trained:
        settings = made.settings_for(data, each)
        net = registry.configure(each, settings, data)  # refuses a setting without effect
        assert unsupported(net, data, 16) is None
        if name == "cifar10-tiny":
            assert settings["width"] == 16
    resnets = ["ns_gan", "wgan_gp", "r1", "sngan", "projection", "acgan"]
    assert all(made.settings_for(data, each)["networks"] == "resnet" for each in resnets)
    assert made.settings_for(data, "r3gan")["networks"] == "r3gan"


def test_the_tiny_suite_is_the_large_one_on_fewer_photographs_of_either_kind() -> None:
    tiny, large = suite("cifar10-tiny"), suite("cifar10")
    assert tiny.baselines == large.baselines
    assert tiny.metrics == large.metrics
    both = [tiny.settings_for(photographs(name), "r3gan") for name in ("cifar10(jpeg=1,share=0.04)", "cifar10")]
    assert both[0] == both[1]


def test_published_numbers_of_the_page_are_those_of_the_ledger() -> None:
    with (ROOT / "results" / "published.csv").open(encoding="utf-8") as file:
        ledger = {row["key"]: row for row in csv.DictReader(file)}
    found = [*LINE.finditer((ROOT / "docs" / "cifar10.md").read_text(encoding="utf-8"))]
    assert len(found) == 20
    for each in found:
        row = ledger[each["key"]]
        assert (row["metric"], row["value"]) == (each["metric"], each["value"])
        assert row["source"]
        assert each["row"] is None or each["row"] in suite("cifar10").baselines
