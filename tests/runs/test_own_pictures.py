"""Pictures of one's own in a run: streamed or not to the same bits, broken ones counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench._util.sizes import bytes_of
from ganbench.data import load
from ganbench.errors import BadInput
from ganbench.records.record import to_line
from ganbench.records.store import Store
from ganbench.training.memory import streamed
from ganbench.training.registry import configure
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import TINY, ganbench, suite

N = 130
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache" / "features"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Coloured pictures of three sizes."""
    draws, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    for number in range(N):
        height, width = [(9, 12), (8, 8), (20, 11)][number % 3]
        pixels = draws.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("backend", ["traced", "loop", pytest.param("compiled", marks=pytest.mark.slow)])
@pytest.mark.parametrize("flip", [0, 1])
def test_images_that_are_streamed_train_to_the_same_bits(photos: Path, backend: str, flip: int) -> None:
    data = load(f"{photos}@8(flip={flip})")
    parts = []
    for limit in (None, 1):
        limited = streamed(data, limit, "cpu")
        assert limited.train.on_host == bool(limit)  # type: ignore[attr-defined]
        trainer = Trainer(configure("ns_gan", {}, data), limited, (0, 1), Plan(4, 8, backend=backend))
        trainer.run(2)
        parts.append((trainer.leaves if backend != "loop" else [trainer.state["average"]], trainer.history))
    assert all(torch.equal(one, other) for one, other in zip(parts[0][0], parts[1][0], strict=True))
    assert parts[0][1] == parts[1][1]


def test_memory_is_the_option_of_a_run(photos: Path, tmp_path: Path) -> None:
    text = TINY.replace('["ns_gan", "noise"]', '["ns_gan"]').replace("samples = 32", "samples = 12")
    lines = []
    for name, memory in (("all", "1GB"), ("streamed", "1KB")):
        out = tmp_path / name
        command = ["run", "--suite", suite(tmp_path, text), "--dataset", f"{photos}@8", "--out", str(out)]
        done = ganbench(*command, "--jobs", "1", "--memory", memory)
        assert done.exit_code == 0, done.output
        records = Store(out / "tiny").read()
        lines.append([to_line(record).partition('"provenance"')[0] for record in records.values()])
        assert {record.provenance.get("streamed", False) for record in records.values()} == {name == "streamed"}
    assert lines[0] == lines[1]


def test_broken_pictures_are_named_or_counted(photos: Path, tmp_path: Path) -> None:
    (photos / "7.png").write_bytes((photos / "7.png").read_bytes()[:60])
    text = TINY.replace('["ns_gan", "noise"]', '["noise"]').replace("samples = 32", "samples = 12")
    command = ["run", "--suite", suite(tmp_path, text), "--dataset", f"{photos}@8", "--out", str(tmp_path)]
    refused = ganbench(*command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert f"1 of {N} pictures cannot be read: 7.png" in refused.stderr
    assert "--skip-broken leaves them out" in refused.stderr
    done = ganbench(*command, "--skip-broken", "--jobs", "1")
    assert done.exit_code == 0, done.output
    (first, *_) = Store(tmp_path / "tiny").read().values()
    assert first.dataset == f"{photos}@8(skip_broken=1)"
    assert first.split.endswith("; 1 that cannot be read left out")
    none = ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path), "--skip-broken")
    assert (none.exit_code, none.stderr) == (2, "ganbench: --skip-broken: no data of your own among ring8\n")


def test_the_way_from_photographs_to_samples_works_as_the_page_says(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "note.txt").write_text("no picture, and none that should be")
    page = (ROOT / "docs" / "tutorials" / "photographs.md").read_text(encoding="utf-8")
    (tmp_path / "photos.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    short = ["run", "--suite", "./photos.toml", "--set", "samples=12", "--set", "batch=8", "--seeds", "0"]
    foretold = ganbench(*short, "--dry-run")
    assert foretold.exit_code == 0, foretold.output
    assert "24 cells (24 rows of 1 seed: 0)" in foretold.stdout
    done = ganbench(*short, "--baseline", "ns_gan", "--baseline", "noise", "--steps", "2", "--jobs", "1")
    assert done.exit_code == 0, done.output
    (address,) = {line.split()[2].strip('"') for line in page.splitlines() if line.startswith('ganbench sample "')}
    drawn = ganbench("sample", address.replace("r3gan", "ns_gan"), "--n", "5", "--out", "samples")
    assert drawn.exit_code == 0, drawn.output
    shapes = [np.asarray(Image.open(path)).shape for path in (tmp_path / "samples").iterdir()]
    assert shapes == [(32, 32, 3)] * 5


@pytest.mark.parametrize(
    ("text", "count"), [("4GB", 4 * 10**9), ("1.5 GiB", 3 * 2**29), ("500m", 5 * 10**8), ("7", 7), ("2kib", 2048)]
)
def test_amounts_of_memory(text: str, count: int) -> None:
    assert bytes_of(text) == count


@pytest.mark.parametrize("text", ["", "GB", "4 apples", "-1GB", "0", "0.1", "1e9"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected an amount such as 500MB or 4GiB"):
        bytes_of(text)
