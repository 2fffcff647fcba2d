"""Files of features: any division into shards merges to the same bits, and what does not belong together is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput, Missing
from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.io import Reading, open_source
from ganbench.scoring import parts
from ganbench.scoring.api import Options, score
from ganbench.scoring.parts import Part, Shard
from tests.scoring.sets import folder_of, photos, tar_of, zip_of

METRICS = "fid,kid,precision,kid_subsets"
N = 41


@pytest.fixture(scope="module")
def network() -> Extraction:
    return Extraction(load("random_conv"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(photos(N, 0), tmp_path_factory.mktemp("set") / "samples")


def shards(source: Any, count: int, network: Extraction, keep: Any = "features") -> list[Part]:
    return [parts.take(open_source(source), network, shard=Shard(place, count), keep=keep) for place in range(count)]


def merged(some: list[Part], keep: Any = "features") -> Part:
    return parts.merged(some, [f"part {place}" for place in range(len(some))], keep)


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "npz"])
@pytest.mark.parametrize("count", [3, 7])
def test_any_number_of_shards_of_any_source_merges_to_the_bits_of_the_whole(
    kind: str, count: int, folder: Path, network: Extraction, tmp_path: Path
) -> None:
    source = {
        "folder": lambda: folder,
        "zip": lambda: zip_of(folder, tmp_path / "a.zip"),
        "tar": lambda: tar_of(folder, tmp_path / "a.tar.gz"),
        "npz": lambda: write_npz(tmp_path / "a.npz"),
    }[kind]()
    whole = merged(shards(source, 1, network)).features
    joined = merged(shards(source, count, network)[::-1]).features
    assert whole is not None
    assert joined is not None
    assert (joined.names, joined.classes, joined.stored) == (whole.names, whole.classes, whole.stored)
    assert torch.equal(joined.values, whole.values)
    assert torch.equal(joined.facts.digest, whole.facts.digest)


def write_npz(path: Path) -> Path:
    np.savez(path, images=photos(N, 0), labels=np.arange(N) % 4)
    return path


def test_labels_of_shards_are_classes_of_the_whole(network: Extraction, tmp_path: Path) -> None:
    array = merged(shards(write_npz(tmp_path / "a.npz"), 11, network)).features
    assert array is not None
    assert array.classes == ("0", "1", "2", "3")
    assert array.labels is not None
    assert array.labels.tolist() == [place % 4 for place in range(N)]
    for name in ("cat", "dog"):
        folder_of(photos(5, ord(name[0])), tmp_path / "classes" / name)
    by_name = merged(shards(tmp_path / "classes", 2, network)).features  # a class in each shard
    assert by_name is not None
    assert by_name.classes == ("cat", "dog")


def test_a_merged_file_scores_as_the_images_to_the_bit(folder: Path, network: Extraction, tmp_path: Path) -> None:
    asked = {"metrics": "fid,kid,precision", "features": "random_conv"}
    real = folder_of(photos(30, 1), tmp_path / "real")
    whole = score(folder, real, metrics="fid,kid,precision", features="random_conv").rows[0]
    path = parts.write(merged(shards(folder, 3, network), "both"), tmp_path / "samples.safetensors")
    assert scored(score(path, real, **asked)) == scored_row(whole)  # type: ignore[arg-type]
    reference = parts.write(merged(shards(real, 2, network)), tmp_path / "real.safetensors")
    assert scored(score(path, reference, metrics="fid,kid,precision")) == scored_row(whole)  # no network is needed
    with pytest.raises(BadInput, match="holds features random_conv, and pixels were asked for"):
        score(path, reference, features="pixels")
    with pytest.raises(BadInput, match=r"holds other features: .* is .* there, asked for is"):
        score(path, real, features="pixels")


def scored(report: Any) -> list[float | None]:
    return scored_row(report.rows[0])


def scored_row(row: Any) -> list[float | None]:
    return [each.values[0] for each in row.scores]


def test_statistics_alone_are_those_of_the_whole(folder: Path, network: Extraction, tmp_path: Path) -> None:
    whole = merged(shards(folder, 1, network), "statistics").moments
    joined = merged(shards(folder, 4, network, "statistics"), "statistics").moments
    both = merged(shards(folder, 4, network, "both"), "both").moments
    assert whole is not None
    assert joined is not None
    assert both is not None
    torch.testing.assert_close(joined.scatter, whole.scatter, rtol=1e-12, atol=1e-12)
    assert torch.equal(both.scatter, whole.scatter)
    path = parts.write(merged(shards(folder, 4, network, "statistics"), "statistics"), tmp_path / "s.safetensors")
    fake = folder_of(photos(30, 1), tmp_path / "fake")
    want = score(fake, folder, metrics="fid", features="random_conv").rows[0].value("fid")
    assert score(fake, path, metrics="fid", features="random_conv").rows[0].value("fid") == pytest.approx(
        want, rel=1e-9
    )
    with pytest.raises(BadInput, match="holds statistics alone; --keep statistics merges such files"):
        merged(shards(folder, 2, network, "statistics"))


def test_an_npz_is_what_pytorch_fid_reads(folder: Path, network: Extraction, tmp_path: Path) -> None:
    whole = merged(shards(folder, 3, network))
    parts.write_npz(whole, tmp_path / "ref.npz", None)
    assert whole.features is not None
    with np.load(tmp_path / "ref.npz") as file:
        rows = whole.features.values.double().numpy()
        np.testing.assert_allclose(file["mu"], rows.mean(0), rtol=1e-12)
        np.testing.assert_allclose(file["sigma"], np.cov(rows, rowvar=False), rtol=1e-9, atol=1e-12)


def test_a_file_that_is_read_again_holds_what_was_written(folder: Path, network: Extraction, tmp_path: Path) -> None:
    part = shards(folder, 3, network, "both")[1]
    again = parts.read(parts.write(part, tmp_path / "p.safetensors"))
    assert again.made == part.made
    assert again.features is not None
    assert part.features is not None
    assert torch.equal(again.features.values, part.features.values)
    source = open_source(folder)
    assert parts.is_done(tmp_path / "p.safetensors", source, network, Shard(1, 3), "both")
    assert not parts.is_done(tmp_path / "p.safetensors", source, network, Shard(2, 3), "both")
    assert not parts.is_done(tmp_path / "p.safetensors", source, network, Shard(1, 3), "features")


def test_what_does_not_belong_together_is_refused(folder: Path, network: Extraction, tmp_path: Path) -> None:
    three = shards(folder, 3, network)
    with pytest.raises(BadInput, match="shard 0/3 is there 2 times; expected each once"):
        merged([three[0], three[0], three[1]])
    with pytest.raises(BadInput, match="shard 1/3 not there; expected each once"):
        merged([three[0], three[2]])
    with pytest.raises(BadInput, match=r"is one of 2 shards of 41 samples, .* one of 3 of 41"):
        merged([three[0], shards(folder, 2, network)[1]])
    with pytest.raises(BadInput, match="are of different features"):
        merged([three[0], shards(folder, 3, Extraction(load("pixels")))[1], three[2]])
    other = folder_of(np.concatenate([photos(N, 0)[:5], photos(9, 4)]), tmp_path / "other")
    with pytest.raises(BadInput, match="share 5 samples; expected none twice"):
        merged([*shards(folder, 1, network), *shards(other, 1, network)])
    apart = folder_of(photos(9, 4), tmp_path / "apart")
    assert len(merged([*shards(folder, 1, network), *shards(apart, 1, network)]).digests) == N + 9


@pytest.mark.parametrize("text", ["3/3", "-1/3", "1", "a/b", "0/0"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected i/N with i from 0 to N - 1"):
        Shard.of(text)


def test_what_cannot_be_taken_or_read_is_refused(folder: Path, network: Extraction, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected at least 50 images for as many shards, got 41"):
        parts.take(open_source(folder), network, shard=Shard(0, 50))
    with pytest.raises(BadInput, match="holds features already; expected images"):
        parts.take(open_source(np.zeros((5, 3))), network)
    deep = open_source(np.full((3, 8, 8, 1), 4000, np.uint16), Reading("NHWC"))
    with pytest.raises(BadInput, match="16-bit values up to 4000"):
        parts.take(deep, network)
    with pytest.raises(Missing, match="no such file"):
        parts.read(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BadInput, match="no file of ganbench features"):
        parts.read(tmp_path / "bad.safetensors")


def test_metrics_of_images_say_that_a_file_of_features_has_none(
    folder: Path, network: Extraction, tmp_path: Path
) -> None:
    path = parts.write(merged(shards(folder, 1, network)), tmp_path / "samples.safetensors")
    real = folder_of(photos(30, 1), tmp_path / "real")
    report = score(path, real, metrics="all", features="random_conv", options=Options())
    assert "fid" in report.values[report.rows[0].name]
    assert "ms_ssim" not in report.values[report.rows[0].name]
