"""What the README tells people to type works."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from ganbench import data
from ganbench.metrics import coverage, fid, kid
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_baseline_in_the_readme_plays(tmp_path: Path) -> None:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "Baseline" in block]
    path = tmp_path / "hinge.py"
    path.write_text(code, encoding="utf-8")
    ring = data.load("ring8")
    trainer = Trainer(registry.configure(str(path), {"margin": 2.0}, ring), ring, [0], Plan(2, batch=8))
    trainer.run()
    assert Sampler(trainer).draw(3)[0].isfinite().all()


def test_metrics_are_plain_functions_of_two_clouds() -> None:
    real, fake = (torch.randn(50, 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert all(isinstance(metric(real, fake), float) for metric in (fid, kid, coverage))


def test_the_table_in_the_readme_is_the_committed_overview() -> None:
    shown = README.split("<!-- quick:begin -->\n")[1].split("<!-- quick:end -->")[0].strip()
    overview = (ROOT / "results" / "quick" / "overview.md").read_text(encoding="utf-8")
    assert [line for line in overview.splitlines() if line.startswith("|")] == shown.splitlines()


def test_every_file_that_the_readme_links_to_exists() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link
