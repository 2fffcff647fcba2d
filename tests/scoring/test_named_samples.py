"""Samples by name: splits, counts, names of one's own, data sets of torchvision, cells of earlier runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganbench import data
from ganbench._util.streams import stream
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.io import Reading, Source
from ganbench.records.record import to_line
from ganbench.scoring import named
from ganbench.scoring.named import opened, opened_samples
from tests.records.test_record import example
from tests.scoring.sets import features


def rows(source: Source) -> Any:
    return np.concatenate(list(source.rows()))


def pictures(source: Source) -> Any:
    return np.stack([each.pixels for each in source.scan()])  # type: ignore[union-attr]


def test_a_split_is_its_first_examples_in_the_order_of_runs() -> None:
    digits = data.load("digits")
    source, dataset = opened("digits:held_out:7", Reading())
    assert (source.name, source.count, dataset and dataset.name) == ("digits:held_out:7", 7, "digits")
    held = digits.held_out
    x, y = held.examples(held.distinct(held.size or 0, stream(0, "reference")))
    assert np.array_equal(pictures(source)[..., 0], ((x[:7, 0] + 1) * 127.5).round().numpy())
    assert source.labels is not None
    assert source.labels.tolist() == y[:7].tolist()


def test_held_out_is_meant_without_a_split_and_test_is_all_but_the_training_examples() -> None:
    sizes = {
        name: opened(name, Reading())[0].count for name in ("digits", "digits:train", "digits:control", "digits:test")
    }
    digits = data.load("digits")
    assert sizes == {
        "digits": digits.held_out.size,
        "digits:train": digits.train.size,
        "digits:control": digits.control.size,
        "digits:test": (digits.held_out.size or 0) + (digits.control.size or 0),
    }
    assert opened("digits", Reading())[0].name == "digits:held_out"


def test_a_stream_gives_ten_thousand_or_as_many_as_asked_for() -> None:
    ring = data.load("ring8")
    whole, few = rows(opened("ring8", Reading())[0]), rows(opened("ring8:held_out:9", Reading())[0])
    assert (len(whole), len(few)) == (10_000, 9)
    x, _ = ring.held_out.examples(ring.held_out.distinct(9, stream(0, "reference")))
    assert np.array_equal(few, x.numpy())


@pytest.mark.parametrize("count", ["0", "x", "-3", "1.5"])
def test_a_count_is_a_positive_whole_number(count: str) -> None:
    message = f"^digits:train: expected a number of examples behind the split, got '{count}'$"
    with pytest.raises(BadInput, match=message):
        opened(f"digits:train:{count}", Reading())


def test_a_set_may_be_given_a_name_and_what_exists_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", features(9, 1))
    np.save("b=a.npy", features(8, 2))
    assert opened_samples("mine=a.npy", Reading()).name == "mine"
    assert opened_samples(" my own =digits:train:5", Reading()).name == "my own"
    assert (opened_samples("b=a.npy", Reading()).name, opened_samples("b=a.npy", Reading()).count) == ("b=a.npy", 8)
    assert opened_samples("a.npy", Reading()).name == "a.npy"
    for text in ("=a.npy", " =a.npy", "mine=", "x/y=a.npy"):
        with pytest.raises(Missing):
            opened_samples(text, Reading())


def test_a_file_wins_over_a_data_set_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    with pytest.raises(BadInput, match="no image in this folder"):
        opened("digits", Reading())


def test_names_that_are_neither_file_nor_data_set_are_refused() -> None:
    for name in ("no/where", "nowhere.npy"):
        with pytest.raises(Missing, match=f"^{name}: no such file or folder$"):
            opened(name, Reading())
    with pytest.raises(Missing, match=r"^cifr10: no such file or folder, nor a data set; did you mean 'cifar10'"):
        opened("cifr10", Reading())


class Photos:
    """Stands for a data set of torchvision."""

    asked: list[tuple[Any, ...]] = []

    def __init__(self, folder: Path, download: bool, **which: Any) -> None:
        sys.stdout.write("Files already downloaded")
        self.asked.append((folder, download, which))
        self.data = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
        self.targets = [3, 1]


class Numbers(Photos):
    """Stands for SVHN, whose channels come first."""

    def __init__(self, *arguments: Any, **which: Any) -> None:
        super().__init__(*arguments, **which)
        self.data = self.data.transpose(0, 3, 1, 2)
        self.labels = np.array([5, 6])


def test_photos_come_from_torchvision_s_files_and_nothing_is_printed_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchvision import datasets

    monkeypatch.setattr(datasets, "CIFAR10", Photos)
    monkeypatch.setattr(datasets, "SVHN", Numbers)
    Photos.asked.clear()
    source, dataset = opened("cifar10", Reading(), tmp_path)
    assert (source.name, dataset, source.count) == ("cifar10:test", None, 2)
    assert np.array_equal(pictures(source), np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3))
    assert source.labels is not None
    assert source.labels.tolist() == [3, 1]
    numbers = opened("svhn:train", Reading(), tmp_path)[0]
    assert np.array_equal(pictures(numbers), pictures(source))
    assert numbers.labels is not None
    assert numbers.labels.tolist() == [5, 6]
    opened("cifar10:train", Reading())
    assert Photos.asked == [
        (tmp_path, False, {"train": False}),
        (tmp_path, False, {"split": "train"}),
        (Path("data"), False, {"train": True}),
    ]
    assert capsys.readouterr().out == ""
    with pytest.raises(UnknownName, match="unknown split of cifar10: 'held_out'"):
        named.photos("cifar10", "held_out", tmp_path)


@pytest.mark.parametrize("shape", [(40, 2), (40, 1, 8, 8)])
def test_cells_hold_points_or_pictures(shape: tuple[int, ...], tmp_path: Path) -> None:
    record = example("key", seed=3, samples=30, status="done")
    (tmp_path / record.files).mkdir(parents=True)
    (tmp_path / "records.jsonl").write_text(f"{to_line(record)}\n")
    path = tmp_path / record.files / "samples-3.safetensors"
    name = f"{tmp_path}:{record.baseline}:{record.dataset}"
    with pytest.raises(Missing, match="its samples were not kept"):
        opened(name, Reading())
    path.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="cannot be read as samples of a cell"):
        opened(name, Reading())
    x = torch.rand(shape) * 2 - 1
    save_file({"x": x, "y": torch.arange(40)}, path)
    source, _ = opened(name, Reading())
    assert (source.kind, source.count) == ("images" if len(shape) == 4 else "features", 30)
    assert source.name == f"{name}:3"
    if len(shape) == 2:
        assert np.array_equal(rows(source), x[:30].numpy())
    else:
        assert np.array_equal(pictures(source)[..., 0], ((x[:30, 0] + 1) * 127.5).round().numpy())
