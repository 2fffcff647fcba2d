"""One's own data: a folder, an archive, an array or a Python file becomes a data set, or one line says why not."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import data
from ganbench.data import decoded
from ganbench.data.decoded import PARTS, cache_file
from ganbench.data.names import is_own, split
from ganbench.data.own import SHARES, part_of
from ganbench.data.sources import Flipped, Pixels
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.scoring.reference import applicable

N = 240


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache" / "features"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of 15 x 11 pixels in two folders: cats are dark, dogs are light."""
    draws = np.random.default_rng(0)
    for number in range(N):
        kind = "cats" if number % 2 else "dogs"
        folder = tmp_path / "photos" / kind
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draws.integers(0, 100, (11, 15, 3), dtype=np.uint8) + (0 if number % 2 else 150)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return tmp_path / "photos"


def levels(source: object) -> torch.Tensor:
    assert isinstance(source, Pixels)
    return source.levels


def as_set(dataset: Dataset, part: str) -> set[bytes]:
    return {image.numpy().tobytes() for image in levels(getattr(dataset, part))}


def test_a_folder_is_cut_resized_split_and_labelled_by_its_sub_folders(photos: Path) -> None:
    dataset = data.load(f"{photos}@8")
    assert dataset.name == f"{photos}@8"
    assert dataset.space.shape == (3, 8, 8)
    assert (dataset.space.classes, dataset.features) == (2, "random_conv")
    sizes = [len(levels(getattr(dataset, part))) for part in PARTS]
    assert sum(sizes) == N
    for size, share in zip(sizes, SHARES, strict=True):
        assert size == pytest.approx(N * share / 20, abs=25)  # four standard deviations and more
    x, y = dataset.train.examples(dataset.train.distinct(50, torch.Generator().manual_seed(0)))
    assert ((x.mean((1, 2, 3)) > 0) == (y == 1)).all()  # sorted by name: cats are 0


def test_a_square_is_cut_from_the_middle_and_crop_none_stretches_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    for number in range(200):
        pixels = np.zeros((8, 16), np.uint8)
        pixels[:, 4:12] = 1 + number  # the middle square is of one grey; what is cut off is black
        Image.fromarray(pixels).save(folder / f"{number}.png")
    middle, whole = data.load(f"{folder}@8"), data.load(f"{folder}@8(crop=none)")
    assert all(len(image.unique()) == 1 for image in levels(middle.train))
    assert all(image[0, :, 0].max() < image[0, :, 4].min() for image in levels(whole.train))


def test_the_part_of_an_example_depends_on_nothing_but_its_content(photos: Path, tmp_path: Path) -> None:
    before = data.load(f"{photos}@8")
    fewer = tmp_path / "renamed"
    shutil.copytree(photos, fewer)
    for number, path in enumerate(sorted(fewer.rglob("*.png"))):
        if number % 10 == 0:
            path.unlink()
        else:
            path.rename(path.with_name(f"z{number}.png"))
    after = data.load(f"{fewer}@8")
    for part in PARTS:
        assert as_set(after, part) < as_set(before, part)
    assert after.version != before.version  # other content: other records


def test_two_copies_are_never_in_different_parts() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    assert part_of(pixels) == part_of(pixels.copy())
    parts = [part_of(np.full((2, 2, 1), i, np.uint8)) for i in range(256)]
    assert set(parts) == {0, 1, 2}
    assert parts[:8] == [part_of(np.full((2, 2, 1), i, np.uint8)) for i in range(8)]


def test_a_zip_and_an_array_of_the_same_images_are_the_same_examples(photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path, path.relative_to(photos))
    folder, packed = data.load(f"{photos}@8"), data.load(f"{tmp_path / 'photos.zip'}@8")
    assert as_set(folder, "train") == as_set(packed, "train")
    assert packed.space.classes == 2
    x = np.random.default_rng(1).integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(N) % 5)
    arrays = data.load(str(tmp_path / "a.npz"))
    assert arrays.space.classes == 5
    assert as_set(arrays, "train") <= {image.transpose(2, 0, 1).tobytes() for image in x}


def written_as_parquet(photos: Path, path: Path, **more: list[object]) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    files = sorted(photos.rglob("*.png"))
    rows = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    labels = [int(file.parent.name == "dogs") for file in files]
    parquet.write_table(arrow.table({"image": rows, "label": labels} | more), path)


