"""What the README shows was made by this code, and it is real training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganbench import data
from ganbench._util.streams import stream
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.metrics import fid
from ganbench.notes import EXPERIMENTS
from ganbench.notes.base import Form
from ganbench.notes.record import Observation, key_for
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs.grid import grid
from ganbench.suites import shipped
from ganbench.suites.suite import Suite
from ganbench.tables import write
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

ROOT = Path(__file__).parents[1]
QUICK, STANDARD, PHOTOGRAPHS = (ROOT / "results" / name for name in ("quick", "standard", "cifar10-tiny"))
CONTROLS = {"held_out", "noise"}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(Store(QUICK).read().values())


def means(records: list[Record], dataset: str, metric: str) -> dict[str, float]:
    """Mean over seeds of one metric, by baseline."""
    values: dict[str, list[float]] = {}
    for record in records:
        for scores in record.scores:
            if record.dataset == dataset and scores.metric == metric and scores.value is not None:
                values.setdefault(record.baseline, []).append(scores.value)
    return {name: sum(numbers) / len(numbers) for name, numbers in values.items()}


def test_every_quick_cell_was_finished(records: list[Record]) -> None:
    rows = {(record.baseline, record.dataset) for record in records}
    assert len(records) == 3 * len(rows) >= 60
    assert {record.status for record in records} == {"done"}
    assert {record.seed for record in records} == {0, 1, 2}


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


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="results/cifar10-tiny is not there")
def test_every_method_gets_nearer_to_photographs_while_it_trains_and_beats_noise() -> None:
    records = list(Store(PHOTOGRAPHS).read().values())
    scores = means(records, "cifar10(jpeg=1,share=0.04)", "fid")
    suite = shipped("cifar10-tiny")
    assert isinstance(suite, Suite)
    assert set(scores) == set(suite.baselines)
    for record in records:
        if record.curve and record.baseline not in CONTROLS:
            assert record.curve[-1]["value"] < record.curve[0]["value"] / 2, (record.baseline, record.seed)
    assert all(scores["held_out"] < value < scores["noise"] for name, value in scores.items() if name not in CONTROLS)


@pytest.mark.parametrize("folder", [QUICK, STANDARD], ids=lambda folder: folder.name)
def test_the_committed_tables_are_those_of_the_committed_records(folder: Path, tmp_path: Path) -> None:
    for path in write(list(Store(folder).read().values()), tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


@pytest.mark.parametrize("folder", [QUICK], ids=lambda folder: folder.name)
def test_the_committed_records_are_of_the_present_versions(folder: Path, engine: Callable[[int], None]) -> None:
    """But for the engine and the backend, which the records say. Data sets that come as files are left out."""
    suite = shipped(folder.name)
    assert isinstance(suite, Suite)
    known = Store(folder).read()
    ((version, backend),) = {(record.engine, record.plan["backend"]) for record in known.values()}
    names = tuple(name for name in suite.datasets if not name.startswith("mnist"))
    here = replace(suite, datasets=names, backend=backend)
    engine(version)
    missing = sorted({f"{cell.title} on {cell.dataset}" for cell in grid(here) if cell.key not in known})
    assert not missing, f"a version was raised or a setting changed: ganbench run --suite {folder.name} --out results"
    assert set(Store(folder).selection() or ()) == set(known)


def test_the_committed_records_of_standard_are_its_cells(engine: Callable[[int], None]) -> None:
    """Of every data set that was run, all of them, with the settings that were searched for it."""
    suite = shipped("standard")
    assert isinstance(suite, Suite)
    known = Store(STANDARD).read()
    there = tuple(name for name in suite.datasets if any(record.dataset == name for record in known.values()))
    ((version, backend),) = {(record.engine, record.plan["backend"]) for record in known.values()}
    engine(version)
    cells = grid(replace(suite, datasets=there, backend=backend))
    assert {cell.key for cell in cells} == set(known)
    assert {cell.key: cell.trials for cell in cells} == {key: record.trials for key, record in known.items()}


def test_the_committed_notes_are_of_the_present_versions(observed: dict[str, Observation]) -> None:
    assert [name for name in EXPERIMENTS if key_for(name, Form("fast")) not in observed] == []


def test_a_few_steps_already_bring_samples_closer() -> None:
    ring = data.load("ring8")
    real, _ = ring.held_out.examples(ring.held_out.indices(1000, stream(0, "reference")))
    distances = []
    for steps in (1, 200):
        trainer = Trainer(NonSaturatingGAN(lr=1e-3), ring, [0, 1], Plan(200, batch=64))
        trainer.advance(steps)
        x, _ = Sampler(trainer).draw(1000)
        distances.append(torch.tensor([fid(real, samples) for samples in x]))
    assert (distances[1] < distances[0] / 3).all()
