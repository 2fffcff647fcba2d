"""The shipped classifier of colour pictures: as good as its card says, trained again to the same bits, never FID."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ganbench.errors import BadInput, Missing
from ganbench.features import cifar10, load
from ganbench.features.cifar10 import CLASSES, SHA256, Network, extractor
from ganbench.features.classifier import WEIGHTS
from ganbench.features.train_cifar10 import Recipe, Training, images_of, main, pieces, share_of_rate
from ganbench.records.display import display_name
from ganbench.scoring.api import score
from tests.narrow import narrow

PHOTOGRAPHS = Path(__file__).parents[3] / "shared" / "data" / "cifar10-jpeg-10k.zip"
needs_photographs = pytest.mark.skipif(
    not PHOTOGRAPHS.is_file(), reason="photographs of CIFAR-10 are not beside the project"
)


def card(folder: Path = WEIGHTS) -> dict[str, object]:
    made: dict[str, object] = json.loads((folder / "cifar10.json").read_text())
    return made


def noise(n: int, side: int = 32, channels: int = 3) -> Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(n)) * 2 - 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty pictures of each class, which differ in their colour; one of them is stored as grey."""
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache" / "features"))
    draws = np.random.default_rng(0)
    for place, name in enumerate(CLASSES):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            pixels = draws.integers(0, 100, (32, 32, 3)) + np.array([place % 3, place // 3, place % 2]) * 45
            picture = Image.fromarray(pixels.astype(np.uint8))
            grey = number == 0 and place == 0
            (picture.convert("L") if grey else picture).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def test_the_card_the_code_and_the_file_agree() -> None:
    content = (WEIGHTS / "cifar10.safetensors").read_bytes()
    shipped, told = load("cifar10"), card()
    assert hashlib.sha256(content).hexdigest() == SHA256 == told["sha256"] == shipped.identity["weights_sha256"]
    assert sum(weight.numel() for weight in Network().parameters()) == told["parameters"]
    assert len(content) < 5_000_000
    assert isinstance(told["accuracy"], float)
    assert told["accuracy"] >= 0.85
    assert told["accuracy"] == told["correct"] / told["held_out"]  # type: ignore[operator]
    assert tuple(told["classes"]) == CLASSES  # type: ignore[arg-type]
    assert str(told["command"]).startswith("python -m ganbench.features.train_cifar10 ")
    assert "licence" in told


@pytest.mark.slow
@needs_photographs
def test_the_shipped_classifier_is_as_good_as_its_card_says_and_no_feature_is_dead() -> None:
    photographs = images_of(str(PHOTOGRAPHS)).pixels
    extracted = load("cifar10")(photographs.levels)
    right = int((narrow(extracted.posteriors, Tensor).argmax(1) == photographs.y).sum())
    assert abs(right - int(str(card()["correct"]))) <= 3  # another machine rounds otherwise
    assert torch.linalg.eigvalsh(extracted.values.double().T.cov()).min() > 1e-6


@needs_photographs
def test_scores_with_classes_work_offline_and_none_is_called_fid() -> None:
    photographs = images_of(str(PHOTOGRAPHS)).pixels
    some = torch.randperm(photographs.size, generator=torch.Generator().manual_seed(0))[:600]
    real, fake = photographs.levels[some[:300]], photographs.levels[some[300:]]
    static = (noise(300) * 127.5 + 127.5).to(torch.uint8)
    metrics = ["fid", "inception_score"]
    report = score([fake, static], real, metrics=metrics, features="cifar10")
    near, far = report.rows
    assert near.value("fid") < 0.2 * far.value("fid")  # type: ignore[operator]
    assert near.value("inception_score") > 2 * far.value("inception_score")  # type: ignore[operator]
    assert {display_name(each) for each in near.scores} == {"frechet[cifar10]", "inception_score[cifar10]"}


@pytest.mark.parametrize(("side", "channels"), [(32, 3), (64, 3), (28, 1)])
def test_pictures_of_any_size_are_taken(side: int, channels: int) -> None:
    extracted = load("cifar10")(noise(3, side, channels))
    assert extracted.values.shape == (3, 128)
    assert narrow(extracted.posteriors, Tensor).shape == (3, 10)


def test_posteriors_are_the_softmax_of_a_read_out_of_the_features() -> None:
    shipped = cifar10.cifar10()
    extracted = shipped(noise(9))
    head = narrow(shipped.network, Network).fc
    logits = extracted.values.double() @ head.weight.double().T + head.bias.double()
    torch.testing.assert_close(narrow(extracted.posteriors, Tensor), F.softmax(logits, 1), atol=1e-12, rtol=0)


def test_weights_with_one_bit_changed_are_refused_and_missing_ones_named(tmp_path: Path) -> None:
    content = bytearray((WEIGHTS / "cifar10.safetensors").read_bytes())
    content[-1] ^= 1
    with pytest.raises(Missing, match="weights of features cifar10"):
        cifar10.cifar10(tmp_path)
    (tmp_path / "cifar10.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match=f"expected SHA-256 {SHA256}, found "):
        cifar10.cifar10(tmp_path)


def test_loading_disturbs_no_other_randomness() -> None:
    before = torch.get_rng_state()
    cifar10.cifar10()
    assert torch.equal(torch.get_rng_state(), before)


def retrain(photos: Path, out: Path, *more: str) -> str:
    words = [str(photos), str(photos), "--out", str(out), "--epochs", "2", *more]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_training_again_gives_the_same_bits_also_where_it_was_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    output = retrain(folder, tmp_path / "a")
    assert torch.equal(torch.rand(3), expected)
    train_epoch = Training.train_epoch

    def once(training: Training) -> float:
        if training.epoch == 1:
            raise KeyboardInterrupt
        return train_epoch(training)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "train_epoch", once)
        CliRunner().invoke(main, [str(folder), str(folder), "--out", str(tmp_path / "b"), "--epochs", "2"])
    assert (tmp_path / "b" / "cifar10.checkpoint.pt").is_file()
    assert "epoch 1" not in retrain(folder, tmp_path / "b")
    first, again = (out / "cifar10.safetensors" for out in (tmp_path / "a", tmp_path / "b"))
    assert first.read_bytes() == again.read_bytes()
    assert card(tmp_path / "a") == card(tmp_path / "b")
    assert card(tmp_path / "a").keys() == card().keys()
    assert str(card(tmp_path / "a")["sha256"]) in output
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["cifar10.json", "cifar10.safetensors"]
    again_read = extractor(again.read_bytes(), "x")(images_of(str(folder)).pixels.levels)
    assert narrow(again_read.posteriors, Tensor).shape == (200, 10)


def test_a_state_of_another_training_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "fewer")
    (tmp_path / "fewer" / "ship" / "3.png").unlink()
    out = tmp_path / "out"
    retrain(folder, out)
    torch.save({"epoch": 1, "of": ["other"], "parts": []}, out / "cifar10.checkpoint.pt")
    done = CliRunner().invoke(main, [str(tmp_path / "fewer"), str(folder), "--out", str(out)])
    assert done.exit_code == 2
    assert "the state of another training; delete it, or name another --out" in done.output


def test_pictures_that_are_not_cifar_10s_are_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "truck")
    done = CliRunner().invoke(main, [str(folder), str(folder), "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "expected colour pictures of 32x32 in 10 folders" in done.output
    assert "9 classes" in done.output


def test_the_rate_rises_for_a_quarter_of_the_cycle_and_ends_at_zero_in_a_straight_line() -> None:
    recipe, steps = Recipe(), 100
    rates = [share_of_rate(step, recipe, steps) for step in range(recipe.epochs * steps + 1)]
    assert rates[0] == 1 / 25
    assert max(range(len(rates)), key=rates.__getitem__) == 174  # a quarter of 700, counted from 0
    assert rates[-1] == 0
    last = np.diff(rates[recipe.straight * steps :])
    np.testing.assert_allclose(last, last[0], rtol=1e-9)


def test_pieces_are_squares_of_pictures_mirrored_or_not() -> None:
    x = torch.arange(2 * 3 * 6 * 6, dtype=torch.float).view(2, 3, 6, 6)
    draws = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(60):
        for picture, piece in zip(x, pieces(x, 4, draws), strict=True):
            found = [
                (down, right, mirrored)
                for down in range(3)
                for right in range(3)
                for mirrored in (False, True)
                if torch.equal(
                    piece,
                    picture[:, down : down + 4, right : right + 4].flip(-1 if mirrored else ()),
                )
            ]
            assert len(found) == 1
            seen |= set(found)
    assert len(seen) == 18
