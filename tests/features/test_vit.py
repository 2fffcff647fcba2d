import hashlib
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torchvision import transforms as T

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.features import clip, dinov2, load
from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.vit import VisionTransformer, quick_gelu
from ganbench.features.weights_file import Weights, WeightsFile
from tests.narrow import narrow

TINY = replace(dinov2.LARGE, side=28, trained_side=28, width=64, layers=2, heads=4)
SIZE = clip.Size(side=32, patch=8, width=128, layers=2, projection=16)


def drawn(shapes):
    draws = stream(0, "vit")
    return {name: 0.2 * torch.randn(shape, generator=draws) for name, shape in shapes.items()}


def state_of(plan):
    return drawn({name: value.shape for name, value in VisionTransformer(plan).state_dict().items()})


def tower_shapes(size):
    """Names and shapes of CLIP's image tower as its files have them, beside a tensor of the text tower."""
    width, places = size.width, (size.side // size.patch) ** 2 + 1
    shapes = {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (places, width),
        "visual.proj": (width, size.projection),
        "visual.conv1.weight": (width, 3, size.patch, size.patch),
        "token_embedding.weight": (5, 4),
    }
    for norm in ("ln_pre", "ln_post"):
        shapes |= {f"visual.{norm}.weight": (width,), f"visual.{norm}.bias": (width,)}
    for i in range(size.layers):
        block = f"visual.transformer.resblocks.{i}."
        shapes |= {f"{block}attn.in_proj_weight": (3 * width, width), f"{block}attn.in_proj_bias": (3 * width,)}
        for layer, outputs, inputs in (
            ("attn.out_proj", width, width),
            ("mlp.c_fc", 4 * width, width),
            ("mlp.c_proj", width, 4 * width),
        ):
            shapes |= {f"{block}{layer}.weight": (outputs, inputs), f"{block}{layer}.bias": (outputs,)}
        for norm in ("ln_1", "ln_2"):
            shapes |= {f"{block}{norm}.weight": (width,), f"{block}{norm}.bias": (width,)}
    return shapes


def torchs_layer(width, heads, activation, epsilon, weights):
    """Torch's own layer with the same weights: (in projection, out projection, two dense layers, two norms)."""
    layer = nn.TransformerEncoderLayer(
        width, heads, 4 * width, 0.0, activation, layer_norm_eps=epsilon, batch_first=True, norm_first=True
    )
    names = [
        "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
        "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
        "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
    ]  # fmt: skip
    layer.load_state_dict(dict(zip(names, weights, strict=True)))
    return layer.train()  # its fast path, taken in evaluation, knows no other activation


def test_dinov2s_network_is_torchs_layers_with_scaled_residuals():
    state, x = state_of(TINY), torch.randn(3, 3, 28, 28, generator=stream(0, "x"))
    hidden = F.conv2d(x, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=14).flatten(2).mT
    hidden = torch.cat([state["cls_token"].expand(3, -1, -1), hidden], 1) + state["pos_embed"]
    for i in range(2):
        b = f"blocks.{i}."
        layers = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "norm1", "norm2"]
        w = {f"{layer}.{kind}": state[f"{b}{layer}.{kind}"].clone() for layer in layers for kind in ("weight", "bias")}
        # a factor of a residual is one of its last layer
        for layer, scale in (
            ("attn.proj", "ls1"),
            ("mlp.fc2", "ls2"),
        ):
            w[f"{layer}.weight"] *= state[f"{b}{scale}.gamma"][:, None]
            w[f"{layer}.bias"] *= state[f"{b}{scale}.gamma"]
        hidden = torchs_layer(64, 4, F.gelu, 1e-6, list(w.values()))(hidden)
    expected = F.layer_norm(hidden[:, 0], (64,), state["norm.weight"], state["norm.bias"], 1e-6)
    network = VisionTransformer(TINY)
    network.load_state_dict(state)
    torch.testing.assert_close(network(x), expected, atol=1e-5, rtol=1e-5)


def test_clips_network_is_torchs_layers_under_clips_names():
    state, x = drawn(tower_shapes(SIZE)), torch.randn(3, 3, 32, 32, generator=stream(0, "x"))
    hidden = F.conv2d(x, state["visual.conv1.weight"], stride=8).flatten(2).mT
    hidden = torch.cat([state["visual.class_embedding"].expand(3, 1, -1), hidden], 1)
    hidden = hidden + state["visual.positional_embedding"]
    hidden = F.layer_norm(hidden, (128,), state["visual.ln_pre.weight"], state["visual.ln_pre.bias"])
    for i in range(2):
        block = f"visual.transformer.resblocks.{i}."
        names = ["attn.in_proj_weight", "attn.in_proj_bias"]
        for layer in ("attn.out_proj", "mlp.c_fc", "mlp.c_proj", "ln_1", "ln_2"):
            names += [f"{layer}.weight", f"{layer}.bias"]
        weights = [state[f"{block}{name}"] for name in names]
        hidden = torchs_layer(128, 2, lambda v: v * torch.sigmoid(1.702 * v), 1e-5, weights)(hidden)
    token = F.layer_norm(hidden[:, 0], (128,), state["visual.ln_post.weight"], state["visual.ln_post.bias"])
    network = VisionTransformer(clip.plan(SIZE))
    network.load_state_dict(clip.tower(state))
    torch.testing.assert_close(network(x), token @ state["visual.proj"], atol=2e-5, rtol=1e-5)


