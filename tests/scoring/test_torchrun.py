"""Features that the processes of torchrun take together: the bits of one, one reporter, errors that all hear of."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from ganbench.errors import BadInput, PlaceError
from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import packed
from ganbench.features.store import Cache
from ganbench.io import open_source
from ganbench.scoring.torchrun import GIVEN, SharedCache, TorchrunShards
from tests.runs.command import ganbench
from tests.scoring.sets import folder_of, photos

N = 21


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[TorchrunShards]:
    """A group of one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for name, value in zip(GIVEN, ("0", "1", "127.0.0.1", port), strict=True):
        monkeypatch.setenv(name, value)
    shards = TorchrunShards()
    yield shards
    shards.close()


def test_a_group_of_one_takes_what_one_process_takes(tmp_path: Path, alone: TorchrunShards) -> None:
    source = open_source(folder_of(photos(N, 1), tmp_path / "a"))
    want, got = (Extraction(load("random_conv"), elsewhere=each)(source) for each in (None, alone))
    assert packed(want)[1] == packed(got)[1]
    assert all(torch.equal(tensor, packed(got)[0][name]) for name, tensor in packed(want)[0].items())


def test_shards_are_taken_in_turns_and_an_error_in_one_is_everybodys(
    tmp_path: Path, alone: TorchrunShards, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Process 0 of three, the others played by this one."""
    source = open_source(folder_of(photos(N, 1), tmp_path / "a"))
    extraction = Extraction(load("random_conv"))
    whole = extraction(source)
    alone.count = 3
    asked: list[dict[int, Any]] = []

    def played(mine: Any) -> list[Any]:
        if not isinstance(mine, dict) or not all(isinstance(each, int) for each in mine):
            return [mine] * 3
        asked.append(mine)
        rest = {place: alone.attempt(source, extraction, (7 * place, 7 * place + 7), 0) for place in (1, 2)}
        return [mine, *({place: each} for place, each in rest.items())]

    monkeypatch.setattr(alone, "gathered", played)
    got = alone(source, extraction, 0)
    assert [list(each) for each in asked] == [[0]]
    assert torch.equal(got.values, whole.values)
    assert got.names == whole.names
    failed = lambda mine: [mine, {1: BadInput("a: broken")}, {2: None}] if 0 in mine else [mine] * 3  # noqa: E731
    monkeypatch.setattr(alone, "gathered", failed)
    with pytest.raises(BadInput, match="a: broken"):
        alone(source, extraction, 0)


def test_processes_that_see_other_images_are_told(tmp_path: Path, alone: TorchrunShards, monkeypatch: Any) -> None:
    source = open_source(folder_of(photos(4, 1), tmp_path / "a"))
    monkeypatch.setattr(alone, "gathered", lambda mine: [mine, {**mine, "images": "others"}])
    with pytest.raises(PlaceError, match=r"processes 0 and 1 of torchrun differ: images is [0-9a-f]+ and others"):
        alone(source, Extraction(load("random_conv")), 0)


def test_a_cache_answers_where_all_have_the_features(tmp_path: Path, alone: TorchrunShards, monkeypatch: Any) -> None:
    source = open_source(folder_of(photos(4, 1), tmp_path / "a"))
    kept = Cache(tmp_path / "cache", 1 << 30)
    Extraction(load("random_conv"), kept)(source)
    key = {**Extraction(load("random_conv")).identity(source), "channels": "0"}
    cache = SharedCache(kept.folder, kept.bound, alone)
    assert cache.find(source.digest(), key) is not None
    monkeypatch.setattr(alone, "gathered", lambda mine: [mine, False])
    assert cache.find(source.digest(), key) is None


def test_without_torchrun_the_executor_says_how_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    folder = str(folder_of(photos(4, 1), tmp_path / "a"))
    result = ganbench("score", folder, "--reference", folder, "--executor", "torchrun")
    assert result.exit_code == 2
    assert "--executor torchrun: RANK is not set; expected to be started as in torchrun" in result.stderr
    result = ganbench("score", folder, "--reference", folder, "--executor", "torchrun", "--cpus-per-task", "2")
    assert "--cpus-per-task: no option of --executor torchrun; it is one of --executor ray" in result.stderr


def torchrun(*words: str) -> subprocess.CompletedProcess[str]:
    start = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ganbench")
    command = [sys.executable, *start, *words, "--executor", "torchrun"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603


@pytest.mark.slow  # processes
def test_two_processes_score_and_write_what_one_does(tmp_path: Path) -> None:
    fake, real = (str(folder_of(photos(n, n), tmp_path / name)) for name, n in (("fake", N), ("real", 30)))
    words = ("score", fake, "--reference", real, "--metrics", "fid,kid,precision", "--controls", "--format", "json")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert ganbench(*words, "--no-cache", "--out", str(one)).exit_code == 0
    done = torchrun(*words, "--no-cache", "--out", str(two))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(each.read_text(encoding="utf-8"))["rows"] for each in (one, two)]
    assert rows[0] == rows[1]
    part = tmp_path / "part.safetensors"
    made = torchrun("features", fake, "--features", "random_conv", "--out", str(part))
    assert (made.returncode, made.stderr.count("features of 21 images")) == (0, 1), made.stderr
    whole = tmp_path / "whole.safetensors"
    ganbench("features", fake, "--features", "random_conv", "--out", str(whole))
    with safe_open(part, "pt") as a, safe_open(whole, "pt") as b:
        assert sorted(a.keys()) == sorted(b.keys())
        assert all(torch.equal(a.get_tensor(name), b.get_tensor(name)) for name in a.keys())  # noqa: SIM118
    (Path(fake) / "zz.png").write_bytes(b"broken")
    failed = torchrun(*words, "--no-cache", "--out", str(tmp_path / "three.json"))
    assert failed.returncode != 0
    assert "1 broken image (first: zz.png" in failed.stderr
    assert not (tmp_path / "three.json").exists()
