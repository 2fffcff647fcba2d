"""Ordinary PyTorch that cannot be trained for all seeds at once ends in one line that says what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ganbench import data
from ganbench.errors import BadInput
from ganbench.training import registry
from ganbench.training.trial_update import IDIOMS, rehearse

FILE = '''
from dataclasses import dataclass
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm
from ganbench.baseline import Baseline, gradient
from ganbench.nets import mlp

@dataclass(frozen=True)
class Mine(Baseline):
    """Mine."""

    def networks(self, space):
        return mlp.generator(self.latent, space), nn.Sequential(
            LAYERS
        )

    def discriminator_loss(self, G, D, b):
        loss = (D(G(b.z)) - D(b.x)).mean()
        LOSS

    def generator_loss(self, G, D, b):
        return -D(G(b.z)).mean()
'''
LAYERS = "nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0)"
PENALTY = (
    "x = b.x.clone().requires_grad_(); g, = torch.autograd.grad(D(x).sum(), x, create_graph=True); return g.norm()"
)


def tried(folder: Path, layers: str, loss: str, backend: str = "eager") -> None:
    path = folder / "mine.py"
    path.write_text(FILE.replace("LAYERS", layers).replace("LOSS", loss))
    ring = data.load("ring8")
    rehearse("mine.py", registry.configure(str(path), {}, ring), ring, 16, backend)


def line_of(text: str, layers: str, loss: str) -> int:
    lines = FILE.replace("LAYERS", layers).replace("LOSS", loss).splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("layers", "loss", "at", "said"),
    [
        ("nn.Dropout(), " + LAYERS, "return loss", "nn.Dropout()", "dropout cannot be trained for all seeds at once"),
        (LAYERS, "return loss + F.dropout(D(b.x)).mean()", "F.dropout", "declare the draw in noise()"),
        (LAYERS, "return loss + D(torch.randn_like(b.x)).mean()", "randn_like", "declare it in noise()"),
        (
            "spectral_norm(nn.Linear(2, 1)), nn.Flatten(0)",
            "return loss",
            "spectral_norm(nn",
            "wrap the layer in Spectral",
        ),
        (LAYERS, PENALTY, "requires_grad_", "gradient(D, x) of ganbench.baseline"),
        (
            LAYERS,
            PENALTY.replace("b.x.clone().requires_grad_()", "G(b.z)"),
            "autograd.grad(",
            "gradient(D, x) of ganben",
        ),
        (LAYERS, "loss.backward(); return loss", "backward", "gradient(D, x) of ganbench.baseline"),
        (LAYERS, "return loss if loss > 0 else -loss", "if loss", "torch.where(condition, a, b)"),
        (LAYERS, "return loss * loss.item()", ".item()", "keep it a tensor"),
        (LAYERS, "return loss * float(loss)", "float(", "keep it a tensor"),
        (LAYERS, "return loss * D(b.x).detach().numpy().mean()", ".numpy()", "keep it a tensor"),
        (LAYERS, "return loss + b.w", "b.w", "AttributeError: no 'w' in this batch"),
    ],
)
def test_an_idiom_that_cannot_be_vectorised_is_named_with_its_line_and_the_remedy(
    layers: str, loss: str, at: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        tried(tmp_path, layers, loss)
    message = str(caught.value)
    assert message.startswith(f"mine.py, line {line_of(at, layers, loss)}: ")
    assert "\n" not in message


@pytest.mark.parametrize("loss", ["print(loss.item()); return loss", "return loss if loss > 0 else -loss", PENALTY])
def test_the_backend_loop_runs_ordinary_pytorch(loss: str, tmp_path: Path) -> None:
    tried(tmp_path, LAYERS, loss, backend="loop")


def test_the_backend_loop_still_wants_every_draw_declared(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"mine\.py: it draws from torch's global generator: declare the draw in noise"):
        tried(tmp_path, "nn.Dropout(), " + LAYERS, "return loss", backend="loop")


def test_what_can_be_vectorised_passes(tmp_path: Path) -> None:
    tried(tmp_path, LAYERS, "return torch.where(loss > 0, loss, -loss) + gradient(D, b.x).norm(dim=1).mean()")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "from ganbench.game import Baseline",
            "mine.py: does not import: ganbench.game is called ganbench.baseline now",
        ),
        ("from ganbench.baseline import Player", "mine.py: does not import: Player is called Net now"),
        ("from ganbench.baseline import Move", "mine.py: does not import: Move is called Update now"),
        ("from ganbench.nets import critic", "mine.py: does not import: critic is called discriminator now"),
        (
            FILE.replace("discriminator_loss", "critic_loss"),
            "mine.py: Mine.critic_loss is called discriminator_loss now",
        ),
        (FILE.replace('"""Mine."""', "n_critic: int = 5"), "mine.py: Mine.n_critic is called d_steps now"),
        (FILE.replace("def networks", "def refuses"), "mine.py: Mine.refuses is called unsupported now"),
    ],
)
def test_a_name_of_version_0_1_ends_in_one_line_with_the_new_one(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text.replace("LAYERS", LAYERS).replace("LOSS", "return loss"))
    with pytest.raises(BadInput, match=re.escape(said)):
        registry.load(str(path))


def test_an_old_setting_ends_in_one_line_with_the_new_one() -> None:
    with pytest.raises(BadInput, match="wgan: n_critic is called d_steps now"):
        registry.configure("wgan", {"n_critic": 2}, data.load("ring8"))


def test_the_example_of_the_documentation_trains(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "own-baseline.md").read_text(encoding="utf-8")
    path = tmp_path / "mine.py"
    path.write_text(text.split("```python\n")[1].split("```")[0])
    for name in ("ring8", "digits"):
        dataset = data.load(name)
        rehearse("mine.py", registry.configure(str(path), {"penalty": 2}, dataset), dataset, 16)
    for idiom in IDIOMS:
        assert re.search(idiom.name.split()[0].removesuffix("_"), text) or idiom.name.startswith(("a ", "torch's"))
