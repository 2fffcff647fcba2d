"""What the README tells people to type works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import torch

from ganbench import data
from ganbench.cli.readme import ADDRESS, RAW, updated
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


def test_the_answer_in_the_readme_is_the_one_of_the_committed_results_that_it_names() -> None:
    (results,) = re.findall(r"<!-- answer:begin (\S+) -->", README)
    shown = README.partition(f"<!-- answer:begin {results} -->\n")[2].partition("\n<!-- answer:end -->")[0]
    overview = (ROOT / results / "overview.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in shown.splitlines() if line.startswith("|")] == [
        line for line in overview if line.startswith("|")
    ]
    assert {line for line in shown.splitlines() if line.startswith("- ")} < set(overview)
    assert updated(README, Path(results), ROOT) == README, f"run python -m ganbench.cli.readme {results}"


def test_another_suite_takes_its_place_and_nothing_else_changes() -> None:
    swapped = updated(README, Path("results/quick"), ROOT)
    assert "digits: frechet" in swapped
    assert "results/quick/overview-digits.png" in swapped
    assert swapped.partition("<!-- answer:end -->")[2] == README.partition("<!-- answer:end -->")[2]


def test_every_link_in_the_readme_is_absolute_and_what_it_points_to_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Repository"] == ADDRESS
    own = (f"{ADDRESS}/blob/main/", f"{ADDRESS}/tree/main/", f"{RAW}/")
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 20
    for link in links:
        assert link.startswith("https://"), link
        if place := next((link.removeprefix(start) for start in own if link.startswith(start)), ""):
            path, _, anchor = place.partition("#")
            assert (ROOT / path).exists(), link
            assert not anchor or anchor in anchors(ROOT / path), link


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-") for head in heads}


def test_the_readme_has_one_short_table_and_little_to_scroll() -> None:
    assert sum(line.startswith("|") for line in README.splitlines()) <= 16
    assert len(README.splitlines()) < 130


def test_each_section_of_the_readme_comes_in_its_place() -> None:
    heads = re.findall(r"^## (.*)$", README, re.MULTILINE)
    assert heads == ["Install", "Quickstarts", "What it is not", "Links"]
    assert README.index("answer:end") < README.index("## Install")
