"""The best rows' generators in small files: the same samples as from a run's weights, and found in their place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import ganbench as gb
from ganbench.errors import BadInput, Missing
from ganbench.records.store import Store
from ganbench.runs.best_generators import best, keep, path_of
from tests.runs.command import TINY, ganbench, suite

SUITE = (
    TINY.replace('["ns_gan", "noise"]', '["dcgan", "ae_ot", "cgan:concat", "sngan", "noise"]')
    .replace('["ring8"]', '["digits"]')
    .replace("batch = 16", "batch = 32")
    .replace('metrics = ["fid"]', 'metrics = ["precision"]')  # by which none is said to have learned nothing
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rows in three leagues."""
    place = tmp_path_factory.mktemp("best")
    done = ganbench("run", "--suite", suite(place, SUITE), "--out", str(place), "--jobs", "1")
    assert done.exit_code == 0, done.output
    return place / "tiny"


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "tiny"))


def test_the_first_seed_of_the_best_row_of_each_league_is_kept(results: Path) -> None:
    records = list(Store(results).read().values())
    chosen = best(records)
    names = [(record.baseline, record.seed) for record in chosen]
    assert set(names) > {("ae_ot", 0), ("cgan:concat", 0)}
    assert len(names) == 3
    assert names[0][0] in ("dcgan", "sngan")
    assert {record.seed for record in best([record for record in records if record.seed])} == {1}


@pytest.mark.parametrize("name", ["dcgan", "ae_ot", "cgan:concat", "sngan"])
def test_they_give_the_same_samples_where_the_weights_are_gone(results: Path, name: str) -> None:
    records = [record for record in Store(results).read().values() if record.baseline == name]
    address = f"{results}:{name}:digits"
    before = gb.load(address).sample(40, noise_seed=3)
    (path,) = keep(results, records)
    shutil.rmtree(results / "cells")
    assert path == path_of(results, records[0])
    assert torch.equal(gb.load(address).sample(40, noise_seed=3), before)
    assert not [tensor for tensor in load_file(path) if tensor.startswith(("D.", "optimizer."))]
    for asked in ({"weights": "last"}, {"sampler": "mh"}):
        with pytest.raises(Missing, match="holds averaged generators only; --fresh makes last weights and discrimin"):
            gb.load(address).sample(4, **asked)  # type: ignore[arg-type]
    with pytest.raises(Missing, match="the weights were not kept; run the suite again"):
        gb.load(address).sample(4, train_seed=1)


def test_the_command_writes_them_once_and_sample_draws_from_them(results: Path, tmp_path: Path) -> None:
    done = ganbench("table", str(results), "--generators")
    assert done.exit_code == 0, done.output
    files = sorted((results / "generators").iterdir())
    assert sorted(line.partition(": ")[0] for line in done.stdout.splitlines()) == [str(path) for path in files]
    assert len(files) == 3
    assert all(path.stat().st_size < 2**20 for path in files)
    before = {path: path.stat().st_mtime_ns for path in files}
    shutil.rmtree(results / "cells")
    again = ganbench("table", str(results), "--generators")  # what is there needs no weights
    assert again.exit_code == 0, again.output
    assert {path: path.stat().st_mtime_ns for path in files} == before
    out = tmp_path / "x.npy"
    done = ganbench("sample", f"{results}:cgan:concat:digits", "--n", "5", "--out", str(out))
    assert done.exit_code == 0, done.output


def test_what_is_missing_is_said_in_one_line_and_nothing_is_written(results: Path) -> None:
    for path in results.rglob("weights-0.safetensors"):
        path.unlink()
    refused = ganbench("table", str(results), "--generators")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "were not kept; ganbench run --fresh makes them" in refused.stderr
    assert not (results / "generators").exists()
    with pytest.raises(Missing, match="no trained row of it has learned"):
        keep(results, [])
    alone = ganbench("table", str(results), "--generators", "--format", "md")
    assert (alone.exit_code, "give it alone" in alone.stderr) == (2, True)


def test_a_damaged_generator_counts_as_none(results: Path) -> None:
    records = [record for record in Store(results).read().values() if record.baseline == "dcgan"]
    (path,) = keep(results, records)
    shutil.rmtree(results / "cells")
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    with pytest.raises((BadInput, Missing)):
        gb.load(f"{results}:dcgan:digits").sample(4)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no clone")
def test_git_takes_generators_and_leaves_other_weights() -> None:
    def is_ignored(path: str) -> bool:
        command = ["git", "check-ignore", "-q", path]
        return subprocess.run(command, cwd=ROOT, check=False).returncode == 0  # noqa: S603

    assert not is_ignored("results/standard/generators/wgan_gp-digits-0123abcd-0.safetensors")
    assert not is_ignored("results/standard/generators/weights_of_mine-digits-0123abcd-0.safetensors")
    assert is_ignored("results/standard/cells/wgan_gp-digits-0123abcd/weights-0.safetensors")
    assert is_ignored("results/standard/cells/wgan_gp-digits-0123abcd/samples-0.safetensors")
