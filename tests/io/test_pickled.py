"""Pickles of statistics: their arrays are read, and nothing that they name is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganbench.errors import BadInput
from ganbench.io import open_source
from ganbench.io.pickled import arrays_in_pickle

MU, SIGMA = np.arange(3.0), np.asfortranarray(np.arange(9.0).reshape(3, 3))


def written(content: Any, path: Path, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_nested_dictionaries_are_read_from_every_protocol_of_pickle(protocol: int, tmp_path: Path) -> None:
    content = {"fid": {"mu": MU, "sigma": SIGMA}, "num_images": np.int64(5), "small": SIGMA.astype(">f4")}
    found = arrays_in_pickle(written(content, tmp_path / "a.pkl", protocol))
    assert sorted(found) == ["fid.mu", "fid.sigma", "small"]
    assert np.array_equal(found["fid.mu"], MU)
    assert np.array_equal(found["fid.sigma"], SIGMA)
    assert np.array_equal(found["small"], SIGMA)


class Evil:
    """Unpickled as usual, it makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("evil",)


@pytest.mark.parametrize(
    "content",
    [Evil(), {"fid": {"mu": Evil()}}, {"mu": np.array([Evil()])}, {"mu": Path("x")}, {"mu": np.array(["text"])}],
)
def test_what_names_anything_else_is_refused_and_nothing_is_run(
    content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="nothing of it was run"):
        arrays_in_pickle(written(content, tmp_path / "a.pkl"))
    assert not Path("evil").exists()


def test_functions_cannot_be_changed_by_a_pickle(tmp_path: Path) -> None:
    class Change:
        def __reduce__(self) -> tuple[Any, ...]:
            return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), (None, {"__defaults__": (1,)})  # type: ignore[attr-defined]

    path = tmp_path / "a.pkl"
    path.write_bytes(b"cnumpy\nndarray\n}X\x01\x00\x00\x00aK\x01sb.")  # a state for the class itself
    with pytest.raises(BadInput, match="nothing of it was run"):
        arrays_in_pickle(path)
    with pytest.raises(BadInput, match="nothing of it was run"):
        arrays_in_pickle(written(Change(), path))


@pytest.mark.parametrize("content", [{"x": 1}, [MU], 3, {}])
def test_a_pickle_without_arrays_by_name_is_refused(content: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="with arrays such as mu and sigma"):
        arrays_in_pickle(written(content, tmp_path / "a.pkl"))


def test_bytes_that_are_no_pickle_and_one_that_is_cut_are_refused(tmp_path: Path) -> None:
    path = written({"mu": MU, "sigma": SIGMA}, tmp_path / "a.pkl")
    whole = path.read_bytes()
    for content in (b"", b"no pickle", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"a\.pkl: expected a pickle"):
            arrays_in_pickle(path)


def test_dictionaries_that_hold_each_other_many_times_end(tmp_path: Path) -> None:
    content: dict[str, Any] = {"mu": MU}
    for _ in range(6):
        content = {str(i): content for i in range(40)}
    with pytest.raises(BadInput, match="more than 1000 entries"):
        arrays_in_pickle(written(content, tmp_path / "a.pkl"))


def test_a_file_of_edm2_is_a_source_of_both_its_statistics(tmp_path: Path) -> None:
    sigma = np.eye(3)
    content = {"fid": {"mu": MU, "sigma": sigma}, "fd_dinov2": {"mu": 2 * MU, "sigma": sigma}}
    source = open_source(written(content, tmp_path / "img.pkl"))
    assert source.kind == "moments"
    assert list(source.statistics) == ["fd_dinov2.mu", "fid.mu"]
    assert np.array_equal(source.statistics["fd_dinov2.mu"]()[0], 2 * MU)