def written_as_shards(photos: Path, folder: Path, without: int = 0) -> None:
    """Three WebDataset shards; the last ``without`` pictures have no class beside them."""
    files, count = sorted(photos.rglob("*.png")), len(list(photos.rglob("*.png")))
    folder.mkdir()
    for shard in range(3):
        with tarfile.open(folder / f"train-{shard}.tar", "w") as archive:
            for place in range(count - 1 - shard, -1, -3):  # not in the order of names
                archive.add(files[place], f"{place}.png")
                if place < count - without:
                    content = b"1\n" if files[place].parent.name == "dogs" else b"0\n"
                    info = tarfile.TarInfo(f"{place}.cls")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))


def labelled(dataset: Dataset, part: str) -> set[tuple[bytes, int]]:
    source = getattr(dataset, part)
    assert isinstance(source, Pixels)
    return {(x.numpy().tobytes(), int(y)) for x, y in zip(source.levels, source.y, strict=True)}


def test_parquet_files_and_webdataset_shards_are_the_same_examples_with_their_classes(
    photos: Path, tmp_path: Path
) -> None:
    written_as_parquet(photos, tmp_path / "a.parquet")
    written_as_shards(photos, tmp_path / "shards")
    folder = data.load(f"{photos}@8")
    written = (f"{tmp_path}/a.parquet@8", f"{tmp_path}/shards@8", f"{tmp_path}/shards/train-{{0..2}}.tar@8")
    for name in written:
        made = data.load(name)
        assert made.name == name
        assert made.space == folder.space
        for part in PARTS:
            assert labelled(made, part) == labelled(folder, part)
    assert is_own("a.parquet")


