"""A results folder of version 0.1 becomes one of schema 2: the same numbers, once, and nothing is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ganbench.errors import BadInput
from ganbench.notes.record import Observation
from ganbench.records.migrate import main, migrate
from ganbench.records.store import Log, Store
from ganbench.runs.grid import grid
from ganbench.suites.suite import Suite
from ganbench.training import registry
from tests.runs.command import TINY, ganbench, suite_of

SCORE = {
    "metric": "class_law_kl", "values": [0.25, None, 0.75], "reasons": ["", "seed 1 diverged by step 3: critic", ""],
    "better": "lower", "version": 1, "features": {"name": "identity"}, "reference": "ring8:held_out", "n_real": 32,
    "n_fake": 32, "options": {},
}  # fmt: skip
GROUP: dict[str, Any] = {
    "key": "0123456789abcdef0123456789abcdef", "baseline": "ns_gan",
    "settings": {"latent": 2, "lr": 0.0002, "betas": [0.5, 0.999], "n_critic": 1, "order": "critic_first",
                 "ema": 0.999},
    "dataset": "ring8", "split": "every draw is new", "seeds": [0, 1, 5],
    "plan": {"steps": 2, "batch": 16, "way": "replay"}, "source": "fedcba",
    "runs": [
        {"seed": 0, "status": "done", "step": 2, "reason": ""},
        {"seed": 1, "status": "diverged", "step": 1, "reason": "seed 1 diverged by step 3: critic is not finite"},
        {"seed": 5, "status": "done", "step": 2, "reason": ""},
    ],
    "scores": [SCORE],
    "history": [{"step": 2, "critic": [0.1, None, 0.3], "generator": [1.1, 1.2, 1.3], "monitor": [2.1, None, 2.3]}],
    "curve": [{"step": 2, "metric": "fid", "values": [3.1, None, 3.3]}],
    "cost": {"samples_seen": 64, "gradients": 64, "parameters_generator": 9, "parameters_critic": 8},
    "provenance": {"time": "2026", "seconds": 3.5, "host": "vm"},
}  # fmt: skip
EXPERIMENT = {
    "key": "abc", "experiment": "optimal_critic", "form": "fast", "status": "done",
    "findings": {
        "numbers": {"critic falls short by": [1.0, 2.0], "equal laws": [3.0], "R1 (critical)": [4.0]},
        "curves": {}, "matrices": {"both": {"rows": ["law"], "columns": ["fid"], "cells": [["class_law_kl"]]}},
    },
    "verdicts": {"zero at equal laws alone": "confirmed"}, "reason": "", "provenance": {"seconds": 1.0},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 0.1 with one group of three seeds, of which the second diverged, and its files."""
    (tmp_path / "records.jsonl").write_text(json.dumps(GROUP) + "\n")
    (tmp_path / "selection.json").write_text(json.dumps({"suite": "tiny", "keys": [GROUP["key"]]}))
    cells = tmp_path / "cells" / "ns_gan-ring8-01234567"
    cells.mkdir(parents=True)
    save_file({"x": torch.arange(8.0).reshape(2, 2, 2), "y": torch.zeros(2, 2)}, cells / "samples.safetensors")
    save_file({"G.w": torch.arange(3.0)[:, None]}, cells / "weights.safetensors")
    (cells / "samples.png").write_bytes(b"a picture")
    return tmp_path


def test_every_seed_has_a_record_with_the_numbers_that_it_had_in_the_group(folder: Path) -> None:
    assert migrate(folder) == 1
    records = list(Store(folder).read().values())
    assert [(each.seed, each.status, each.step) for each in records] == [
        (0, "done", 2), (1, "diverged", 1), (5, "done", 2)
    ]  # fmt: skip
    assert [each.scores[0].values for each in records] == [(0.25,), (None,), (0.75,)]
    assert [each.history[0]["discriminator"] for each in records] == [0.1, None, 0.3]
    assert [each.history[0]["generator"] for each in records] == [1.1, 1.2, 1.3]
    assert [each.curve for each in records] == [
        [{"step": 2, "metric": "fid", "value": value}] for value in (3.1, None, 3.3)
    ]
    assert {each.group for each in records} == {(0, 1, 5)}
    assert records[0].provenance == GROUP["provenance"] | {
        "group": [0, 1, 5], "backend": "traced", "source": "fedcba"
    }  # fmt: skip


