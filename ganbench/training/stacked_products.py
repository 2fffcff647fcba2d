"""Products and convolutions of stacked weights: the same bits for a seed alone and in any group, and fast ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
VIEWS = {aten.view.default, aten._unsafe_view.default}
THIN = 16  # columns below which MKL multiplies at a fifth of its speed

REGISTER = 8  # numbers of single precision
BLOCK = 32  # numbers of a tensor that are computed at once, of four registers; those left over one by one
BLOCKWISE = {  # functions that round what is left over otherwise
    aten.softplus.default,
    aten.softplus_backward.default,
    aten.sigmoid.default,
    aten.sigmoid_backward.default,
    aten.elu.default,
    aten.elu_backward.default,
    aten.silu.default,
    aten.silu_backward.default,
    aten.mish.default,
    aten.mish_backward.default,
    aten.gelu.default,
    aten.gelu_backward.default,
    aten.pow.Tensor_Scalar,
}
BATCH_NORMS = {aten.native_batch_norm.default, aten.native_batch_norm_backward.default}


class Products(TorchDispatchMode):
    """Replaces products of stacked matrices, grouped convolutions and sums among the operations that pass through it.

    Convolutions with stacked weights arrive as one convolution in groups. Each seed's is computed by itself, with the
    groups that it has alone: that is what it computes alone, and oneDNN takes up to four times as long for groups. What
    is summed lies as it does alone.

    Parameters
    ----------
    seeds
        How many there are. Products of more matrices are those of examples; they lie in memory as vmap put them, which
        differs between one seed and several and decides how MKL rounds, so that they are laid out anew.
    compiled
        Whether the operations are going to be compiled. Products of few columns are then the transpose of those of the
        transposes, and sums of absolute differences are written out, so that they are fused: both are faster, and
        rounded otherwise.
    """

    def __init__(self, seeds: int, compiled: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seeds, self.compiled = seeds, compiled

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is aten.bmm.default:
            return self.product(*args)
        if function in (aten.convolution.default, aten.convolution_backward.default):
            own = convolution if function is aten.convolution.default else convolution_backward
            return own(self.seeds, *args)
        if function in BATCH_NORMS and not self.compiled and args[0].ndim == 2:
            return self.normalised(function, *args)
        return self.other(function, args, kwargs or {})

    def other(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Return what an operation gives that is no product, convolution or batch normalisation."""
        if function in BLOCKWISE and not self.compiled and self.seeds > 1:
            return self.apart(function, *args, **kwargs)
        if function is aten.sum.dim_IntList and not self.compiled:  # of a bias; compiled code has loops of its own
            args = (args[0].contiguous(), *args[1:])
        if self.compiled and function is aten._cdist_forward.default and args[2] == 1:
            return (args[0].unsqueeze(-2) - args[1].unsqueeze(-3)).abs().sum(-1)
        if self.compiled and function is aten._cdist_backward.default and args[3] == 1:
            return (args[0].unsqueeze(-1) * (args[1].unsqueeze(-2) - args[2].unsqueeze(-3)).sign()).sum(-2)
        if self.compiled and function in VIEWS:  # of a product that lies transposed
            function = aten.reshape.default
        return function(*args, **kwargs)

    def apart(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Return an elementwise function of each seed by itself, where a seed's numbers do not fill whole blocks."""
        tensors = [each for each in args if isinstance(each, Tensor) and each.ndim]
        if not tensors or any(
            each.shape[0] != self.seeds or each.numel() // self.seeds % BLOCK == 0 for each in tensors
        ):
            return function(*args, **kwargs)
        rows = [
            [each[i : i + 1] if isinstance(each, Tensor) and each.ndim else each for each in args]
            for i in range(self.seeds)
        ]
        return torch.cat([function(*row, **kwargs) for row in rows])

    def normalised(self, function: Any, *args: Any) -> Any:
        """Return what batch normalisation makes of features (n, seeds * size), or its gradients.

        Its sums round what fills no whole registers otherwise: then each seed's features are taken by themselves.
        """
        size = args[0].shape[1] // self.seeds
        if args[0].shape[1] % self.seeds or size % REGISTER == 0:
            return function(*args)
        each_seeds = [pieces(each, self.seeds) if isinstance(each, Tensor) else [each] * self.seeds for each in args]
        parts = [function(*own) for own in zip(*each_seeds, strict=True)]
        joined = zip(*parts, strict=True)
        return tuple(None if each[0] is None else torch.cat(each, each[0].ndim - 1) for each in joined)

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the product of matrices (seeds, m, k) and (seeds, k, n).

        It is transposed where few columns lie by rows, which takes MKL five times as long. Columns that lie one after
        another are fast as they are, and with them on the left MKL rounds by whether they are aligned in memory, which
        depends on a seed's place in its group.
        """
        if len(left) != self.seeds:
            left, right = left.contiguous(), right.contiguous()
        elif ragged(left, right):
            pairs = zip(left.split(1), right.split(1), strict=True)
            return torch.cat([product(a.clone(), b.clone()) for a, b in pairs])
        if self.compiled and right.shape[2] < THIN <= min(left.shape[1:]) and right.stride(2) == 1:
            return product(right.mT, left.mT).mT
        return product(left, right)


def ragged(left: Tensor, right: Tensor) -> bool:
    """Whether a side of these matrices fills no whole registers: MKL then rounds by how they are aligned in memory.

    At most half of one is no such side. Alignment depends on a seed's place in its group, so that each seed's product
    is computed by itself, on copies.
    """
    return any(size > REGISTER // 2 and size % REGISTER for size in (*left.shape[1:], right.shape[2]))


def product(left: Tensor, right: Tensor) -> Tensor:
    """Return the product; one seed's with a vector as if of two seeds, because MKL rounds a lone one otherwise."""
    if len(left) == 1 and 1 in (left.shape[1], right.shape[2]):
        return left.expand(2, -1, -1).bmm(right.expand(2, -1, -1))[:1]
    return left.bmm(right)


def convolution(seeds: int, x: Tensor, weight: Tensor, bias: Tensor | None, *options: Any) -> Tensor:
    """Return a grouped convolution, each seed's by itself; the last of ``options`` is the number of groups."""
    *same, groups = options
    count = parts_of(groups, seeds)
    biases = bias.chunk(count) if bias is not None else [None] * count
    parts = zip(pieces(x, count), weight.chunk(count), biases, strict=True)
    return torch.cat([aten.convolution(*part, *same, groups // count) for part in parts], 1)


def convolution_backward(
    seeds: int, grad: Tensor, x: Tensor, weight: Tensor, bias_sizes: list[int] | None, *options: Any
) -> tuple[Tensor | None, ...]:
    """Return the gradients of a grouped convolution by its input, weight and bias, each seed's by itself."""
    *same, groups, wanted = options
    count = parts_of(groups, seeds)
    sizes = [size // count for size in bias_sizes] if bias_sizes else bias_sizes
    parts = zip(pieces(grad, count), pieces(x, count), weight.chunk(count), strict=True)
    grads = [aten.convolution_backward(*part, sizes, *same, groups // count, wanted) for part in parts]
    joined = zip(zip(*grads, strict=True), (1, 0, 0), wanted, strict=True)
    return tuple(torch.cat(each, axis) if asked else None for each, axis, asked in joined)


def parts_of(groups: int, seeds: int) -> int:
    """Return into how many parts a grouped convolution is cut: one for each seed, where its weights are stacked."""
    return groups if groups % seeds else seeds


def pieces(x: Tensor, groups: int) -> list[Tensor]:
    """Return the channels of each part, contiguous as a lone seed's are: sums are rounded by how numbers lie.

    They lie along the second axis, of a vector along its only one.
    """
    return [piece.contiguous() for piece in x.chunk(groups, min(1, x.ndim - 1))]


def through(mode: TorchDispatchMode, function: Callable[[Sequence[Tensor]], Sequence[Tensor]]) -> Any:
    """Return the function with its operations passing through a mode."""

    def inside(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        with mode:
            return function(tensors)

    return inside
