import hashlib
from functools import partial

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.errors import BadInput, Missing
from ganbench.features import inception, load
from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.inception import (
    ORIGINAL,
    TORCHVISION,
    Convolution,
    Inception,
    average,
    average_inside,
    halve,
    largest,
)
from ganbench.features.weights_file import Weights, WeightsFile
from tests.narrow import narrow

PLANS = {"original": ORIGINAL, "torchvision": TORCHVISION}
both = pytest.mark.parametrize("plan", PLANS)


def drawn(name, shape, draws):
    """Random weights under which signals keep their size, with normalisations that do something."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    if name.endswith(("running_var", "bn.weight")):
        return 0.5 + torch.rand(shape, generator=draws)
    values = torch.randn(shape, generator=draws)
    return values * (2 / values[0].numel()) ** 0.5 if len(shape) == 4 else 0.1 * values


@pytest.fixture(scope="module")
def states():
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in Inception(ORIGINAL).state_dict().items()}
    draws = stream(0, "inception")
    original = {name: drawn(name, shape, draws) for name, shape in shapes.items()}
    heads = {name: original[name][:1000] for name in ("fc.weight", "fc.bias")}
    return {"original": original, "torchvision": {**original, **heads}}


@pytest.fixture
def oracle(monkeypatch, states):
    """Return a function that runs torchvision's own network, its pools replaced by the original graph's where asked."""

    def run(plan, x):
        classes = PLANS[plan].classes
        with torch.device("meta"):
            network = torchvision.models.inception_v3(
                weights=None, init_weights=False, aux_logits=False, num_classes=classes
            )
        network.load_state_dict(states[plan], assign=True)
        network.eval().fc = torch.nn.Identity()
        if plan == "original":
            mean, peak, last = F.avg_pool2d, F.max_pool2d, network.Mixed_7c
            monkeypatch.setattr(F, "avg_pool2d", partial(mean, count_include_pad=False))
            last.register_forward_pre_hook(lambda *_: monkeypatch.setattr(F, "avg_pool2d", peak))
            last.register_forward_hook(lambda *_: monkeypatch.setattr(F, "avg_pool2d", mean))
        with torch.inference_mode():
            return network(x)

    return run


def plain(plan, state):
    with torch.device("meta"):
        network = Inception(PLANS[plan])
    network.load_state_dict(state, assign=True)
    return network.eval()


def small(plan, state, batch=2):
    view = View("tf1", 299, (128.0,), (128.0,))
    return inception.extractor({"name": "small", "weights_sha256": "none"}, view, PLANS[plan], state, batch)


def pictures(n):
    return torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8, generator=stream(0, "pictures"))


def test_the_original_network_has_the_tensors_of_the_published_files():
    with torch.device("meta"):
        ours = Inception(ORIGINAL).state_dict()
        theirs = torchvision.models.inception_v3(
            weights=None, init_weights=False, aux_logits=False, num_classes=1008
        ).state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}
    assert len(ours) == 566
    assert sum(value.numel() for value in ours.values()) == 23_885_486
    assert ours["fc.weight"].shape == (1008, 2048)


@both
def test_the_plain_network_answers_as_torchvisions_with_its_pools(plan, states, oracle):
    x = torch.randn(1, 3, 299, 299, generator=stream(0, "x"))
    with torch.inference_mode():
        ours = plain(plan, states[plan])(x)
    assert ours.shape == (1, 2048)
    torch.testing.assert_close(ours, oracle(plan, x), atol=1e-5, rtol=1e-5)


def test_pools_at_the_border_of_a_picture_of_ones():
    ones = torch.ones(1, 1, 5, 5)
    assert torch.equal(average_inside(ones), ones)
    assert torch.equal(largest(-ones), -ones)
    assert average(ones)[0, 0, 0].tolist() == pytest.approx([4 / 9, 6 / 9, 6 / 9, 6 / 9, 4 / 9])
    assert halve(torch.arange(25.0).view(1, 1, 5, 5)).flatten().tolist() == [12, 14, 22, 24]


def test_a_folded_convolution_is_the_normalised_one():
    draws = stream(0, "fold")
    layer = Convolution(5, 7, (1, 7)).eval()
    layer.load_state_dict({name: drawn(name, value.shape, draws) for name, value in layer.state_dict().items()})
    x = torch.randn(2, 5, 9, 9, generator=draws)
    with torch.inference_mode():
        before = layer(x)
        layer.fold()
        torch.testing.assert_close(layer(x), before, atol=2e-6, rtol=2e-6)
    assert layer.conv.weight.dtype == torch.float32
    layer.fold()  # nothing is left to fold


@pytest.mark.slow
@both
def test_the_extractor_is_the_plain_network_behind_its_view_with_its_read_out(plan, states):
    x, state = pictures(2), states[plan]
    extracted = small(plan, state)(x)
    with torch.inference_mode():
        values = plain(plan, state)(View("tf1", 299, (128.0,), (128.0,))(x))
    logits = values.double() @ state["fc.weight"].double().T
    logits += state["fc.bias"].double() * (plan == "torchvision")
    assert (extracted.values - values).norm() < 1e-6 * values.norm()
    torch.testing.assert_close(extracted.posteriors, F.softmax(logits, 1), atol=1e-6, rtol=1e-4)


@pytest.mark.slow
def test_a_picture_has_the_same_bits_in_any_company_and_on_any_number_of_threads(states):
    network, x, before = small("original", states["original"]), pictures(3), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        whole = network(x)
        torch.set_num_threads(2)
        parts = [network(x[:1]), network(x[1:])]
    finally:
        torch.set_num_threads(before)
    assert torch.equal(torch.cat([part.values for part in parts]), whole.values)
    assert torch.equal(torch.cat([part.posteriors for part in parts]), whole.posteriors)


def test_weights_of_another_network_are_refused_with_the_first_that_differs(states):
    with pytest.raises(BadInput, match=r"2 tensors .*first: fc.bias, expected \(1008,\), found \(1000,\)"):
        small("original", states["torchvision"])
    fewer = {name: value for name, value in states["original"].items() if name != "Mixed_5b.branch1x1.bn.bias"}
    with pytest.raises(BadInput, match=r"1 tensors .*expected \(64,\), found none"):
        small("original", fewer)


@pytest.mark.slow
def test_a_file_of_the_pinned_digest_becomes_an_extractor(states, tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    genuine = {name: value for name, value in states["torchvision"].items() if "num_batches" not in name}  # of 2018
    torch.save({**genuine, "AuxLogits.fc.bias": torch.zeros(1000)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = WeightsFile(("weights.pth",), digest, "https://example.org/weights.pth")
    monkeypatch.setattr(inception, "TORCHVISION_FILE", file)
    network = narrow(load("inception_torchvision", path), ImageNetwork)
    assert network.name == network.identity["name"] == "inception_torchvision"
    assert network.identity["weights_sha256"] == digest
    assert network.identity["preprocessing"].endswith("; clean resize to 299 by 299; minus 127.5, over 127.5")
    assert narrow(network.network, Inception).fc.out_features == 1000
    with_counters = inception.extractor({"name": "whole"}, network.view, TORCHVISION, states["torchvision"])
    x = pictures(1)
    assert torch.equal(network(x).values, with_counters(x).values)


@pytest.mark.slow
def test_a_network_trained_on_other_classes_is_taken_where_its_file_is_trusted(states, tmp_path):
    path = tmp_path / "mine.safetensors"
    mine = {
        name: value[:7].clone() if name.startswith("fc.") else value for name, value in states["torchvision"].items()
    }
    save_file(mine, path)
    network = narrow(load("inception_torchvision", path, trust_weights=True), ImageNetwork)
    assert narrow(network(pictures(1)).posteriors, torch.Tensor).shape == (1, 7)
    assert network.identity["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.identity["weights"] == "a file of the user's, not the published one"


@pytest.mark.parametrize("name", ["inception", "inception_clean", "inception_pytorch_fid", "inception_torchvision"])
def test_without_their_weights_the_networks_are_missing_and_any_other_file_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(Missing, match=f"features {name} need weights that are not on this machine; get https://"):
        load(name)
    (tmp_path / "other.pth").write_bytes(b"something else")
    with pytest.raises(BadInput, match=r"other.pth: expected SHA-256 [0-9a-f]{64} .*, found [0-9a-f]{64}"):
        load(name, tmp_path / "other.pth")


def test_the_resize_is_part_of_the_identity(states, monkeypatch):
    monkeypatch.setattr(inception, "read", lambda *_: Weights(states["original"], {"weights_sha256": "none"}))
    names = ("inception", "inception_clean", "inception_pytorch_fid")
    one, clean, pytorch_fid = (load(name).identity for name in names)
    for other in (clean, pytorch_fid):
        assert {key for key in one if one[key] != other[key]} == {"name", "preprocessing"}
    assert one["preprocessing"].endswith("; tf1 resize to 299 by 299; minus 128, over 128")
    assert clean["preprocessing"].endswith("; clean resize to 299 by 299; minus 128, over 128")
    assert pytorch_fid["preprocessing"].endswith("; bilinear resize to 299 by 299; minus 127.5, over 127.5")


@pytest.mark.parametrize("size", [(32, 32), (40, 25), (400, 310), (299, 299)])
def test_the_view_of_pytorch_fid_is_its_own_two_lines(size):
    x = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8, generator=stream(0, "pytorch-fid"))
    theirs = 2 * F.interpolate(x / 255, (299, 299), mode="bilinear", align_corners=False) - 1
    torch.testing.assert_close(View("bilinear", 299, *inception.HALF_SCALE)(x), theirs, atol=1e-6, rtol=0)
