"""Protocols on DINOv2 and CLIP, from files to numbers, beside independent computations and clean-fid itself.

The networks have random weights, the sides, patches and positions of the published ones, and few narrow layers; what
they compute is tested in ``tests/features/test_vit.py``. Pictures are of several sizes, some grey, some JPEG. The
tolerances are the digits to which this package promises to agree.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms as T

from ganbench.features import clip, dinov2
from ganbench.features.vit import VisionTransformer
from ganbench.scoring.api import Options, score
from tests.features.test_vit import drawn, tower_shapes
from tests.scoring.sets import photos

Rows = NDArray[np.float64]
View = Callable[[Image.Image], Tensor]
N = 48  # more than features have columns
DINO = replace(dinov2.LARGE, width=32, layers=2, heads=2)
BASE = clip.Size(side=224, patch=32, width=64, layers=2, projection=24)
LARGE = clip.Size(side=336, patch=14, width=64, layers=1, projection=24)
IMAGENET = T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
OF_CLIP = T.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
BICUBIC = T.InterpolationMode.BICUBIC
SIZES = ((40, 40), (52, 40), (37, 61), (250, 301))  # as Pillow has them: width, height


def write_pictures(folder: Path, seed: int, brightness: float) -> None:
    folder.mkdir()
    for i, pixels in enumerate(photos(N, seed, 40)):
        picture = Image.fromarray((pixels * brightness).astype(np.uint8)).resize(SIZES[i % 4])
        if i % 10 == 3:
            picture = picture.convert("L")
        picture.save(folder / f"{i}{'.jpg' if i % 7 == 2 else '.png'}")


def spread(shapes: Any) -> dict[str, Tensor]:
    """Return random weights so large that features differ from picture to picture."""
    return {name: 3 * value for name, value in drawn(shapes).items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of pictures, and a file of weights for each network."""
    place = tmp_path_factory.mktemp("transformers")
    write_pictures(place / "real", 1, 1.0)
    write_pictures(place / "gen", 2, 0.8)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in VisionTransformer(DINO).state_dict().items()}
    torch.save({**spread(shapes), "mask_token": torch.zeros(1, DINO.width)}, place / "dinov2.pth")
    for name, size in (("clip", BASE), ("clip_cmmd", LARGE)):
        torch.save(spread(tower_shapes(size)), place / f"{name}.pth")
    return place


@pytest.fixture(autouse=True)
def narrow_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dinov2, "LARGE", DINO)
    monkeypatch.setattr(clip, "BASE", BASE)
    monkeypatch.setattr(clip, "LARGE", LARGE)


def ours(protocol: str, files: Path, weights: str, reference: str = "real", **settings: Any) -> dict[str, float]:
    options = Options(weights=files / f"{weights}.pth", trust_weights=True)
    (row,) = score(files / "gen", files / reference, protocol=protocol, options=options, **settings).rows
    return {each.metric: each.values[0] for each in row.scores if each.values[0] is not None}


def network(files: Path, name: str) -> VisionTransformer:
    """Return a network with the weights of its file."""
    state = torch.load(files / f"{name}.pth", weights_only=True)
    state.pop("mask_token", None)
    size = {"clip": BASE, "clip_cmmd": LARGE}.get(name)
    made = VisionTransformer(clip.plan(size) if size else DINO)
    made.load_state_dict(clip.tower(state) if size else state)
    return made.eval()


def pictures(folder: Path) -> Iterable[Image.Image]:
    return (Image.open(path).convert("RGB") for path in sorted(folder.iterdir()))


def seen(files: Path, name: str, view: View) -> tuple[Rows, Rows]:
    """Return the features of real and of generated pictures, one picture after another."""
    called = network(files, name)
    with torch.inference_mode():
        real, fake = (
            np.stack([called(view(each)[None])[0].double().numpy() for each in pictures(files / folder)])
            for folder in ("real", "gen")
        )
    return real, fake


def frechet(real: Rows, fake: Rows) -> float:
    """Squared distance by a matrix root, with covariances divided by n - 1."""
    shift, covariances = real.mean(0) - fake.mean(0), [np.cov(x, rowvar=False) for x in (real, fake)]
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    return float(shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root))


