"""Protocols beside the tools themselves: the same files, the same random weights; and beside independent computations.

Their tolerances are the digits to which this package promises to agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.features.inception import ORIGINAL, Inception
from ganbench.metrics.conventions import (
    inception_score_of_torch_fidelity,
    kid_of_smaller,
    kid_of_torch_fidelity,
)
from ganbench.scoring.api import Options, score
from tests.features.test_inception import drawn
from tests.scoring.sets import folder_of, photos

N = 14
pytestmark = [pytest.mark.filterwarnings("ignore")]  # of the tools


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in Inception(ORIGINAL).state_dict().items()}
    draws = stream(0, "inception of protocols")
    return {name: drawn(name, shape, draws) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Tensor]) -> Path:
    """Folders of pictures, of which some are grey and some JPEG, and the file of weights."""
    place = tmp_path_factory.mktemp("files")
    for name, seed in (("real", 1), ("gen", 2)):
        folder_of(photos(N - 4, seed, 40), place / name)
        folder_of(photos(2, seed + 5, 40, channels=1), place / name / "..", ".png")
        for path in place.glob("*.png"):
            path.rename(place / name / f"grey{path.name}")
        folder_of(photos(2, seed + 9, 40), place / "jpeg", ".jpg")
        for path in (place / "jpeg").iterdir():
            path.rename(place / name / f"z{path.name}")
    torch.save(state, place / "weights.pth")
    return place


def ours(name: str, files: Path, **settings: Any) -> dict[str, float]:
    options = Options(weights=files / "weights.pth", trust_weights=True)
    (row,) = score(files / "gen", files / "real", protocol=name, options=options, **settings).rows
    return {each.metric: each.values[0] for each in row.scores if each.values[0] is not None}


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch, state: dict[str, Tensor]) -> nn.Module:
    """The network of pytorch-fid with these weights, which takes scaled pictures."""
    inception = pytest.importorskip("pytorch_fid.inception")
    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: state)
    network: nn.Module = inception.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    return network


def by_grid(x: Tensor) -> Tensor:
    """Resize without half pixels by sampling a grid, as NVIDIA's translation of the graph does."""
    n, _, height, width = x.shape
    theta = torch.eye(2, 3)
    theta[0, 2] += theta[0, 0] / width - theta[0, 0] / 299
    theta[1, 2] += theta[1, 1] / height - theta[1, 1] / 299
    grid = F.affine_grid(theta[None].expand(n, -1, -1), [n, 3, 299, 299], align_corners=False)
    return F.grid_sample(x.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)


