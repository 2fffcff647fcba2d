"""Tensors of every precision and of torch's own files, and what is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.io import Reading, Source, open_source
from tests.io.test_arrays import stack
from tests.scoring.sets import features, photos

VALUES = torch.from_numpy(features(6, 0))


def read(source: Source) -> Any:
    return np.concatenate(list(source.rows()))


def saved(path: Path, content: Any) -> Path:
    save_file(content, path) if path.suffix == ".safetensors" else torch.save(content, path)
    return path


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt", "a.pth"])
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_features_of_every_precision_are_read_exactly(tmp_path: Path, name: str, kind: torch.dtype) -> None:
    values = VALUES.to(kind)
    for source in (open_source(saved(tmp_path / name, {"x": values})), open_source(values)):
        assert np.array_equal(read(source), values.double().numpy())
        assert read(source).dtype == (np.float64 if kind == torch.float64 else np.float32)


def test_half_precision_of_numpy_is_computed_as_that_of_torch(tmp_path: Path) -> None:
    half = VALUES.half().numpy()
    np.save(tmp_path / "a.npy", half)
    for source in (open_source(tmp_path / "a.npy"), open_source(half), open_source(VALUES.half())):
        assert read(source).dtype == np.float32


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2", "complex64"])
@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
def test_types_that_cannot_be_read_are_refused_by_their_name(tmp_path: Path, name: str, kind: str) -> None:
    values = VALUES.to(getattr(torch, kind))
    path = saved(tmp_path / name, {"x": values, "y": torch.arange(6)})
    for samples in (path, values):
        with pytest.raises(BadInput, match=r"is of type (F8_E4M3|F8_E5M2|C64|float8_e|complex64).*; expected float16"):
            open_source(samples)
    path = saved(tmp_path / name, {"x": VALUES, "labels": values})
    assert np.array_equal(read(open_source(path)), VALUES.numpy())  # what is not asked for need not be readable


def sparse() -> Tensor:
    return VALUES.to_sparse()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (sparse(), "is sparse .*; expected a dense tensor"),
        (VALUES.to("meta"), "on the device meta"),
    ],
)
def test_tensors_that_are_no_arrays_are_refused_in_one_line(values: Tensor, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        open_source(values)


def test_files_of_torch_hold_a_tensor_or_several_by_name_or_images_with_labels(tmp_path: Path) -> None:
    images, labels = torch.from_numpy(photos(5, 0)).permute(0, 3, 1, 2), torch.tensor([0, 1, 1, 0, 2])
    assert np.array_equal(stack(open_source(saved(tmp_path / "a.pt", images))), photos(5, 0))
    for content in ((images, labels), {"images": images, "labels": labels}):
        source = open_source(saved(tmp_path / "a.pt", content))
        assert np.array_equal(stack(source), photos(5, 0))
        assert source.labels is not None
        assert source.labels.tolist() == labels.tolist()
    two = saved(tmp_path / "a.pt", {"mine": VALUES, "yours": VALUES + 1, "step": 7})
    with pytest.raises(BadInput, match="holds mine, yours; say which array with --key"):
        open_source(two)
    assert np.array_equal(read(open_source(two, Reading(key="yours"))), (VALUES + 1).numpy())


def test_a_file_of_before_torch_1_6_is_read(tmp_path: Path) -> None:
    torch.save(VALUES, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert np.array_equal(read(open_source(tmp_path / "a.pt")), VALUES.numpy())


def test_a_part_of_a_tensor_is_read_as_it_was_saved(tmp_path: Path) -> None:
    values = torch.randn(8, 6, requires_grad=True)
    path = saved(tmp_path / "a.pt", values[::2].T)
    assert np.array_equal(read(open_source(path)), values[::2].T.detach().numpy())


class Trap:
    """What would be run by a reader of pickles."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_nothing_in_a_file_of_torch_is_run(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {"x": Trap(tmp_path / "run")})
    with pytest.raises(BadInput, match="holds Python objects, which would have to be run") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_what_torch_saved_of_a_network_and_no_tensor_file_at_all_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"a.pt: damaged or not of this format \("):
        open_source(tmp_path / "a.pt")
    network = torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2))
    torch.jit.save(network, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=r"holds a network .TorchScript., which --features takes; expected samples"):
        open_source(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [{}, [1, 2, 3], {"a": {"b": VALUES}}])
def test_a_file_of_torch_without_tensors_says_so(tmp_path: Path, content: Any) -> None:
    with pytest.raises(BadInput, match="holds no array; say which array with --key"):
        open_source(saved(tmp_path / "a.pt", content))


def test_a_small_file_that_claims_a_large_tensor_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", torch.zeros(1).expand(1 << 20, 1 << 20))
    with pytest.raises(BadInput, match="a bomb"):
        open_source(path)


def test_many_names_are_listed_in_part(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {f"layer{i:03}": VALUES for i in range(300)})
    with pytest.raises(BadInput, match="layer011 and 288 others; say which array with --key"):
        open_source(path)


def test_damaged_files_of_torch_are_refused_in_one_line(tmp_path: Path) -> None:
    for name, content in (("a.pt", VALUES), ("b.safetensors", {"x": VALUES})):
        path = saved(tmp_path / name, content)
        whole = path.read_bytes()
        for cut in (0, 1, 40, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            with pytest.raises(BadInput, match=name) as caught:
                read(open_source(path))
            assert "\n" not in str(caught.value)
