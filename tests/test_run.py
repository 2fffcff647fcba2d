"""Cells: the same wherever and whenever they are computed, done once, and failing alone."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ganbench import cell as module
from ganbench.cell import Place, compute, state
from ganbench.data import load as load_data
from ganbench.executors import local
from ganbench.machine import fixed_arithmetic
from ganbench.outcome import samples, weights
from ganbench.record import Record, to_line
from ganbench.run import grid, tasks
from ganbench.store import Store
from ganbench.suite import Cell, Suite
from ganbench.suites import read
from ganbench.train import Plan, Trainer
from tests.runs import own, suite


def tiny(folder: Path, **changes: Any) -> Suite:
    return replace(read(Path(suite(folder))), **changes)


def run(cells: Sequence[Cell], folder: Path, jobs: int = 1) -> dict[str, str]:
    """Run what is missing and return the stored lines by key, without what may differ between equal runs."""
    for _ in local.run(
        [task for task in tasks(cells, Store(folder).read()) if task.state != "done"],
        Place(folder),
        jobs,
        lambda cell, steps: None,
    ):
        pass
    return lines(folder)


def lines(folder: Path) -> dict[str, str]:
    return {key: to_line(replace(record, provenance={})) for key, record in Store(folder).read().items()}


def files(folder: Path) -> dict[str, bytes]:
    cells = sorted((folder / "cells").rglob("*.*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in cells}


@pytest.mark.slow
def test_results_are_the_same_in_any_folder_order_and_number_of_processes(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, watch="fid"))
    for name in ("first", "second", "third"):
        Store(tmp_path / name).open()
    first = run(cells, tmp_path / "first")
    second = run(list(reversed(cells)), tmp_path / "second")
    third = run(cells, tmp_path / "third", jobs=2)
    assert first == second == third
    records = Store(tmp_path / "first").read()
    assert set(records) == {cell.key for cell in cells}
    assert {run.status for record in records.values() for run in record.runs} == {"done"}
    assert files(tmp_path / "first") == files(tmp_path / "second") == files(tmp_path / "third")


def test_arithmetic_in_a_cell_does_not_follow_the_threads_outside() -> None:
    before = torch.get_num_threads()
    with fixed_arithmetic():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()


def played(folder: Path, cell: Cell, old: Record | None = None) -> Record:
    Store(folder).open()
    return compute(cell, Place(folder), old, lambda steps: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cell]:
    folder = tmp_path_factory.mktemp("finished")
    (cell,) = grid(tiny(folder, baselines=("wgan_gp",), watch="fid"))
    played(folder, cell)
    return folder, cell


def test_a_record_tells_what_a_cell_was_and_cost(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    record = Store(folder).read()[cell.key]
    data = load_data("ring8")
    assert (record.baseline, record.dataset, record.seeds, record.split) == ("wgan_gp", "ring8", (0, 1), data.split)
    assert record.plan == {"steps": 2, "batch": 16, "way": "replay"}
    assert record.settings["penalty"] == 10.0
    assert [(run.seed, run.status, run.step) for run in record.runs] == [(0, "done", 2), (1, "done", 2)]
    assert [point["step"] for point in record.curve] == [1, 2]
    assert {point["metric"] for point in record.curve} == {"fid"}
    generator, critic = 2 * 128 + 128 + 128 * 128 + 128 + 128 * 2 + 2, 2 * 128 + 128 + 128 * 128 + 128 + 128 + 1
    moves = 2 * (5 + 1) * 16  # steps, moves in each, examples
    cost = {"samples_seen": moves, "gradients": moves}
    assert record.cost == cost | {"parameters_generator": generator, "parameters_critic": critic}


def test_the_last_point_of_a_curve_of_all_samples_is_the_score(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    record = Store(folder).read()[cell.key]
    assert record.curve[-1]["values"] == list(record.scores[0].values)


def test_samples_and_weights_are_kept_as_they_were(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    place = Place(folder).of(cell)
    assert place.name == f"wgan_gp-ring8-{cell.key[:8]}"
    kept, named = load_file(place / "samples.safetensors"), load_file(place / "weights.safetensors")
    with fixed_arithmetic():
        from ganbench.roster import configure

        data = load_data("ring8")
        trainer = Trainer(configure("wgan_gp", {}, data), data, (0, 1), Plan(2, 16))
        trainer.advance(2)
        x, y = samples(trainer, 32)
    assert torch.equal(kept["x"], x)
    assert torch.equal(kept["y"], y)
    expected = weights(trainer)
    assert set(named) == set(expected)
    assert all(torch.equal(named[name], expected[name]) for name in named)
    rows = torch.cat([tensor.flatten(1) for name, tensor in expected.items() if name.startswith("average.")], 1)
    assert torch.equal(rows, trainer.state["average"])


def test_a_new_metric_is_scored_from_the_kept_samples(
    finished: tuple[Path, Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cell = finished
    old = Store(folder).read()[cell.key]
    more = replace(cell, metrics=("fid", "high_quality"))
    assert (state(cell, old), state(more, old)) == ("done", "unscored")
    monkeypatch.setattr(module, "Trainer", None)
    record = compute(more, Place(folder), old, lambda steps: None)
    assert [score.metric for score in record.scores] == ["fid", "high_quality"]
    assert record.provenance["trained"] == old.provenance
    assert replace(record, scores=record.scores[:1], provenance={}) == replace(old, provenance={})
    assert state(more, Store(folder).read()[cell.key]) == "done"


def test_without_kept_samples_a_new_metric_means_training_again(tmp_path: Path) -> None:
    (cell,) = grid(tiny(tmp_path, baselines=("noise",)))
    old = played(tmp_path, cell)
    more = replace(cell, metrics=("fid", "high_quality"))
    kept = Place(tmp_path).of(cell) / "samples.safetensors"
    kept.write_bytes(kept.read_bytes()[:-1])
    record = played(tmp_path, more, old)
    assert replace(record, scores=record.scores[:1], provenance={}) == replace(old, provenance={})
    assert len(record.scores) == 2
    assert "trained" not in record.provenance


def test_a_score_of_an_earlier_version_of_its_metric_is_made_again(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    old = Store(folder).read()[cell.key]
    before = replace(old, scores=tuple(replace(score, version=score.version - 1) for score in old.scores))
    assert state(cell, before) == "unscored"


def test_a_curve_that_was_not_drawn_means_training_again(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    assert state(replace(cell, watch="high_quality"), Store(folder).read()[cell.key]) == "missing"


def first_draw(folder: Path) -> list[float]:
    """What decides in a critic of the tests below: the first number that each seed draws for its critic's moves."""
    from ganbench.roster import configure

    data = load_data("ring8")
    trainer = Trainer(configure("ns_gan", {}, data), data, (0, 1), Plan(1, 16))
    return [abs(float(z)) for z in trainer.dealer("critic").deal(0)["z"][:, 0, 0]]


