"""DINOv2's ViT-L/14 as an extractor (Oquab et al., 2023), as the Frechet distance on DINOv2 uses it.

The network is tested against torch's own transformer layers; the published weights were not at hand when this was
written. Their digest is pinned as a dozen independent projects record it.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.vit import TransformerShape, VisionTransformer
from ganbench.features.weights_file import USUAL, State, Wanted, WeightsFile, filled, read

BATCH = 8
FILE = WeightsFile(
    ("dinov2_vitl14_pretrain.pth",),
    "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
    "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth",
)
LARGE = TransformerShape(
    side=224,
    trained_side=518,
    patch=14,
    width=1024,
    layers=24,
    heads=16,
    epsilon=1e-6,
    activation=F.gelu,
    patch_bias=True,
    layer_scale=True,
    first_norm=False,
    projection=0,
)
MEAN = (123.675, 116.28, 103.53)  # ImageNet's, of 0-255
SD = (58.395, 57.12, 57.375)


def dinov2(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return ViT-L/14: the whole picture resized by Pillow to 224 by 224 (Stein et al., 2023), 1024 features."""
    weights = read("dinov2", FILE, wanted)
    return extractor({"name": "dinov2", **weights.identity}, LARGE, weights.state)


def dinov2_edm2(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return the same network as the evaluation of EDM2 shows it pictures: resized in floats, not rounded."""
    weights = read("dinov2_edm2", FILE, wanted)
    return extractor({"name": "dinov2_edm2", **weights.identity}, LARGE, weights.state, resize="bicubic")


def extractor(
    identity: dict[str, str], plan: TransformerShape, state: State, batch: int = BATCH, resize: str = "pil"
) -> ImageNetwork:
    """Return an extractor with these weights; raises BadInput for weights that are not this network's."""
    with torch.device("meta"):  # drawing first weights would take time and move the global generator
        network = VisionTransformer(plan)
    kept = {name: value for name, value in state.items() if name != "mask_token"}  # of use in training alone
    filled(network, kept, identity["name"])
    layer = {"layer": f"class token after the last norm, {plan.width}"}
    return ImageNetwork({**identity, **layer}, View(resize, plan.side, MEAN, SD), network, batch)
