"""Features that are taken on Ray: the same bits as here, the same one line of what is wrong, nothing lost."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from safetensors import safe_open

from ganbench._util import ray_cluster
from ganbench.cli.main import main
from ganbench.errors import BadInput, PlaceError
from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import FeatureSet, packed
from ganbench.io import Source, open_source
from ganbench.scoring import ray_shards
from ganbench.scoring.ray_shards import RayShards, extracted
from tests.scoring.sets import folder_of, photos, tar_of, zip_of

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install ganbench[ray]")

# Ends its process at its first call, once.
DYING = """
import os
from pathlib import Path

MARK = Path(__file__).with_name("died")


def extract(x):
    if not MARK.exists():
        MARK.write_text(str(os.getpid()))
        os.kill(os.getpid(), 9)
    return x.flatten(1)[:, :8].float()
"""

# Gives several commands, one after the other, a Ray of two CPUs.
TWO_CPUS = """
import json, sys
from ganbench._util.ray_cluster import STORE, library
from ganbench.cli.main import main

library().init("local", num_cpus=2, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as end:
        if end.code:
            raise
"""


class Stand:
    """As a cluster of three slots whose tasks are computed at once, in this process."""

    def __init__(self, *_of_ray: object) -> None:
        self.shards: list[tuple[int, int]] = []
        self.ray = SimpleNamespace(put=lambda thing: thing, wait=lambda some, timeout: (some[-1:], some[:-1]))

    def slots(self) -> int:
        return 3

    def task(self, function: Callable[..., Any]) -> Any:
        def remote(*given: Any) -> Any:
            self.shards.append(given[4:6])
            outcome: Any = SimpleNamespace(returned=None, raised=None)
            try:
                outcome.returned = function(*given)
            except BadInput as error:
                outcome.raised = error
            return Reference(outcome)

        return SimpleNamespace(remote=remote)

    def result(self, reference: Any, _remedy: str) -> Any:
        if reference.outcome.raised:
            raise reference.outcome.raised
        return reference.outcome.returned

    def cancel(self, *_given: object) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing was started."""


class Reference:
    """Stands for what a task returns."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome


@pytest.fixture
def shards(monkeypatch: pytest.MonkeyPatch) -> RayShards:
    monkeypatch.setattr(ray_shards, "Cluster", Stand)
    monkeypatch.setattr(ray_shards, "LEAST", 4)
    return RayShards()


def same(one: FeatureSet, other: FeatureSet) -> bool:
    (tensors, text), (others, words) = packed(one), packed(other)
    return text == words and tensors.keys() == others.keys() and all(torch.equal(tensors[k], others[k]) for k in others)


def assert_same(source: Source, shards: RayShards, name: str = "random_conv", **settings: Any) -> None:
    here = Extraction(load(name), **settings)
    assert same(replace(here, elsewhere=shards).extract(source, 0), here.extract(source, 0))
    stand: Any = shards.cluster
    assert len(stand.shards) >= 3


@pytest.mark.parametrize("kind", ["folder", "classes", "zip", "tar", "npz"])
def test_shards_of_any_source_have_the_bits_of_the_whole(kind: str, shards: RayShards, tmp_path: Path) -> None:
    folder = folder_of(photos(17, 1), tmp_path / "set" / "a")
    if kind == "classes":
        folder_of(photos(9, 2), tmp_path / "set" / "b")
        folder = folder.parent
    np.savez(tmp_path / "a.npz", images=photos(17, 0), labels=np.arange(17) % 4)
    made = {"zip": lambda: zip_of(folder, tmp_path / "a.zip"), "tar": lambda: tar_of(folder, tmp_path / "a.tar.gz")}
    place = made[kind]() if kind in made else tmp_path / "a.npz" if kind == "npz" else folder
    assert_same(open_source(str(place)).remembering(), shards)


def test_grey_images_of_one_shard_are_taken_as_colour_beside_others(shards: RayShards, tmp_path: Path) -> None:
    folder = folder_of(photos(16, 1, channels=1), tmp_path / "set")
    Image.fromarray(photos(1, 2)[0]).save(folder / "15.png")
    assert_same(open_source(str(folder)), shards)


def test_a_range_that_was_named_after_opening_holds_in_shards(shards: RayShards, tmp_path: Path) -> None:
    for i, each in enumerate(np.random.default_rng(0).integers(0, 4096, (16, 8, 8)).astype(np.uint16)):
        Image.fromarray(each).save(tmp_path / f"{i}.png")
    assert_same(open_source(str(tmp_path)).spanned((0.0, 4095.0)), shards, "pixels")


def test_broken_files_are_told_of_as_without_shards(shards: RayShards, tmp_path: Path) -> None:
    folder = folder_of(photos(20, 1), tmp_path / "set")
    for i in (0, 1, 2, 3, 4, 5, 6, 19):  # all of the first shard
        (folder / f"{i}.png").write_bytes(b"no image")
    source, here = open_source(str(folder)), Extraction(load("pixels"))
    said = []
    for each in (here, replace(here, elsewhere=shards)):
        with pytest.raises(BadInput) as error:
            each.extract(source, 0)
        said.append(str(error.value))
    assert said[0] == said[1]
    assert "8 broken images (first: 0.png" in said[0]
    assert_same(source, shards, "pixels", skip_broken=True)


def test_sizes_that_cannot_be_compared_are_refused_across_shards(shards: RayShards, tmp_path: Path) -> None:
    folder = folder_of(photos(16, 1), tmp_path / "set")
    for i, each in enumerate(photos(16, 2, side=8)):
        Image.fromarray(each).save(folder / f"{100 + i}.png")
    with pytest.raises(BadInput, match="images of several sizes, which features pixels cannot compare"):
        Extraction(load("pixels"), elsewhere=shards).extract(open_source(str(folder)), 0)


def test_a_part_is_divided_as_the_whole_is(shards: RayShards, tmp_path: Path) -> None:
    source = open_source(str(folder_of(photos(30, 1), tmp_path / "set")))
    assert_same(source.part(5, 26), shards)


def test_a_node_with_other_features_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, here = open_source(str(folder_of(photos(4, 1), tmp_path / "set"))), Extraction(load("pixels"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlaceError, match="a node of the Ray cluster has other features: name is pixels there, and x"):
        extracted(source, here, {**here.identity(source), "name": "x"}, str(tmp_path), 0, 4, 0)
    with pytest.raises(PlaceError, match="expected a folder that all nodes see"):
        extracted(source, here, here.identity(source), str(tmp_path / "none"), 0, 4, 0)


def test_an_extractor_in_a_file_travels_as_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(DYING)
    (tmp_path / "died").touch()
    monkeypatch.chdir(tmp_path)
    mine = load("mine.py:extract")
    monkeypatch.chdir("/")
    there = pickle.loads(pickle.dumps(mine))  # noqa: S301
    x = torch.from_numpy(photos(3, 1)).permute(0, 3, 1, 2)
    assert there.identity == mine.identity
    assert torch.equal(there(x).values, mine(x).values)


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize(
    "command", [["features", "set", "--out", "a.safetensors"], ["score", "set", "--reference", "r"]]
)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--executor", "rai"], "did you mean 'ray'?"),
        (["--ray-address", "auto"], "--ray-address: no option of --executor process; it is one of --executor ray"),
        (["--executor", "ray"], 'pip install "ganbench[ray]"'),
    ],
)
def test_what_cannot_be_done_is_one_line(
    command: list[str], options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(ray_cluster, "import_module", absent)
    monkeypatch.chdir(tmp_path)
    for name, seed in (("set", 1), ("r", 2)):
        folder_of(photos(4, seed), tmp_path / name)
    refused = typed(*command, "--features", "pixels", *options)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1), refused.output
    assert said in refused.stderr
    assert not Path("a.safetensors").exists()


def scored(path: Path) -> Any:
    return json.loads(path.read_text())["rows"]


def contents(path: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """What a file of features says and holds; safetensors writes what it says in any order."""
    with safe_open(path, "numpy") as file:
        return file.metadata(), {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118


@needs_ray
@pytest.mark.slow
def test_ray_gives_the_bits_of_this_process_and_a_killed_worker_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "kept"))
    for name, seed in (("gen", 1), ("real", 2)):
        folder_of(photos(40, seed), tmp_path / name)
    Path("mine.py").write_text(DYING)
    features = ["features", "gen", "--features", "random_conv", "--keep", "both", "--out"]
    score = ["score", "gen", "--reference", "real", "--features", "mine.py:extract", "--format", "json", "--no-cache"]

    on_ray = [[*features, "ray.safetensors"], [*score, "--out", "ray.json"]]
    words = json.dumps([[*each, "--executor", "ray"] for each in on_ray])
    ray = subprocess.run([sys.executable, "-c", TWO_CPUS, words], capture_output=True, text=True, check=False)  # noqa: S603
    assert ray.returncode == 0, ray.stderr
    assert int(Path("died").read_text())  # a worker was killed

    assert typed(*features, "here.safetensors").exit_code == 0
    assert contents(Path("ray.safetensors")) == contents(Path("here.safetensors"))
    assert typed(*score, "--out", "here.json").exit_code == 0
    assert scored(Path("ray.json")) == scored(Path("here.json"))