def test_old_names_become_the_new_ones(folder: Path) -> None:
    migrate(folder)
    text = (folder / "records.jsonl").read_text()
    assert not [word for word in ("critic", "law", "replay", '"way"') if word in text]
    record = next(iter(Store(folder).read().values()))
    assert record.settings["d_steps"] == 1
    assert record.settings["order"] == "discriminator_first"
    assert record.plan == {"steps": 2, "batch": 16, "backend": "traced"}
    assert record.cost["parameters_discriminator"] == 8


def test_what_was_done_counts_as_done(folder: Path, tmp_path: Path, engine: Callable[[int], None]) -> None:
    engine(1)  # the one of 0.1
    tiny = suite_of(tmp_path, TINY.replace("seeds = 2", "seeds = [0, 1, 5]"))
    assert isinstance(tiny, Suite)
    migrate(folder)
    cells = [cell for cell in grid(replace(tiny, backend="traced")) if cell.baseline == "ns_gan"]
    assert [cell.key for cell in cells] == list(Store(folder).read()) == Store(folder).selection()
    assert registry.load("ns_gan").version == 1


def test_samples_and_weights_lie_where_each_seed_looks_for_them(folder: Path) -> None:
    migrate(folder)
    place = folder / next(iter(Store(folder).read().values())).files
    assert sorted(path.name for path in place.iterdir()) == [
        "samples-0.safetensors", "samples-5.safetensors", "samples.png", "weights-0.safetensors",
        "weights-1.safetensors", "weights-5.safetensors",
    ]  # fmt: skip
    assert load_file(place / "samples-5.safetensors")["x"].tolist() == [[4.0, 5.0], [6.0, 7.0]]
    assert [load_file(place / f"weights-{seed}.safetensors")["G.w"].item() for seed in (0, 1, 5)] == [0.0, 1.0, 2.0]
    assert [path.name for path in (folder / "cells").iterdir()] == [place.name]


def test_doing_it_twice_or_after_an_interruption_is_as_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as cut:
        cut.setattr("ganbench.records.migrate.select", lambda path, keys: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            migrate(folder)
    assert migrate(folder) == 1
    once = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert migrate(folder) == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == once


def test_experiments_are_moved_too(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(json.dumps(EXPERIMENT) + "\n")
    assert migrate(tmp_path) == 1
    (kept,) = Log(tmp_path, Observation).read().values()
    assert (kept.experiment, kept.version, kept.schema) == ("optimal_discriminator", 1, 2)
    assert kept.findings.numbers == {
        "discriminator falls short by": (1.0, 2.0), "equal distributions": (3.0,), "R1 (critical)": (4.0,)
    }  # fmt: skip
    assert kept.findings.matrices["both"].rows == ("distribution",)
    assert kept.verdicts == {"zero at equal distributions alone": "confirmed"}


def test_an_old_folder_is_refused_in_one_line_that_says_what_to_type(folder: Path, tmp_path: Path) -> None:
    for command in (["table", str(folder)], ["check", "--reproduce", str(folder)]):
        refused = ganbench(*command)
        assert refused.exit_code == 2
        assert f"python -m ganbench.records.migrate {folder}" in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert main([str(folder)]) == 0
    assert ganbench("table", str(folder)).exit_code == 0


def test_what_is_no_results_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main([str(tmp_path)]) == 2
    (tmp_path / "records.jsonl").write_text('{"key": 1}\n')
    with pytest.raises(BadInput, match=r"line 1: neither a record of ganbench 0\.1 nor one of schema 2"):
        migrate(tmp_path)
    assert "expected a results folder" in capsys.readouterr().err
