"""Pictures: there, small, the same bytes twice, and of what they claim to show."""

from __future__ import annotations

import math
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import safetensors.torch
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from ganbench.data import load
from ganbench.errors import BadInput
from ganbench.record import Record, Run, Scores
from ganbench.report.charts import course
from ganbench.report.pictures import cell, curves, intervals, overview
from ganbench.report.samples import draw, tiled
from ganbench.report.style import file_name, line_style
from ganbench.streams import stream
from ganbench.table.rows import rows

SIGNATURE = b"\x89PNG"


def record(baseline: str, dataset: str = "ring8", offset: float = 0.0, **changes: Any) -> Record:
    control = baseline == "held_out"
    curve = [
        {
            "step": step,
            "metric": "fid",
            "values": [10 ** (-step / 300) + offset, 2 * 10 ** (-step / 300) + offset, None],
        }
        for step in ([500] if control else range(100, 600, 100))
    ]
    reached = (*curve[-1]["values"][:2], 0.5 + offset)
    fid = Scores("fid", reached, ("",) * 3, "lower", 1, {"name": "identity"}, f"{dataset}:held_out", 500, 500, {})
    plain = Record(
        key=blake2b(f"{baseline}-{dataset}".encode()).hexdigest(),
        baseline=baseline,
        settings={},
        dataset=dataset,
        split="",
        seeds=(0, 1, 2),
        plan={"steps": 500},
        source="",
        runs=(Run(0, "done", 500), Run(1, "done", 500), Run(2, "done", 500)),
        scores=(fid, replace(fid, metric="density", better="higher")),
        history=[],
        curve=curve,
        cost={"gradients": 0.0 if control else 1.0},
    )
    return replace(plain, **changes)


def samples(dataset: str, n: int = 300, seeds: int = 3) -> tuple[Tensor, Tensor]:
    data = load(dataset)
    drawn = [data.control.examples(data.control.tickets(n, stream(seed, "picture"))) for seed in range(seeds)]
    return torch.stack([x for x, _ in drawn]), torch.stack([y for _, y in drawn])


def keep(found: Record, folder: Path, x: Tensor) -> None:
    place = folder / "cells" / f"{found.baseline}-{found.dataset}-{found.key[:8]}"
    place.mkdir(parents=True)
    safetensors.torch.save_file({"x": x.contiguous()}, place / "samples.safetensors")


def is_small_picture(path: Path) -> bool:
    content = path.read_bytes()
    return content.startswith(SIGNATURE) and 2_000 < len(content) < 150_000


