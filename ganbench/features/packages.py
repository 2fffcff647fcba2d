"""Networks of other packages by name: ``timm:NAME`` and ``open_clip:NAME``.

The whole picture is shown, resized by Pillow to the network's own size, as evaluations on DINOv2 do (Stein et al.,
2023): what is cut away is not compared. Weights are a file of the user's, or fetched by the package where that is
permitted; their digest is part of the identity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from ganbench._util.names import check_names
from ganbench.errors import BadInput, Missing
from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.weights_file import UNREADABLE, State, Wanted, tensors_of

BATCH = 8
PACKAGES = {"timm": "timm", "open_clip": "open_clip_torch"}  # as they are imported, and as they are installed


def of_package(name: str, wanted: Wanted) -> ImageNetwork:
    """Return the extractor that ``PACKAGE:NETWORK`` stands for.

    Raises Missing without the package or the weights, UnknownName for a network that it does not have, BadInput for
    weights of another network.
    """
    package, _, network = name.partition(":")
    library = imported(package, name)
    return (of_timm if package == "timm" else of_open_clip)(library, name, network, wanted)


def imported(package: str, name: str) -> Any:
    """Return the package, or raise Missing with the remedy."""
    try:
        return import_module(package)
    except ImportError as error:
        raise Missing(
            f"features {name} need the package {PACKAGES[package]}, which is not here ({error}); "
            f"pip install 'ganbench[{package}]'"
        ) from error


def of_timm(timm: Any, name: str, network: str, wanted: Wanted) -> ImageNetwork:
    """Return a network of timm without its read-out: the pooled features before it."""
    check_names("network of timm", [network.partition(".")[0]], timm.list_models())
    made = built(lambda pretrained: timm.create_model(network, pretrained=pretrained, num_classes=0), name, wanted)
    settings = timm.data.resolve_model_data_config(made)
    side, mean, sd = settings["input_size"][-1], settings["mean"], settings["std"]
    return extractor(name, "timm", made, int(side), (mean, sd), "pooled, before the read-out")


def of_open_clip(open_clip: Any, name: str, network: str, wanted: Wanted) -> ImageNetwork:
    """Return the image tower of a network of open_clip: its projected embedding, not normalised.

    ``NAME/TAG`` says which published weights are meant where they are fetched.
    """
    kind, _, tag = network.partition("/")
    check_names("network of open_clip", [kind], open_clip.list_models())
    if wanted.download and wanted.path is None and not tag:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(kind))
        raise BadInput(
            f"features {name}: say which weights are to be fetched, as open_clip:{kind}/TAG; there are {tags}"
        )
    made = built(lambda pretrained: open_clip.create_model(kind, pretrained=tag if pretrained else None), name, wanted)
    side = made.visual.image_size
    mean, sd = (getattr(made.visual, each) for each in ("image_mean", "image_std"))
    mean, sd = mean or open_clip.OPENAI_DATASET_MEAN, sd or open_clip.OPENAI_DATASET_STD
    side = int(side[0] if isinstance(side, Sequence) else side)
    return extractor(name, "open_clip", made.visual, side, (mean, sd), "projected embedding, not normalised")


def built(make: Any, name: str, wanted: Wanted) -> Any:
    """Return a network with its weights, made without moving the global generator; raises Missing without weights."""
    if wanted.path is None and not wanted.download:
        raise Missing(
            f"features {name} need weights; name their file with --weights FILE, or permit the download with --download"
        )
    with torch.random.fork_rng(devices=[]):
        try:
            network = make(wanted.path is None)
        except (OSError, RuntimeError) as error:
            raise Missing(f"features {name}: cannot be had ({' '.join(str(error).split())[:200]})") from error
    if wanted.path is not None:
        fill(network, name, wanted)
    return network


def fill(network: nn.Module, name: str, wanted: Wanted) -> None:
    """Put the tensors of a file into a network; raises BadInput for those of another one. No code in it is run."""
    if wanted.path is None:
        return
    try:
        with wanted.path.open("rb") as content:
            state = tensors_of(content, wanted.path)
    except OSError as error:
        raise Missing(f"the weights of features {name} cannot be read ({error})") from error
    own = network.state_dict()
    kept = matching(own, state)
    wrong = sorted(key for key, value in own.items() if key not in kept or kept[key].shape != value.shape)
    if wrong:
        raise BadInput(
            f"{wanted.path}: {len(wrong)} of {len(own)} tensors of {name} are missing or of another shape "
            f"(first: {wrong[0]})"
        )
    try:
        network.load_state_dict({key: kept[key] for key in own})
    except UNREADABLE as error:
        raise BadInput(f"{wanted.path}: cannot be weights of {name} ({' '.join(str(error).split())[:200]})") from error


def matching(own: Mapping[str, Tensor], state: State) -> dict[str, Tensor]:
    """Return a file's tensors under the network's names, with ``module.`` before them or not."""
    plain = {key.removeprefix("module."): value for key, value in state.items()}
    return {key: plain[key] for key in own if key in plain}


def extractor(
    name: str, package: str, network: nn.Module, side: int, scale: tuple[Sequence[float], Sequence[float]], layer: str
) -> ImageNetwork:
    """Return a network behind its view; the read-out that ImageNetwork looks for is not one of classes here."""
    mean, sd = (tuple(255 * float(value) for value in values) for values in scale)
    identity = {
        "name": name,
        "package": f"{PACKAGES[package]} {version(PACKAGES[package])}",
        "weights_sha256": digest_of(network),
        "layer": layer,
    }
    return ImageNetwork(identity, View("pil", side, mean, sd), WithoutReadOut(network), BATCH)


class WithoutReadOut(nn.Module):
    """A network whose answer is features."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return features (n, d) of scaled images."""
        answer = self.network(x)
        values: Tensor = answer[0] if isinstance(answer, tuple | list) else answer
        return values.flatten(1)


def digest_of(network: nn.Module) -> str:
    """Return the SHA-256 of a network's tensors by name, whatever file they came from."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        content = value.detach().cpu().contiguous()
        digest.update(f"{name} {tuple(content.shape)} {content.dtype}\n".encode())
        digest.update(content.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