class Scripted(nn.Module):
    """What clean-fid expects of the TorchScript file."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(pool)
        self.layers.forward = lambda x: pool(x)[0]  # type: ignore[method-assign]

    def forward(self, x: Tensor, return_features: bool = True) -> Tensor:
        features: Tensor = self.layers.forward((by_grid(x) - 128) / 128)
        return features


@pytest.mark.slow
def test_pytorch_fid_gives_the_same_from_files(files: Path, pool: nn.Module) -> None:
    tool = pytest.importorskip("pytorch_fid.fid_score")
    theirs = tool.calculate_fid_given_paths([str(files / "real"), str(files / "gen")], N, "cpu", 2048, 0)
    assert ours("pytorch-fid", files)["FID"] == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["clean", "legacy_pytorch", "legacy_tensorflow"])
def test_clean_fid_gives_the_same_from_files(
    mode: str, files: Path, pool: nn.Module, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = pytest.importorskip("cleanfid.fid")
    script, plain = (pytest.importorskip(f"cleanfid.inception_{kind}") for kind in ("torchscript", "pytorch"))
    monkeypatch.setattr(script, "check_download_inception", lambda **_: None)
    monkeypatch.setattr(torch.jit, "load", lambda _: Scripted(pool))
    monkeypatch.setattr(plain, "load_state_dict_from_url", lambda *_, **__: state, raising=False)
    settings = {"mode": mode, "num_workers": 0, "device": torch.device("cpu"), "use_dataparallel": False}
    found = ours("clean-fid" if mode == "clean" else f"clean-fid-{mode.replace('_', '-')}", files)
    paths = str(files / "gen"), str(files / "real")
    assert found["KID"] == pytest.approx(tool.compute_kid(*paths, verbose=False, **settings), rel=1e-4)
    assert found["FID"] == pytest.approx(tool.compute_fid(*paths, verbose=False, **settings), rel=1e-5)


@pytest.mark.slow
def test_torch_fidelity_gives_the_same_from_files(files: Path) -> None:
    tool = pytest.importorskip("torch_fidelity")
    theirs = tool.calculate_metrics(
        input1=str(files / "gen"),
        input2=str(files / "real"),
        cuda=False,
        isc=True,
        fid=True,
        feature_extractor_weights_path=str(files / "weights.pth"),
        cache=False,
        verbose=False,
        batch_size=N,
    )
    found = ours("torch-fidelity", files, metrics="IS,FID")
    assert found["IS"] == pytest.approx(theirs["inception_score_mean"], rel=1e-6)
    assert found["FID"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-5)


def test_torch_fidelitys_subsets_and_shuffle_are_its_own() -> None:
    kid = pytest.importorskip("torch_fidelity.metric_kid")
    isc = pytest.importorskip("torch_fidelity.metric_isc")
    fake, real = (torch.randn(n, 8, generator=stream(0, name)).relu() for n, name in ((70, "a"), (55, "b")))
    theirs = kid.kid_features_to_metric(fake.double(), real.double(), kid_subset_size=20, verbose=False)
    found = kid_of_torch_fidelity(real, fake, size=20)
    assert found == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)
    logits = torch.randn(103, 7, dtype=torch.float64, generator=stream(0, "c"))
    theirs = isc.isc_features_to_metric(logits)
    assert inception_score_of_torch_fidelity(logits.softmax(1)) == pytest.approx(
        theirs["inception_score_mean"], rel=1e-12
    )


def test_kid_of_clean_fid_is_the_same_where_nothing_is_drawn() -> None:
    tool = pytest.importorskip("cleanfid.fid")
    fake, real = (torch.randn(60, 8, dtype=torch.float64, generator=stream(0, name)).relu() for name in "ab")
    assert kid_of_smaller(real, fake) == pytest.approx(tool.kernel_distance(real.numpy(), fake.numpy()), rel=1e-9)


def raw(folder: Path) -> Tensor:
    """Return the pictures of a folder as Pillow reads them."""
    from PIL import Image

    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.iterdir())]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def frechet(a: NDArray[Any], b: NDArray[Any], ddof: int = 1) -> float:
    """Squared distance by the singular values of the product of both centred sets."""
    rows = [(x - x.mean(0)) / (len(x) - ddof) ** 0.5 for x in (a, b)]
    shift = a.mean(0) - b.mean(0)
    norm = np.linalg.svd(rows[0] @ rows[1].T, compute_uv=False).sum()
    return float(shift @ shift + (rows[0] ** 2).sum() + (rows[1] ** 2).sum() - 2 * norm)


@pytest.fixture
def graph(pool: nn.Module, files: Path) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """What the graph of 2015 answers to either folder: pool3, and 7 channels of mixed_6/conv, channels last."""
    seen: list[Tensor] = []
    fourth: Any = [each for each in pool.modules() if hasattr(each, "branch7x7_1")][2]  # Mixed_6d
    fourth.branch1x1.register_forward_hook(lambda _module, _inputs, answer: seen.append(answer))
    answers = {}
    with torch.inference_mode():
        for name in ("real", "gen"):
            seen.clear()
            values = pool((by_grid(raw(files / name)) - 128) / 128)[0].flatten(1)
            spatial = seen[0].permute(0, 2, 3, 1)[..., :7].reshape(len(values), -1)
            answers[name] = values.double().numpy(), spatial.double().numpy()
    return answers


def nearest(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    distances: NDArray[Any] = np.sqrt(((a[:, None] - b[None]) ** 2).sum(2))
    return distances


def inception_score(p: NDArray[Any]) -> float:
    return float(np.exp((p * np.log(p / p.mean(0))).sum(1).mean()))


@pytest.mark.slow
def test_adm_edm_edm2_and_stylegan3_give_what_their_formulas_say(
    graph: dict[str, tuple[NDArray[Any], NDArray[Any]]], files: Path, state: dict[str, Tensor]
) -> None:
    (real, real_spatial), (fake, fake_spatial) = graph["real"], graph["gen"]
    assert real_spatial.shape[1] == 2023
    found = ours("adm", files)
    assert found["FID"] == pytest.approx(frechet(real, fake), rel=1e-5)
    assert found["sFID"] == pytest.approx(frechet(real_spatial, fake_spatial), rel=1e-5)
    radii = [np.sort(nearest(x, x), 1)[:, 3] for x in (real, fake)]
    between = nearest(real, fake)
    assert found["P"] == (between <= radii[0][:, None]).any(0).mean()
    assert found["R"] == (between <= radii[1][None]).any(1).mean()
    p = torch.softmax(torch.from_numpy(fake) @ state["fc.weight"].double().T, 1).numpy()
    assert found["IS"] == pytest.approx(inception_score(p), rel=1e-6)
    assert ours("edm", files)["FID"] == pytest.approx(frechet(real, fake), rel=1e-5)
    assert ours("edm2", files, metrics="FID")["FID"] == pytest.approx(frechet(real, fake), rel=1e-5)
    found = ours("stylegan3", files)
    assert found["FID"] == pytest.approx(frechet(real, fake, 0), rel=1e-5)
    # a subset of 100 holds all of both: each has the same unbiased estimate
    kernels = [(x @ y.T / 2048 + 1) ** 3 for x, y in ((real, real), (fake, fake), (real, fake))]
    within = sum(kernel.sum() - kernel.trace() for kernel in kernels[:2]) / (N * (N - 1))
    assert found["KID"] == pytest.approx(within - 2 * kernels[2].mean(), rel=1e-4)
    parts = [inception_score(p[i * N // 10 : (i + 1) * N // 10]) for i in range(10)]
    assert found["IS"] == pytest.approx(float(np.mean(parts)), rel=1e-6)
    assert abs(frechet(real, fake, 0) / frechet(real, fake) - 1) > 1e-2


def test_the_bicubic_of_edm2_is_pytorchs_and_is_not_clipped() -> None:
    from ganbench.features.resize import resize

    x = (255 * torch.randint(0, 2, (2, 3, 50, 70), generator=stream(0, "edges"))).to(torch.uint8)
    expected = F.interpolate(x.float(), (224, 224), mode="bicubic", antialias=True)
    assert expected.min() < -5
    assert (resize("bicubic", x, 224, 224) - expected).abs().max() < 2e-3
    smaller = F.interpolate(x.float(), (24, 24), mode="bicubic", antialias=True)
    assert (resize("bicubic", x, 24, 24) - smaller).abs().max() < 2e-3