def test_rows_that_cannot_be_read_leave_the_classes_of_the_others(photos: Path, tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    written_as_parquet(photos, tmp_path / "whole.parquet")
    table = parquet.read_table(tmp_path / "whole.parquet").to_pydict()
    table["image"][3], table["image"][100] = {"bytes": None, "path": None}, {"bytes": b"no picture", "path": None}
    parquet.write_table(arrow.table(table), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match=r"2 of 240 pictures cannot be read: 3 \(no image in this row\), 100 \("):
        data.load(f"{tmp_path}/a.parquet@8")
    some, whole = data.load(f"{tmp_path}/a.parquet@8(skip_broken=1)"), data.load(f"{photos}@8")
    assert sum(len(labelled(some, part)) for part in PARTS) == N - 2
    for part in PARTS:
        assert labelled(some, part) <= labelled(whole, part)


def test_a_column_is_chosen_by_its_key(photos: Path, tmp_path: Path) -> None:
    files = [file.read_bytes() for file in sorted(photos.rglob("*.png"))]
    written_as_parquet(photos, tmp_path / "a.parquet", small=list(reversed(files)))
    with pytest.raises(BadInput, match=r"may hold images; say which with \(key=NAME\) behind the path"):
        data.load(f"{tmp_path}/a.parquet@8")
    image, small = (data.load(f"{tmp_path}/a.parquet@8(key={key})") for key in ("image", "small"))
    assert as_set(image, "train") == as_set(small, "train")
    assert labelled(image, "train").isdisjoint(labelled(small, "train"))  # the other way round
    assert image.version != small.version
    with pytest.raises(BadInput, match="no column 'imag' in it; did you mean 'image'"):
        data.load(f"{tmp_path}/a.parquet@8(key=imag)")
    with pytest.raises(BadInput, match="key names a column of a Parquet file or an array of a file"):
        data.load(f"{photos}@8(key=image)")


def test_examples_are_scored_by_the_features_that_are_asked_for(photos: Path) -> None:
    plain, asked = data.load(f"{photos}@8"), data.load(f"{photos}@8(features=pixels)")
    assert (asked.name, asked.features, plain.features) == (f"{photos}@8(features=pixels)", "pixels", "random_conv")
    assert asked.version == plain.version  # the examples are the same
    assert applicable(asked)
    with pytest.raises(UnknownName, match="unknown features 'pixel'; did you mean 'pixels'"):
        applicable(data.load(f"{photos}@8(features=pixel)"))


@pytest.mark.parametrize("labels", [["cat"] * N, [None] * N])
def test_labels_that_are_none_are_refused_in_one_line(photos: Path, tmp_path: Path, labels: list[object]) -> None:
    written_as_parquet(photos, tmp_path / "a.parquet", label=labels)
    with pytest.raises(BadInput, match=r"its labels cannot be used: column label .*; labels=none leaves them out"):
        data.load(f"{tmp_path}/a.parquet@8")
    assert data.load(f"{tmp_path}/a.parquet@8(labels=none)").space.classes == 0


def test_pictures_of_a_shard_without_a_class_are_refused_in_one_line(photos: Path, tmp_path: Path) -> None:
    written_as_shards(photos, tmp_path / "shards", without=6)
    with pytest.raises(BadInput, match=r"cannot be used: train-0\.tar: 2 of 80 images have no label beside them"):
        data.load(f"{tmp_path}/shards@8")


def test_a_parquet_file_without_pyarrow_says_what_to_install(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_as_parquet(photos, tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(Missing, match=r"Parquet files need pyarrow; pip install 'ganbench\[parquet\]'"):
        data.load(f"{tmp_path}/a.parquet@8")


def test_vectors_are_points(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    dataset = data.load(str(tmp_path / "x.npy"))
    assert (dataset.space.shape, dataset.space.is_image, dataset.features) == ((3,), False, "identity")
    assert dataset.train.size is not None
    assert dataset.train.size > N / 2


def test_what_was_decoded_once_is_read_from_the_cache(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = data.load(f"{photos}@8")
    monkeypatch.setattr("ganbench.data.own.decode", None)
    again = data.load(f"{photos}@8")
    for part in PARTS:
        assert torch.equal(levels(getattr(first, part)), levels(getattr(again, part)))
    assert (again.space, again.split, again.version) == (first.space, first.split, first.version)


def test_a_damaged_file_of_the_cache_counts_as_none(photos: Path) -> None:
    first = data.load(f"{photos}@8")
    (path,) = cache_file("x").parent.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-7])
    decoded.remembered.cache_clear()
    assert as_set(data.load(f"{photos}@8"), "train") == as_set(first, "train")


def test_flip_mirrors_half_of_what_is_trained_on_and_nothing_that_is_scored(photos: Path) -> None:
    plain, flipped = data.load(f"{photos}@8"), data.load(f"{photos}@8(flip=1)")
    assert flipped.name == f"{photos}@8(flip=1)"
    assert isinstance(flipped.train, Flipped)
    assert not isinstance(flipped.held_out, Flipped)
    indices = flipped.train.indices(400, torch.Generator().manual_seed(0))
    x, _ = flipped.train.examples(indices)
    original, _ = plain.train.examples({"index": indices["index"]})
    mirrored = indices["mirrored"]
    assert 150 < int(mirrored.sum()) < 250
    assert torch.equal(x[mirrored], original[mirrored].flip(-1))
    assert torch.equal(x[~mirrored], original[~mirrored])
    stacked = {name: torch.stack([index, index]) for name, index in indices.items()}  # with an axis of seeds
    assert torch.equal(flipped.train.examples(stacked)[0], torch.stack([x, x]))


OWN = """
import torch
from dataclasses import replace
from ganbench import data

def make():
    return replace(data.load("digits"), name="mine")

def nothing():
    return 3
"""


def test_a_function_in_a_file_of_one_s_own_makes_a_data_set(tmp_path: Path) -> None:
    path = tmp_path / "mydata.py"
    path.write_text(OWN)
    dataset = data.load(f"{path}:make")
    assert dataset.name == f"{path}:make"
    assert dataset.space == data.load("digits").space
    before = dataset.version
    path.write_text(OWN + "\n# changed\n")
    assert data.load(f"{path}:make").version != before


@pytest.mark.parametrize(
    ("name", "bare", "given"),
    [
        ("./faces@64", "./faces", {"size": 64}),
        ("./faces(size=64,crop=none)", "./faces", {"size": 64, "crop": "none"}),
        ("a/b (1)/c@32(flip=1, labels=none)", "a/b (1)/c", {"size": 32, "flip": 1, "labels": "none"}),
        ("me@home/x.npz", "me@home/x.npz", {}),
        ("faces.zip@16", "faces.zip", {"size": 16}),
        ("./mydata.py:make", "./mydata.py:make", {}),
        ("ring8(sd=0.05)", "ring8", {"sd": 0.05}),
    ],
)
def test_a_path_and_its_settings_are_read_from_the_end(name: str, bare: str, given: dict[str, object]) -> None:
    assert split(name) == (bare, given)
    assert is_own(name) == (bare != "ring8")


@pytest.mark.parametrize(
    ("behind", "message"),
    [
        ("@8(crop=middle)", "crop must be center or none, got middle"),
        ("@8(flip=2)", "flip must be 0 or 1, got 2"),
        ("@8(crap=none)", "did you mean 'crop'"),
        ("@8(flip)", "expected each setting once, as field=value, got 'flip'"),
        ("@8(size=9)", "expected each setting once"),
        ("@4096", "size must be a number of pixels up to 1024, got 4096"),
        ("@8(validation=2)", "validation must be 0 or 1"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_one_line(photos: Path, behind: str, message: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=message) as refused:
        data.load(f"{photos}{behind}")
    assert "\n" not in str(refused.value)


def test_pictures_of_several_sizes_need_one(photos: Path) -> None:
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(photos / "cats" / "z.png")
    with pytest.raises(BadInput, match=r"several sizes \(cats/1.png is 15x11, cats/z.png is 20x30\); give one, as in"):
        data.load(str(photos))


def test_grey_and_colour_do_not_mix(photos: Path) -> None:
    Image.fromarray(np.zeros((11, 15), np.uint8)).save(photos / "cats" / "z.png")
    with pytest.raises(BadInput, match=r"grey and colour pictures \(cats/1.png is colour, cats/z.png is grey\)"):
        data.load(f"{photos}@8")


def test_a_broken_picture_is_named_and_may_be_left_out(photos: Path) -> None:
    (photos / "dogs" / "broken.png").write_bytes(b"\x89PNG and no more")
    with pytest.raises(BadInput, match=r"1 of 241 pictures cannot be read: dogs/broken.png .*--skip-broken"):
        data.load(f"{photos}@8")
    dataset = data.load(f"{photos}@8(skip_broken=1)")
    assert "1 that cannot be read left out" in dataset.split
    assert sum(len(levels(getattr(dataset, part))) for part in PARTS) == N


def test_too_few_examples_for_a_part_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "few.npz", np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), dtype=np.uint8))
    with pytest.raises(BadInput, match=r"30 examples leave \d for the part .*at least 10 in each"):
        data.load(str(tmp_path / "few.npz"))


def test_labels_below_zero_are_refused_and_none_may_be_asked_for(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(N) - 1)
    with pytest.raises(BadInput, match="label -1; expected 0 and up"):
        data.load(str(tmp_path / "a.npz"))
    assert data.load(f"{tmp_path / 'a.npz'}(labels=none)").space.classes == 0


def test_what_is_not_there_not_a_data_set_or_no_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no such file or folder"):
        data.load("./nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no image in this folder"):
        data.load(f"{tmp_path / 'empty'}@8")
    (tmp_path / "mydata.py").write_text(OWN)
    with pytest.raises(BadInput, match=r"mydata\.py:nothing: expected a ganbench Dataset, got int"):
        data.load(f"{tmp_path / 'mydata.py'}:nothing")
    with pytest.raises(BadInput, match="has no mke; did you mean 'make'"):
        data.load(f"{tmp_path / 'mydata.py'}:mke")
    with pytest.raises(BadInput, match="size cannot change what a function returns"):
        data.load(f"{tmp_path / 'mydata.py'}:make@8")
    np.savez(tmp_path / "moments.npz", mu=np.zeros(3), sigma=np.eye(3))
    with pytest.raises(BadInput, match="holds a mean and a covariance; training needs examples"):
        data.load(str(tmp_path / "moments.npz"))
    np.save(tmp_path / "x.npy", np.zeros((N, 3), np.float32))
    with pytest.raises(BadInput, match="size and flip are for pictures"):
        data.load(f"{tmp_path / 'x.npy'}@8")


def test_validation_keeps_what_tables_see_from_the_search(photos: Path) -> None:
    plain, search = data.load(f"{photos}@8"), data.load(f"{photos}@8(validation=1)")
    assert search.name == f"{photos}@8(validation=1)"
    assert search.train.size is not None
    assert plain.train.size is not None
    assert search.train.size < plain.train.size
    assert search.held_out.size == plain.train.size - search.train.size


def file_at(address: int) -> str:
    """Return the file that is mapped at an address of this process."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(each, 16) for each in line.split()[0].split("-"))
        if start <= address < end:
            return line.split(maxsplit=5)[-1]
    return ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not show what is mapped")
def test_decoded_pictures_are_mapped_from_one_file_not_read(photos: Path) -> None:
    first = data.load(f"{photos}@8")
    (path,) = cache_file("x").parent.glob("*")  # and nothing that was written on the way
    decoded.remembered.cache_clear()
    again = data.load(f"{photos}@8")
    for dataset in (first, again):
        assert {file_at(levels(getattr(dataset, part)).data_ptr()) for part in PARTS} == {str(path)}


def test_where_nothing_can_be_kept_the_same_pictures_stay_in_memory(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = data.load(f"{photos}@8")
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "file" / "features"))
    again = data.load(f"{photos}@8")
    for part in PARTS:
        mine, kept = getattr(again, part), getattr(first, part)
        assert torch.equal(levels(mine), levels(kept))
        assert torch.equal(mine.y, kept.y)
    assert again.version == first.version


def test_one_picture_is_in_memory_at_a_time(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    add = decoded.Images.add

    def counted(self: decoded.Images, pixels: np.ndarray, part: int) -> None:
        add(self, pixels, part)
        sizes.append(pixels.nbytes)

    monkeypatch.setattr(decoded.Images, "add", counted)
    dataset = data.load(f"{photos}@8")
    assert sizes == [3 * 8 * 8] * N
    assert sum(getattr(dataset, part).size for part in PARTS) == N


def test_a_search_keeps_the_mirror_images_and_the_bytes(photos: Path) -> None:
    searched = data.load(f"{photos}@8(flip=1,validation=1)")
    assert isinstance(searched.train, Flipped)
    assert isinstance(searched.held_out, Pixels)
    assert not isinstance(searched.held_out, Flipped)
    whole = levels(data.load(f"{photos}@8").train)
    assert torch.equal(levels(searched.held_out), whole[2::3])
    assert len(levels(searched.train)) + len(levels(searched.held_out)) == len(whole)


def test_grey_and_colour_become_one_kind_where_a_rule_is_given(tmp_path: Path) -> None:
    folder, draws = tmp_path / "mixed", np.random.default_rng(0)
    folder.mkdir()
    for number in range(200):
        pixels = draws.integers(0, 256, (8, 8, 3) if number % 2 else (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    with pytest.raises(BadInput, match=r"0\.png is grey, 1\.png is colour"):
        data.load(str(folder))
    colour, grey = data.load(f"{folder}(channels=3)"), data.load(f"{folder}(channels=1)")
    assert (colour.space.shape, grey.space.shape) == ((3, 8, 8), (1, 8, 8))
    alike = [bool((image == image[:1]).all()) for image in levels(colour.train)]
    assert 0 < sum(alike) < len(alike)
    r, g, b = levels(colour.train).double().unbind(1)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    assert (luma - levels(grey.train)[:, 0].double()).abs().max() <= 1


def test_a_function_that_raises_and_one_that_is_not_named_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def make():\n    x = 1\n    raise ValueError('no\\ndata')\n")
    with pytest.raises(BadInput, match=rf"{path}:3: make raised ValueError: no data"):
        data.load(f"{path}:make")
    with pytest.raises(BadInput, match=r"say which function of it returns the data set, as in .*mine\.py:make"):
        data.load(str(path))


def test_labels_that_cannot_be_used_are_refused_or_left_out(tmp_path: Path) -> None:
    x = np.random.default_rng(1).integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)
    for name, y, said in (
        ("short", np.arange(N - 9) % 3, "its labels cannot be used: .*; labels=none leaves them out"),
        ("wide", np.arange(N) * 10, f"label {10 * N - 10}; expected classes 0, 1, ... of {N} examples"),
    ):
        np.savez(tmp_path / f"{name}.npz", x=x, y=y)
        with pytest.raises(BadInput, match=said):
            data.load(str(tmp_path / f"{name}.npz"))
        assert data.load(f"{tmp_path / name}.npz(labels=none)").space.classes == 0
