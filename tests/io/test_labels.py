"""Labels in any usual form are the same labels, and what is no label never keeps samples from being read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput
from ganbench.io import open_source
from ganbench.io.labels import labels_of
from tests.scoring.sets import features, image, photos

WHOLE = np.array([2, 0, 1, 2])
FORMS = {
    "int64": WHOLE,
    "uint8": WHOLE.astype(np.uint8),
    "floats that are whole": WHOLE.astype(np.float32),
    "a column": WHOLE[:, None],
    "a column of floats": WHOLE[:, None].astype(float),
    "one-hot": np.eye(3)[WHOLE],
    "one-hot of truths": np.eye(3, dtype=bool)[WHOLE],
}
NONE = {
    "text": np.array(["a", "b", "c", "d"]),
    "not whole": WHOLE + 0.5,
    "not finite": np.array([np.nan, 0, 1, 2]),
    "soft": np.full((4, 3), 1 / 3),
    "two of a row": np.ones((4, 3)),
    "too few": WHOLE[:3],
    "too many axes": WHOLE[:, None, None, None],
    "objects": np.array([{}, {}, {}, {}], dtype=object),
    "one number": np.array(3),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form_is_the_same_labels(form: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=features(4, 0), labels=FORMS[form])
    source = open_source(tmp_path / "a.npz")
    assert source.labels is not None
    assert source.labels.tolist() == WHOLE.tolist()
    assert source.labels.dtype == np.int64


def test_truths_are_two_classes() -> None:
    assert labels_of(np.array([True, False]), 2)[0].tolist() == [1, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize("form", NONE)
def test_what_is_no_label_is_left_with_a_reason_and_samples_are_read(form: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=features(4, 0), y=NONE[form])
    source = open_source(tmp_path / "a.npz")
    assert source.labels is None
    assert source.unused_labels.startswith("y: ")
    assert np.array_equal(np.concatenate(list(source.rows())), features(4, 0))


def test_labels_without_a_name_are_those_behind_the_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", photos(4, 0), WHOLE)  # as guided-diffusion writes its samples
    source = open_source(tmp_path / "a.npz")
    assert source.labels is not None
    assert source.labels.tolist() == WHOLE.tolist()
    np.savez(tmp_path / "b.npz", photos(4, 0), photos(4, 1))
    assert (open_source(tmp_path / "b.npz").labels, open_source(tmp_path / "b.npz").unused_labels) == (None, "")


@pytest.mark.parametrize("label", [None, "cat", {"box": 1}, [1, 2, 3], torch.zeros(40)])
def test_items_of_a_dataset_whose_labels_are_none_are_samples(label: Any) -> None:
    source = open_source([(image(each), label) for each in photos(3, 0)])
    assert (source.labels, source.count) == (None, 3)


def test_one_hot_and_tensor_labels_of_items_are_read() -> None:
    pairs = list(zip(photos(3, 0), torch.eye(3), strict=True))
    for source in (open_source(pairs), open_source([(x, row.argmax()) for x, row in pairs])):
        assert source.labels is not None
        assert source.labels.tolist() == [0, 1, 2]


class Labelled(list[Any]):
    """A torch Dataset that lists its classes."""

    classes = ("cat", "dog")


def test_labels_of_a_torch_dataset_are_checked_against_its_classes() -> None:
    images = [image(each) for each in photos(3, 0)]
    assert open_source(Labelled(zip(images, [0, 1, 1], strict=True))).labels is not None
    with pytest.raises(BadInput, match="item 2 has the label 2; expected 0 to 1, as it has 2 classes"):
        open_source(Labelled(zip(images, [0, 1, 2], strict=True)))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_of_a_data_set_are_checked_against_its_classes(label: int) -> None:
    good, bad = (Finite(torch.zeros(4, 2), torch.tensor([0, 1, last, 2])) for last in (2, label))
    space = Space((2,), 3, -1.0, 1.0)
    Dataset("mine", space, good, good, good, "rule", "identity")
    with pytest.raises(BadInput, match=rf"mine, held_out: example 2 has the label {label}; expected 0 to 2"):
        Dataset("mine", space, good, bad, good, "rule", "identity")
    Dataset("mine", Space((2,), 0, -1.0, 1.0), bad, bad, bad, "rule", "identity")  # no classes, no labels