@pytest.mark.parametrize("dataset", ["ring8", "grid25", "digits"])
def test_a_cell_s_picture_is_small_and_the_same_twice(dataset: str, tmp_path: Path) -> None:
    x, y = samples(dataset, 1000)
    paths = [cell(record("ns_gan", dataset), x, y, load(dataset), tmp_path / name) for name in ("a.png", "b/c.png")]
    assert all(is_small_picture(path) for path in paths)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_images_stand_in_the_order_of_the_classes_asked_for(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    shuffled = torch.randperm(64, generator=stream(0, "order"))
    ordered = y.argsort(dim=1, stable=True)
    asked = torch.arange(64).expand(3, 64)  # every image a class of its own: any order gives one picture
    data, found = load("digits"), record("ns_gan", "digits")
    plain = cell(found, x, asked, data, tmp_path / "a.png").read_bytes()
    assert cell(found, x[:, shuffled], asked[:, shuffled], data, tmp_path / "b.png").read_bytes() == plain
    by_class = torch.stack([each[order] for each, order in zip(x, ordered, strict=True)])
    sheet = cell(found, by_class, asked, data, tmp_path / "c.png").read_bytes()
    assert cell(found, x, y, data, tmp_path / "d.png").read_bytes() == sheet


def test_another_seed_is_another_picture(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    data = load("digits")
    paths = [
        cell(record("ns_gan", "digits"), some, y, data, tmp_path / f"{i}.png") for i, some in enumerate([x, x.flip(0)])
    ]
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_a_seed_that_failed_takes_no_other_seed_s_samples(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    failed = record("ns_gan", "digits", runs=(Run(0, "done", 500), Run(1, "diverged", 40), Run(2, "done", 500)))
    cell(failed, x[:2], y[:2], load("digits"), tmp_path / "cell.png")
    with Image.open(tmp_path / "cell.png") as picture:
        thirds = np.array_split(np.asarray(picture.convert("L")), 3, axis=1)
    assert [third.mean() < 200 for third in thirds] == [True, False, True]  # the middle one is nearly white
    with pytest.raises(BadInput, match="2 seeds"):
        cell(failed, x, y, load("digits"), tmp_path / "cell.png")


def test_a_cell_without_any_finished_seed_has_a_picture_that_says_so(tmp_path: Path) -> None:
    failed = record("ns_gan", runs=tuple(Run(seed, "diverged", 40) for seed in range(3)))
    assert is_small_picture(cell(failed, torch.zeros(0, 9, 2), torch.zeros(0, 9), load("ring8"), tmp_path / "a.png"))


def test_samples_that_are_not_finite_are_said_to_be_so(tmp_path: Path) -> None:
    x, _ = samples("ring8", 50)
    x[1, 3] = math.nan
    axes = Figure().subplots()
    draw(axes, x[1], load("ring8"), across=8)
    assert [text.get_text() for text in axes.texts] == ["not finite"]


def test_samples_outside_the_picture_are_counted() -> None:
    x, _ = samples("ring8", 100)
    x[0, :25] = 50.0
    axes = Figure().subplots()
    draw(axes, x[0], load("ring8"), across=8)
    assert axes.get_xlabel() == "25.0% outside"


def test_the_sheet_shows_images_row_by_row() -> None:
    images = torch.arange(5.0).div(4)[:, None, None, None].expand(5, 1, 2, 3)
    grid = tiled(images, across=2)
    assert grid.shape == (3 * 3 - 1, 2 * 4 - 1, 1)
    corners = [grid[0, 0, 0], grid[0, 4, 0], grid[3, 0, 0], grid[3, 4, 0], grid[6, 0, 0]]
    assert np.allclose(corners, [0, 0.25, 0.5, 0.75, 1.0])
    assert (grid[2] == 1).all()  # the gap
    assert (grid[6:, 4:] == 1).all()  # no sixth image


def test_an_overview_shows_each_row_whose_samples_were_kept(tmp_path: Path) -> None:
    ring = [record("ns_gan"), record("held_out"), record("never_kept")]
    digits = [record("ns_gan", "digits")]
    for found in ring[:2] + digits:
        keep(found, tmp_path, samples(found.dataset, 300)[0])
    paths = overview([*ring, *digits, record("ns_gan", "grid25")], tmp_path)
    assert [path.name for path in paths] == ["overview-digits.png", "overview-ring8.png"]
    assert all(is_small_picture(path) for path in paths)
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in overview([*digits, *ring[::-1]], tmp_path)] == before


def test_an_overview_fetches_no_data(tmp_path: Path) -> None:
    found = record("ns_gan", "mnist")
    keep(found, tmp_path, torch.zeros(3, 40, 1, 28, 28))
    assert overview([found], tmp_path, files=tmp_path / "nothing here") == []


def test_curves_and_intervals_are_small_and_the_same_in_any_order(tmp_path: Path) -> None:
    records = [
        record(name, dataset, 0.1) for name in ("ns_gan", "wgan_gp", "held_out") for dataset in ("ring8", "digits")
    ]
    for chart in (curves, intervals):
        paths = chart(records, tmp_path)
        assert all(is_small_picture(path) for path in paths)
        before = [path.read_bytes() for path in paths]
        assert [path.read_bytes() for path in chart(records[::-1], tmp_path)] == before


def test_of_a_crowd_every_baseline_has_a_panel_and_every_data_set_a_picture(tmp_path: Path) -> None:
    few, many = ([record(f"v{i}", dataset, 0.1) for i in range(n) for dataset in ("ring8", "digits")] for n in (3, 17))
    held_out = [record("held_out", dataset) for dataset in ("ring8", "digits")]
    assert [path.name for path in curves([*few, *held_out], tmp_path)] == ["curves.png"]
    paths = curves([*many, *held_out], tmp_path)
    assert [path.name for path in paths] == ["curves-digits-fid.png", "curves-ring8-fid.png"]
    assert all(is_small_picture(path) for path in paths)
    before = paths[0].read_bytes()
    assert curves(many, tmp_path)[0].read_bytes() != before  # the held-out data are a line of their own
    assert curves([*held_out, *many[::-1]], tmp_path)[0].read_bytes() == before
    only_controls = [*held_out, *(each for each in many if each.dataset == "ring8")]
    assert [path.name for path in curves(only_controls, tmp_path)] == ["curves-ring8-fid.png"]


def test_nothing_watched_no_curves(tmp_path: Path) -> None:
    assert curves([record("ns_gan", curve=[])], tmp_path) == []
    assert intervals([record("ns_gan", scores=())], tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_curve_is_the_mean_of_the_seeds_that_have_a_value() -> None:
    points = [
        {"step": 10, "metric": "fid", "values": [1.0, 3.0, None]},
        {"step": 20, "metric": "fid", "values": [None] * 3},
    ]
    (row,) = rows([record("ns_gan", curve=points)])
    assert [part.tolist() for part in course(row, "fid")] == [[10.0], [1.0], [2.0], [3.0]]


def test_drawing_leaves_the_user_s_settings_alone_and_ignores_them(tmp_path: Path) -> None:
    records = [record("ns_gan")]
    plain = curves(records, tmp_path / "a")[0].read_bytes()
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        assert curves(records, tmp_path / "b")[0].read_bytes() == plain
        assert mpl.rcParams["font.size"] == 30


def test_lines_can_be_told_apart() -> None:
    assert len({line_style(i) for i in range(28)}) == 28


def test_file_names_are_safe() -> None:
    assert file_name("ring8(sd=0.05,size=10000)") == "ring8-sd=0.05-size=10000"
    assert file_name("../..") == "unnamed"
