"""What the README shows was made by this code, and it is real training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganbench import data, roster
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.code import source_digest
from ganbench.listing import at_hand
from ganbench.metrics import fid
from ganbench.record import Record
from ganbench.run import grid
from ganbench.sample import Sampler
from ganbench.store import Store
from ganbench.streams import stream
from ganbench.suite import Suite
from ganbench.suites import shipped
from ganbench.table import write
from ganbench.train import Plan, Trainer

ROOT = Path(__file__).parents[1]
QUICK, ALL = ROOT / "results" / "quick", ROOT / "results" / "all"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(Store(QUICK).read().values())


def means(records: list[Record], dataset: str, metric: str) -> dict[str, float]:
    """Mean over seeds of one metric, by baseline."""
    found = {}
    for record in records:
        for scores in record.scores:
            if record.dataset == dataset and scores.metric == metric:
                numbers = [value for value in scores.values if value is not None]
                found[record.baseline] = sum(numbers) / len(numbers)
    return found


def test_every_quick_cell_was_finished_by_every_seed(records: list[Record]) -> None:
    assert len({(record.baseline, record.dataset) for record in records}) == len(records) >= 20
    assert {run.status for record in records for run in record.runs} == {"done"}
    assert {record.seeds for record in records} == {(0, 1, 2)}


def test_on_digits_every_trained_baseline_lies_between_real_data_and_noise(records: list[Record]) -> None:
    scores = means(records, "digits", "fid")
    trained = scores.keys() - {"held_out", "gaussian", "half_classes", "noise"}
    assert len(trained) >= 6
    assert all(scores["held_out"] < scores[name] < scores["noise"] for name in trained)


def test_on_the_ring_modes_are_found(records: list[Record]) -> None:
    captured = means(records, "ring8", "modes_captured")
    assert captured["ns_gan"] >= 1
    assert max(captured[name] for name in ("ns_gan", "wgan_gp", "sngan", "lsgan")) == 8
    assert captured["half_classes"] == 4


@pytest.mark.parametrize("folder", [QUICK, ALL], ids=lambda folder: folder.name)
def test_the_committed_tables_are_those_of_the_committed_records(folder: Path, tmp_path: Path) -> None:
    for path in write(list(Store(folder).read().values()), tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_the_readme_shows_the_committed_overview() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- all:begin -->\n")[1].split("<!-- all:end -->")[0]
    assert (ALL / "overview.md").read_text(encoding="utf-8").strip().endswith(shown.strip())
    assert shown.count("\n| ") > 60


def test_the_whole_suite_left_no_cell_without_an_outcome() -> None:
    suite = shipped("all")
    assert isinstance(suite, Suite)
    cells = grid(suite, None, download=False) if at_hand("mnist") else None
    found = Store(ALL).read()
    played = {(record.baseline, record.dataset) for record in found.values()}
    named = {roster.title(name) for name in roster.everyone()}
    assert {name for name, _ in played} == named
    assert {dataset for _, dataset in played} == set(suite.datasets)
    assert all(run.status == "done" or run.reason for record in found.values() for run in record.runs)
    assert cells is None or {cell.key for cell in cells} == set(found)


@pytest.mark.parametrize("folder", [QUICK, ALL], ids=lambda folder: folder.name)
def test_the_committed_records_are_of_the_present_code(folder: Path) -> None:
    found = Store(folder).read().values()
    stale = sorted(
        {record.baseline for record in found if record.source != source_digest(roster.load(record.baseline))}
    )
    assert not stale, f"run ganbench run --suite {folder.name}"


def test_a_few_steps_already_bring_samples_closer() -> None:
    ring = data.load("ring8")
    real, _ = ring.held_out.examples(ring.held_out.tickets(1000, stream(0, "reference")))
    distances = []
    for steps in (1, 200):
        trainer = Trainer(NonSaturatingGAN(lr=1e-3), ring, [0, 1], Plan(200, batch=64))
        trainer.advance(steps)
        x, _ = Sampler(trainer).draw(1000)
        distances.append(torch.tensor([fid(real, samples) for samples in x]))
    assert (distances[1] < distances[0] / 3).all()
