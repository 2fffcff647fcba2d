"""Feature maps of twice and of half the side, without aliasing: the filter [1, 3, 3, 1] along either axis.

Repeated pixels, or means of two, are [1, 1]; [1, 2, 1] before or after makes the rest. Beyond the border lie zeros.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def enlarged(x: Tensor, side: int) -> Tensor:
    """Return a feature map of that side, twice its own or one less.

    Parameters
    ----------
    x : Tensor
        ``(n, channels, H, W)``
    side : int
        Height and width of the result.

    Returns
    -------
    Tensor
        ``(n, channels, side, side)``

    References
    ----------
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2019, appendix B. arXiv:1912.04958

    Examples
    --------
    >>> import torch
    >>> enlarged(torch.ones(1, 1, 2, 2), 4)[0, 0, 1].tolist()
    [0.75, 1.0, 1.0, 0.75]
    """
    return blurred(F.interpolate(x, size=(side, side), mode="nearest"))


def halved(x: Tensor) -> Tensor:
    """Return a feature map of half the side; of an odd one the last row and column are left over.

    Parameters
    ----------
    x : Tensor
        ``(n, channels, H, W)``

    Returns
    -------
    Tensor
        ``(n, channels, H // 2, W // 2)``

    References
    ----------
    Karras et al., 2019, as for ``enlarged``

    Examples
    --------
    >>> import torch
    >>> halved(torch.ones(1, 1, 6, 6))[0, 0, 1].tolist()
    [0.875, 1.0, 0.875]
    """
    return F.avg_pool2d(blurred(x), 2)


def smoothed(x: Tensor) -> Tensor:
    """Return a feature map of one row and column more after the filter [1, 3, 3, 1] / 8, before every second is taken.

    Examples
    --------
    >>> import torch
    >>> smoothed(torch.ones(1, 1, 4, 4))[0, 0, 2].tolist()
    [0.5, 0.875, 1.0, 0.875, 0.5]
    """
    return F.avg_pool2d(F.avg_pool2d(F.avg_pool2d(x, 2, 1, padding=1), 2, 1, padding=1), 2, 1)


def blurred(x: Tensor) -> Tensor:
    """Return a feature map after the filter [1, 2, 1] / 4 along either axis.

    Examples
    --------
    >>> import torch
    >>> blurred(torch.tensor([[[[0.0, 0.0, 0.0], [0.0, 16.0, 0.0], [0.0, 0.0, 0.0]]]])).flatten().tolist()
    [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]
    """
    return F.avg_pool2d(F.avg_pool2d(x, 2, 1, padding=1), 2, 1)  # means of two, of means of two
