"""Inception v3: the graph of 2015 of the Frechet distance and of the Inception score, and the one torchvision trained.

The structure is tested against torchvision's; the published weights themselves were not at hand when this was written,
so no published score has been reproduced with them: what is certain is that only files with the digests below are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.weights_file import USUAL, State, Wanted, WeightsFile, filled, read

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
HALF_SCALE = (127.5,), (127.5,)
FEATURES = 2048
SPATIAL_CHANNELS = 7  # of the features of sFID
Pool = Callable[[Tensor], Tensor]
Kernel = int | tuple[int, int]  # height and width

average: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1)
average_inside: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
largest: Pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
halve: Pool = partial(F.max_pool2d, kernel_size=3, stride=2)


def inception(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return the network of the Frechet distance behind the resize of its original graph."""
    return original("inception", View("tf1", SIDE, *ORIGINAL_SCALE), wanted)


def inception_pytorch_fid(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return the network of the Frechet distance behind PyTorch's resize and scale, as pytorch-fid sees pictures."""
    return original("inception_pytorch_fid", View("bilinear", SIDE, *HALF_SCALE), wanted)


def inception_clean(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return the network of the Frechet distance behind Pillow's antialiased resize."""
    return original("inception_clean", View("clean", SIDE, *ORIGINAL_SCALE), wanted)


def inception_spatial(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return the features of sFID (Nash et al., 2021): what guided-diffusion reads from the middle of the network.

    The first 7 channels of the 1 by 1 branch of the fourth block at 17 by 17 pixels, behind the rectifier, place by
    place: 2023 numbers. Layers behind it are not computed.
    """
    name = "inception_spatial"
    weights = read(name, ORIGINAL_FILE, wanted)
    return spatial_extractor({"name": name, **weights.identity}, weights.state)


def spatial_extractor(identity: dict[str, str], state: State, batch: int = BATCH) -> ImageNetwork:
    """Return the extractor of spatial features with these weights; raises BadInput for weights of another network."""
    with torch.device("meta"):
        network = Inception(ORIGINAL)
    layer = {"layer": "first 7 channels of Mixed_6d.branch1x1, 17 by 17, channels last, 2023"}
    spatial = Spatial(filled(network, state, identity["name"]).fold())
    return ImageNetwork({**identity, **layer}, View("tf1", SIDE, *ORIGINAL_SCALE), spatial, batch)


def inception_torchvision(wanted: Wanted = USUAL) -> ImageNetwork:
    """Return torchvision's own Inception v3, trained on ImageNet's 1000 classes, behind Pillow's antialiased resize."""
    name = "inception_torchvision"
    weights = read(name, TORCHVISION_FILE, wanted)
    state = {key: value for key, value in weights.state.items() if not key.startswith("AuxLogits.")}
    variant = replace(TORCHVISION, classes=classes_of(state, TORCHVISION.classes)) if wanted.trust else TORCHVISION
    return extractor({"name": name, **weights.identity}, View("clean", SIDE, *HALF_SCALE), variant, state)


def classes_of(state: State, usual: int) -> int:
    """Return how many classes the read-out of some weights knows: a network may have been trained on others."""
    return len(state["fc.weight"]) if "fc.weight" in state and state["fc.weight"].ndim == 2 else usual


def original(name: str, view: View, wanted: Wanted) -> ImageNetwork:
    """Return the network of 2015 behind a view."""
    weights = read(name, ORIGINAL_FILE, wanted)
    return extractor({"name": name, **weights.identity}, view, ORIGINAL, weights.state)


def extractor(identity: dict[str, str], view: View, variant: Variant, state: State, batch: int = BATCH) -> ImageNetwork:
    """Return an extractor with these weights: 2048 features, posteriors over the variant's classes.

    Raises BadInput for weights that are not this network's.
    """
    with torch.device("meta"):  # drawing first weights would take time and move the global generator
        network = Inception(variant)
    filled(network, state, identity["name"]).fold()
    if not variant.bias:
        network.fc.register_parameter("bias", None)
    return ImageNetwork({**identity, "layer": "global average pool, 2048"}, view, network, batch)


@dataclass(frozen=True)
class Variant:
    """What differs between the two networks: pools within the blocks, the last block's pool, and the read-out."""

    classes: int
    pool: Pool
    last_pool: Pool
    bias: bool  # whether the read-out's bias is used


# The graph of 2015 divides a branch's average by the pixels inside the picture, ends on a maximum, and its logits
# for the Inception score leave the bias out (Salimans et al., 2016; Heusel et al., 2017).
ORIGINAL = Variant(1008, average_inside, largest, bias=False)
TORCHVISION = Variant(1000, average, average, bias=True)


class Convolution(nn.Module):
    """Convolution, batch normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel = 1, *, stride: int = 1, pad: bool = True) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if pad and stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn: nn.BatchNorm2d | nn.Identity = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(self.bn(self.conv(x)))

    def fold(self) -> None:
        """Make normalisation by fixed statistics part of the convolution, computed in float64."""
        if isinstance(self.bn, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv.double(), self.bn.double()).float()
            self.bn = nn.Identity()


C = Convolution
Chain = list[Convolution | tuple[Convolution, ...]]  # a tuple is a fork, its ends joined


class Mixed(nn.Module):
    """Chains of convolutions side by side, joined along the channels; the chain ``branch_pool`` starts with a pool."""

    def __init__(self, pool: Pool, chains: dict[str, Chain]) -> None:
        super().__init__()
        self.pool, self.steps = pool, {}
        for branch, chain in chains.items():
            self.steps[branch] = [
                tuple(self.named(label(branch, len(chain), i, len(fork), j), layer) for j, layer in enumerate(fork))
                for i, fork in enumerate(step if isinstance(step, tuple) else (step,) for step in chain)
            ]

    def named(self, name: str, layer: Convolution) -> str:
        """Register a layer under the name it has in weight files."""
        self.add_module(name, layer)
        return name

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([end for branch in self.steps for end in self.ends(branch, x)], 1)

    def ends(self, branch: str, x: Tensor) -> list[Tensor]:
        """Return what comes out of one chain."""
        ends = [self.pool(x) if branch == "branch_pool" else x]
        for names in self.steps[branch]:
            ends = [self.get_submodule(name)(ends[0]) for name in names]
        return ends


def label(branch: str, length: int, i: int, forks: int, j: int) -> str:
    """Name a layer: its number where the chain has several, its letter where the step forks."""
    number = f"_{i + 1}" if length > 1 else ""
    return f"{branch}{number}{'ab'[j] if forks > 1 else ''}"


def block_a(inputs: int, pooled: int, pool: Pool) -> Mixed:
    """35 by 35 pixels."""
    small: Chain = [C(inputs, 64), C(64, 96, 3), C(96, 96, 3)]
    chains: dict[str, Chain] = {
        "branch1x1": [C(inputs, 64)],
        "branch5x5": [C(inputs, 48), C(48, 64, 5)],
        "branch3x3dbl": small,
        "branch_pool": [C(inputs, pooled)],
    }
    return Mixed(pool, chains)


def block_b(inputs: int) -> Mixed:
    """From 35 by 35 pixels to 17 by 17."""
    small: Chain = [C(inputs, 64), C(64, 96, 3), C(96, 96, 3, stride=2)]
    return Mixed(halve, {"branch3x3": [C(inputs, 384, 3, stride=2)], "branch3x3dbl": small, "branch_pool": []})


def block_c(inputs: int, middle: int, pool: Pool) -> Mixed:
    """17 by 17 pixels."""
    row, column = (1, 7), (7, 1)
    twice: Chain = [C(inputs, middle), C(middle, middle, column), C(middle, middle, row), C(middle, middle, column)]
    chains: dict[str, Chain] = {
        "branch1x1": [C(inputs, 192)],
        "branch7x7": [C(inputs, middle), C(middle, middle, row), C(middle, 192, column)],
        "branch7x7dbl": [*twice, C(middle, 192, row)],
        "branch_pool": [C(inputs, 192)],
    }
    return Mixed(pool, chains)


def block_d(inputs: int) -> Mixed:
    """From 17 by 17 pixels to 8 by 8."""
    cross: Chain = [C(inputs, 192), C(192, 192, (1, 7)), C(192, 192, (7, 1)), C(192, 192, 3, stride=2)]
    small: Chain = [C(inputs, 192), C(192, 320, 3, stride=2)]
    return Mixed(halve, {"branch3x3": small, "branch7x7x3": cross, "branch_pool": []})


def block_e(inputs: int, pool: Pool) -> Mixed:
    """8 by 8 pixels."""

    def fork() -> tuple[Convolution, Convolution]:
        return C(384, 384, (1, 3)), C(384, 384, (3, 1))

    chains: dict[str, Chain] = {
        "branch1x1": [C(inputs, 320)],
        "branch3x3": [C(inputs, 384), fork()],
        "branch3x3dbl": [C(inputs, 448), C(448, 384, 3), fork()],
        "branch_pool": [C(inputs, 192)],
    }
    return Mixed(pool, chains)


class Inception(nn.Module):
    """Inception v3 (Szegedy et al., 2016) without its auxiliary head; the layers' names are those of weight files."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = C(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = C(32, 32, 3, pad=False)
        self.Conv2d_2b_3x3 = C(32, 64, 3)
        self.Conv2d_3b_1x1 = C(64, 80)
        self.Conv2d_4a_3x3 = C(80, 192, 3, pad=False)
        self.Mixed_5b = block_a(192, 32, variant.pool)
        self.Mixed_5c = block_a(256, 64, variant.pool)
        self.Mixed_5d = block_a(288, 64, variant.pool)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b = block_c(768, 128, variant.pool)
        self.Mixed_6c = block_c(768, 160, variant.pool)
        self.Mixed_6d = block_c(768, 160, variant.pool)
        self.Mixed_6e = block_c(768, 192, variant.pool)
        self.Mixed_7a = block_d(768)
        self.Mixed_7b = block_e(1280, variant.pool)
        self.Mixed_7c = block_e(2048, variant.last_pool)
        self.fc = nn.Linear(FEATURES, variant.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the global average pool (n, 2048) of scaled images (n, 3, 299, 299)."""
        x = self.Mixed_6e(self.Mixed_6d(self.middle(x)))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean((2, 3))

    def middle(self, x: Tensor) -> Tensor:
        """Return what goes into the fourth block at 17 by 17 pixels, (n, 768, 17, 17)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = halve(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(halve(x))))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        return self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))

    def fold(self) -> Inception:
        """Fold every normalisation into its convolution, for looking only; returns this network."""
        for module in self.eval().modules():
            if isinstance(module, Convolution):
                module.fold()
        return self


class Spatial(nn.Module):
    """The features of sFID, from the middle of the network."""

    def __init__(self, whole: Inception) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, x: Tensor) -> Tensor:
        """Return features (n, 2023) of scaled images (n, 3, 299, 299)."""
        branch = self.whole.Mixed_6d.get_submodule("branch1x1")(self.whole.middle(x))
        return branch[:, :SPATIAL_CHANNELS].permute(0, 2, 3, 1).flatten(1)
