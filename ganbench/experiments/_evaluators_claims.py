"""The findings of Xu et al. (2018) as claims on metrics under known damage."""

from __future__ import annotations

from ganbench.experiments.base import Claim, Findings, Verdict, confirmed, difference

BEST = ("MMD features", "1-NN features")
QUICK = ("MMD features", "FID features", "1-NN features")
STRONG = ("W1 features", "MMD features", "FID features", "1-NN features")
COMPARED = (*STRONG, "W1 pixels", "MMD pixels", "FID pixels", "1-NN pixels", "IS", "Mode Score")
SIX = COMPARED
NOTE = "note 2, the study of six metrics"
XU = "Xu et al., 2018, arXiv:1806.07755"


def exceeds(found: Findings, a: str, b: str) -> bool:
    """Whether the mean of ``a`` is above that of ``b`` by more than half the interval of their pairs' difference."""
    gap, half = difference(found.numbers[a], found.numbers[b], paired=True)
    return gap > half


def sees_fakes(found: Findings) -> Verdict:
    return confirmed(all(found.mean(f"tau of {row} under fakes") >= 0.9 for row in STRONG))


def pixels_are_poor(found: Findings) -> Verdict:
    among_features = all(found.mean(f"tau of {row} under collapse") >= 0.8 for row in STRONG)
    return confirmed(among_features and found.mean("tau of W1 pixels under collapse") <= 0)


def posteriors_are_weak(found: Findings) -> Verdict:
    weak = (f"share of {row} under collapse" for row in ("IS", "Mode Score"))
    return confirmed(all(exceeds(found, f"share of {row} under collapse", each) for each in weak for row in STRONG))


def copies_are_missed(found: Findings) -> Verdict:
    nearest = found.high("1-NN after full copying") < 0.01 and found.high("W1 after full copying") < 1e-3
    blind = all(abs(found.mean(f"share of {row} under copying")) < 0.1 for row in ("IS", "Mode Score"))
    return confirmed(nearest and blind)


def features_are_robust(found: Findings) -> Verdict:
    names = ("MMD", "1-NN")
    pairs = [(f"share of {name} {{}} under {damage}") for name in names for damage in ("shift", "rotation")]
    return confirmed(all(found.mean(each.format("features")) < found.mean(each.format("pixels")) for each in pairs))


def copies_confound(found: Findings) -> Verdict:
    copies, afresh = (found.numbers[f"1-NN on fakes, full {each}"] for each in ("dropping, copies", "dropping"))
    gap, half = difference(copies, afresh, paired=True)
    return confirmed(gap - half > 0.05)


def few_images_do(found: Findings) -> Verdict:
    return confirmed(all(found.mean(f"right orders of {row} from 100 images") >= 0.95 for row in QUICK))


def wasserstein_needs_more(found: Findings) -> Verdict:
    return confirmed(all(exceeds(found, f"right orders of {row}", "right orders of W1 pixels") for row in QUICK))


def best_of_six(found: Findings) -> Verdict:
    rest = max(found.mean(f"criteria met by {row}") for row in SIX if row not in BEST)
    return confirmed(all(found.mean(f"criteria met by {row}") >= rest for row in BEST))