def view_of_edm2(picture: Image.Image) -> Tensor:
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
    resized = F.interpolate(x, (224, 224), mode="bicubic", antialias=True)[0]
    mean, sd = (torch.tensor(each)[:, None, None] for each in (IMAGENET.mean, IMAGENET.std))
    normalised: Tensor = (resized - 255 * mean) / (255 * sd)
    return normalised


def view_of_cmmd(picture: Image.Image) -> Tensor:
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((336, 336), Image.Resampling.BICUBIC)
    return OF_CLIP(torch.from_numpy(np.array(square)).permute(2, 0, 1) / 255)


view_of_dgm_eval = T.Compose([T.Resize((224, 224), BICUBIC), T.ToTensor(), IMAGENET])
view_of_clip = T.Compose([T.Resize(224, BICUBIC), T.CenterCrop(224), T.ToTensor(), OF_CLIP])


def test_the_dinov2_number_of_edm2_is_what_its_formulas_say(files: Path) -> None:
    real, fake = seen(files, "dinov2", view_of_edm2)
    expected = frechet(real, fake)
    assert ours("edm2", files, "dinov2", metrics="FD-DINOv2")["FD-DINOv2"] == pytest.approx(expected, rel=1e-5)
    rounded = frechet(*seen(files, "dinov2", view_of_dgm_eval))
    assert abs(rounded / expected - 1) > 1e-4  # so that the digits tell the two views apart


def test_a_pickle_of_edm2_gives_what_its_images_give(files: Path) -> None:
    import pickle

    real, fake = seen(files, "dinov2", view_of_edm2)
    statistics = {"fd_dinov2": {"mu": real.mean(0), "sigma": np.cov(real, rowvar=False)}}
    (files / "reference.pkl").write_bytes(pickle.dumps(statistics))
    found = ours("edm2", files, "dinov2", "reference.pkl")
    assert found == {"FD-DINOv2": pytest.approx(frechet(real, fake), rel=1e-5)}


def test_the_numbers_of_dgm_eval_are_what_its_formulas_say(files: Path) -> None:
    real, fake = seen(files, "dinov2", view_of_dgm_eval)
    found, k = ours("dgm-eval", files, "dinov2"), 5
    assert found["FD-DINOv2"] == pytest.approx(frechet(real, fake), rel=1e-6)
    radii = [np.sort(cdist(x, x), 1)[:, k] for x in (real, fake)]  # the first is the point itself
    between = cdist(real, fake)
    inside = between < radii[0][:, None]
    assert found["P"] == pytest.approx(inside.any(0).mean(), abs=1e-12)
    assert found["R"] == pytest.approx((between < radii[1]).any(1).mean(), abs=1e-12)
    assert found["D"] == pytest.approx(inside.sum(0).mean() / k, abs=1e-12)
    assert found["C"] == pytest.approx((between.min(1) < radii[0]).mean(), abs=1e-12)
    assert all(0 < found[name] < 1 for name in "PRDC")


def test_the_number_of_cmmd_is_what_its_formula_says(files: Path) -> None:
    real, fake = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in seen(files, "clip_cmmd", view_of_cmmd))
    pairs = (real, real), (fake, fake), (real, fake)
    same, other, cross = (np.exp(-cdist(x, y, "sqeuclidean") / (2 * 10**2)).mean() for x, y in pairs)
    expected = 1000 * (same + other - 2 * cross)
    assert ours("cmmd", files, "clip_cmmd")["CMMD"] == pytest.approx(expected, rel=1e-5)


def test_the_number_of_clip_fid_is_what_its_formulas_say(files: Path) -> None:
    expected = frechet(*seen(files, "clip", view_of_clip))
    assert ours("clip-fid", files, "clip")["CLIP-FID"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore")  # of the tool
def test_clean_fid_gives_the_same_clip_fid_from_files(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = pytest.importorskip("cleanfid.fid")
    model = network(files, "clip")
    answer = SimpleNamespace(encode_image=model, eval=lambda: None)
    monkeypatch.setitem(sys.modules, "clip", SimpleNamespace(load=lambda _name, device: (answer, None)))
    theirs = tool.compute_fid(
        str(files / "gen"), str(files / "real"), model_name="clip_vit_b_32", num_workers=0, device="cpu", verbose=False
    )
    assert ours("clip-fid", files, "clip")["CLIP-FID"] == pytest.approx(theirs, rel=1e-5)
