"""Published sets of images, read from tiny files in their formats; nothing is downloaded."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from ganbench.data import load
from ganbench.data.sources import Flipped, Pixels
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, Missing
from ganbench.io import Reading
from ganbench.scoring.named import opened

Patch = pytest.MonkeyPatch
DRAWS = np.random.default_rng(0)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5(content)


def pixels(n: int, side: int, channels: int = 3) -> np.ndarray:
    return DRAWS.integers(0, 256, (n, channels, side, side), dtype=np.uint8)


def cifar(folder: Path, patch: Patch, kind: type, label: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Write CIFAR's batches of two images and a test batch of four; return all images and labels."""
    base = folder / kind.base_folder  # type: ignore[attr-defined]
    names = [name for name, _ in (*kind.train_list, *kind.test_list)]  # type: ignore[attr-defined]
    digests, images, labels = {}, [], []
    for name in names:
        n = 4 if name.startswith("test") else 2
        x, y = pixels(n, 32), DRAWS.integers(0, classes, n)
        digests[name] = write(base / name, pickle.dumps({"data": x.reshape(n, -1), label: y.tolist()}))
        images.append(x)
        labels.append(y)
    meta = kind.meta  # type: ignore[attr-defined]
    digest = write(base / meta["filename"], pickle.dumps({meta["key"]: [str(i) for i in range(classes)]}))
    patch.setattr(kind, "meta", {**meta, "md5": digest})
    for field in ("train_list", "test_list"):
        patch.setattr(kind, field, [[name, digests[name]] for name, _ in getattr(kind, field)])
    return np.concatenate(images), np.concatenate(labels)


