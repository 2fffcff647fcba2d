"""Networks of other packages by name, and networks in files of ONNX and TorchScript."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.features import load
from tests.scoring.sets import photos

IMAGES = torch.from_numpy(photos(3, 1, 20)).permute(0, 3, 1, 2)


def network(seed: int = 0) -> Any:
    timm = pytest.importorskip("timm")
    torch.manual_seed(seed)
    return timm.create_model("test_resnet", pretrained=False, num_classes=0).eval()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.save(network().state_dict(), tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


@pytest.mark.filterwarnings("ignore")
def test_a_network_of_timm_answers_as_timm_itself_behind_pillows_resize(weights: Path) -> None:
    timm: Any = pytest.importorskip("timm")

    found = load("timm:test_resnet", weights)
    settings = timm.data.resolve_model_data_config(network())
    side = settings["input_size"][-1]
    rows = [
        np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC))
        for each in IMAGES.permute(0, 2, 3, 1).numpy()
    ]
    x = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).float() / 255
    mean, sd = (torch.tensor(settings[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    with torch.inference_mode():
        expected = network()((x - mean) / sd)
    torch.testing.assert_close(found(IMAGES).values, expected, rtol=1e-4, atol=1e-5)
    assert found.identity["package"].startswith("timm ")


@pytest.mark.filterwarnings("ignore")
def test_the_digest_is_that_of_the_weights_and_not_of_their_file(weights: Path, tmp_path: Path) -> None:
    torch.save({f"module.{name}": each for name, each in network().state_dict().items()}, tmp_path / "copy.pt")
    torch.save(network(1).state_dict(), tmp_path / "others.pt")
    first, copy, others = (
        load("timm:test_resnet", each) for each in (weights, tmp_path / "copy.pt", tmp_path / "others.pt")
    )
    assert first.identity == copy.identity
    assert first.identity["weights_sha256"] != others.identity["weights_sha256"]


@pytest.mark.filterwarnings("ignore")
def test_making_a_network_leaves_the_global_generator_alone(weights: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    load("timm:test_resnet", weights)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.filterwarnings("ignore")
def test_what_is_missing_is_said_in_one_line(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missing, match="name their file with --weights FILE, or permit the download"):
        load("timm:test_resnet")
    with pytest.raises(UnknownName, match="unknown network of timm 'test_resnett'; did you mean 'test_resnet"):
        load("timm:test_resnett", weights)
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BadInput, match="tensors of timm:test_resnet are missing or of another shape"):
        load("timm:test_resnet", tmp_path / "other.pth")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(Missing, match=r"need the package timm, which is not here .*; pip install 'ganbench\[timm\]'"):
        load("timm:test_resnet", weights)
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(Missing, match=r"pip install 'ganbench\[open_clip\]'"):
        load("open_clip:ViT-B-32")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_network_of_open_clip_answers_as_open_clip_itself(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    torch.manual_seed(0)
    model = open_clip.create_model("RN50", pretrained=None).eval()
    torch.save(model.state_dict(), tmp_path / "clip.pt")
    found = load("open_clip:RN50", tmp_path / "clip.pt")
    rows = [
        np.asarray(Image.fromarray(each).resize((224, 224), Image.Resampling.BICUBIC))
        for each in IMAGES.permute(0, 2, 3, 1).numpy()
    ]
    x = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).float() / 255
    mean, sd = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    with torch.inference_mode():
        expected = model.encode_image((x - mean) / sd)
    torch.testing.assert_close(found(IMAGES).values, expected, rtol=1e-4, atol=1e-5)


class Means(nn.Module):
    """Mean and largest value of each channel, as fractions."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.float() / 255
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def onnx_file(path: Path, batch: int | str = "n", kind: str = "FLOAT") -> Path:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, types = onnx.helper, onnx.TensorProto
    x = helper.make_tensor_value_info("x", getattr(types, kind), [batch, 3, "h", "w"])
    y = helper.make_tensor_value_info("y", types.FLOAT, [batch, 6, 1, 1])
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=types.FLOAT),
        helper.make_node("Div", ["f", "scale"], ["s"]),
        helper.make_node("GlobalAveragePool", ["s"], ["a"]),
        helper.make_node("GlobalMaxPool", ["s"], ["m"]),
        helper.make_node("Concat", ["a", "m"], ["y"], axis=1),
    ]
    scale = helper.make_tensor("scale", types.FLOAT, [1], [255.0])
    model = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], [scale]), opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(("batch", "kind"), [("n", "FLOAT"), (2, "FLOAT"), ("n", "UINT8"), (1, "UINT8")])
def test_a_network_in_onnx_answers_as_the_same_in_torch(batch: int | str, kind: str, tmp_path: Path) -> None:
    found = load(str(onnx_file(tmp_path / "net.onnx", batch, kind)))
    torch.testing.assert_close(found(IMAGES).values, Means()(IMAGES))
    assert len(found.identity["file_sha256"]) == 64
    grey = IMAGES[:, :1]
    torch.testing.assert_close(found(grey).values, Means()(grey.expand(-1, 3, -1, -1)))


def test_a_network_in_torchscript_has_the_digest_of_its_file(tmp_path: Path) -> None:
    with pytest.warns(FutureWarning, match="deprecated"):
        torch.jit.script(Means()).save(str(tmp_path / "net.ts"))
    found = load(str(tmp_path / "net.ts"))
    torch.testing.assert_close(found(IMAGES).values, Means()(IMAGES))
    assert len(found.identity["file_sha256"]) == 64


def test_files_that_are_no_networks_are_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "net.onnx").write_bytes(b"no network")
    with pytest.raises(BadInput, match="expected a network in ONNX with one input"):
        load(str(tmp_path / "net.onnx"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Missing, match=r"pip install 'ganbench\[onnx\]'"):
        load(str(tmp_path / "net.onnx"))
