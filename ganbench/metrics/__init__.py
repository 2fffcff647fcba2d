"""The metrics, by name. This file is the table of contents."""

from __future__ import annotations

from typing import Any

from ganbench.metrics.alpha import alpha_precision, beta_recall
from ganbench.metrics.base import Metric
from ganbench.metrics.bins import classes_captured, ndb, ndb_jsd
from ganbench.metrics.classes import (
    am_score,
    between_class_is,
    class_law_chi_square,
    class_law_kl,
    mode_score_a,
    mode_score_b,
    within_class_is,
)
from ganbench.metrics.classifiers import c2st_knn, c2st_nn, one_nn_accuracy, one_nn_fake, one_nn_real
from ganbench.metrics.diversity import pairwise_distance_ratio, vendi
from ganbench.metrics.frechet import fid
from ganbench.metrics.frechet_more import between_class_fid, fid_infinity, intra_fid
from ganbench.metrics.images import ms_ssim, ms_ssim_excess
from ganbench.metrics.kernels import cmmd, energy_distance, mmd, mmd_mixture
from ganbench.metrics.kid import kid, kid_subsets
from ganbench.metrics.likelihood import parzen
from ganbench.metrics.memorisation import authenticity, birthday_support, c_t, copies
from ganbench.metrics.modes import (
    high_quality,
    mode_jsd,
    modes_captured,
    modes_covered,
    reverse_kl,
    within_mode_spread,
)
from ganbench.metrics.neighbours import coverage, density, precision, rarity, realism, recall
from ganbench.metrics.posteriors import (
    inception_score,
    inception_score_cross_fitted,
    inception_score_splits,
    modified_is,
    modified_is_all_pairs,
)
from ganbench.metrics.prd import prd_f1_8, prd_f8
from ganbench.metrics.pyramid import laplacian_swd
from ganbench.metrics.significance import (
    hotelling_p_value,
    hotelling_t2,
    ks_p_value,
    ks_statistic,
    t_p_value,
    t_statistic,
    welch_p_value,
    welch_statistic,
)
from ganbench.metrics.sinkhorn import sinkhorn_divergence
from ganbench.metrics.topp import topp, topr
from ganbench.metrics.transfer import gan_test, gan_train
from ganbench.metrics.transport import max_sliced_wasserstein, sliced_wasserstein, w1, w2

FAMILIES: dict[str, tuple[Metric[Any], ...]] = {
    "Frechet": (fid, fid_infinity, intra_fid, between_class_fid),
    "kernels": (kid, kid_subsets, mmd, mmd_mixture, cmmd, energy_distance),
    "neighbours": (
        precision,
        recall,
        density,
        coverage,
        realism,
        rarity,
        prd_f8,
        prd_f1_8,
        alpha_precision,
        beta_recall,
        topp,
        topr,
    ),
    "two samples": (
        one_nn_accuracy,
        one_nn_real,
        one_nn_fake,
        c2st_knn,
        c2st_nn,
        t_statistic,
        t_p_value,
        welch_statistic,
        welch_p_value,
        hotelling_t2,
        hotelling_p_value,
        ks_statistic,
        ks_p_value,
    ),
    "classifier posteriors": (
        inception_score,
        inception_score_splits,
        inception_score_cross_fitted,
        modified_is,
        modified_is_all_pairs,
        mode_score_a,
        mode_score_b,
        am_score,
        class_law_chi_square,
        class_law_kl,
        between_class_is,
        within_class_is,
    ),
    "transport": (w1, w2, sliced_wasserstein, max_sliced_wasserstein, sinkhorn_divergence, laplacian_swd),
    "modes": (
        modes_captured,
        modes_covered,
        high_quality,
        reverse_kl,
        mode_jsd,
        within_mode_spread,
        ndb,
        ndb_jsd,
        classes_captured,
    ),
    "diversity": (vendi, pairwise_distance_ratio, ms_ssim, ms_ssim_excess),
    "memorisation": (authenticity, copies, c_t, birthday_support),
    "likelihood": (parzen,),
    "class conditions": (gan_train, gan_test),
}
METRICS: dict[str, Metric[Any]] = {metric.name: metric for family in FAMILIES.values() for metric in family}
