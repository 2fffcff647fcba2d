"""CLIP's image towers as extractors (Radford et al., 2021): ViT-B/32, and ViT-L/14 at 336 pixels.

Pictures that are not square are seen in two ways. CLIP's own, which clean-fid shares, resizes the shorter side and cuts
the middle out; the code of CMMD cuts first. Features of the two differ, and so do the extractors' names.

The network is tested against torch's own transformer layers; the published weights were not at hand when this was
written. The digests are those in the files' addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.vit import TransformerShape, VisionTransformer, quick_gelu
from ganbench.features.weights_file import USUAL, State, Wanted, WeightsFile, filled, read

BATCH = 8
MEAN = (122.7709383, 116.7460125, 104.09373615)  # of 0-255
SD = (68.5005327, 66.6321579, 70.32316305)
TOWER = "visual."  # the rest of the file is the text tower
NAMES = [  # from CLIP's names of layers to DINOv2's
    (r"^class_embedding$", "cls_token"),
    (r"^positional_embedding$", "pos_embed"),
    (r"^conv1\.", "patch_embed.proj."),
    (r"^ln_pre\.", "norm_pre."),
    (r"^ln_post\.", "norm."),
    (r"^transformer\.resblocks\.", "blocks."),
    (r"\.ln_(\d)\.", r".norm\1."),
    (r"\.attn\.in_proj_", ".attn.qkv."),
    (r"\.attn\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
]


def published(name: str, sha256: str) -> WeightsFile:
    """Return an entry of the list of published files."""
    return WeightsFile((name,), sha256, f"https://openaipublic.azureedge.net/clip/models/{sha256}/{name}")


BASE_FILE = published("ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af")
LARGE_FILE = published("ViT-L-14-336px.pt", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02")


@dataclass(frozen=True)
class Size:
    """What differs between the towers."""

    side: int  # pixels
    patch: int  # pixels
    width: int
    layers: int
    projection: int


BASE = Size(side=224, patch=32, width=768, layers=12, projection=512)
LARGE = Size(side=336, patch=14, width=1024, layers=24, projection=768)


def clip(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return ViT-B/32, 512 features, not normalised."""
    weights = read("clip", BASE_FILE, wanted)
    return extractor({"name": "clip", **weights.identity}, BASE, weights.state)


def clip_large(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return ViT-L/14 at 336 pixels, 768 features, not normalised."""
    weights = read("clip_large", LARGE_FILE, wanted)
    return extractor({"name": "clip_large", **weights.identity}, LARGE, weights.state)


def clip_cmmd(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return ViT-L/14 at 336 pixels behind the view of CMMD, 768 features, not normalised."""
    weights = read("clip_cmmd", LARGE_FILE, wanted)
    return extractor({"name": "clip_cmmd", **weights.identity}, LARGE, weights.state, fit="crop first")


def extractor(
    identity: dict[str, str], size: Size, state: State, batch: int = BATCH, *, fit: str = "crop last"
) -> ImageNetwork:
    """Return an extractor with these weights; raises BadInput for weights that are not this network's."""
    with torch.device("meta"):  # drawing first weights would take time and move the global generator
        network = VisionTransformer(plan(size))
    filled(network, tower(state), identity["name"])
    view = View("pil", size.side, MEAN, SD, fit)
    layer = {"layer": f"projected class token, {size.projection}"}
    return ImageNetwork({**identity, **layer}, view, network, batch)


def plan(size: Size) -> TransformerShape:
    """Return the tower's plan; a head is 64 wide in all of them."""
    return TransformerShape(
        side=size.side,
        trained_side=size.side,
        patch=size.patch,
        width=size.width,
        layers=size.layers,
        heads=size.width // 64,
        epsilon=1e-5,
        activation=quick_gelu,
        patch_bias=False,
        layer_scale=False,
        first_norm=True,
        projection=size.projection,
    )


def tower(state: State) -> State:
    """Return the image tower's weights under this package's names."""
    kept = {}
    for name, value in state.items():
        if name.startswith(TOWER):
            own = name.removeprefix(TOWER)
            for pattern, replacement in NAMES:
                own = re.sub(pattern, replacement, own)
            kept[own] = value.view(1, -1, value.shape[-1]) if own in {"cls_token", "pos_embed"} else value
    return kept
