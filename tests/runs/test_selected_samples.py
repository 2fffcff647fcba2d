"""Samples that the discriminator selects: distributions that are known, and which discriminators can."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, sqrt

import pytest
import torch
from click.testing import CliRunner
from scipy import integrate, stats
from torch import Tensor, nn

import ganbench
from ganbench import data
from ganbench.baseline import Baseline, Batch, Control, Net
from ganbench.cli.main import main
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput
from ganbench.runs.selected_samples import CHAIN, QUANTILE, LogRatio, Selection, acceptance
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

SHIFT = 0.8  # data are N(.8, 1) where samples are N(0, 1): the log ratio at x is .8 x - .32


class Steep(nn.Module):
    """Answers three times as large as the log ratio, and off by 2."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return 3 * self.w * (SHIFT * x[:, 0] - SHIFT**2 / 2) + 2


class Same(nn.Module):
    """The noise itself."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, z: Tensor) -> Tensor:
        return self.w * z


@dataclass(frozen=True)
class Line(Baseline):
    """Samples of N(0, 1), and a discriminator that knows more than it says right."""

    latent: int = 1

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return Same(), Steep()

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return (D(G(b.z)) - D(b.x)).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()


def line() -> Dataset:
    x = SHIFT + torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    source = Finite(x, torch.zeros(2000, dtype=torch.long))
    space = Space((1,), 0, -torch.inf, torch.inf)
    return Dataset("line", space, source, source, source, split="none", features="identity", latent=1)


@cache
def selection(noise_seed: int = 0) -> Selection:
    trainer = Trainer(Line(), line(), [4], Plan(1))
    return Selection(Sampler(trainer), trainer, noise_seed)


def test_the_ratio_is_calibrated_on_examples_and_samples() -> None:
    """Answers are 3 (log ratio) + 2, so that a third of them, less two thirds, is what they should be."""
    assert selection().log_ratio.scale == pytest.approx(1 / 3, rel=0.15)
    at_nothing = selection().log_ratio(torch.tensor(2.0)).item()  # where both densities are the same
    assert at_nothing == pytest.approx(0, abs=0.1)


def test_answers_that_separate_keep_a_finite_slope() -> None:
    ratio = LogRatio.fitted(torch.tensor([1.0, 2.0]), torch.tensor([-1.0, -2.0, -3.0]))
    assert 0 < ratio.scale < 10


def test_both_kinds_weigh_the_same_however_many_there_are() -> None:
    real, fake = torch.tensor([0.0, 1.0, 1.0, 1.0]).repeat(500), torch.tensor([0.0, 0.0, 0.0, 1.0])
    ratio = LogRatio.fitted(real, fake.repeat(5000))
    assert ratio(torch.tensor(1.0)).exp().item() == pytest.approx(3, rel=0.01)


def test_chains_end_in_the_distribution_of_the_data() -> None:
    """Up to the calibration: the target is N(0, 1) tilted by the fitted ratio, which is N(3 x .8 scale, 1)."""
    x, _ = selection().draw(600, None, "mh")
    mean = 3 * SHIFT * selection().log_ratio.scale
    assert stats.kstest(x[:, 0].numpy(), stats.norm(mean, 1).cdf).pvalue > 0.01
    assert stats.kstest(x[:, 0].numpy(), stats.norm(0, 1).cdf).pvalue < 1e-6


def test_rejection_has_the_density_of_its_rule() -> None:
    chosen = selection()
    x, _ = chosen.draw(2000, None, "drs")
    largest = chosen.fake.max()
    gamma = float(acceptance(chosen.fake, largest).quantile(QUANTILE))

    def weight(at: float) -> float:
        ratio = chosen.log_ratio(torch.tensor(3 * (SHIFT * at - SHIFT**2 / 2) + 2))
        return stats.norm.pdf(at) / (1 + exp(min(gamma - float(acceptance(ratio, largest)), 700)))

    whole = integrate.quad(weight, -8, 8, limit=200)[0]
    mean = integrate.quad(lambda at: at * weight(at), -8, 8, limit=200)[0] / whole
    spread = sqrt(integrate.quad(lambda at: (at - mean) ** 2 * weight(at), -8, 8, limit=200)[0] / whole)
    assert mean > 0.3
    assert x.double().mean().item() == pytest.approx(mean, abs=4 * spread / sqrt(2000))
    assert x.double().std().item() == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("how", ["drs", "mh"])
def test_a_selected_sample_depends_on_its_number_alone(how: str) -> None:
    few, many = (selection().draw(n, None, how)[0] for n in (3, 260))  # type: ignore[arg-type]
    assert torch.equal(few, many[:3])
    other = selection(7).draw(3, None, how)[0]  # type: ignore[arg-type]
    assert not torch.equal(few, other)


def test_chains_that_never_move_begin_again_with_a_sample() -> None:
    """Real examples whose ratio no sample reaches: the first lap moves nowhere."""
    trainer = Trainer(Line(), line(), [4], Plan(1))
    stubborn = Selection(Sampler(trainer), trainer, 0)
    stubborn.real = torch.full_like(stubborn.real, 1e6)
    seen = list[int]()
    walk = stubborn.walk

    def watched(chunk: int, kept: Tensor, y: Tensor, now: Tensor, attempts: range, chains: Tensor) -> Tensor:
        seen.append(attempts.start)
        return walk(chunk, kept, y, now, attempts, chains)

    stubborn.walk = watched  # type: ignore[method-assign]
    x, _ = stubborn.draw(200, None, "mh")
    assert seen == [0, CHAIN + 1]
    assert x.double().mean().item() == pytest.approx(3 * SHIFT * stubborn.log_ratio.scale, abs=4 / sqrt(200))


def test_a_rejection_that_never_ends_is_given_up() -> None:
    trainer = Trainer(Line(), line(), [4], Plan(1))
    hopeless = Selection(Sampler(trainer), trainer, 0)
    hopeless.fake = torch.cat([torch.full((9000,), 500.0), torch.tensor([501.0])]).double()
    with pytest.raises(BadInput, match="drs: a sample had none of 2000 proposals accepted; expected mh or plain"):
        hopeless.draw(1, None, "drs")


JUDGES = [
    name
    for name in registry.everyone()
    if registry.load(name).d_steps
    and not issubclass(registry.load(name), Control)
    and (":" not in name or name in {"f_gan:kl", "cgan:concat", "mdgan:regularised"})
]
NONE = {
    *("aae", "ali", "bigan", "veegan", "pacgan", "minibatch_discrimination", "mad_gan", "lapgan", "ebgan", "began"),
    *("mmd_gan", "mmd_gan_gp", "cramer_gan", "stylegan2", "dcgan"),
}


@pytest.mark.parametrize("name", [name for name in JUDGES if name not in {"biggan", "lapgan", "stylegan2"}])
def test_a_discriminator_judges_an_example_whatever_lies_beside_it_or_not_at_all(name: str) -> None:
    source = data.load("digits")
    trainer = Trainer(registry.configure(name, {}, source), source, [0], Plan(1, 16))
    state, net = trainer.state["D"], trainer.updates.stacked["D"]
    D = net.net(state["weights"][0], {key: buffer[0] for key, buffer in state["buffers"].items()})
    x, y = source.held_out.examples(source.held_out.indices(12, torch.Generator().manual_seed(0)))
    answers = trainer.baseline.realness(D, x, y)
    assert (answers is None) == (name in NONE)
    if answers is None:
        return
    assert answers.shape == (12,)
    assert answers.isfinite().all()
    few = trainer.baseline.realness(D, x[3:5], y[3:5])
    assert few is not None
    torch.testing.assert_close(few, answers[3:5])
    assert answers.std() > 0


@pytest.mark.parametrize("how", ["drs", "mh"])
@pytest.mark.parametrize("name", ["ns_gan", "projection"])
def test_trained_generators_take_either(name: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganbench.runs.selected_samples.CHAIN", 5)
    generator = ganbench.train(name, "ring8", steps=3)
    labels = [i % 8 for i in range(20)] if name == "projection" else None
    x = generator.sample(20, labels, sampler=how)  # type: ignore[arg-type]
    assert x.shape == (20, 2)
    assert x.isfinite().all()
    assert torch.equal(x, generator.sample(20, labels, sampler=how))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("flow_matching", "FlowMatching has no discriminator that could select samples"),
        ("pacgan", "PacGAN: its discriminator judges no sample by itself"),
    ],
)
def test_others_are_refused(name: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        ganbench.train(name, "ring8", steps=1).sample(2, sampler="mh")
    assert said in str(refused.value)


def test_a_discriminator_of_several_numbers_is_refused_unless_it_says_which_one_is_meant() -> None:
    class Wide(Line):
        def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor:
            return D(x)[:, None].expand(-1, 3)

    trainer = Trainer(Wide(), line(), [4], Plan(1))
    with pytest.raises(BadInput, match=r"Wide.realness: expected a number for each sample, got shape \(256, 3\)"):
        Selection(Sampler(trainer), trainer, 0)


def test_an_unknown_sampler_is_refused() -> None:
    generator = ganbench.train("ns_gan", "ring8", steps=1)
    with pytest.raises(BadInput, match="sampler must be one of plain, drs, mh, got 'dsr'"):
        generator.sample(2, sampler="dsr")  # type: ignore[arg-type]


def test_the_command_takes_a_sampler() -> None:
    ran = CliRunner().invoke(main, ["sample", "nowhere:ns_gan:ring8", "--sampler", "gibbs", "--out", "x"])
    assert ran.exit_code == 2
    assert "'gibbs' is not one of 'plain', 'drs', 'mh'" in ran.output