def test_a_seed_that_diverges_is_a_result_and_disturbs_no_other(tmp_path: Path) -> None:
    draws = first_draw(tmp_path)
    limit = sum(draws) / 2
    path = own(tmp_path, f"(D(G(b.z)) - D(b.x)).mean() * (1 + (b.z[0, 0].abs() > {limit}) * 1e38 * 1e38)")
    bad = max((0, 1), key=lambda seed: draws[seed])
    (cell,) = grid(tiny(tmp_path, baselines=(path,), steps=1, watch="fid", seeds=(1 - bad, bad)))
    record = played(tmp_path, cell)
    fine, failed = record.runs
    assert (fine.status, failed.status, failed.step) == ("done", "diverged", 0)
    assert failed.reason.startswith(f"seed {bad} diverged by step 1")
    assert record.scores[0].values[0] is not None
    assert (record.scores[0].values[1], record.scores[0].reasons[1]) == (None, failed.reason)
    assert record.curve[0]["values"] == [record.scores[0].values[0], None]
    assert state(cell, record) == "done"
    json.loads(to_line(record))
    kept = load_file(Place(tmp_path).of(cell) / "samples.safetensors")["x"]
    assert kept.shape == (1, 32, 2)
    assert kept.isfinite().all()


def test_an_error_in_a_cell_is_recorded_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = grid(tiny(tmp_path))
    real = module.Trainer

    def failing(baseline: Any, *arguments: Any) -> Trainer:
        if type(baseline).__name__ == "NonSaturatingGAN":
            raise MemoryError("no room\nat all")
        return real(baseline, *arguments)

    monkeypatch.setattr(module, "Trainer", failing)
    Store(tmp_path).open()
    run(cells, tmp_path)
    records = Store(tmp_path).read()
    broken, fine = (records[cell.key] for cell in cells)
    assert [run.status for run in fine.runs] == ["done", "done"]
    assert {(run.status, run.step, run.reason) for run in broken.runs} == {("error", 0, "MemoryError: no room at all")}
    assert broken.scores == ()
    assert "Traceback" in (Place(tmp_path).of(cells[0]) / "error.txt").read_text()
    assert [task.state for task in tasks(cells, records)] == ["failed", "done"]


def test_the_time_a_cell_takes_is_told_from_earlier_ones_of_its_kind(finished: tuple[Path, Cell]) -> None:
    folder, cell = finished
    records = Store(folder).read()
    record = replace(records[cell.key], provenance={"seconds": 10.0})
    longer = replace(cell, key="another", steps=6)
    (task,) = tasks([longer], {record.key: record})
    assert task.seconds == pytest.approx(30.0)
    (unknown,) = tasks([replace(longer, dataset="grid25")], {record.key: record})
    assert unknown.seconds == longer.guess > 0


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
def test_a_termination_ends_the_processes_of_the_pool_too() -> None:
    with pytest.raises(KeyboardInterrupt), local.pool(1) as workers:  # noqa: PT012
        number = workers.submit(os.getpid).result()  # the process is up
        (child,) = (child for child in active_children() if child.pid == number)
        workers.submit(time.sleep, 600)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(600)
    # Open until the process ends. Joining it here would race with the thread of the pool, which joins it too.
    assert wait([child.sentinel], timeout=60)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
