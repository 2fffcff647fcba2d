"""Samples held in Python score as those in files: lists of images, Pillow's images, features that networks hand out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from ganbench.errors import BadInput
from ganbench.io import Reading
from ganbench.io.memory import is_one_set
from ganbench.scoring.api import Options, score
from tests.scoring.sets import encoded, features, folder_of, image, photos

COLOUR, REFERENCE = photos(40, 1, 8), photos(50, 2, 8)
X, Y = features(60, 1, 16), features(70, 2, 16)


def fid(samples: Any, reference: Any, **options: Any) -> float:
    kind = "pixels" if not isinstance(reference, np.ndarray) or reference.dtype == np.uint8 else None
    report = score(samples, reference, metrics=["fid"], features=kind, options=Options(**options))
    assert len(report.rows) == 1
    value = report.rows[0].value("fid")
    assert value is not None
    return value


@pytest.mark.parametrize("shape", [(16, 1, 1), (1, 1, 16), (16, 1), (1, 16)])
def test_features_with_axes_of_one_are_features(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X.reshape(-1, *shape))
    for samples in (X.reshape(-1, *shape), torch.from_numpy(X).reshape(-1, *shape), tmp_path / "a.npy"):
        report = score(samples, Y.reshape(-1, *shape), metrics=["fid"])
        assert report.rows[0].value("fid") == fid(X, Y)
        assert f"60 were {'x'.join(map(str, shape))}, taken as 16 features" in str(report)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_layout_or_eight_bits_say_that_they_are_images_after_all(kind: Any) -> None:
    narrow, other = (photos(9, seed, channels=1)[:, :1, :, 0].astype(kind) for seed in (1, 2))
    reading = Reading("NHWC" if kind == np.float32 else "")
    options = Options(reading=reading, reference_reading=reading)
    assert score(narrow, other, metrics=["fid"], features="pixels", options=options).rows[0].inputs.is_image


SETS = {
    "arrays (h, w, 3)": list(COLOUR),
    "arrays (3, h, w)": list(COLOUR.transpose(0, 3, 1, 2)),
    "tensors (3, h, w)": list(torch.from_numpy(COLOUR).permute(0, 3, 1, 2)),
    "a tuple of arrays": tuple(COLOUR),
    "pictures of Pillow": [image(each) for each in COLOUR],
    "arrays with labels": [(each, i) for i, each in enumerate(COLOUR)],
    "a Dataset of tensors": TensorDataset(torch.from_numpy(COLOUR).permute(0, 3, 1, 2)),
    "floats (h, w, 3)": list(COLOUR / np.float32(255)),
}


@pytest.mark.parametrize("kind", SETS)
def test_a_list_of_images_is_one_set(kind: str) -> None:
    assert fid(SETS[kind], REFERENCE) == fid(COLOUR, REFERENCE)
    assert fid(REFERENCE, SETS[kind]) == fid(REFERENCE, COLOUR)


def test_a_list_of_grey_images_of_eight_bits_and_of_vectors_is_one_set() -> None:
    grey = [photos(40, i, 8, 1)[..., 0] for i in (1, 2)]
    assert fid(list(grey[0]), grey[1]) == fid(grey[0], grey[1])
    assert fid(list(X), Y) == fid(X, Y)


@pytest.mark.parametrize(
    "sets",
    [
        [COLOUR, REFERENCE[:20]],
        [list(COLOUR), list(REFERENCE[:20])],
        [X, X[:30]],
        [photos(40, 1, 4, 1)[..., 0], photos(30, 2, 4, 1)[..., 0]],  # squares of four by four, no RGBA
        ["a", "b"],
    ],
)
def test_a_list_of_sets_is_not_one_of_images(sets: Any) -> None:
    assert not is_one_set(sets)


def test_one_image_is_too_few() -> None:
    with pytest.raises(BadInput, match="expected at least 2 samples, got 1"):
        score([COLOUR[0]], REFERENCE)


def in_file(picture: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    return encoded(picture, kind, **settings)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def with_alpha(kind: str) -> list[bytes]:
    grey = photos(12, 5, 8, 1)
    opaque = np.concatenate([grey, photos(12, 6, 8, 1)], 3)
    return [
        encoded(Image.fromarray(each if kind == "LA" else np.concatenate([each[..., :1]] * 3 + [each[..., 1:]], 2)))
        for each in opaque
    ]


KINDS: dict[str, list[bytes]] = {
    "I;16": [encoded(Image.fromarray(each[..., 0].astype(np.uint16) * 200)) for each in photos(12, 5, 8, 1)],
    "LA": with_alpha("LA"),
    "RGBA": with_alpha("RGBA"),
    "turned by EXIF": [encoded(image(each), exif=turned()) for each in photos(12, 5, 8)],
    "P": [encoded(image(each).convert("P")) for each in photos(12, 5, 8)],
    "P with a transparent entry": [encoded(image(each).convert("P"), transparency=3) for each in photos(12, 5, 8)],
    "1": [encoded(image(each).convert("1")) for each in photos(12, 5, 8, 1)],
    "CMYK": [encoded(image(each).convert("CMYK"), "TIFF") for each in photos(12, 5, 8)],
    "JPEG": [encoded(image(each), "JPEG") for each in photos(12, 5, 8)],
}


class Pictures:
    """A torch Dataset whose items are pictures with labels, opened when they are asked for."""

    def __init__(self, contents: list[bytes]) -> None:
        self.contents = contents

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.open(io.BytesIO(self.contents[index])), index % 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_pictures_of_pillow_go_through_the_rules_of_files(kind: str, is_loaded: bool, tmp_path: Path) -> None:
    suffix = ".tif" if kind == "CMYK" else ".jpg" if kind == "JPEG" else ".png"
    for i, content in enumerate(KINDS[kind]):
        (tmp_path / f"{i}{suffix}").write_bytes(content)
    opened = [Image.open(io.BytesIO(content)) for content in KINDS[kind]]
    if is_loaded:
        for each in opened:
            each.load()
    reports = [
        score(samples, REFERENCE, metrics=["fid"], features="random_conv")
        for samples in (tmp_path, opened, Pictures(KINDS[kind]))
    ]
    files, listed, dataset = (report.rows[0] for report in reports)
    assert listed.value("fid") == dataset.value("fid") == files.value("fid")
    assert listed.inputs.feature_set.conversions == files.inputs.feature_set.conversions
    assert dataset.inputs.feature_set.classes == ("0", "1")


def test_pictures_of_several_sizes_are_one_set(tmp_path: Path) -> None:
    pictures = [*map(image, photos(10, 1, 8)), *map(image, photos(10, 2, 12))]
    folder_of(photos(10, 1, 8), tmp_path)
    for i, each in enumerate(photos(10, 2, 12)):
        image(each).save(tmp_path / f"{10 + i}.png")
    values = [
        score(samples, REFERENCE, metrics=["fid"], features="random_conv").rows[0].value("fid")
        for samples in (pictures, tmp_path)
    ]
    assert values[0] == values[1]


def test_a_picture_that_cannot_be_decoded_takes_its_label_with_it() -> None:
    pairs = [(image(each), i) for i, each in enumerate(photos(6, 1, 8))]
    pairs[2] = (Image.open(io.BytesIO(encoded(image(photos(1, 9)[0]))[:-200])), 2)
    with pytest.raises(BadInput, match=r"1 broken image \(first: 2: damaged"):
        score(pairs, REFERENCE)
    inputs = score(pairs, REFERENCE, metrics=["fid"], options=Options(skip_broken=True)).rows[0].inputs
    assert inputs.feature_set.classes == ("0", "1", "3", "4", "5")


def test_what_mixes_pictures_and_arrays_is_refused() -> None:
    with pytest.raises(BadInput, match="item 0: expected an array like the others, got one of Pillow's images"):
        score([image(COLOUR[0]), COLOUR[1]], REFERENCE)
