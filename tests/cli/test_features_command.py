"""``ganbench features`` and ``merge``: what is typed, what is written, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ganbench.cli.main import main
from ganbench.scoring import parts
from tests.scoring.sets import folder_of, photos


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder_of(photos(13, 1), Path("set"))
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def refused(*words: str) -> str:
    """Return the one line that is said of a wrong request, which writes nothing."""
    before = sorted(Path().iterdir())
    result = typed(*words)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    assert sorted(Path().iterdir()) == before
    return result.stderr


def taken(shard: str, out: str, *words: str) -> Result:
    return typed("features", "set", "--features", "random_conv", "--shard", shard, "--out", out, *words)


def test_shards_are_taken_once_and_merged_into_files_of_any_form() -> None:
    for shard in range(2):
        assert taken(f"{shard}/2", f"{shard}.safetensors").exit_code == 0
    before = Path("1.safetensors").stat().st_mtime_ns
    again = taken("1/2", "1.safetensors")
    assert (again.exit_code, "there already" in again.stderr) == (0, True)
    assert Path("1.safetensors").stat().st_mtime_ns == before
    merged = typed("merge", "1.safetensors", "0.safetensors", "--out", "all.safetensors", "--keep", "both")
    assert "13 samples of 2 files" in merged.stderr
    whole = parts.read(Path("all.safetensors"))
    assert whole.moments is not None
    assert typed("merge", "all.safetensors", "--out", "ref.npz").exit_code == 0
    with np.load("ref.npz") as file:
        np.testing.assert_array_equal(file["sigma"], whole.moments.covariance.numpy())


def test_what_cannot_be_done_is_one_line_and_nothing_is_written() -> None:
    assert "expected i/N with i from 0 to N - 1" in str(taken("2/2", "a.safetensors").stderr)
    assert not Path("a.safetensors").exists()
    assert "expected a name that ends in .safetensors" in str(taken("0/1", "a.npz").stderr)
    for shard in range(2):
        taken(f"{shard}/3", f"{shard}.safetensors")
    assert "shard 2/3 not there" in refused("merge", "0.safetensors", "1.safetensors", "--out", "m.safetensors")
    assert "is there 2 times" in refused("merge", "0.safetensors", "0.safetensors", "--out", "m.safetensors")
    assert "no such file" in refused("merge", "none.safetensors", "--out", "m.safetensors")
    assert "go together" in refused("merge", "0.safetensors", "--out", "m.npz", "--form", "adm")
    assert "are for an .npz" in refused("merge", "0.safetensors", "--out", "m.safetensors", "--form", "edm")
    taken("0/1", "whole.safetensors")
    bad = refused("merge", "whole.safetensors", "--out", "m.npz", "--form", "adm", "--spatial", "whole.safetensors")
    assert "expected features inception_spatial, got random_conv" in bad
