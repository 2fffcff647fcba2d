"""Regularisers go around any loss: by name, with their own fields, the same on every backend and in every group."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench import data
from ganbench.baseline import Batch, Net
from ganbench.errors import BadInput, UnknownName
from ganbench.regularisers import REGULARISERS, Regularised
from ganbench.runs.source import version_of
from ganbench.suites.changes import changed
from ganbench.suites.suite import Suite
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer, unsupported
from tests.golden.trace import KINDS, SETTINGS, loaded, pinned

RING, DIGITS = data.load("ring8"), data.load("digits")
MINE = """
from dataclasses import dataclass
from ganbench.baseline import Baseline

@dataclass(frozen=True)
class Mine(Baseline):
    paper = "mine"

    def discriminator_loss(self, G, D, b):
        return (1 - D(b.x)).relu().mean() + (1 + D(G(b.z))).relu().mean()

    def generator_loss(self, G, D, b):
        return -D(G(b.z)).mean()
"""


def kind_for(name: str) -> str:
    return "digits" if REGULARISERS[name].images else "ring8"


def trained(name: str, kind: str, seeds: tuple[int, ...], backend: str) -> Tensor:
    """All numbers of the last seed after three steps in double precision."""
    with pinned(KINDS[kind]):
        dataset = loaded(kind)
        baseline = registry.configure(name, SETTINGS.get(name, {}), dataset)
        trainer = Trainer(baseline, dataset, seeds, Plan(3, 16, backend=backend))
        trainer.advance(3)
    state = trainer.state
    parts = [state["G"]["weights"], state["D"]["weights"], state["average"], *state["carried"].values()]
    return torch.cat([part[-1].flatten() for part in parts])


@pytest.mark.parametrize("name", REGULARISERS)
def test_every_backend_trains_the_same_and_a_seed_alone_as_in_a_group(name: str) -> None:
    full, kind = f"ns_gan+{name}", kind_for(name)
    eager = trained(full, kind, (0, 1), "eager")
    torch.testing.assert_close(trained(full, kind, (0, 1), "loop"), eager, rtol=0, atol=1e-9)
    assert torch.equal(trained(full, kind, (0, 1), "traced"), eager)
    assert torch.equal(trained(full, kind, (1,), "eager"), eager)
    plain = trained("ns_gan", kind, (0, 1), "eager")
    assert not torch.equal(plain, eager[: len(plain)])


def test_several_go_around_one_loss_in_any_order_of_their_names() -> None:
    assert registry.canonical("f_gan:gan+diffaug+r1") == "f_gan:jensen_shannon+r1+diffaug"
    assert registry.load("ns_gan+r1+diffaug") is registry.load("ns_gan+diffaug+r1")
    together = trained("ns_gan+r1+diffaug", "digits", (0,), "eager")
    for name in ("ns_gan+r1", "ns_gan+diffaug"):
        assert not torch.equal(together, trained(name, "digits", (0,), "eager"))


def test_a_name_without_regularisers_is_the_class_of_its_file() -> None:
    assert registry.load("ns_gan").__name__ == "NonSaturatingGAN"
    assert not any("+" in name for name in registry.everyone())
    assert registry.title("ns_gan+r1") == "ns_gan+r1"


def test_settings_are_those_of_both_and_latent_follows_the_data() -> None:
    baseline = registry.configure("wgan_gp+r1+diffaug", {"r1_gamma": 2, "diffaug_policy": "cutout"}, DIGITS)
    settings = registry.settings_of(baseline)
    assert (settings["r1_gamma"], settings["diffaug_policy"]) == (2.0, "cutout")
    plain = registry.settings_of(registry.configure("wgan_gp", {}, DIGITS))
    assert plain.items() <= settings.items()
    assert set(settings) - set(plain) == {"r1_gamma", "diffaug_policy"}


def test_set_reaches_the_fields_of_a_regulariser_and_of_the_baseline_within() -> None:
    suite = changed(
        Suite(
            name="s",
            question="?",
            baselines=("ns_gan", "ns_gan+r1"),
            datasets=("ring8",),
            seeds=(0,),
            steps=1,
            samples=64,
            metrics=("sliced_wasserstein",),
        ),
        ["ns_gan+r1.r1_gamma=3", "ns_gan.latent=5"],
    )
    assert suite.choices(RING, "ns_gan+r1") == [{"latent": 5, "r1_gamma": 3}]
    assert suite.choices(RING, "ns_gan") == [{"latent": 5}]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ns_gan+difaug", "unknown regulariser 'difaug'; did you mean 'diffaug'"),
        ("ns_gan+", "unknown regulariser ''; expected one of"),
        ("ns_gan+r1+r1", "the regulariser r1 is named twice"),
        ("ns_gam+r1", "unknown baseline 'ns_gam'; did you mean 'ns_gan'"),
        ("f_gan:kll+r1", "unknown member of f_gan 'kll'; did you mean 'kl'"),
    ],
)
def test_a_name_that_there_is_not_ends_in_one_line(name: str, line: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=line) as caught:
        registry.load(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"r1_gama": 1}, "unknown field of ns_gan.r1 'r1_gama'; did you mean 'r1_gamma'"),
        ({"r1_gamma": -1}, "r1_gamma must be 0 or more, got -1"),
    ],
)
def test_a_bad_setting_ends_in_one_line(settings: dict[str, Any], line: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=line):
        registry.configure("ns_gan+r1", settings, RING)


@pytest.mark.parametrize(
    ("name", "dataset", "line"),
    [
        ("ns_gan+diffaug", RING, "diffaug transforms images, not points"),
        ("vae:gaussian+r1", RING, "r1 needs a discriminator"),
        ("noise+r1", RING, "r1 needs a discriminator"),
        ("acgan+r1", DIGITS, "r1 needs a discriminator that answers with one number per example"),
        ("pacgan+diffaug", DIGITS, "diffaug needs a loss that asks the discriminator as a whole about real examples"),
        ("ns_gan+cr", RING, "cr transforms images, not points"),
        ("pacgan+bcr", DIGITS, "bcr needs a loss that asks the discriminator as a whole about real examples"),
        (
            "feature_matching+topk",
            RING,
            "topk needs a generator's loss that asks the discriminator as a whole about its samples",
        ),
        ("instance_noise+r2", RING, "r2 needs a loss that asks the discriminator as a whole about fake examples"),
    ],
)
def test_a_loss_that_it_cannot_go_around_is_refused_in_one_line(name: str, dataset: Any, line: str) -> None:
    assert unsupported(registry.configure(name, {}, dataset), dataset, 32) == line


def test_a_file_of_ones_own_takes_them_too(tmp_path: Any) -> None:
    path = tmp_path / "my+own.py"
    path.write_text(MINE, encoding="utf-8")
    name = f"{path}+r1"
    baseline = registry.configure(name, {}, RING)
    assert isinstance(baseline, Regularised)
    assert registry.title(name) == "my+own.py+r1"
    assert str(version_of(name, type(baseline))).startswith(str(version_of(str(path), registry.load(str(path)))))
    Trainer(baseline, RING, [0], Plan(1, 16)).advance(1)


def test_the_monitor_and_the_noise_of_samples_are_those_of_the_baseline() -> None:
    plain, around = (registry.configure(name, {}, DIGITS) for name in ("f_gan:kl", "f_gan:kl+diffaug"))
    G, D = (Net.of(net) for net in plain.networks(DIGITS.space))
    b = Batch({"x": torch.rand(4, 1, 8, 8), "z": torch.randn(4, plain.latent)})
    assert torch.equal(around.monitor(G, D, b), plain.monitor(G, D, b))
    assert list(around.sampling_noise(DIGITS.space)) == ["z"]
    assert list(around.noise(DIGITS.space)) == ["z", "diffaug_draws"]
