import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor
from torch.nn import functional as F

from ganbench.data import load as load_data
from ganbench.data.sources import Finite
from ganbench.errors import BadInput, Missing
from ganbench.features.classifier import PLANS, WEIGHTS, classifier
from ganbench.features.train_classifier import main
from tests.narrow import narrow

FOLDER = Path(__file__).parents[3] / "shared" / "data"
needs_mnist = pytest.mark.skipif(
    not (FOLDER / "MNIST" / "raw").is_dir(), reason="MNIST's files are not beside the project"
)
both = pytest.mark.parametrize("name", ["digits", "mnist"])


def card(name, folder=WEIGHTS):
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "least"), [("digits", 0.97), pytest.param("mnist", 0.99, marks=needs_mnist)])
def test_the_shipped_classifier_is_as_good_as_its_card_says(name, least):
    held_out = narrow(load_data(name, FOLDER, download=False).held_out, Finite)
    posteriors = narrow(classifier(name)(held_out.x).posteriors, Tensor)
    right = int((posteriors.argmax(1) == held_out.y).sum())
    assert right == card(name)["correct"]
    assert right / len(held_out.x) == card(name)["accuracy"] >= least


@both
def test_the_card_the_code_and_the_file_agree(name):
    content = (WEIGHTS / f"{name}.safetensors").read_bytes()
    shipped = classifier(name)
    assert hashlib.sha256(content).hexdigest() == PLANS[name].sha256 == card(name)["sha256"]
    assert shipped.identity["weights_sha256"] == PLANS[name].sha256
    assert sum(weight.numel() for weight in shipped.network.parameters()) == card(name)["parameters"]
    assert len(content) < 400_000


@both
def test_weights_with_one_bit_changed_are_refused(name, tmp_path):
    content = bytearray((WEIGHTS / f"{name}.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / f"{name}.safetensors").write_bytes(content)
    shutil.copy(WEIGHTS / f"{name}.json", tmp_path)
    with pytest.raises(BadInput, match=f"expected SHA-256 {PLANS[name].sha256}, found "):
        classifier(name, tmp_path)


def test_weights_that_are_not_there_are_missing(tmp_path):
    with pytest.raises(Missing, match="weights of features digits"):
        classifier("digits", tmp_path)


@both
def test_posteriors_are_the_softmax_of_a_read_out_of_the_features(name):
    side = PLANS[name].side
    x = torch.rand(9, 1, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    shipped = classifier(name)
    extracted = shipped(x)
    head = shipped.network.head
    logits = extracted.values.double() @ head.weight.detach().T + head.bias.detach()
    assert extracted.values.shape == (9, PLANS[name].features)
    posteriors = narrow(extracted.posteriors, Tensor)
    assert posteriors.dtype == torch.float64
    torch.testing.assert_close(posteriors.sum(1), torch.ones(9, dtype=torch.float64), atol=1e-14, rtol=0)
    torch.testing.assert_close(posteriors, F.softmax(logits, 1), atol=1e-5, rtol=1e-5)


def test_no_feature_is_dead():
    train = narrow(load_data("digits").train, Finite)
    values = classifier("digits")(train.x).values.double()
    assert torch.linalg.eigvalsh(values.T.cov()).min() > 1e-4


@both
def test_loading_a_classifier_disturbs_no_other_randomness(name):
    before = torch.get_rng_state()
    classifier(name)
    assert torch.equal(torch.get_rng_state(), before)


def retrain(folder, *more):
    done = CliRunner().invoke(main, ["digits", "--out", str(folder), "--epochs", "1", *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_training_again_gives_the_same_bits_and_disturbs_no_other_randomness(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    output = retrain(tmp_path / "a")
    assert torch.equal(torch.rand(3), expected)
    retrain(tmp_path / "b")
    first, again = (folder / "digits.safetensors" for folder in (tmp_path / "a", tmp_path / "b"))
    assert first.read_bytes() == again.read_bytes()
    made = card("digits", tmp_path / "a")
    assert made == card("digits", tmp_path / "b")
    assert made["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert made["sha256"] in output
    assert made["epochs"] == 1
    assert made.keys() == card("digits").keys()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["digits.json", "digits.safetensors"]


def test_one_epoch_teaches_more_than_chance_but_less_than_the_shipped_training(tmp_path):
    retrain(tmp_path)
    assert 0.3 < card("digits", tmp_path)["accuracy"] < card("digits")["accuracy"]


def test_training_without_the_data_says_how_to_get_it(tmp_path, monkeypatch):
    def offline(*_args, **_options):
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", offline)
    done = CliRunner().invoke(main, ["mnist", "--data", str(tmp_path), "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "put the four MNIST files" in done.output
