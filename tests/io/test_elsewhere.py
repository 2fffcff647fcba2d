"""Sets at addresses, in WebDataset shards and in Parquet files score as the folder that they hold."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganbench.errors import BadInput, Missing
from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.io import Reading, open_source
from ganbench.io import remote as stores
from ganbench.scoring.api import score
from tests.scoring.sets import encoded, folder_of, image, photos, tar_of, zip_of

N = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(photos(N, 0), tmp_path_factory.mktemp("set") / "samples")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(photos(N, 1), tmp_path_factory.mktemp("set") / "real")


@pytest.fixture
def memory() -> Any:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def fid(samples: Any, real: Any) -> float | None:
    return score(samples, real, metrics="fid", features="random_conv").rows[0].value("fid")


def test_what_lies_in_a_store_scores_as_what_lies_here(folder: Path, real: Path, memory: Any, tmp_path: Path) -> None:
    want = fid(folder, real)
    for path in folder.iterdir():
        memory.pipe(f"/set/deep/{path.name}", path.read_bytes())
    memory.pipe("/set/readme.txt", b"no image")
    memory.pipe("/a.zip", zip_of(folder, tmp_path / "a.zip").read_bytes())
    memory.pipe("/a.tar.gz", tar_of(folder, tmp_path / "a.tar.gz").read_bytes())
    np.savez(tmp_path / "a.npz", arr_0=photos(N, 0))
    memory.pipe("/a.npz", (tmp_path / "a.npz").read_bytes())
    for name in ("set", "a.zip", "a.tar.gz", "a.npz"):
        assert fid(f"memory://{name}", real) == want
    assert fid("other=memory://a.zip", real) == want
    source = open_source("memory://set")
    assert [each.name for each in source.scan()][1:4] == ["deep/0.png", "deep/1.png", "deep/2.png"]
    assert [each.name for each in source.part(3, 5).scan()] == ["deep/3.png", "deep/4.png"]


def test_a_store_that_changes_is_another_set(folder: Path, memory: Any) -> None:
    first = (folder / "0.png").read_bytes()
    for name in "ab":
        memory.pipe(f"/set/{name}.png", first)
    before = open_source("memory://set").digest()
    assert open_source("memory://set").digest() == before
    memory.pipe("/set/b.png", (folder / "1.png").read_bytes())
    assert open_source("memory://set").digest() != before


def test_what_cannot_be_had_from_a_store_is_one_line(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missing, match="memory://nothing: no such file or folder"):
        open_source("memory://nothing")
    with pytest.raises(Missing, match="nowhere:// is no scheme that fsspec knows"):
        open_source("nowhere://bucket/a")
    memory.pipe("/a.txt", b"no image")
    with pytest.raises(BadInput, match=r"expected a folder of images, or a file that ends in \.zip"):
        open_source("memory://a.txt")
    memory.pipe("/none/a.txt", b"no image")
    with pytest.raises(BadInput, match="no image in this folder"):
        open_source("memory://none")

    def missing(_name: str) -> Any:
        raise ImportError

    monkeypatch.setattr(stores, "import_module", missing)
    with pytest.raises(Missing, match=r"s3:// needs fsspec; pip install 'ganbench\[s3\]'"):
        open_source("s3://bucket/samples")


def test_webdataset_shards_are_one_set(folder: Path, real: Path, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    for shard in range(3):
        with tarfile.open(shards / f"train-{shard:03d}.tar", "w") as file:
            for place in range(shard, N, 3):
                for name, content in (
                    (f"{place:05d}.png", (folder / f"{place}.png").read_bytes()),
                    (f"{place:05d}.cls", b"1"),
                ):
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    file.addfile(info, io.BytesIO(content))
    want = fid(folder, real)
    assert fid(shards, real) == want
    assert fid(f"{shards}/train-{{000..002}}.tar", real) == want
    assert narrowed(open_source(shards).labels) == [1] * N
    with pytest.raises(Missing, match=r"train-003\.tar: no such file or folder"):
        open_source(f"{shards}/train-{{000..003}}.tar")
    with pytest.raises(BadInput, match="from the lower number to the higher"):
        open_source(f"{shards}/train-{{5..2}}.tar")


def test_labels_stay_with_their_images_in_any_order_and_beside_broken_ones(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        for place in reversed(range(N)):
            content = b"broken" if place == 5 else (folder / f"{place}.png").read_bytes()
            for name, held in ((f"{place}.png", content), (f"{place}.cls", f"{place % 3}".encode())):
                info = tarfile.TarInfo(name)
                info.size = len(held)
                file.addfile(info, io.BytesIO(held))
    source = open_source(tmp_path / "a.tar")
    whole = Extraction(load("pixels"), skip_broken=True)(source)
    assert narrowed(whole.labels) == [int(Path(name).stem) % 3 for name in whole.names]
    some = Extraction(load("pixels"), skip_broken=True)(source.part(10, 20))
    assert list(some.names) == [f"{place}.png" for place in range(4, 14) if place != 5]
    assert narrowed(some.labels) == [int(Path(name).stem) % 3 for name in some.names]


def test_image_columns_of_parquet_files_are_sets(folder: Path, real: Path, tmp_path: Path, memory: Any) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    content = [(folder / f"{place}.png").read_bytes() for place in range(N)]
    rows = [{"bytes": each, "path": None} for each in content]
    labels = [place % 3 for place in range(N)]
    parquet.write_table(arrow.table({"image": rows, "label": labels}), tmp_path / "a.parquet")
    want = fid(folder, real)
    assert fid(tmp_path / "a.parquet", real) == want
    source = open_source(tmp_path / "a.parquet")
    assert source.labels is not None
    assert source.labels.tolist() == labels
    parts = tmp_path / "parts"
    parts.mkdir()
    for place, rest in enumerate((slice(0, 10), slice(10, N))):
        parquet.write_table(arrow.table({"img": content[rest], "label": labels[rest]}), parts / f"{place}.parquet")
    assert fid(parts, real) == want
    assert narrowed(open_source(parts).labels) == labels
    memory.pipe("/a.parquet", (tmp_path / "a.parquet").read_bytes())
    assert fid("memory://a.parquet", real) == want
    parquet.write_table(arrow.table({"a": content, "b": content, "n": labels}), tmp_path / "two.parquet")
    with pytest.raises(BadInput, match="columns a, b may hold images; say which with --key"):
        open_source(tmp_path / "two.parquet")
    assert open_source(tmp_path / "two.parquet", Reading(key="b")).count == N
    with pytest.raises(BadInput, match="no column 'c' in it"):
        open_source(tmp_path / "two.parquet", Reading(key="c"))
    with pytest.raises(BadInput, match="column n holds int64; expected bytes of image files"):
        open_source(tmp_path / "two.parquet", Reading(key="n"))
    (tmp_path / "bad.parquet").write_bytes(encoded(image(photos(1, 0)[0])))
    with pytest.raises(BadInput, match="damaged or no Parquet file"):
        open_source(tmp_path / "bad.parquet")


def narrowed(labels: Any) -> list[int]:
    assert labels is not None
    return [int(each) for each in labels]
