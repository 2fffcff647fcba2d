"""Cells: the same wherever and whenever they are computed, done once, and failing alone."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ganbench._util.machine import fixed_arithmetic
from ganbench.data import load as load_data
from ganbench.metrics import fid
from ganbench.records.record import Record, to_line, usual_weights
from ganbench.records.store import Store
from ganbench.runs import execution as module
from ganbench.runs.execution import Place, compute, state
from ganbench.runs.executors import process as local
from ganbench.runs.grid import grid, groups, tasks
from ganbench.runs.summary import samples, weights
from ganbench.scoring.reference import drawn
from ganbench.suites.suite import Cell, Suite
from ganbench.tables import summarise
from ganbench.training import ENGINE_VERSION
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import own, suite_of


def tiny(folder: Path, **changes: Any) -> Suite:
    return replace(suite_of(folder), **changes)


def run(cells: Sequence[Cell], folder: Path, jobs: int = 1) -> dict[str, str]:
    """Run what is missing and return the stored lines by key, without what may differ between equal runs."""
    todo = [task for task in tasks(cells, Store(folder).read()) if task.state != "done"]
    for _ in local.run(groups(todo), Place(folder), jobs, lambda group, steps: None):
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
    assert {record.status for record in records.values()} == {"done"}
    assert files(tmp_path / "first") == files(tmp_path / "second") == files(tmp_path / "third")


def test_arithmetic_in_a_cell_does_not_follow_the_threads_outside() -> None:
    before = torch.get_num_threads()
    with fixed_arithmetic():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()


def computed(folder: Path, cells: Sequence[Cell], *old: Record) -> list[Record]:
    Store(folder).open()
    return compute(cells, Place(folder), {record.key: record for record in old}, lambda steps: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell]]:
    folder = tmp_path_factory.mktemp("finished")
    cells = grid(tiny(folder, baselines=("wgan_gp",), watch="fid"))
    computed(folder, cells)
    return folder, cells


def test_a_record_tells_what_a_seed_was_and_cost(finished: tuple[Path, list[Cell]]) -> None:
    folder, cells = finished
    known, data = Store(folder).read(), load_data("ring8")
    assert [cell.seed for cell in cells] == [0, 1]
    for cell in cells:
        record = known[cell.key]
        assert (record.baseline, record.dataset, record.seed) == ("wgan_gp", "ring8", cell.seed)
        assert (record.split, record.row, record.samples) == (data.split, cell.row, 32)
        assert (record.schema, record.version, record.dataset_version, record.engine) == (2, 1, 1, ENGINE_VERSION)
        assert record.plan == {"steps": 2, "batch": 16, "backend": "auto"}
        assert record.settings["penalty"] == 10.0
        assert (record.status, record.step, record.reason) == ("done", 2, "")
        assert [point["step"] for point in record.curve] == [0, 1, 2]
        assert {point["metric"] for point in record.curve} == {"fid"}
        assert (record.group, record.provenance["backend"]) == ((0, 1), "traced")
        assert len(record.provenance["source"]) == 32
        assert record.provenance["league"] == "adversarial"
        assert 0 < record.provenance["training_seconds"] < record.provenance["seconds"]
        generator, discriminator = 128 * (2 + 1 + 128 + 1 + 2) + 2, 128 * (2 + 1 + 128 + 1 + 1) + 1
        seen = 2 * (5 + 1) * 16  # steps, updates in each, examples
        cost = {"samples_seen": seen, "gradients": seen}
        cost |= {"parameters_generator": generator, "parameters_discriminator": discriminator}
        assert {name: value for name, value in record.cost.items() if name != "flops"} == cost
        assert record.examples["shape"] == [32, 2]
        shown = np.frombuffer(b64decode(record.examples["data"]), record.examples["dtype"]).reshape(32, 2)
        assert np.array_equal(shown, load_file(Place(folder).samples(cell))["x"])


def test_the_operations_of_training_are_counted_as_by_hand(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, baselines=("ns_gan",), seeds=(0,)))
    (record,) = computed(tmp_path, cells)
    generator, discriminator, first = 128 * (2 + 128 + 2), 128 * (2 + 128 + 1), 128 * 2  # products for one example
    judged = 2 * 16  # real and generated
    # forward, the gradient of the weights, the gradient of all inputs but the first layer's
    of_discriminator = 2 * 16 * generator + 2 * judged * (3 * discriminator - first)
    of_generator = 2 * 16 * (3 * generator - first) + 2 * 16 * 2 * discriminator
    assert record.cost["flops"] == 2 * (of_discriminator + of_generator)


SETS = {"sets": 3, "references": 2, "weights": ("average", "last")}


def test_every_set_of_samples_is_scored_against_every_draw_of_the_reference(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, baselines=("ns_gan",), seeds=(0,), metrics=("fid",), **SETS))
    (record,) = computed(tmp_path, cells)
    assert [(each.metric, each.weights, each.draws, len(each.values)) for each in record.scores] == [
        ("fid", "average", 2, 6), ("fid", "last", 2, 6)
    ]  # fmt: skip
    kept, data = load_file(Place(tmp_path).samples(cells[0])), load_data("ring8")
    for score, x in zip(record.scores, (kept["x"], kept["last.x"]), strict=True):
        for draw in range(2):
            real = drawn(data.held_out, 32, "reference", draw)[0]
            assert score.by_draw[draw] == pytest.approx([fid(real, part) for part in x.split(32)], rel=1e-9)
    assert len({value for score in record.scores for value in score.values}) == 12


def test_more_sets_need_no_training_while_samples_or_weights_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = computed(tmp_path / "whole", grid(tiny(tmp_path, baselines=("ns_gan",), metrics=("fid",), **SETS)))
    few = grid(tiny(tmp_path, baselines=("ns_gan",), metrics=("fid",)))
    old = computed(tmp_path / "few", few)
    monkeypatch.setattr(Trainer, "run", None)
    more = grid(tiny(tmp_path, baselines=("ns_gan",), metrics=("fid",), **SETS))
    assert [state(cell, record) for cell, record in zip(more, old, strict=True)] == ["unscored"] * 2
    again = computed(tmp_path / "few", more, *old)
    assert [record.scores for record in again] == [record.scores for record in whole]
    assert [state(cell, record) for cell, record in zip([*more, *few], again * 2, strict=True)] == ["done"] * 4


def test_a_suite_may_score_the_last_weights_alone(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, baselines=("ns_gan", "noise"), seeds=(0,), watch="fid", weights=("last",)))
    (record,), (control,) = ([*computed(tmp_path / cell.baseline, [cell])] for cell in cells)
    (both,) = computed(tmp_path / "both", grid(tiny(tmp_path, baselines=("ns_gan",), seeds=(0,), **SETS)))
    assert (record.status, [each.weights for each in record.usual]) == ("done", ["last"])
    assert record.scores[0].values == both.scores[1].values[:1]
    assert record.examples
    (summary,) = summarise([record, control])
    assert [entry.estimate is not None for entry in summary.column(summary.columns[0])] == [True, True]
    assert summary.weights == "last"
    assert usual_weights([both, control]) == "average"


def test_what_repeats_itself_and_what_is_not_trained_has_no_more_sets_than_differ(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, baselines=("held_out", "noise", "ns_gan"), datasets=("digits",), samples=200, **SETS))
    asked = {cell.baseline: (cell.sets, cell.references, cell.weights) for cell in cells}
    assert asked == {
        "held_out": (2, 2, ("average",)),  # of 449 examples
        "noise": (3, 2, ("average",)),
        "ns_gan": (3, 2, ("average", "last")),
    }
    (cell, *_) = grid(tiny(tmp_path, baselines=("held_out",), datasets=("digits",), samples=300, **SETS))
    assert (cell.sets, cell.references) == (1, 1)


def test_the_last_point_of_a_curve_of_all_samples_is_the_score(finished: tuple[Path, list[Cell]]) -> None:
    folder, cells = finished
    for cell in cells:
        record = Store(folder).read()[cell.key]
        assert record.curve[-1]["value"] == record.scores[0].value


def test_samples_and_weights_are_kept_as_they_were(finished: tuple[Path, list[Cell]]) -> None:
    folder, cells = finished
    place = Place(folder)
    assert place.of(cells[0]) == place.of(cells[1]) == folder / "cells" / f"wgan_gp-ring8-{cells[0].row[:8]}"
    with fixed_arithmetic():
        from ganbench.training.registry import configure

        data = load_data("ring8")
        trainer = Trainer(configure("wgan_gp", {}, data), data, (0, 1), Plan(2, 16))
        trainer.advance(2)
        drawn = samples(trainer, 32)
    for i, cell in enumerate(cells):
        kept, named = load_file(place.samples(cell)), load_file(place.weights(cell))
        x, y = drawn[cell.seed]
        assert torch.equal(kept["x"], x)
        assert torch.equal(kept["y"], y)
        expected = weights(trainer, i)
        assert set(named) == set(expected)
        assert all(torch.equal(named[name], expected[name]) for name in named)
        row = torch.cat([tensor.flatten() for name, tensor in expected.items() if name.startswith("average.")])
        assert torch.equal(row, trainer.state["average"][i])


def test_more_seeds_train_the_missing_ones_alone(
    finished: tuple[Path, list[Cell]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cells = finished
    known = Store(folder).read()
    wider = grid(tiny(tmp_path, baselines=("wgan_gp",), watch="fid", seeds=(0, 1, 2, 3)))
    assert [cell.key for cell in wider[:2]] == [cell.key for cell in cells]
    work = tasks(wider, known)
    assert [task.state for task in work] == ["done", "done", "missing", "missing"]
    (group,) = groups([task for task in work if task.state != "done"])
    groups_trained = []

    def watched(baseline: Any, data: Any, seeds: Sequence[int], plan: Plan) -> Trainer:
        groups_trained.append(list(seeds))
        return Trainer(baseline, data, seeds, plan)

    monkeypatch.setattr(module, "Trainer", watched)
    records = computed(tmp_path, [task.cell for task in group])
    assert groups_trained == [[2, 3]]
    assert [(record.seed, record.group) for record in records] == [(2, (2, 3)), (3, (2, 3))]


@pytest.mark.parametrize("backend", ["traced", pytest.param("compiled", marks=pytest.mark.slow)])
def test_seeds_that_are_added_later_leave_the_samples_of_a_run_of_all(backend: str, tmp_path: Path) -> None:
    def left(name: str, *parts: slice) -> list[bytes]:
        folder = tmp_path / name
        cells = grid(tiny(tmp_path, baselines=("wgan_gp",), steps=20, seeds=(0, 1, 2, 3, 4), backend=backend))
        for part in parts:
            computed(folder, cells[part])
        return [Place(folder).samples(cell).read_bytes() for cell in cells]

    assert left("all", slice(5)) == left("later", slice(2), slice(2, 5))


def test_groups_hold_seeds_of_one_row_with_the_same_to_do(finished: tuple[Path, list[Cell]], tmp_path: Path) -> None:
    folder, _ = finished
    wider = grid(tiny(tmp_path, baselines=("wgan_gp", "noise"), seeds=(0, 1, 2), metrics=("fid", "high_quality")))
    parts = groups(tasks(wider, Store(folder).read()))
    assert [[(task.cell.baseline, task.cell.seed) for task in part] for part in parts] == [
        [("wgan_gp", 0), ("wgan_gp", 1)],  # to score
        [("wgan_gp", 2)],
        [("noise", 0), ("noise", 1), ("noise", 2)],
    ]


def test_a_new_metric_is_scored_from_the_kept_samples(
    finished: tuple[Path, list[Cell]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cells = finished
    known = Store(folder).read()
    old = [known[cell.key] for cell in cells]
    more = [replace(cell, metrics=("fid", "high_quality")) for cell in cells]
    assert [(state(a, record), state(b, record)) for a, b, record in zip(cells, more, old, strict=True)] == [
        ("done", "unscored"),
        ("done", "unscored"),
    ]
    monkeypatch.setattr(module, "Trainer", None)
    for cell, before, record in zip(more, old, computed(folder, more, *old), strict=True):
        assert [score.metric for score in record.scores] == ["fid", "high_quality"]
        assert record.provenance["trained"] == before.provenance == record.trained
        assert replace(record, scores=record.scores[:1], provenance={}) == replace(before, provenance={})
        assert state(cell, Store(folder).read()[cell.key]) == "done"


def test_without_kept_samples_and_weights_a_new_metric_means_training_again(tmp_path: Path) -> None:
    cells = grid(tiny(tmp_path, baselines=("noise",)))
    old = computed(tmp_path, cells)
    more = [replace(cell, metrics=("fid", "high_quality")) for cell in cells]
    kept = Place(tmp_path).samples(cells[1])
    kept.write_bytes(kept.read_bytes()[:-1])
    Place(tmp_path).weights(cells[1]).unlink()
    records = computed(tmp_path, more, *old)
    for before, record in zip(old, records, strict=True):
        assert replace(record, scores=record.scores[:1], provenance={}) == replace(before, provenance={})
        assert len(record.scores) == 2
    assert ["trained" in record.provenance for record in records] == [True, False]


def test_a_seed_that_was_scored_again_stays_done_where_training_another_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = grid(tiny(tmp_path, baselines=("noise",)))
    old = computed(tmp_path, cells)
    more = [replace(cell, metrics=("fid", "high_quality")) for cell in cells]
    Place(tmp_path).samples(cells[1]).unlink()
    monkeypatch.setattr(module, "Trainer", None)
    first, second = computed(tmp_path, more, *old)
    assert (first.status, [score.metric for score in first.scores]) == ("done", ["fid", "high_quality"])
    assert second.status == "error"


def test_a_score_of_an_earlier_version_of_its_metric_is_made_again(finished: tuple[Path, list[Cell]]) -> None:
    folder, (cell, _) = finished
    old = Store(folder).read()[cell.key]
    before = replace(old, scores=tuple(replace(score, version=score.version - 1) for score in old.scores))
    assert state(cell, before) == "unscored"


def test_a_curve_that_was_not_drawn_means_training_again(finished: tuple[Path, list[Cell]]) -> None:
    folder, (cell, _) = finished
    assert state(replace(cell, watch="high_quality"), Store(folder).read()[cell.key]) == "missing"


def first_draw(folder: Path) -> list[float]:
    """What decides in a loss of the test below: the first number that each seed draws for its discriminator."""
    from ganbench.training.registry import configure

    data = load_data("ring8")
    trainer = Trainer(configure("ns_gan", {}, data), data, (0, 1), Plan(1, 16))
    return [abs(float(z)) for z in trainer.batches("discriminator").draw(0)["z"][:, 0, 0]]


def test_a_seed_that_diverges_is_a_result_and_disturbs_no_other(tmp_path: Path) -> None:
    draws = first_draw(tmp_path)
    limit = sum(draws) / 2
    path = own(tmp_path, f"(D(G(b.z)) - D(b.x)).mean() * (1 + (b.z[0, 0].abs() > {limit}) * 1e38 * 1e38)")
    bad = max((0, 1), key=lambda seed: draws[seed])
    cells = grid(tiny(tmp_path, baselines=(path,), steps=1, watch="fid", seeds=(1 - bad, bad)))
    fine, failed = computed(tmp_path, cells)
    assert (fine.status, failed.status, failed.step) == ("done", "diverged", 0)
    assert failed.reason.startswith(f"seed {bad} diverged by step 1")
    assert fine.scores[0].value is not None
    assert (failed.scores[0].values, failed.scores[0].reasons) == ((None,), (failed.reason,))
    assert replace(failed.scores[0], values=(), reasons=()) == replace(fine.scores[0], values=(), reasons=())
    assert (fine.curve[-1]["value"], failed.curve[-1]["value"]) == (fine.scores[0].value, None)
    assert [state(cell, record) for cell, record in zip(cells, (fine, failed), strict=True)] == ["done", "done"]
    json.loads(to_line(failed))
    kept = load_file(Place(tmp_path).samples(cells[0]))["x"]
    assert kept.shape == (32, 2)
    assert kept.isfinite().all()
    assert not Place(tmp_path).samples(cells[1]).exists()
    again = computed(tmp_path, [replace(cell, metrics=("fid", "high_quality")) for cell in cells], fine, failed)
    assert [[score.metric for score in record.scores] for record in again] == [["fid", "high_quality"]] * 2
    assert again[1].scores[1].reasons == (failed.reason,)


def test_an_error_in_a_cell_is_recorded_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = grid(tiny(tmp_path))

    def failing(baseline: Any, *arguments: Any) -> Trainer:
        if type(baseline).__name__ == "NonSaturatingGAN":
            raise MemoryError("no room\nat all")
        return Trainer(baseline, *arguments)

    monkeypatch.setattr(module, "Trainer", failing)
    Store(tmp_path).open()
    run(cells, tmp_path)
    records = Store(tmp_path).read()
    broken, fine = ([records[cell.key] for cell in part] for part in (cells[:2], cells[2:]))
    assert [record.status for record in fine] == ["done", "done"]
    assert {(record.status, record.step, record.reason) for record in broken} == {
        ("error", 0, "MemoryError: no room at all")
    }
    assert [record.scores for record in broken] == [(), ()]
    assert "Traceback" in (Place(tmp_path).of(cells[0]) / "error.txt").read_text()
    assert [task.state for task in tasks(cells, records)] == ["failed", "failed", "done", "done"]


def test_the_time_a_cell_takes_is_told_from_earlier_ones_of_its_kind(finished: tuple[Path, list[Cell]]) -> None:
    folder, (cell, _) = finished
    records = Store(folder).read()
    record = replace(records[cell.key], provenance={"seconds": 10.0, "group": [0, 1]})
    longer = replace(cell, key="another", steps=6)
    (task,) = tasks([longer], {record.key: record})
    assert task.seconds == pytest.approx(15.0)  # three times as long as half of the group took
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
