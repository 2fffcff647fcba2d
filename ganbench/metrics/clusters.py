"""k-means cells shared by the metrics that compare histograms."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.metrics.feature_vectors import Features, at_least, count


def k_means(
    fitted: Features, placed: Sequence[Features], cells: int, seed: int, *, batches: bool = False
) -> list[Tensor]:
    """Fit ``cells`` centres and return the cell of every row of each ``placed`` sample.

    ``batches`` fits on random batches, as the precision-recall curve was published. Raises BadInput for fewer
    rows than cells.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans  # noqa: PLC0415 (it takes long, and few metrics need it)
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

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
    return [torch.from_numpy(model.predict(_array(sample))).long().to(sample.values.device) for sample in placed]


def _array(sample: Features) -> object:
    return sample.values.cpu().contiguous().numpy()
