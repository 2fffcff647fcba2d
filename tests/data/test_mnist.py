import gzip
import hashlib
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision

from ganbench.data import load
from ganbench.data import mnist as module
from ganbench.data.sources import Finite
from ganbench.errors import BadInput, Missing
from tests.narrow import narrow

FOLDER = Path(__file__).parents[3] / "shared" / "data"
needs_files = pytest.mark.skipif(
    not (FOLDER / "MNIST" / "raw").is_dir(), reason="MNIST's files are not beside the project"
)


@pytest.fixture(scope="module")
def mnist():
    return load("mnist", FOLDER, download=False)


@needs_files
def test_the_published_digits_are_read_with_their_labels(mnist):
    parts = (mnist.train, mnist.held_out, mnist.control)
    assert [tuple(part.x.shape) for part in parts] == [(60000, 1, 28, 28), (5000, 1, 28, 28), (5000, 1, 28, 28)]
    assert mnist.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.held_out.y[:5].tolist() == [7, 1, 4, 4, 5]
    assert mnist.control.y[:5].tolist() == [2, 0, 1, 9, 9]
    assert (mnist.train.x.min(), mnist.train.x.max()) == (mnist.space.low, mnist.space.high) == (-1, 1)
    grey = (mnist.train.x.double().mean() + 1) / 2
    assert abs(grey - 0.1306604762738429) < 1e-6


@needs_files
def test_no_image_is_in_two_parts(mnist):
    seen = [{image.numpy().tobytes() for image in part.x} for part in (mnist.train, mnist.held_out, mnist.control)]
    assert [len(part) for part in seen] == [60000, 5000, 5000]
    assert len(set.union(*seen)) == 70000


@pytest.fixture
def small(monkeypatch):
    """Four small files in MNIST's format, and their digests in place of the published ones."""
    contents = {}
    for part, n in (("train", 3), ("t10k", 4)):
        pixels = bytes(range(n)) * 784
        contents[f"{part}-images-idx3-ubyte"] = b"\0\0\x08\x03" + b"\0" * 12 + pixels
        contents[f"{part}-labels-idx1-ubyte"] = b"\0\0\x08\x01" + b"\0" * 4 + bytes(range(n))
    digests = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(module, "MD5", digests)
    return contents


@pytest.mark.parametrize("place", ["MNIST/raw", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_files_are_found_packed_or_not_where_torchvision_or_the_user_puts_them(small, tmp_path, place, packed):
    raw = tmp_path / place
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in small.items():
        (raw / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    dataset = load("mnist", tmp_path, download=False)
    assert dataset.train.size == 3
    assert narrow(dataset.held_out, Finite).y.tolist() == [0, 2]
    assert narrow(dataset.control, Finite).y.tolist() == [1, 3]
    torch.testing.assert_close(narrow(dataset.train, Finite).x.flatten()[:3], torch.tensor([0, 1, 2]) / 127.5 - 1)


@pytest.mark.parametrize("damage", [lambda b: b[:-1] + b"\xff", lambda b: b[:-9], lambda b: b"not packed"])
def test_a_damaged_file_is_refused_by_name(small, tmp_path, damage):
    for name, content in small.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadInput, match=r"t10k-images-idx3-ubyte\.gz"):
        load("mnist", tmp_path, download=False)


def test_another_file_of_the_right_form_is_refused_by_its_digest(small, tmp_path):
    for name, content in small.items():
        (tmp_path / name).write_bytes(content[:-1] + b"\x07")
    with pytest.raises(BadInput, match=r"expected MD5 .*, found "):
        load("mnist", tmp_path, download=False)


def test_without_files_and_without_downloading_the_remedy_is_named(tmp_path):
    with pytest.raises(Missing, match=r"downloading is off; put the four MNIST files .* --data"):
        load("mnist", tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_offline_the_remedy_is_named_in_one_line_and_nothing_is_printed(tmp_path, monkeypatch, capsys):
    def offline(*_args, **_options):
        raise URLError("no route to host")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", offline)
    with pytest.raises(Missing, match=r"cannot be downloaded \(.*\); put the four MNIST files") as caught:
        load("mnist", tmp_path)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""