def idx(folder: Path, kind: type, pack: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Write files of MNIST's format: six images to train on, four of a test."""
    raw, images, labels = folder / kind.__name__ / "raw", [], []
    for part, n in (("train", 6), ("t10k", 4)):
        x, y = pixels(n, 28, 1), DRAWS.integers(0, 10, n).astype(np.uint8)
        files = {
            f"{part}-images-idx3-ubyte": b"\0\0\x08\x03" + np.array([n, 28, 28], ">i4").tobytes() + x.tobytes(),
            f"{part}-labels-idx1-ubyte": b"\0\0\x08\x01" + np.array([n], ">i4").tobytes() + y.tobytes(),
        }
        for name, content in files.items():
            write(raw / (f"{name}.gz" if pack else name), gzip.compress(content, mtime=0) if pack else content)
        images.append(x)
        labels.append(y)
    return np.concatenate(images), np.concatenate(labels)


def svhn(folder: Path, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Write SVHN's two files, whose class 10 is the digit 0."""
    images, labels, table = [], [], {}
    for part, n in (("train", 6), ("test", 4)):
        x, y = pixels(n, 32), np.arange(n) % 10 + 1
        y[0] = 10
        path = folder / f"{part}_32x32.mat"
        savemat(path, {"X": x.transpose(2, 3, 1, 0), "y": y[:, None]})
        table[part] = ["", path.name, md5(path.read_bytes())]
        images.append(x)
        labels.append(y % 10)
    patch.setattr(datasets.SVHN, "split_list", table)
    return np.concatenate(images), np.concatenate(labels)


def stl10(folder: Path, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
    """Write STL-10's files: six images to train on, three without labels, four of a test, columns first."""
    base, digests = folder / "stl10_binary", {}
    x, y = {}, {}
    for part, n in (("train", 6), ("unlabeled", 3), ("test", 4)):
        x[part], y[part] = pixels(n, 96), DRAWS.integers(0, 10, n)
        digests[f"{part}_X.bin"] = write(base / f"{part}_X.bin", x[part].transpose(0, 1, 3, 2).tobytes())
        digests[f"{part}_y.bin"] = write(base / f"{part}_y.bin", (y[part] + 1).astype(np.uint8).tobytes())
    for field in ("train_list", "test_list"):
        patch.setattr(datasets.STL10, field, [[n, digests[n]] for n, _ in getattr(datasets.STL10, field)])
    return np.concatenate([x[part] for part in x]), np.concatenate([y["train"], y["test"]])


def celeba(folder: Path, patch: Patch) -> dict[str, int]:
    """Write thirty faces of 178 x 218 pixels, a grey each, and their parts."""
    parts = {f"{i + 1:06}.jpg": i % 3 for i in range(30)}
    place = folder / "celeba" / "img_align_celeba"
    place.mkdir(parents=True)
    for i, name in enumerate(parts):
        shade = np.zeros((218, 178, 3), np.uint8)
        shade[20:198] = 5 * i + 20  # above and below the middle square it is black
        Image.fromarray(shade).save(place / name, quality=100)
    text = "".join(f"{name} {part}\n" for name, part in parts.items())
    digest = write(folder / "celeba" / "list_eval_partition.txt", text.encode())
    listed = [(i, digest if n == "list_eval_partition.txt" else m, n) for i, m, n in datasets.CelebA.file_list]
    patch.setattr(datasets.CelebA, "file_list", listed)
    return parts


def levels(dataset: Dataset, part: str) -> torch.Tensor:
    source = getattr(dataset, part)
    assert isinstance(source, Pixels)
    return source.levels


Writer = Callable[[Path, Patch], tuple[np.ndarray, np.ndarray]]
WRITERS: dict[str, tuple[Writer, int, int]] = {  # how its files are written, how many are trained on, its classes
    "cifar10": (lambda folder, patch: cifar(folder, patch, datasets.CIFAR10, "labels", 10), 10, 10),
    "cifar100": (lambda folder, patch: cifar(folder, patch, datasets.CIFAR100, "fine_labels", 100), 2, 100),
    "fashion_mnist": (lambda folder, patch: idx(folder, datasets.FashionMNIST), 6, 10),
    "kmnist": (lambda folder, patch: idx(folder, datasets.KMNIST), 6, 10),
    "svhn": (svhn, 6, 10),
}


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_each_format_are_read_and_split(name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    writer, trained, classes = WRITERS[name]
    x, y = writer(tmp_path, monkeypatch)
    dataset = load(name, tmp_path, download=False)
    parts = {"train": slice(trained), "held_out": slice(trained, None, 2), "control": slice(trained + 1, None, 2)}
    for part, place in parts.items():
        assert np.array_equal(levels(dataset, part), x[place])
        assert getattr(dataset, part).y.tolist() == y[place].tolist()
    assert (dataset.space.shape, dataset.space.classes) == (x.shape[1:], classes)
    image, _ = dataset.train.examples({"index": torch.arange(2)})
    assert image.numpy() == pytest.approx(x[:2] / 127.5 - 1, abs=1e-6)


def test_stl10_is_resized_and_may_be_trained_on_images_without_labels(tmp_path: Path, monkeypatch: Patch) -> None:
    x, y = stl10(tmp_path, monkeypatch)
    dataset = load("stl10", tmp_path, download=False)
    assert np.array_equal(levels(dataset, "train"), x[:6])
    assert dataset.control.y.tolist() == y[7::2].tolist()  # type: ignore[attr-defined]
    more = load("stl10(size=48,unlabelled=1)", tmp_path, download=False)
    assert (more.space.shape, more.space.classes, len(levels(more, "train"))) == ((3, 48, 48), 0, 9)
    expected = [Image.fromarray(plane).resize((48, 48), Image.Resampling.LANCZOS) for plane in x[7]]
    assert np.array_equal(levels(more, "train")[7], np.stack([np.asarray(each) for each in expected]))
    assert load("stl10@48", tmp_path, download=False).name == "stl10(size=48)"


def test_celeba_is_cut_resized_and_split_as_published(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache" / "features"))
    parts = celeba(tmp_path, monkeypatch)
    dataset = load("celeba(size=16,flip=1)", tmp_path, download=False)
    assert (dataset.space.shape, dataset.space.classes) == ((3, 16, 16), 0)
    assert isinstance(dataset.train, Flipped)
    for number, part in enumerate(("train", "held_out", "control")):
        shades = [5 * i + 20 for i, name in enumerate(parts) if parts[name] == number]
        assert levels(dataset, part).float().mean((1, 2, 3)).tolist() == pytest.approx(shades, abs=1)
        assert levels(dataset, part).float().std((1, 2, 3)).max() < 1  # nothing of what was cut off
    (tmp_path / "celeba" / "img_align_celeba" / "stranger.jpg").write_bytes(
        (tmp_path / "celeba" / "img_align_celeba" / "000001.jpg").read_bytes()
    )
    with pytest.raises(BadInput, match=r"celeba: stranger\.jpg is not in list_eval_partition"):
        load("celeba(size=16)", tmp_path, download=False)


def test_an_archive_that_lies_there_is_unpacked_without_a_network(tmp_path: Path, monkeypatch: Patch) -> None:
    x, _ = cifar(tmp_path / "made", monkeypatch, datasets.CIFAR10, "labels", 10)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(tmp_path / "made" / "cifar-10-batches-py", "cifar-10-batches-py")
    digest = write(tmp_path / "packed" / "cifar-10-python.tar.gz", content.getvalue())
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", digest)
    monkeypatch.setattr(datasets.CIFAR10, "url", "file:///nowhere")
    assert np.array_equal(levels(load("cifar10", tmp_path / "packed", download=False), "train"), x[:10])
    x, _ = idx(tmp_path / "packed", datasets.KMNIST, pack=True)
    files = {path.name: md5(path.read_bytes()) for path in (tmp_path / "packed" / "KMNIST" / "raw").iterdir()}
    monkeypatch.setattr(datasets.KMNIST, "resources", [(name, files[name]) for name, _ in datasets.KMNIST.resources])
    assert np.array_equal(levels(load("kmnist", tmp_path / "packed", download=False), "train"), x[:6])


@pytest.mark.parametrize("name", [*WRITERS, "stl10", "celeba"])
def test_where_files_are_missing_one_line_says_how_to_get_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(Missing) as caught:
        load(name, tmp_path, download=False)
    assert str(caught.value).startswith(f"{name} is not in {tmp_path}; put it there as torchvision.datasets.")
    assert "download=True) does, or name its folder with --data" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_download_that_fails_says_why(tmp_path: Path, monkeypatch: Patch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", offline)
    with pytest.raises(Missing, match=r"and cannot be downloaded \(no route to host\); put it there"):
        load("cifar10", tmp_path)


def test_a_damaged_file_is_not_unpickled(tmp_path: Path, monkeypatch: Patch) -> None:
    cifar(tmp_path, monkeypatch, datasets.CIFAR10, "labels", 10)
    path = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes() + b"x")
    monkeypatch.setattr(pickle, "load", None)
    with pytest.raises(Missing, match="cifar10 is not in"):
        load("cifar10", tmp_path, download=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cifar10(size=7)", "size must be a side of 8 to 128 pixels, got 7"),
        ("celeba@129", "size must be a side of 8 to 128 pixels, got 129"),
        ("cifar10(flip=2)", "flip must be 0 or 1, got 2"),
        ("stl10(unlabelled=3)", "unlabelled must be 0 or 1, got 3"),
    ],
)
def test_a_wrong_setting_is_refused(name: str, said: str, tmp_path: Path, monkeypatch: Patch) -> None:
    cifar(tmp_path, monkeypatch, datasets.CIFAR10, "labels", 10)
    with pytest.raises(BadInput, match=said):
        load(name, tmp_path, download=False)


def test_score_reads_a_whole_file_in_its_order_and_the_halves_as_runs_do(tmp_path: Path, monkeypatch: Patch) -> None:
    x, _ = cifar(tmp_path, monkeypatch, datasets.CIFAR10, "labels", 10)
    source, dataset = opened("cifar10:test", Reading(), tmp_path)
    assert dataset is None
    read = [each.pixels for each in source.scan()]  # type: ignore[union-attr]
    assert np.array_equal(np.stack(read).transpose(0, 3, 1, 2), x[10:])
    source, dataset = opened("cifar10:held_out", Reading(), tmp_path)
    assert dataset is not None
    assert len(list(source.scan())) == 2


def jpeg_archives(folder: Path, classes: int = 10) -> None:
    """Write both archives: two pictures of each class to train on, four of the test, each of one shade of its own."""
    for file, count in (("cifar10-jpeg-50k.zip", 2), ("cifar10-jpeg-10k.zip", 4)):
        with zipfile.ZipFile(folder / file, "w") as archive:
            for label in range(classes):
                for i in range(count):
                    saved = io.BytesIO()
                    Image.fromarray(np.full((32, 32, 3), 20 * label + 4 * i, np.uint8)).save(saved, "jpeg", quality=100)
                    archive.writestr(f"class{label}/{i:04}.jpg", saved.getvalue())


def test_cifar10_is_read_from_archives_of_jpeg_files(tmp_path: Path) -> None:
    jpeg_archives(tmp_path)
    dataset = load("cifar10(jpeg=1)", tmp_path, download=False)
    assert (dataset.name, dataset.space.shape, dataset.space.classes) == ("cifar10(jpeg=1)", (3, 32, 32), 10)
    shades = {part: levels(dataset, part)[:, 0, 0, 0].tolist() for part in ("train", "held_out", "control")}
    assert shades["train"] == [20 * label + 4 * i for label in range(10) for i in (0, 1)]
    assert shades["held_out"] == [20 * label + 4 * i for label in range(10) for i in (0, 2)]
    assert shades["control"] == [20 * label + 4 * i for label in range(10) for i in (1, 3)]
    assert dataset.train.y.tolist() == [label for label in range(10) for _ in range(2)]  # type: ignore[attr-defined]
    half = load("cifar10(share=0.5,jpeg=1,flip=1)", tmp_path, download=False)
    assert half.name == "cifar10(flip=1,jpeg=1,share=0.5)"
    assert isinstance(half.train, Flipped)
    assert (half.train.size, half.train.y.tolist()) == (10, list(range(10)))
    assert half.held_out.size == dataset.held_out.size


def test_a_share_of_torchvisions_files_is_at_even_distances(tmp_path: Path, monkeypatch: Patch) -> None:
    x, _ = cifar(tmp_path, monkeypatch, datasets.CIFAR10, "labels", 10)
    part = load("cifar10(share=0.3)", tmp_path, download=False)
    assert np.array_equal(levels(part, "train"), x[[0, 3, 6]])


def test_what_is_wrong_with_archives_of_jpeg_files_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"cifar10-jpeg-50k.zip and cifar10-jpeg-10k.zip not in .*--data"):
        load("cifar10(jpeg=1)", tmp_path, download=False)
    jpeg_archives(tmp_path, classes=3)
    with pytest.raises(BadInput, match="expected a folder for each of 10 classes, got 3"):
        load("cifar10(jpeg=1)", tmp_path, download=False)
    for name, said in (("cifar10(share=0)", "share must be above 0"), ("cifar10(jpeg=2)", "jpeg must be 0 or 1")):
        with pytest.raises(BadInput, match=said):
            load(name, tmp_path, download=False)
