"""Every metric of every failure, and of real images in the generator's place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganbench.experiments._failures import FAILURES, Case, Material
from ganbench.experiments._sight import sight
from ganbench.experiments.base import Findings
from ganbench.metrics import METRICS
from ganbench.metrics.diversity import vendi_from_kernel
from ganbench.metrics.features import Features

IS, NARROW = "inception_score", "narrow_vendi"
LOOKS = (
    *(IS, "modified_is", "mode_score_b", "am_score", "class_law_kl"),
    *("fid", "kid", "mmd", "w1", "precision", "recall", "density", "coverage"),
    *("one_nn_accuracy", "one_nn_fake", "c2st_knn", "vendi", NARROW, "pairwise_distance_ratio"),
    *("ndb", "ndb_jsd", "authenticity", "copies", "c_t"),
)
BALANCED = "balanced, truth is not"
NAMES = (*FAILURES, BALANCED)
SMALLER = ("half of the classes", BALANCED)  # clouds with a control of their own size
BINS = 20  # about as many reference images in each as the authors of NDB advise, at these sizes


def scores(m: Material, train: Features, cases: dict[str, Case]) -> dict[str, float]:
    """Return every metric of every failure, and of the control at each size."""
    found: dict[str, float] = {}
    known: dict[str, tuple[Features, Tensor | None]] = {}
    for name, case in cases.items():
        beside = control(name)
        for title, images in (("real, " + beside, case.real), (beside, case.control), (name, case.fake)):
            if title not in known:
                extracted = m.look(images)
                known[title] = Features(extracted.values, title), extracted.posteriors
        real, of_real = known["real, " + beside]
        for title in (name, beside):
            fake, of_fake = known[title]
            if key(IS, title) not in found:
                evidence = {"real": real, "fake": fake, "real_posteriors": of_real, "fake_posteriors": of_fake}
                found |= {key(look, title): score(look, evidence | {"train": train}) for look in LOOKS}
    return found


def score(look: str, evidence: Mapping[str, Any]) -> float:
    """Return one metric of the evidence that it needs."""
    if look == NARROW:
        return narrow_vendi(evidence["real"], evidence["fake"])
    metric = METRICS[look]
    given = [evidence[need] for need in metric.needs]
    return metric(*given, bins=BINS) if look in ("ndb", "ndb_jsd") else metric(*given)


def narrow_vendi(real: Features, fake: Features) -> float:
    """The Vendi score with a Gaussian kernel as wide as a real image's median distance from the nearest other."""
    width = float(real.radii(1).median())
    return vendi_from_kernel((-torch.cdist(fake.values.double(), fake.values.double()).square() / (2 * width)).exp())


def key(look: str, title: str) -> str:
    return f"{look}: {title}"


def control(name: str) -> str:
    return f"held out, beside {name}" if name in SMALLER else "held out"


def verdict(found: Findings, look: str, name: str) -> str:
    """Return whether a metric sees a failure."""
    metric = METRICS["vendi" if look == NARROW else look]
    return sight(metric, found.numbers[key(look, name)], found.numbers[key(look, control(name))])
