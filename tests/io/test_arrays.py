"""Arrays of every kind of file and of memory: axes, ranges, labels, and what cannot be used."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch.utils.data import TensorDataset

from ganbench.errors import BadInput
from ganbench.io import Reading, Source, open_source
from ganbench.io.source import Picture
from tests.scoring.sets import features, image, photos

PIXELS = photos(5, 0)


def stack(source: Source) -> Any:
    return np.stack([each.pixels for each in source.scan() if isinstance(each, Picture)])


def notes(source: Source) -> set[str]:
    return {note for each in source.scan() if isinstance(each, Picture) for note in each.conversions}


def written(path: Path, values: Any, **more: Any) -> Path:
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, x=values, **more)
    else:
        save_file({"x": np.ascontiguousarray(values), **more}, path)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.safetensors"])
def test_images_in_files_come_back_whichever_axis_the_channels_are(tmp_path: Path, name: str) -> None:
    for values in (PIXELS, PIXELS.transpose(0, 3, 1, 2)):
        assert np.array_equal(stack(open_source(written(tmp_path / name, values))), PIXELS)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.safetensors"])
def test_features_in_files_come_back_in_their_own_precision(tmp_path: Path, name: str) -> None:
    for values in (features(5, 0), features(5, 0).astype(np.float64), np.arange(6).reshape(3, 2)):
        source = open_source(written(tmp_path / name, values))
        assert source.kind == "features"
        assert np.array_equal(np.concatenate(list(source.rows())), values)


def test_blocks_join_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.io import array_files

    monkeypatch.setattr(array_files, "BLOCK", 100)
    values = features(23, 0)
    for name in ("a.npy", "a.npz", "a.safetensors"):
        blocks = list(open_source(written(tmp_path / name, values)).rows())
        assert len(blocks) > 2
        assert np.array_equal(np.concatenate(blocks), values)


def test_an_array_in_fortran_s_order_is_read_right(tmp_path: Path) -> None:
    values = np.asfortranarray(features(7, 0))
    assert np.array_equal(np.concatenate(list(open_source(written(tmp_path / "a.npy", values)).rows())), values)


def test_grey_images_need_no_axis_of_channels() -> None:
    grey = photos(4, 0, channels=1)
    assert np.array_equal(stack(open_source(grey[..., 0])), grey)
    assert np.array_equal(stack(open_source(np.repeat(grey, 3, 3))), grey)


def test_axes_that_fit_twice_are_asked_for() -> None:
    values = np.zeros((4, 3, 8, 3), np.uint8)
    values[:, 1] = 7
    with pytest.raises(BadInput, match="NHWC or NCHW; say which with --layout"):
        open_source(values)
    assert stack(open_source(values, Reading("NCHW"))).shape == (4, 8, 3, 3)
    assert stack(open_source(values, Reading("NHWC"))).shape == (4, 3, 8, 1)
    with pytest.raises(BadInput, match="expected 1, 3 or 4 channels as NHWC"):
        open_source(PIXELS.transpose(0, 3, 1, 2), Reading("NHWC"))


@pytest.mark.parametrize(
    ("values", "levels", "said"),
    [
        ([0.0, 0.5, 1.0, 0.0], [0, 128, 255, 0], "were scaled from [0, 1] to 0-255 and rounded"),
        ([-1.0, 0.0, 1.0, 1.0], [0, 128, 255, 255], "were scaled from [-1, 1] to 0-255 and rounded"),
        ([0.0, 99.6, 255.0, 0.0], [0, 100, 255, 0], "were scaled from [0, 255] to 0-255 and rounded"),
    ],
)
def test_floats_fill_one_of_three_ranges_and_it_is_said(values: list[float], levels: list[int], said: str) -> None:
    source = open_source(np.array(values, np.float32).reshape(1, 2, 2))
    assert stack(source).ravel().tolist() == levels
    assert notes(source) == {said}


def test_the_range_is_that_of_all_images_and_not_of_each() -> None:
    values = np.zeros((3000, 2, 2, 1), np.float32)
    values[2999] = -1
    assert stack(open_source(values))[0].ravel().tolist() == [128] * 4


def test_values_outside_of_every_range_are_refused_unless_it_is_named() -> None:
    values = np.array([-1.5, -1, 1, 1.001], np.float32).reshape(1, 2, 2, 1)
    with pytest.raises(BadInput, match=r"values from -1.5 to 1.001 fill none .* --span"):
        open_source(values)
    source = open_source(values, Reading(span=(-1.0, 1.0)))
    assert stack(source).ravel().tolist() == [0, 0, 255, 255]
    assert "had values outside the range, clipped" in notes(source)


def test_whole_numbers_and_truths_are_read_by_their_type() -> None:
    assert stack(open_source(np.array([[[True, False]]]))).ravel().tolist() == [255, 0]
    assert stack(open_source(np.array([[[257, 65535], [0, 0]]], np.uint16))).ravel().tolist() == [1, 255, 0, 0]
    assert stack(open_source(np.array([[[0, 1], [254, 255]]]))).ravel().tolist() == [0, 1, 254, 255]
    with pytest.raises(BadInput, match="values from 0 to 300"):
        open_source(np.array([[[0, 300], [1, 2]]]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    values = np.zeros((3, 4), np.float32)
    values[2, 1] = bad
    with pytest.raises(BadInput, match="row 2 is not finite"):
        list(open_source(values).rows())
    with pytest.raises(BadInput, match="not finite"):
        list(open_source(values.reshape(3, 2, 2)).scan())
    with pytest.raises(BadInput, match="not finite"):
        list(open_source(values.reshape(3, 2, 2), Reading(span=(0.0, 1.0))).scan())


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickles_are_not_run(tmp_path: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path(tmp_path / "run").touch, ())

    values = np.array([[Trap(), Trap()]], dtype=object)
    np.save(tmp_path / name, values) if name == "a.npy" else np.savez(tmp_path / name, x=values)
    with pytest.raises(BadInput, match="holds Python objects, which would have to be run"):
        open_source(tmp_path / name)
    assert not (tmp_path / "run").exists()


def test_an_array_of_several_is_named_and_labels_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, mine=features(4, 0), yours=features(5, 1), y=np.array([0, 1, 1, 0]))
    with pytest.raises(BadInput, match="holds mine, y, yours; say which array with --key"):
        open_source(path)
    source = open_source(path, Reading(key="mine"))
    assert source.labels is not None
    assert source.labels.tolist() == [0, 1, 1, 0]
    with pytest.raises(BadInput, match="no array 'mien' in it; did you mean 'mine'"):
        open_source(path, Reading(key="mien"))
    others = open_source(path, Reading(key="yours"))
    assert others.labels is None
    assert others.unused_labels == "y: expected 5 whole numbers or one-hot rows, got int64 of shape (4,)"


def test_idx_files_of_images_find_their_labels(tmp_path: Path) -> None:
    head = b"\0\0\x08\x03" + struct.pack(">III", 2, 3, 4)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + bytes(range(24))))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(
        gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 2) + b"\x05\x07")
    )
    source = open_source(tmp_path / "t10k-images-idx3-ubyte.gz")
    assert stack(source)[1, ..., 0].tolist() == [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]]
    assert source.labels is not None
    assert source.labels.tolist() == [5, 7]


def test_tensors_datasets_and_arrays_are_the_same_samples() -> None:
    x = torch.from_numpy(PIXELS).permute(0, 3, 1, 2)
    labelled = open_source(TensorDataset(x, torch.arange(5)))
    pillows = open_source([(image(each), 0) for each in PIXELS])
    for source in (open_source(PIXELS), open_source(x), labelled, pillows):
        assert np.array_equal(stack(source), PIXELS)
    assert labelled.labels is not None
    assert labelled.labels.tolist() == [0, 1, 2, 3, 4]
    assert open_source(x.contiguous()).digest() == open_source(x).digest()
    assert open_source(PIXELS).digest() != open_source(x).digest()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((0, 3)), r"got \(0, 3\)"),
        (np.zeros(5), r"got \(5,\)"),
        (np.zeros((1, 2, 3, 4, 5)), "expected features"),
        (np.array([["a", "b"]]), "expected numbers"),
        (np.zeros((3, 2), complex), "expected numbers"),
        (np.zeros((3, 2, 5, 7)), "expected 1, 3 or 4 channels"),
        (7, "expected a path, an array, a tensor or a torch Dataset, got int"),
        ([], "expected one or more images"),
        (["a"], "item 0: expected an image, got str"),
        ([np.zeros((2, 2, 3)), np.zeros((4, 4, 3))], "of one shape and type"),
    ],
)
def test_what_holds_no_samples_is_refused(values: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        open_source(values)


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a.safetensors"):
        path = written(tmp_path / name, features(50, 0))
        content = path.read_bytes()
        for cut in (0, 1, 40, len(content) // 2):
            path.write_bytes(content[:cut])
            with pytest.raises(BadInput, match=name) as caught:
                list(open_source(path).rows())
            assert "\n" not in str(caught.value)
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2"  # numpy takes it for one of Python 2 and stumbles
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head)
    with pytest.raises(BadInput, match=r"b.npy: damaged or not of this format"):
        open_source(tmp_path / "b.npy")
    (tmp_path / "a-idx3-ubyte").write_bytes(b"\0\0\x0d\x03")
    with pytest.raises(BadInput, match="expected an IDX file of bytes"):
        open_source(tmp_path / "a-idx3-ubyte")
