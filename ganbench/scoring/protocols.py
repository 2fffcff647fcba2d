"""Named protocols: the numbers of other tools, each with its network, resize, estimate and reference, as one table.

A protocol fixes what a tool fixes. ``score(..., protocol=NAME)`` and ``ganbench score --as NAME`` give its numbers
under its own names; ``ganbench.scoring.by_protocol`` does the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ganbench._util.names import check_names, find
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.metrics._engine.balls import knn_balls
from ganbench.metrics.conventions import (
    estimate,
    frechet_population,
    inception_score_of_parts,
    inception_score_of_torch_fidelity,
    kid_of_smaller,
    kid_of_torch_fidelity,
)
from ganbench.metrics.spec import Metric

OfStatistics = Callable[[bool], Metric[Any]]  # whether the reference is a mean and a covariance
POOL, CLEAN, PYTORCH, SPATIAL = "inception", "inception_clean", "inception_pytorch_fid", "inception_spatial"
MU = ("mu", "mean")


@dataclass(frozen=True)
class Number:
    """One number of a protocol.

    Attributes
    ----------
    name : str
        What the tool calls it.
    features : str
        The extractor, with its resize.
    estimate : callable
        The estimate, given whether the reference is a mean and a covariance.
    statistics : tuple of str
        Names of the mean that it takes from the reference's file, which then wins over images; none where it takes
        samples alone.
    optional : bool
        Whether the tool goes on without it where the reference has not what it needs.
    at_most : int
        Samples of either side, as many of both; 0 takes all.
    facts : str
        What the sentence says of it.
    """

    name: str
    features: str
    estimate: OfStatistics
    statistics: tuple[str, ...] = ()
    optional: bool = False
    at_most: int = 0
    facts: str = ""


@dataclass(frozen=True)
class Protocol:
    """What a tool computes.

    Attributes
    ----------
    name : str
        As in ``--as``.
    tool : str
        The tool and its authors.
    view : str
        How it shows pictures to its network, for the sentence.
    numbers : tuple of Number
        In the order of its output.
    n : int
        How many samples it usually takes; 0 where it does not say.
    by_name : bool
        Whether it takes samples in the order of their names as text (10.png before 9.png), which its shuffles see.
    left_out : str
        What else it prints and this package does not.
    version : int
        Goes up whenever a number of it changes.
    """

    name: str
    tool: str
    view: str
    numbers: tuple[Number, ...]
    n: int = 0
    by_name: bool = False
    left_out: str = ""
    version: int = 1

    def chosen(self, names: tuple[str, ...]) -> tuple[Number, ...]:
        """Return the numbers of these names, all without any; raises UnknownName for others."""
        check_names(f"number of protocol {self.name}", names, [each.name for each in self.numbers])
        return tuple(each for each in self.numbers if not names or each.name in names)


def plain(metric: str, **options: object) -> OfStatistics:
    """Return a metric of the catalogue with its own options, or with others."""
    requires = (knn_balls(int(str(options["k"]))),) if "k" in options else METRICS[metric].spec.requires
    return lambda _of_statistics: estimate(
        METRICS[metric], options=options or METRICS[metric].spec.options, requires=requires
    )


def population(of_statistics: bool) -> Metric[Any]:
    """Return the Frechet distance with divisor n."""
    return estimate(METRICS["fid"], frechet_population, {"of_statistics": of_statistics})


def kid_smaller(_of_statistics: bool) -> Metric[Any]:
    return estimate(METRICS["kid_subsets"], kid_of_smaller, {"subsets": 100, "most": 1000, "seed": 0})


def kid_fidelity(_of_statistics: bool) -> Metric[Any]:
    return estimate(METRICS["kid_subsets"], kid_of_torch_fidelity, {"subsets": 100, "size": 1000, "seed": 2020})


def is_fidelity(_of_statistics: bool) -> Metric[Any]:
    return estimate(METRICS["inception_score"], inception_score_of_torch_fidelity, {"splits": 10, "seed": 2020})


def is_parts(_of_statistics: bool) -> Metric[Any]:
    return estimate(METRICS["inception_score_splits"], inception_score_of_parts, {"part": 5000})


frechet = partial(Number, "FID", estimate=plain("fid"), statistics=MU, facts="FID with covariances divided by n - 1")
kid_of_clean = partial(
    Number,
    "KID",
    estimate=kid_smaller,
    optional=True,
    facts="KID as the mean of 100 subsets of 1000, cubic kernel",
)
TABLE = (
    Protocol(
        "pytorch-fid",
        "pytorch-fid (Seitzer, 2020)",
        "8-bit RGB, PyTorch's bilinear resize to 299 without antialiasing, 2x - 1",
        (frechet(features=PYTORCH),),
    ),
    Protocol(
        "clean-fid",
        "clean-fid, mode clean (Parmar et al., 2022)",
        "8-bit RGB, Pillow's antialiased bicubic resize to 299 in floats, not rounded",
        (frechet(features=CLEAN), kid_of_clean(features=CLEAN)),
    ),
    Protocol(
        "clean-fid-legacy-pytorch",
        "clean-fid, mode legacy_pytorch (Parmar et al., 2022)",
        "8-bit RGB, PyTorch's bilinear resize to 299 without antialiasing, 2x - 1",
        (frechet(features=PYTORCH), kid_of_clean(features=PYTORCH)),
    ),
    Protocol(
        "clean-fid-legacy-tensorflow",
        "clean-fid, mode legacy_tensorflow (Parmar et al., 2022)",
        "8-bit RGB, TensorFlow 1's bilinear resize to 299 within the network",
        (frechet(features=POOL), kid_of_clean(features=POOL)),
    ),
    Protocol(
        "torch-fidelity",
        "torch-fidelity 0.4 (Obukhov et al., 2020)",
        "8-bit RGB, TensorFlow 1's bilinear resize to 299",
        (
            Number("IS", POOL, is_fidelity, facts="IS as the mean of 10 splits after its shuffle (seed 2020), no bias"),
            Number("FID", POOL, plain("fid"), facts="FID with covariances divided by n - 1"),
            Number("KID", POOL, kid_fidelity, facts="KID as the mean of its 100 subsets of 1000 (seed 2020)"),
        ),
        by_name=True,
        left_out="its precision and recall (of VGG16) and PPL",
    ),
    Protocol(
        "adm",
        "the evaluator of guided-diffusion (ADM; Dhariwal and Nichol, 2021)",
        "8-bit RGB, TensorFlow 1's bilinear resize to 299 within the graph of 2015",
        (
            Number("IS", POOL, is_parts, facts="IS as the mean of parts of 5000 in the order of the samples, no bias"),
            frechet(features=POOL),
            Number(
                "sFID",
                SPATIAL,
                plain("fid"),
                ("mu_s",),
                facts="sFID of 7 channels of mixed_6/conv at 17 by 17 places",
            ),
            Number("P", POOL, plain("precision", k=3), facts="precision (P) and recall (R) of pool3 with k = 3"),
            Number("R", POOL, plain("recall", k=3)),
        ),
        n=50_000,
    ),
    Protocol(
        "edm",
        "the evaluation of EDM (Karras et al., 2022)",
        "8-bit RGB, TensorFlow 1's bilinear resize to 299 within the network",
        (frechet(features=POOL, statistics=("fid.mu", *MU)),),
        n=50_000,
    ),
    Protocol(
        "edm2",
        "the evaluation of EDM2 (Karras et al., 2024)",
        "8-bit RGB, resized to 299 within the network for FID, by PyTorch's antialiased bicubic to 224 for DINOv2",
        (
            frechet(features=POOL, statistics=("fid.mu", *MU), optional=True),
            Number(
                "FD-DINOv2",
                "dinov2_edm2",
                plain("fid"),
                ("fd_dinov2.mu",),
                optional=True,
                facts="FD-DINOv2 of ViT-L/14 with covariances divided by n - 1",
            ),
        ),
        n=50_000,
    ),
    Protocol(
        "stylegan3",
        "the metrics of StyleGAN2-ADA and StyleGAN3 (fid50k_full, kid50k_full, is50k; Karras et al., 2021)",
        "8-bit RGB, TensorFlow 1's bilinear resize to 299 within the network",
        (
            Number("FID", POOL, population, MU, facts="FID with covariances divided by n"),
            kid_of_clean(features=POOL),
            Number(
                "IS",
                POOL,
                plain("inception_score_splits"),
                facts="IS as the mean of 10 splits in the order of the samples, no bias",
            ),
        ),
        n=50_000,
        left_out="its precision and recall (of VGG16) and PPL",
    ),
    Protocol(
        "dgm-eval",
        "dgm-eval (Stein et al., 2023)",
        "8-bit RGB, Pillow's bicubic resize to 224",
        (
            Number(
                "FD-DINOv2",
                "dinov2",
                plain("fid"),
                MU,
                facts="FD-DINOv2 of ViT-L/14 with covariances divided by n - 1",
            ),
            *(
                Number(name, "dinov2", plain(metric, k=5), at_most=10_000, facts=facts)
                for name, metric, facts in (
                    (
                        "P",
                        "precision",
                        "precision (P), recall (R), density (D) and coverage (C) of at most 10 000, k = 5",
                    ),
                    ("R", "recall", ""),
                    ("D", "density", ""),
                    ("C", "coverage", ""),
                )
            ),
        ),
        n=50_000,
        left_out="its KD, FD-infinity, AuthPct, CT, FLS and Vendi",
    ),
    Protocol(
        "cmmd",
        "CMMD (Jayasumana et al., 2024)",
        "8-bit RGB, the central square, bicubic resize to 336, CLIP ViT-L/14-336",
        (
            Number(
                "CMMD",
                "clip_cmmd",
                plain("cmmd"),
                facts="CMMD as the biased squared MMD of unit vectors, Gaussian kernel of width 10, times 1000",
            ),
        ),
    ),
    Protocol(
        "clip-fid",
        "clean-fid with clip_vit_b_32 (Kynkaanniemi et al., 2023)",
        "8-bit RGB, bicubic resize of the shorter side to 224, central square, CLIP ViT-B/32",
        (Number("CLIP-FID", "clip", plain("fid"), MU, facts="CLIP-FID with covariances divided by n - 1"),),
    ),
)
PROTOCOLS = {each.name: each for each in TABLE}


def protocol_of(name: str) -> Protocol:
    """Return the protocol of that name; raises UnknownName with the nearest names."""
    return find("protocol", name, PROTOCOLS)


def numbers_of(protocol: Protocol, asked: str | list[str] | tuple[str, ...] | None) -> tuple[Number, ...]:
    """Return the numbers that are asked for by name, all without any; raises UnknownName for others."""
    names = asked.split(",") if isinstance(asked, str) else asked or ()
    return protocol.chosen(tuple(name.strip() for name in names if name.strip()))


def refuse_contradiction(protocol: Protocol, numbers: tuple[Number, ...], features: object) -> None:
    """Raise BadInput where features are asked for that are not the protocol's."""
    own = list(dict.fromkeys(each.features for each in numbers))
    if features is not None and features not in own:
        given = features if isinstance(features, str) else getattr(features, "__qualname__", repr(features))
        raise BadInput(
            f"protocol {protocol.name} takes features {' and '.join(own)}, got --features {given}; "
            "leave one of the two out"
        )
