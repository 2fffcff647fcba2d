"""A feature set is found again whole, or not at all, and never takes more room than allowed."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganbench._util.files import cache_folder
from ganbench.errors import BadInput
from ganbench.features.feature_set import Facts, FeatureSet, folder_labels
from ganbench.features.store import Cache, default_bound
from ganbench.io.source import LeftOut

KEY = {"name": "some", "preprocessing": "none"}


def feature_set(n: int = 3, posteriors: bool = False, labels: bool = False) -> FeatureSet:
    facts = Facts(torch.arange(2 * n).view(n, 2), torch.rand(n), torch.ones(n, 2, dtype=torch.int32))
    return FeatureSet(
        torch.randn(n, 4),
        torch.rand(n, 2).double() if posteriors else None,
        torch.arange(n) if labels else None,
        ("a", "b", "c") if labels else (),
        tuple(f"{i}.png" for i in range(n)),
        facts,
        3,
        {"PNG": n},
        {"were palette, converted to RGB": 1},
        (LeftOut("x", "hidden"), LeftOut("y", "cut", broken=True)),
    )


def alike(x: Tensor | None, y: Tensor | None) -> bool:
    return torch.equal(x, y) if x is not None and y is not None else x is y


def same(a: FeatureSet, b: FeatureSet) -> bool:
    tensors = [(a.values, b.values), (a.posteriors, b.posteriors), (a.labels, b.labels)]
    tensors += [(getattr(a.facts, name), getattr(b.facts, name)) for name in ("digest", "spread", "size")]
    plain = ("classes", "names", "channels", "stored", "conversions", "left_out")
    return all(alike(x, y) for x, y in tensors) and all(getattr(a, name) == getattr(b, name) for name in plain)


@pytest.mark.parametrize(("posteriors", "labels"), [(False, False), (True, True)])
def test_a_feature_set_comes_back_as_it_was_kept(tmp_path: Path, posteriors: bool, labels: bool) -> None:
    cache, kept = Cache(tmp_path, 1 << 20), feature_set(3, posteriors, labels)
    assert cache.find("content", KEY) is None
    cache.keep("content", KEY, "samples/", kept)
    stored = cache.find("content", KEY)
    assert stored is not None
    assert same(stored, kept)


def test_other_content_and_another_extractor_are_not_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 20)
    cache.keep("content", KEY, "samples/", feature_set())
    assert cache.find("other", KEY) is None
    assert cache.find("content", {**KEY, "preprocessing": "clean"}) is None


def test_the_order_of_an_identity_s_fields_is_irrelevant(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 20)
    cache.keep("content", KEY, "samples/", feature_set())
    assert cache.find("content", dict(reversed(KEY.items()))) is not None


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 20)
    cache.keep("content", KEY, "samples/", feature_set())
    (path,) = cache.files()
    content = path.read_bytes()
    for damaged in (b"", content[:100], content[:-1], b"\xff" * 64, content.replace(b"feature_set", b"feature_zet")):
        path.write_bytes(damaged)
        assert cache.find("content", KEY) is None
        assert len(cache.entries()) == 1
    cache.keep("content", KEY, "samples/", feature_set())
    assert cache.find("content", KEY) is not None


def test_the_longest_unused_go_when_room_runs_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 20)
    for i, name in enumerate("abc"):
        cache.keep(name, KEY, name, feature_set())
        os.utime(cache.path(name, KEY), (1000 + i, 1000 + i))
    cache.find("a", KEY)  # used: now b is the oldest
    size = sum(path.stat().st_size for path in cache.files())
    Cache(tmp_path, size).keep("d", KEY, "d", feature_set())
    assert [name for name in "abcd" if cache.find(name, KEY) is None] == ["b"]


def test_what_is_larger_than_all_room_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 12)
    cache.keep("small", KEY, "small", feature_set())
    cache.keep("large", KEY, "large", feature_set(3000))
    assert [entry.source for entry in cache.entries()] == ["small"]


def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "folder", 1 << 20)
    cache.keep("content", KEY, "samples/", feature_set())
    assert cache.find("content", KEY) is None
    assert cache.entries() == []
    assert cache.clear() == 0


def test_features_of_the_same_network_under_another_preprocessing_are_known(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1 << 20)
    other = {**KEY, "preprocessing": "clean"}
    cache.keep("content", other, "samples/", feature_set())
    cache.keep("content", {"name": "another"}, "samples/", feature_set())
    cache.keep("elsewhere", other, "samples/", feature_set())
    assert cache.others("content", KEY) == [other]
    assert cache.others("content", other) == []


def keep_many(folder: Path) -> None:
    cache = Cache(folder, 20_000)
    for i in range(30):
        cache.keep(str(i % 3), KEY, "samples/", feature_set(20))


def test_two_processes_may_keep_and_remove_at_once(tmp_path: Path) -> None:
    workers = [get_context("fork").Process(target=keep_many, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    cache = Cache(tmp_path, 20_000)
    assert any(cache.find(str(i), KEY) for i in range(3))
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors"}


def test_place_and_room_are_the_environment_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("GANBENCH_CACHE_BYTES", "123")
    assert (cache_folder(), default_bound()) == (tmp_path, 123)
    monkeypatch.setenv("GANBENCH_CACHE_BYTES", "much")
    with pytest.raises(BadInput, match="GANBENCH_CACHE_BYTES: expected a number of bytes, got 'much'"):
        default_bound()
    monkeypatch.delenv("GANBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "ganbench" / "features"


@pytest.mark.parametrize(
    ("names", "classes", "labels"),
    [
        (["b/1.png", "a/2.png", "b/0.png"], ("a", "b"), [1, 0, 1]),
        (["top/b/x/1.png", "top/a/2.png"], ("a", "b"), [1, 0]),
        (["1.png", "2.png"], (), None),
        (["a/1.png", "2.png"], (), None),
        (["a/1.png", "a/2.png"], (), None),
        ([], (), None),
    ],
)
def test_folders_are_classes_where_every_picture_is_in_one_of_several(
    names: list[str], classes: tuple[str, ...], labels: list[int] | None
) -> None:
    places, said = folder_labels(names)
    assert said == classes
    assert (None if places is None else places.tolist()) == labels