CLAIMS = (
    Claim(
        name="the best of six metrics",
        note=NOTE,
        says="Among a classifier's features, MMD and 1-NN meet most of what is asked of a metric.",
        expected="both meet at least as many of seven criteria as any other of the six metrics in either space",
        source=f"{XU}, its conclusion; direction only",
        shown=tuple(f"criteria met by {row}" for row in (*BEST, "FID features", "W1 features", "IS", "Mode Score")),
        rule="criteria: tau of at least .8 under fakes, collapse and dropping; less than a quarter of the damage of "
        "fakes under shifts and turns; 95 % right orders from 100 images; |tau| of at least .8 under copying. "
        "Confirmed when neither MMD nor 1-NN is behind any other",
        judge=best_of_six,
        remark="The matrix shows which criterion each metric misses. A tie at the top is no contradiction: "
        "the conclusion is that these two suffice, not that others cannot. Thresholds are ours.",
    ),
    Claim(
        name="metrics and shares of fakes",
        note=NOTE,
        says="Among features, Wasserstein, MMD, FID and 1-NN grow with the share of fakes in the samples.",
        expected="tau of 1 for all four",
        source=f"{XU}; direction only",
        shown=tuple(f"tau of {row} under fakes" for row in STRONG),
        rule="mean tau of at least .9 for all four",
        judge=sees_fakes,
        remark="The fakes have the mean and the covariance of the data, so it takes a feature space to tell them "
        "apart: among pixels the Frechet distance is nearly blind to them by construction.",
    ),
    Claim(
        name="collapse among pixels",
        note=NOTE,
        says="Among pixels Wasserstein does not see a collapse to mean images; among features all distances do.",
        expected="Wasserstein among pixels falls or stays; tau of at least .8 for all four among features",
        source=f"{XU}; direction only",
        shown=("tau of W1 pixels under collapse", *(f"tau of {row} under collapse" for row in STRONG)),
        rule="tau under collapse: the mean of Wasserstein among pixels is at most 0; all four among features have a "
        "mean of at least .8",
        judge=pixels_are_poor,
        remark="A mean image lies nearer to most images than another image does, so that blur and collapse shorten "
        "the distances that Wasserstein adds up. 1-NN and MMD compare within the samples as well and are not fooled.",
    ),
    Claim(
        name="collapse within classes",
        note=NOTE,
        says="The Inception Score and the Mode Score see a collapse within classes less than the others do.",
        expected="the damage of full collapse beside that of fakes is smaller for both than for Wasserstein, MMD, FID "
        "and 1-NN among features",
        source=f"{XU}; direction only",
        shown=tuple(f"share of {row} under collapse" for row in ("IS", "Mode Score", *STRONG)),
        rule="each paired difference is above half its 95 % interval",
        judge=posteriors_are_weak,
        remark="Mean images of clusters are still clear digits of all classes to a classifier. "
        "That all members of a cluster became one image leaves no trace in a posterior.",
    ),
    Claim(
        name="metrics and copied images",
        note=NOTE,
        says="1-NN falls below one half for copied images; the Inception Score and the Mode Score cannot object.",
        expected="1-NN and Wasserstein 0 for copies of the reference; the two scores keep their value",
        source=f"by definition; {XU}",
        shown=(
            "1-NN after full copying",
            "W1 after full copying",
            "share of IS under copying",
            "share of Mode Score under copying",
        ),
        rule="1-NN below .01 and Wasserstein below .001; |change| of both scores below a tenth of that under fakes",
        judge=copies_are_missed,
        remark="All two-sample distances fall to 0, which looks like a perfect sampler: only a second, held-out "
        "reference unmasks it. 1-NN alone has a mark of its own, one half, that copies fall below.",
    ),
    Claim(
        name="metrics and small shifts",
        note=NOTE,
        says="Small shifts and turns disturb MMD and 1-NN less among features than among pixels.",
        expected="a smaller share of the damage of fakes, for both metrics and both transformations",
        source=f"{XU}; direction only",
        shown=tuple(
            f"share of {name} {space} under {damage}"
            for damage in ("shift", "rotation")
            for name in ("MMD", "1-NN")
            for space in ("features", "pixels")
        ),
        rule="all four means smaller among features",
        judge=features_are_robust,
        remark="Shifts by at most one pixel of 8 (two of 28), turns by at most 15 degrees. "
        "On 8 by 8 images one pixel is an eighth of the width and cuts strokes off, which is no small disturbance.",
    ),
    Claim(
        name="dropped modes refilled with copies",
        note=NOTE,
        says="The published test of dropped modes refills with copies, and 1-NN reacts to the copies.",
        expected="1-NN on fakes at least .05 higher than after a refill with other images of the same clusters",
        source="a confound of the published design; direction only",
        shown=("1-NN on fakes, full dropping, copies", "1-NN on fakes, full dropping"),
        rule="the paired difference less half its 95 % interval is above .05",
        judge=copies_confound,
        remark="A copy's nearest neighbour is its twin among the fakes, whatever was dropped. "
        "Sensitivity of 1-NN to dropped modes should be read from the refill without copies.",
    ),
    Claim(
        name="metrics on few images",
        note=NOTE,
        says="MMD, FID and 1-NN among features tell fakes from real images by a hundred of each.",
        expected="right in 95 % of the draws at every size from 100 images on",
        source=f"{XU}; direction only",
        shown=tuple(f"right orders of {row} from 100 images" for row in QUICK),
        rule="at least 95 % right over all sizes from 100 images on, for each of the three",
        judge=few_images_do,
        remark="An order is right when other real images score better than fakes at the same size. "
        "How many images that takes depends on how bad the fakes are; these are Gaussians with the data's moments.",
    ),
    Claim(
        name="Wasserstein on few pixels",
        note=NOTE,
        says="Wasserstein among pixels needs more images than MMD, FID and 1-NN among features.",
        expected="a smaller share of right orders over all sizes than each of the three",
        source=f"{XU}; direction only",
        shown=("right orders of W1 pixels", *(f"right orders of {row}" for row in QUICK)),
        rule="the paired difference of each of the three to Wasserstein is above half its 95 % interval",
        judge=wasserstein_needs_more,
        remark="The empirical distance is too large by about n^(-1/d), which hardly falls in many dimensions; the "
        "64 pixels of the digits are few. FID has a bias of its own, about d^2 / n, so that it is slow there as well.",
    ),
)
