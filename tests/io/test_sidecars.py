"""Labels beside images: in WebDataset's shards, in Parquet columns, in the table of a folder or a zip file."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.features import load
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import FeatureSet
from ganbench.io import open_source
from ganbench.io.sidecars import key_of, said_by
from ganbench.scoring.api import score

N = 6
LABELS = [3, 1, 3, 7, 1, 3]


def png(seed: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)).save(content, "PNG")
    return content.getvalue()


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def pairs(suffix: str, contents: list[Any], order: list[int]) -> dict[str, bytes]:
    members = {}
    for i in order:
        members[f"{i}{suffix}"] = str(contents[i]).encode()
        members[f"{i}.png"] = png(i)
    return members


def taken(source: Any, **options: Any) -> FeatureSet:
    return Extraction(load("random_conv"), None, **options)(open_source(source), 0)


def labels_in(features: FeatureSet) -> dict[str, str] | None:
    if features.labels is None:
        return None
    return {name: features.classes[i] for name, i in zip(features.names, features.labels.tolist(), strict=True)}


def expected(suffix: str = ".png") -> dict[str, str]:
    return {f"{i}{suffix}": str(label) for i, label in enumerate(LABELS)}


@pytest.mark.parametrize(
    ("suffix", "contents"),
    [
        (".cls", LABELS),
        (".cls", [f" {label}\n" for label in LABELS]),
        (".json", [json.dumps({"caption": "a cat", "label": label}) for label in LABELS]),
        (".json", [json.dumps({"cls": [int(label == k) for k in range(8)]}) for label in LABELS]),
        (".json", LABELS),
    ],
)
def test_labels_of_webdataset_stay_with_their_images_in_any_order(tmp_path: Path, suffix: str, contents: Any) -> None:
    path = tar(tmp_path / "a.tar", pairs(suffix, contents, [4, 0, 5, 2, 1, 3]))
    features = taken(path)
    assert features.names == tuple(expected())
    assert labels_in(features) == expected()
    assert features.left_out == ()


@pytest.mark.parametrize("suffix", [".cls", ".CLS"])
def test_a_number_in_text_comes_before_a_json_beside_it(suffix: str, tmp_path: Path) -> None:
    members = {**{f"{i}.json": b'{"label": 0}' for i in range(N)}, **pairs(suffix, LABELS, [*range(N)])}
    assert labels_in(taken(tar(tmp_path / "a.tar", members))) == expected()


def test_shards_have_their_labels_though_names_start_anew_in_each(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    tar(folder / "a-0.tar", {"0.png": png(0), "0.cls": b"5", "1.png": png(1), "1.cls": b"6"})
    tar(folder / "a-1.tar", {"0.png": png(2), "0.cls": b"7", "1.png": png(3), "1.cls": b"8"})
    features = taken(folder)
    by_digest = {
        tuple(digest): features.classes[i]
        for digest, i in zip(features.facts.digest.tolist(), features.labels.tolist(), strict=True)  # type: ignore[union-attr]
    }
    whole = taken(np.stack([np.asarray(Image.open(io.BytesIO(png(i)))) for i in range(4)]))
    assert [by_digest[tuple(each)] for each in whole.facts.digest.tolist()] == ["5", "6", "7", "8"]


def test_a_broken_image_takes_its_label_along(tmp_path: Path) -> None:
    members = {**pairs(".cls", LABELS, [*range(N)]), "2.png": b"broken"}
    features = taken(tar(tmp_path / "a.tar", members), skip_broken=True)
    assert labels_in(features) == {name: label for name, label in expected().items() if name != "2.png"}


def test_a_part_of_a_set_keeps_the_labels_of_its_images(tmp_path: Path) -> None:
    source = open_source(tar(tmp_path / "a.tar", pairs(".cls", LABELS, [*range(N)])))
    part = Extraction(load("random_conv"), None)(source.part(2, 5), 0)
    assert labels_in(part) == {f"{i}.png": str(LABELS[i]) for i in (2, 3, 4)}


def test_labels_that_some_images_lack_are_not_used_and_the_report_says_why(tmp_path: Path) -> None:
    members = pairs(".cls", LABELS, [*range(N)])
    del members["3.cls"]
    path = tar(tmp_path / "a.tar", members)
    assert open_source(path).unused_labels == "1 of 6 images have no label beside them"
    report = score(path, np.random.default_rng(9).integers(0, 256, (6, 8, 8, 3), np.uint8), metrics="fid")
    assert report.rows[0].inputs.unused_labels == "1 of 6 images have no label beside them"


@pytest.mark.parametrize("content", [b"cat", b"\xff", b'{"caption": "a cat"}', b"[" * 5000, b"", b"null", b'"cat"'])
def test_what_says_no_label_gives_none(tmp_path: Path, content: bytes) -> None:
    suffix = ".json" if content[:1] in (b"{", b"[", b"n", b'"') else ".cls"
    members = {f"{i}{kind}": png(i) if kind == ".png" else content for i in range(3) for kind in (".png", suffix)}
    source = open_source(tar(tmp_path / "a.tar", members))
    assert source.labels is None


def test_keys_end_at_the_first_dot_of_the_name() -> None:
    assert [key_of(each) for each in ("a.b/0.seg.png", "0.cls", "a/0.json")] == ["a.b/0", "0", "a/0"]
    assert said_by("0.CLS", b"7") == 7


def test_the_table_of_a_zip_file_and_of_a_folder_labels_their_images(tmp_path: Path) -> None:
    names = [f"0000{i % 2}/img{i}.png" for i in range(N)]
    table = json.dumps({"labels": [[name, label] for name, label in zip(names, LABELS, strict=True)]})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("dataset.json", table)
        for i, name in enumerate(names):
            file.writestr(name, png(i))
    for name, content in [("dataset.json", table.encode()), *((name, png(i)) for i, name in enumerate(names))]:
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    want = {name: str(label) for name, label in zip(names, LABELS, strict=True)}
    for source in (tmp_path / "a.zip", tmp_path / "folder"):
        features = taken(source)
        assert labels_in(features) == want
        assert features.left_out == ()
    before = open_source(tmp_path / "folder").digest()
    (tmp_path / "folder" / "dataset.json").write_text(table.replace("7", "8"), encoding="utf-8")
    assert open_source(tmp_path / "folder").digest() != before
    (tmp_path / "folder" / "dataset.json").write_text('{"labels": null}', encoding="utf-8")
    assert taken(tmp_path / "folder").classes == ("00000", "00001")
    assert open_source(tmp_path / "folder").unused_labels == ""
    (tmp_path / "folder" / "dataset.json").write_text('{"labels": [3]}', encoding="utf-8")
    assert open_source(tmp_path / "folder").unused_labels.startswith("dataset.json: expected labels as pairs")


def test_columns_of_parquet_files_hold_labels_in_any_usual_form(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    images = [png(i) for i in range(N)]

    def labels(name: str, column: Any) -> tuple[Any, str]:
        parquet.write_table(arrow.table({"image": images, name: column}), tmp_path / "a.parquet")
        source = open_source(tmp_path / "a.parquet")
        return labels_in(taken(tmp_path / "a.parquet")) if source.labels is not None else None, source.unused_labels

    for name, column in (
        ("label", LABELS), ("targets", [float(each) for each in LABELS]), ("y", arrow.array(LABELS, arrow.uint8())),
        ("cls", LABELS),
    ):  # fmt: skip
        assert labels(name, column) == (expected(""), ""), name
    assert labels("label", ["cat"] * N) == (None, "column label holds string; expected whole numbers")
    assert labels("label", [1, None, 1, 1, 1, 1]) == (None, "column label has 1 rows of 6 without a label")
    assert labels("label", [0.5] * N) == (None, "expected 6 whole numbers or one-hot rows, got float64 of shape (6,)")


def test_a_row_of_a_parquet_file_without_an_image_takes_its_label_along(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    images = [None if i == 2 else png(i) for i in range(N)]
    parquet.write_table(arrow.table({"image": images, "label": LABELS}), tmp_path / "a.parquet")
    features = taken(tmp_path / "a.parquet", skip_broken=True)
    assert labels_in(features) == {name: label for name, label in expected("").items() if name != "2"}
