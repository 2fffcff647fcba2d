"""Pictures: there, small, the same bytes twice, and of what they claim to show."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from ganbench._util.streams import stream
from ganbench._util.tensor_files import packed
from ganbench.data import load
from ganbench.records.picture_marks import is_complete, lacking, note, place
from ganbench.records.record import SCHEMA, Record, Scores, Status
from ganbench.report.charts import course
from ganbench.report.pictures import caption, cell, cells, curves, intervals, judge, overview
from ganbench.report.samples import draw, tiled
from ganbench.report.style import file_name, line_style
from ganbench.tables.rows import rows

SIGNATURE = b"\x89PNG"
Points = Mapping[int, tuple[float | None, ...]]


def row_of(
    baseline: str, dataset: str = "ring8", offset: float = 0.0, curve: Points | None = None, **changes: Any
) -> list[Record]:
    """The records of three seeds; ``curve`` holds steps with a value for each of them."""
    control = baseline == "held_out"
    if curve is None:
        steps = [500] if control else range(100, 600, 100)
        curve = {step: (10 ** (-step / 300) + offset, 2 * 10 ** (-step / 300) + offset, None) for step in steps}
    ended: dict[int, tuple[Status, int]] = changes.pop("ended", {})
    records = []
    for seed in range(3):
        value = list(curve.values())[-1][seed] if curve else 1.0
        value = 0.5 + offset if value is None else value
        fid = Scores("fid", (value,), ("",), "lower", 1, {"name": "identity"}, f"{dataset}:held_out", 500, 500, {})
        status, step = ended.get(seed, ("done", 500))
        plain = Record(
            schema=SCHEMA,
            key=f"{baseline}-{dataset}-{seed}",
            baseline=baseline,
            version=1,
            settings={},
            dataset=dataset,
            dataset_version=1,
            split="",
            seed=seed,
            plan={"steps": 500},
            engine=1,
            samples=500,
            status=status,
            step=step,
            reason="",
            scores=(fid, replace(fid, metric="density", better="higher")),
            history=[],
            curve=[{"step": at, "metric": "fid", "value": values[seed]} for at, values in curve.items()],
            cost={"gradients": 0.0 if control else 1.0},
        )
        records.append(replace(plain, **changes))
    return records


def samples(dataset: str, n: int = 300, seeds: int = 3) -> tuple[Tensor, Tensor]:
    data = load(dataset)
    drawn = [data.control.examples(data.control.indices(n, stream(seed, "picture"))) for seed in range(seeds)]
    return torch.stack([x for x, _ in drawn]), torch.stack([y for _, y in drawn])


def keep(records: Sequence[Record], folder: Path, x: Tensor, y: Tensor | None = None) -> None:
    """Keep samples (seeds, n, *shape) and labels for the seeds that were done."""
    done = [record for record in records if record.status == "done"]
    labels = torch.zeros(x.shape[:2], dtype=torch.long) if y is None else y
    for record, own, asked in zip(done, x, labels, strict=True):
        place = folder / record.files
        place.mkdir(parents=True, exist_ok=True)
        tensors = {"x": own.contiguous(), "y": asked.contiguous()}
        (place / f"samples-{record.seed}.safetensors").write_bytes(packed(tensors, {"key": record.key}))


def picture(records: Sequence[Record], folder: Path, x: Tensor, y: Tensor | None = None) -> bytes:
    """Keep samples, draw the picture of their row, and return it."""
    keep(records, folder, x, y)
    path = cell(records, folder, load(records[0].dataset))
    assert path == folder / records[0].files / "samples.png"
    return path.read_bytes()


def is_small_picture(path: Path | bytes) -> bool:
    content = path if isinstance(path, bytes) else path.read_bytes()
    return content.startswith(SIGNATURE) and 2_000 < len(content) < 150_000


@pytest.mark.parametrize("dataset", ["ring8", "grid25", "digits"])
def test_the_picture_of_a_row_is_small_and_the_same_twice(dataset: str, tmp_path: Path) -> None:
    x, y = samples(dataset, 1000)
    pictures = [picture(row_of("ns_gan", dataset), tmp_path / name, x, y) for name in ("a", "b/c")]
    assert all(map(is_small_picture, pictures))
    assert pictures[0] == pictures[1]


def test_images_stand_in_the_order_of_the_classes_asked_for(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    shuffled = torch.randperm(64, generator=stream(0, "order"))
    ordered = y.argsort(dim=1, stable=True)
    asked = torch.arange(64).repeat(3, 1)  # every image a class of its own: any order gives one picture
    row = row_of("ns_gan", "digits")
    plain = picture(row, tmp_path / "a", x, asked)
    assert picture(row, tmp_path / "b", x[:, shuffled], asked[:, shuffled]) == plain
    by_class = torch.stack([each[order] for each, order in zip(x, ordered, strict=True)])
    assert picture(row, tmp_path / "c", by_class, asked) == picture(row, tmp_path / "d", x, y)


def test_another_seed_is_another_picture(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    row = row_of("ns_gan", "digits")
    assert picture(row, tmp_path / "a", x, y) != picture(row, tmp_path / "b", x.flip(0), y)


def test_a_seed_that_failed_takes_no_other_seed_s_samples(tmp_path: Path) -> None:
    x, y = samples("digits", 64)
    failed = row_of("ns_gan", "digits", ended={1: ("diverged", 40)})
    picture(failed, tmp_path, x[:2], y[:2])
    with Image.open(tmp_path / failed[0].files / "samples.png") as image:
        thirds = np.array_split(np.asarray(image.convert("L")), 3, axis=1)
    assert [third.mean() < 200 for third in thirds] == [True, False, True]  # the middle one is nearly white


def test_a_row_without_any_finished_seed_has_a_picture_that_says_so(tmp_path: Path) -> None:
    failed = row_of("ns_gan", ended=dict.fromkeys(range(3), ("diverged", 40)))
    assert is_small_picture(picture(failed, tmp_path, torch.zeros(0, 9, 2)))


def test_a_row_whose_samples_are_gone_is_not_drawn(tmp_path: Path) -> None:
    row = row_of("ns_gan")
    keep(row, tmp_path, samples("ring8")[0])
    (tmp_path / row[2].files / "samples-2.safetensors").unlink()
    assert cell(row, tmp_path, load("ring8")) is None


def test_missing_pictures_are_drawn_and_others_left_alone(tmp_path: Path) -> None:
    rows = [row_of("ns_gan"), row_of("wgan")]
    for row in rows:
        keep(row, tmp_path, samples("ring8")[0])
    records = [record for row in rows for record in row]
    there, gone = (tmp_path / row[0].files / "samples.png" for row in rows)
    assert cells(records, tmp_path) == [there, gone]
    before = there.read_bytes()
    gone.unlink()
    os.utime(there, (1e9, 1e9))
    assert cells(records, tmp_path) == [gone]
    assert there.stat().st_mtime == 1e9
    assert len(cells(records, tmp_path, again=True)) == 2
    assert there.read_bytes() == before
    assert is_small_picture(there)


def test_a_picture_of_other_records_is_drawn_again(tmp_path: Path) -> None:
    row = row_of("ns_gan")
    keep(row, tmp_path, samples("ring8")[0])
    assert lacking(row, tmp_path) == [row]
    cells(row, tmp_path)
    assert lacking(row, tmp_path) == []
    others = [replace(record, scores=()) for record in row]
    assert lacking(others, tmp_path) == [others]
    place(row[0], tmp_path).write_bytes(b"cut")
    assert lacking(row, tmp_path) == [row]
    (tmp_path / row[1].files / "samples-1.safetensors").unlink()
    assert lacking(row, tmp_path) == []  # nothing it could be drawn from


def test_the_overview_stays_where_samples_are_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row_of("ns_gan"), row_of("wgan")]
    for row in rows:
        keep(row, tmp_path, samples("ring8")[0])
    records = [record for row in rows for record in row]
    (path,) = overview(records, tmp_path)
    note([path], records, tmp_path)
    assert is_complete(records, tmp_path)
    assert not is_complete(records[1:], tmp_path)
    before = path.read_bytes()
    for record in rows[0]:
        (tmp_path / record.files / f"samples-{record.seed}.safetensors").unlink()
    assert overview(records, tmp_path) == []
    assert path.read_bytes() == before
    assert "stays as it is: the samples of 1 of its rows are gone" in capsys.readouterr().err
    path.unlink()
    assert not is_complete(records, tmp_path)
    assert overview(records, tmp_path) == [path]


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
    ring = [row_of("ns_gan"), row_of("held_out"), row_of("never_kept")]
    digits = row_of("ns_gan", "digits")
    for row in (*ring[:2], digits):
        keep(row, tmp_path, samples(row[0].dataset, 300)[0])
    all_of_them = [*(record for row in ring for record in row), *digits, *row_of("ns_gan", "grid25")]
    paths = overview(all_of_them, tmp_path)
    assert [path.name for path in paths] == ["overview-digits.png", "overview-ring8.png"]
    assert all(is_small_picture(path) for path in paths)
    before = [path.read_bytes() for path in paths]
    paths[1].unlink()  # it would stay: the samples of a row are not there
    assert [path.read_bytes() for path in overview(all_of_them[::-1], tmp_path)] == before


def test_an_overview_fetches_no_data(tmp_path: Path) -> None:
    row = row_of("ns_gan", "mnist")
    keep(row, tmp_path, torch.zeros(3, 40, 1, 28, 28))
    assert overview(row, tmp_path, files=tmp_path / "nothing here") == []


def several(names: Sequence[str], datasets: Sequence[str] = ("ring8", "digits")) -> list[Record]:
    return [record for name in names for dataset in datasets for record in row_of(name, dataset, 0.1)]


def test_curves_and_intervals_are_small_and_the_same_in_any_order(tmp_path: Path) -> None:
    records = several(("ns_gan", "wgan_gp", "held_out"))
    for chart in (curves, intervals):
        paths = chart(records, tmp_path)
        assert all(is_small_picture(path) for path in paths)
        before = [path.read_bytes() for path in paths]
        assert [path.read_bytes() for path in chart(records[::-1], tmp_path)] == before


def test_of_a_crowd_every_baseline_has_a_panel_and_every_data_set_a_picture(tmp_path: Path) -> None:
    few, many = (several([f"v{i}" for i in range(n)]) for n in (3, 17))
    held_out = several(["held_out"])
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
    assert curves(row_of("ns_gan", curve={}), tmp_path) == []
    assert intervals(row_of("ns_gan", scores=()), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_curve_is_the_mean_of_the_seeds_that_have_a_value() -> None:
    (row,) = rows(row_of("ns_gan", curve={10: (1.0, 3.0, None), 20: (None, None, None)}))
    assert [part.tolist() for part in course(row, "fid")] == [[10.0], [1.0], [2.0], [3.0]]


def test_drawing_leaves_the_user_s_settings_alone_and_ignores_them(tmp_path: Path) -> None:
    records = row_of("ns_gan")
    plain = curves(records, tmp_path / "a")[0].read_bytes()
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        assert curves(records, tmp_path / "b")[0].read_bytes() == plain
        assert mpl.rcParams["font.size"] == 30


def test_lines_can_be_told_apart() -> None:
    assert len({line_style(i) for i in range(28)}) == 28


def test_file_names_are_safe() -> None:
    assert file_name("ring8(sd=0.05,size=10000)") == "ring8-sd=0.05-size=10000"
    assert file_name("../..") == "unnamed"


@pytest.mark.parametrize(("form", "signature"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_are_also_drawn_as_lines_the_same_twice(form: str, signature: bytes, tmp_path: Path) -> None:
    records = [*row_of("ns_gan", "digits"), *row_of("held_out", "digits")]
    keep(records[:3], tmp_path, samples("digits")[0])

    def drawn(folder: Path) -> list[Path]:
        return [
            *curves(records, folder, form),
            *intervals(records, folder, form),
            *overview(records, tmp_path, form=form, out=folder),
        ]

    first, second = drawn(tmp_path / "a"), drawn(tmp_path / "b")
    assert [path.name for path in first] == [f"curves.{form}", f"intervals-digits.{form}", f"overview-digits.{form}"]
    assert all(path.read_bytes().startswith(signature) for path in first)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert not any(b"Matplotlib" in path.read_bytes() for path in first)


def test_a_panel_carries_the_score_of_the_seed_that_it_shows() -> None:
    records = row_of("ns_gan", "digits", curve={500: (0.25, 0.5, None)})
    column = judge(records)
    assert [caption(record, column) for record in records[:2]] == [["frechet ↓ 0.25"], ["frechet ↓ 0.5"]]
    assert caption(replace(records[0], scores=()), column) == []
    assert caption(records[0], None) == []
