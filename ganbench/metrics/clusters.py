"""k-means cells shared by the metrics that compare histograms."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from ganbench.metrics.features import Features, at_least, count
from ganbench.streams import stream


def k_means(
    fitted: Features, placed: Sequence[Features], cells: int, seed: int, *, batches: bool = False
) -> list[Tensor]:
    """Fit ``cells`` centres and return the cell of every row of each ``placed`` cloud.

    ``batches`` fits on random batches, as the precision-recall curve was published. Raises BadInput for fewer
    rows than cells.
    """
    count("cells", cells)
    at_least(fitted, cells)
    state = int(torch.randint(2**31 - 1, (), generator=stream(seed, "k-means")))
    kind = MiniBatchKMeans if batches else KMeans
    model = kind(n_clusters=cells, n_init=10, random_state=state)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # fewer distinct rows than cells: empty cells change nothing
        model.fit(_array(fitted))
    return [torch.from_numpy(model.predict(_array(cloud))).long().to(cloud.values.device) for cloud in placed]


def _array(cloud: Features) -> object:
    return cloud.values.cpu().contiguous().numpy()
