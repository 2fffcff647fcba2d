"""Inception as an extractor: the network of the Frechet distance and of the Inception score, and torchvision's.

The structure is tested against torchvision's; the published weights themselves were not at hand when this was written,
so no published score has been reproduced with them: what is certain is that only files with the digests below are used.
"""

from __future__ import annotations

from pathlib import Path

import torch

from ganbench.features.images import ImageNetwork, View
from ganbench.features.inception_net import ORIGINAL, TORCHVISION, Inception, Plan
from ganbench.features.weights_file import State, WeightsFile, filled, state_dict

BATCH, SIDE = 8, 299

# One content under both names, as several projects pin it independently; the addresses are those projects' own.
ORIGINAL_FILE = WeightsFile(
    ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth"),
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
)
TORCHVISION_FILE = WeightsFile(
    ("inception_v3_google-0cc3c7bd.pth",),
    "0cc3c7bd75056d25e46cba549dc184522069b81e9787eff6df84f397bd52a5ef",
    "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
)
ORIGINAL_SCALE = (128.0,), (128.0,)
TORCHVISION_SCALE = (127.5,), (127.5,)


def inception(weights: Path | None = None, download: bool = False) -> ImageNetwork:
    """Return the network of the Frechet distance behind the resize of its original graph."""
    return original("inception", View("tf1", SIDE, *ORIGINAL_SCALE), weights, download)


def inception_clean(weights: Path | None = None, download: bool = False) -> ImageNetwork:
    """Return the network of the Frechet distance behind Pillow's antialiased resize."""
    return original("inception_clean", View("clean", SIDE, *ORIGINAL_SCALE), weights, download)


def inception_torchvision(weights: Path | None = None, download: bool = False) -> ImageNetwork:
    """Return torchvision's own Inception v3, trained on ImageNet's 1000 classes, behind Pillow's antialiased resize."""
    name = "inception_torchvision"
    state = state_dict(name, TORCHVISION_FILE, weights, download)
    kept = {key: value for key, value in state.items() if not key.startswith("AuxLogits.")}
    view = View("clean", SIDE, *TORCHVISION_SCALE)
    return extractor({"name": name, "weights_sha256": TORCHVISION_FILE.sha256}, view, TORCHVISION, kept)


def original(name: str, view: View, weights: Path | None, download: bool) -> ImageNetwork:
    """Return the network of 2015 behind a view."""
    state = state_dict(name, ORIGINAL_FILE, weights, download)
    return extractor({"name": name, "weights_sha256": ORIGINAL_FILE.sha256}, view, ORIGINAL, state)


def extractor(identity: dict[str, str], view: View, plan: Plan, state: State, batch: int = BATCH) -> ImageNetwork:
    """Return an extractor with these weights: 2048 features, posteriors over the plan's classes.

    Raises BadInput for weights that are not this network's.
    """
    with torch.device("meta"):  # drawing first weights would take time and move the global generator
        network = Inception(plan)
    filled(network, state, identity["name"]).fold()
    if not plan.bias:
        network.fc.register_parameter("bias", None)
    return ImageNetwork({**identity, "layer": "global average pool, 2048"}, view, network, batch)