def test_the_published_networks_have_the_published_number_of_parameters():
    with torch.device("meta"):
        large = VisionTransformer(dinov2.LARGE)
        towers = [VisionTransformer(clip.plan(size)) for size in (clip.BASE, clip.LARGE)]
    assert sum(value.numel() for value in large.parameters()) + 1024 == 304_368_640  # with the token of masked patches
    assert len(large.state_dict()) + 1 == 343
    assert [sum(value.numel() for value in tower.parameters()) for tower in towers] == [87_849_216, 304_293_888]


def cubic(x):
    """Weight of a pixel at a distance, by cubic convolution with a = -3/4 (Keys, 1981)."""
    x, a = abs(x), -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0


def test_positions_learnt_on_another_grid_are_stretched():
    plan = replace(TINY, trained_side=14 * 5, side=14 * 3)
    network = VisionTransformer(plan)
    ramp = torch.arange(5.0).view(1, 5, 1, 1).expand(1, 5, 5, plan.width).reshape(1, 25, plan.width)
    with torch.no_grad():
        network.pos_embed.copy_(torch.cat([torch.full((1, 1, plan.width), 7.0), ramp], 1))
        places = network.positions()[0, :, 0]
    assert places[0] == 7.0
    grid = places[1:].view(3, 3)
    torch.testing.assert_close(grid, grid[:, :1].expand(3, 3))  # rows stay rows
    place = (1 + 0.5) * 5 / 3.1 - 0.5
    assert grid[1, 0].item() == pytest.approx(sum(pixel * cubic(place - pixel) for pixel in range(5)), abs=1e-5)


def test_the_activation_of_clip_at_known_points():
    assert quick_gelu(torch.tensor([0.0, 1.0, -1.0])).tolist() == pytest.approx([0, 0.8457958, -0.1542042], abs=1e-6)


def test_a_picture_is_looked_at_alike_in_any_company():
    state = state_of(TINY)
    extractor = dinov2.extractor({"name": "tiny"}, TINY, {**state, "mask_token": torch.zeros(1, 64)}, batch=4)
    x = torch.randint(0, 256, (9, 3, 40, 40), dtype=torch.uint8, generator=stream(0, "pictures"))
    whole = extractor(x)
    assert whole.values.shape == (9, 64)
    assert whole.posteriors is None
    assert torch.equal(torch.cat([extractor(part).values for part in x.split(2)]), whole.values)
    assert "pil resize to 28 by 28" in extractor.identity["preprocessing"]


def test_weights_of_another_transformer_are_refused():
    with pytest.raises(BadInput, match=r"weights of features tiny: .* tensors are not this network's"):
        dinov2.extractor({"name": "tiny"}, TINY, state_of(replace(TINY, layers=1)))


class Holder(nn.Module):
    """A module whose tensors have CLIP's names."""

    def __init__(self, state):
        super().__init__()
        for name, value in state.items():
            *path, last = name.split(".")
            module = self
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, nn.Module())
                module = getattr(module, part)
            module.register_parameter(last, nn.Parameter(value.half()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_an_archive_of_clips_kind_becomes_an_extractor(tmp_path, monkeypatch):
    state = drawn(tower_shapes(SIZE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the format's age
        torch.jit.script(Holder(state)).save(tmp_path / "tiny.pt")
    digest = hashlib.sha256((tmp_path / "tiny.pt").read_bytes()).hexdigest()
    monkeypatch.setattr(clip, "BASE_FILE", WeightsFile(("tiny.pt",), digest, "https://example.org/tiny.pt"))
    monkeypatch.setattr(clip, "BASE", SIZE)
    extractor = narrow(load("clip", tmp_path / "tiny.pt"), ImageNetwork)
    token = narrow(extractor.network, VisionTransformer).cls_token
    assert extractor.identity["weights_sha256"] == digest
    assert token.dtype == torch.float32
    assert torch.equal(token[0, 0], state["visual.class_embedding"].half().float())
    x = torch.randint(0, 256, (2, 1, 32, 48), dtype=torch.uint8, generator=stream(0, "wide"))
    assert torch.equal(extractor(x).values, extractor(x[..., 8:40]).values)  # the central square


@pytest.mark.parametrize("size", [(32, 48), (75, 50), (50, 75), (20, 31), (31, 20), (61, 200), (33, 34), (32, 35)])
def test_clips_view_is_that_of_torchvisions_transforms(size):
    x = torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=stream(0, "clip", size))
    transforms = T.Compose([T.Resize(32, T.InterpolationMode.BICUBIC), T.CenterCrop(32)])  # OpenAI's and clean-fid's
    picture = transforms(Image.fromarray(x.permute(1, 2, 0).numpy()))
    theirs = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float()
    view = View("pil", 32, (0.0,), (1.0,), "crop last")
    assert torch.equal(view(x[None])[0], theirs)
    square = min(size)
    top, left = ((length - square) // 2 for length in size)
    cmmd = View("pil", 32, (0.0,), (1.0,), "crop first")
    assert torch.equal(cmmd(x[None]), cmmd(x[None, :, top : top + square, left : left + square]))
    if square != 32:  # else neither resizes
        assert not torch.equal(cmmd(x[None]), view(x[None]))


def test_the_two_views_of_clip_have_two_names(monkeypatch):
    seen = {}
    monkeypatch.setattr(clip, "read", lambda name, *_: Weights({}, {"weights_sha256": "none"}))
    monkeypatch.setattr(clip, "filled", lambda *_: None)
    for name in ("clip", "clip_large", "clip_cmmd"):
        seen[name] = load(name).identity["preprocessing"]
    assert "pil resize of the shorter side to 224, then the central 224 by 224" in seen["clip"]
    assert "pil resize of the shorter side to 336, then the central 336 by 336" in seen["clip_large"]
    assert "central square, then pil resize to 336 by 336" in seen["clip_cmmd"]
