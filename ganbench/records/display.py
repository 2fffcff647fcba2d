"""How a metric is shown in tables and reports: its name, and an arrow to where better values are."""

from __future__ import annotations

from ganbench.records.record import Scores

ARROWS = {"lower": "↓", "higher": "↑", "target": "→"}


def display_name(scores: Scores) -> str:
    """Name a metric for a table.

    The Frechet distance has the name of the Inception network in it: it is called ``fid`` where the features are those
    of a trained network (its weights have a digest), and ``frechet`` on coordinates or pixels as they are.
    """
    if scores.metric.startswith("fid") and "weights_sha256" not in scores.features:
        return f"frechet{scores.metric.removeprefix('fid')}"
    return scores.metric
