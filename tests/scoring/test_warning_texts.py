"""Every warning word for word, and its threshold from both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy.stats import binom
from torch import Tensor

from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.grey_levels import CLIPPED
from ganbench.io.source import LeftOut, Source
from ganbench.metrics import fid, inception_score_splits, metric
from ganbench.metrics.feature_vectors import Features
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.warnings import Comparison, Warned, least_distance, near_copies, same_rows, warnings_of

PLAIN = Facts(torch.arange(40).reshape(20, 2), torch.full((20,), 9.0), torch.full((20, 2), 8, dtype=torch.int32))


@metric(needs=("real", "fake"), better="lower", ideal=0.0, bounds=(0.0, 1.0), paper="none", minimum=10)
def of_ten(real: Any, fake: Any) -> float:
    """Ask for ten samples."""
    return 0.0


@metric(needs=("real", "fake"), better="lower", ideal=0.0, bounds=(0.0, 1.0), paper="none", minimum=12)
def of_twelve(real: Any, fake: Any) -> float:
    """Ask for twelve samples."""
    return 0.0


def of(role: str, n: int = 20, name: str = "", kind: Any = "images", **changes: Any) -> FileInputs:
    """A set of ``n`` pictures far from all others, no two alike."""
    offset = {"fake": 0, "real": 10_000, "train": 20_000}[role]
    facts = Facts(
        torch.stack([torch.arange(n) + offset, torch.arange(n)], 1),
        torch.full((n,), 9.0),
        torch.full((n, 2), 8, dtype=torch.int32),
    )
    own = {key: changes.pop(key) for key in ("digest", "spread", "size") if key in changes}
    values = torch.arange(n, dtype=torch.float32)[:, None] * torch.tensor([3.0, 1.0]) + offset
    known = FeatureSet(values, None, None, (), tuple(map(str, range(n))), replace(facts, **own), 3, {"PNG": n})
    return FileInputs(Source(name or role, kind, str), replace(known, **changes), role)


def comparison(fake: FileInputs | None = None, real: FileInputs | None = None, **changes: Any) -> Comparison:
    sets = fake or of("fake"), real or of("real")
    return Comparison(*sets, **{"metrics": (), "identity": {"name": "some"}, **changes})


def said(*comparisons: Comparison) -> list[tuple[str, str, str]]:
    return [(each.code, each.about, each.text) for each in warnings_of(comparisons)]


def test_sets_that_are_alike_are_silent() -> None:
    assert said(comparison(), comparison()) == []


def test_a_warning_is_one_line_of_code_title_set_and_text() -> None:
    assert str(Warned("W1", "title", "a, b", "what is wrong")) == "W1 title: a, b: what is wrong"


def test_warnings_come_by_code_and_what_holds_for_several_sets_is_said_once() -> None:
    left: dict[str, Any] = {"left_out": (LeftOut("x", "damaged", broken=True),), "spread": torch.zeros(20)}
    one, two = comparison(of("fake", name="b", **left)), comparison(of("fake", name="a", **left))
    assert [(code, about) for code, about, _ in said(one, two, one)] == [("W109", "b, a"), ("W115", "b, a")]


def test_w101_lists_unequal_sets_and_the_smallest_number() -> None:
    rows = [comparison(of("fake", n, name)) for n, name in ((21, "b"), (20, "a"), (30, "c"))]
    text = "b 21, a 20, c 30 samples; distances shrink with the number: compare equal numbers, 20 of each"
    assert said(*rows) == [("W101", "the rows", text)]
    assert said(rows[1], comparison(of("fake", 20, "c"))) == []


def test_w118_lists_how_the_reference_was_read_for_each_set() -> None:
    rows = [
        comparison(of("fake", name="a"), of("real", channels=1)),
        comparison(of("fake", name="b"), of("real", scaled=("[0, 1]",))),
    ]
    text = (
        "the reference was read for each in its way (a in grey; b in colour from [0, 1]); their values are not "
        "comparable: bring all to one"
    )
    assert said(*rows) == [("W118", "the rows", text)]


def test_w102_lists_metrics_that_need_more_than_the_smaller_set_has() -> None:
    both = {"metrics": (of_ten, of_twelve)}
    text = "{} samples in one of the sets, fewer than these metrics need: {}; take more, or read them as rough"
    assert said(comparison(of("fake", 12), of("real", 12), **both)) == []
    assert said(comparison(of("fake", 11), of("real", 20), **both)) == [
        ("W102", "fake", text.format(11, "of_twelve (12)"))
    ]
    assert said(comparison(of("fake", 15), of("real", 9), **both)) == [
        ("W102", "fake", text.format(9, "of_ten (10), of_twelve (12)"))
    ]


@pytest.mark.parametrize(("n", "m", "warns"), [(20, 40, False), (20, 41, True), (40, 20, False), (41, 20, True)])
def test_w103_begins_above_twice_the_number(n: int, m: int, warns: bool) -> None:
    text = f"{n} samples against {m} of reference; the bias of distances depends on both: say both numbers, or cut one"
    assert said(comparison(of("fake", n), of("real", m))) == [("W103", "fake", text)] * warns


def test_w103_is_silent_where_a_number_is_not_known() -> None:
    many = of("real", 90, kind="moments", name="stats.npz")
    assert [code for code, *_ in said(comparison(of("fake", 20), many))] == ["W116"]


@pytest.mark.parametrize(
    ("name", "warns"),
    [("mnist:train", True), ("data/TRAIN/x", True), ("mnist:test", False), ("trained/x", False), ("a:held_out", False)],
)
def test_w104_reads_the_split_in_the_reference_s_name(name: str, warns: bool) -> None:
    text = "the reference is what generators train on, so that copying it scores best; use the test split"
    assert said(comparison(real=of("real", name=name))) == [("W104", name, text)] * warns


def test_w105_counts_repeated_samples() -> None:
    digest = torch.tensor([[1, 2], [1, 2], [1, 2], [1, 3], [4, 4]])
    text = "2 samples repeat others exactly; they count as independent and are not: look for {}"
    fake, real = of("fake", 5, digest=digest), of("real", 5, digest=digest + 100)
    assert said(comparison(fake, of("real", 5))) == [("W105", "fake", text.format("a fixed seed or noise"))]
    assert said(comparison(of("fake", 5), real)) == [("W105", "real", text.format("files that are there twice"))]


def test_w106_counts_samples_of_the_reference() -> None:
    fake, real = of("fake", 5), of("real", 6)
    digest = fake.feature_set.facts.digest.clone()
    digest[1], digest[3] = real.feature_set.facts.digest[5], real.feature_set.facts.digest[0]
    text = "2 samples are in the reference, value for value; they are no samples: take them out"
    assert said(comparison(of("fake", 5, digest=digest), real)) == [("W106", "fake", text)]


def test_rows_are_the_same_where_both_halves_of_their_digests_are() -> None:
    a, b = torch.tensor([[1, 2], [2, 1], [1, 3], [1, 2]]), torch.tensor([[9, 9], [1, 2], [1, 4]])
    assert same_rows(a, b).tolist() == [True, False, False, True]
    assert same_rows(b, a).tolist() == [False, True, False]


def on_a_line(points: list[float]) -> Tensor:
    return torch.tensor(points, dtype=torch.float32)[:, None]


def copies(n: int, close: int) -> Comparison:
    """``n`` samples of which some lie within the least distance of two of the reference, which is one."""
    real = [float(sum(range(1, i + 2))) for i in range(60)]  # 1, 3, 6, 10, ...: each pair is farther apart
    fake = [real[i % 60] + 0.001 for i in range(close)] + [-1e4 - 9 * i for i in range(n - close)]
    sets = of("fake", n, values=on_a_line(fake)), of("real", 60, values=on_a_line(real))
    return comparison(*sets)


@pytest.mark.parametrize("n", [30, 110])
def test_w107_begins_where_chance_ends_and_five_percent_are_near(n: int) -> None:
    """Of 30 samples chance reaches farther than 5 %; of 110 about as far."""
    limit = int(max(0.05 * n, float(binom.ppf(1 - 1e-6, n, 0.01))))
    text = (
        f"{limit + 1} samples are nearer to one of the reference than 99% of the reference are to each other; look at "
        "them (--figures) and score against data that the generator has not seen"
    )
    assert limit > 0.05 * 30
    assert said(copies(n, limit)) == []
    assert said(copies(n, limit + 1)) == [("W107", "fake", text)]


def test_w107_asks_for_five_percent_of_many() -> None:
    """Of 2000 samples chance reaches 44, and 5 % are 100."""
    real = on_a_line([float(i * i) for i in range(1100)])
    for close, expected in ((100, []), (101, ["W107"])):
        fake = torch.cat([real[500 : 500 + close] + 0.5, -1e6 - 9 * torch.arange(2000 - close)[:, None].float()])
        codes = [code for code, *_ in said(comparison(of("fake", 2000, values=fake), of("real", 1100, values=real)))]
        assert codes == expected


def test_a_near_copy_is_as_near_as_the_lowest_percent_of_the_reference() -> None:
    """201 reals with gaps 1, 2, ..., 200: their nearest distances are 1, 1, 2, 3, ...; the third lowest is 2."""
    real = [0.0]
    for gap in range(1, 201):
        real.append(real[-1] + gap)
    far = real[-1]
    fake = [far + 1.9, far + 2.0, far + 2.1, far]
    sets = of("fake", 4, values=on_a_line(fake).double()), of("real", 201, values=on_a_line(real).double())
    assert near_copies(comparison(*sets)).tolist() == [True, True, False, True]


def by_class(labels: list[int]) -> Comparison:
    sure = torch.eye(3, dtype=torch.float64)[labels]
    return comparison(
        of("fake", len(labels), posteriors=sure), of("real", len(labels)), metrics=(inception_score_splits,)
    )


@pytest.mark.parametrize(
    ("labels", "warns"),
    [
        ([0] * 5 + [1] * 5, True),  # one change of 4.5 that chance would show
        ([0, 0, 0, 0, 1, 1, 1, 1, 1, 0], True),  # two, of at most 2.25
        ([0, 0, 0, 1, 1, 1, 1, 0, 0, 1], False),  # three
        ([1] * 10, False),  # of one class there is no order
    ],
)
def test_w108_begins_below_half_the_changes_of_a_shuffled_order(labels: list[int], warns: bool) -> None:
    text = (
        "the samples come sorted by class, and inception_score_splits takes them in order: shuffle them, or use "
        "inception_score"
    )
    found = [each for each in said(by_class(labels)) if each[0] == "W108"]
    assert found == [("W108", "fake", text)] * warns


def test_w108_needs_classes_and_the_metric() -> None:
    sorted_ones = by_class([0] * 5 + [1] * 5)
    assert "W108" not in [each[0] for each in said(replace(sorted_ones, metrics=(fid,)))]
    bare = replace(sorted_ones, fake=of("fake", 10))
    assert "W108" not in [each[0] for each in said(bare)]


def test_w109_begins_below_one_grey_level_of_spread() -> None:
    spread = torch.tensor([1.0, 0.99, 0.0, 5.0])
    text = "2 pictures are constant or nearly so (spread below 1 grey level); look for failed writes"
    assert said(comparison(of("fake", 4, spread=spread), of("real", 4))) == [("W109", "fake", text)]
    rows: dict[str, Any] = {"channels": 0, "stored": {"array": 4}}
    assert said(comparison(of("fake", 4, spread=spread, **rows), of("real", 4, **rows))) == []


def test_w110_begins_where_half_of_one_side_more_is_compressed() -> None:
    half, more = {"JPEG": 10, "PNG": 10}, {"JPEG": 11, "PNG": 9}
    text = "the {} were compressed with loss and the {} were not, which networks notice: save both alike"
    assert said(comparison(of("fake", stored=half))) == []
    assert said(comparison(of("fake", stored=more))) == [("W110", "fake", text.format("samples", "reference"))]
    assert said(comparison(real=of("real", stored=more))) == [("W110", "fake", text.format("reference", "samples"))]
    rows: dict[str, Any] = {"channels": 0}
    assert said(comparison(of("fake", stored=more, **rows), of("real", **rows))) == []


def test_w111_names_the_commonest_sizes_as_width_by_height() -> None:
    tall = torch.tensor([[30, 20]] * 3 + [[8, 8]] * 2, dtype=torch.int32)
    text = (
        "samples are 20 by 30 and the reference 8 by 8 pixels; what is enlarged is blurred, which counts as a fault: "
        "bring both to one size, and say how"
    )
    assert said(comparison(of("fake", 5, size=tall), of("real", 5))) == [("W111", "fake", text)]
    assert said(comparison(of("fake", 5, size=tall.flip(0)), of("real", 5, size=tall))) == []
    assert said(comparison(of("fake", 5, size=tall, channels=0), of("real", 5, channels=0))) == []


def test_w112_says_where_to_look_on_either_side() -> None:
    clipped: dict[str, Any] = {"conversions": {CLIPPED: 3}}
    text = "3 samples had values outside the range, which were clipped; check {}"
    assert sorted(said(comparison(of("fake", **clipped), of("real", **clipped)))) == [
        ("W112", "fake", text.format("--span and the generator's last layer")),
        ("W112", "real", text.format("--span and --reference-span")),
    ]


def test_w113_begins_where_samples_are_no_more_than_features() -> None:
    def sets(n: int, m: int) -> Comparison:
        fake, real = (of(role, k, values=torch.randn(k, 5) + 99 * k) for role, k in (("fake", n), ("real", m)))
        return comparison(fake, real, metrics=(fid,))

    text = "{} samples for 5 features: a covariance needs more samples than features; take more, or fewer features"
    assert [each for each in said(sets(6, 6)) if each[0] == "W113"] == []
    assert [each for each in said(sets(5, 6)) if each[0] == "W113"] == [("W113", "fake", text.format(5))]
    assert [each for each in said(sets(6, 5)) if each[0] == "W113"] == [("W113", "fake", text.format(5))]
    without = replace(sets(5, 5), metrics=(of_ten,))
    assert "W113" not in [each[0] for each in said(without)]


def test_w114_lists_the_fields_that_differ() -> None:
    identity = {"name": "inception", "layer": "pool", "weights": "a"}
    other = {"name": "inception", "preprocessing": "tf1", "weights": "b"}
    text = (
        "features were taken otherwise elsewhere (layer: 'none', now 'pool'; preprocessing: 'tf1', now 'none'; "
        "weights: 'b', now 'a'); scores of the two are not comparable: repeat one of them"
    )
    made = comparison(identity=identity, other_identities=(other, {"name": "third"}))
    assert said(made) == [("W114", "real", text)]


def test_w115_counts_files_by_reason_and_names_the_first() -> None:
    left = (
        LeftOut("x.txt", "no image by its suffix"),
        LeftOut("y.png", "damaged here", broken=True),
        LeftOut("z.png", "damaged there", broken=True),
    )
    text = (
        "3 files were not read (2 broken, 1 no image by its suffix; first: x.txt); n is smaller than the folder looks"
    )
    assert said(comparison(of("fake", left_out=left))) == [("W115", "fake", text)]


def test_w116_says_of_which_features_the_samples_are() -> None:
    text = (
        "the reference is a mean and a covariance of an unknown number of samples, whose bias is in the distance, by a "
        "network that is not named: compare with scores against the same file only. The samples' features are {}; "
        "files of pytorch-fid are of inception_pytorch_fid, those of clean-fid of inception_clean, those of the "
        "original code and of guided-diffusion of inception"
    )
    moments = of("real", kind="moments", name="a.npz")
    assert said(comparison(real=moments)) == [("W116", "a.npz", text.format("some (as they were given)"))]
    identity = {"name": "inception", "preprocessing": "tf1"}
    assert said(comparison(real=moments, identity=identity))[0][2] == text.format("inception (tf1)")
    assert said(comparison(real=moments, identity={}))[0][2] == text.format("none (as they were given)")


def test_w117_says_every_doubt() -> None:
    assert said(comparison(doubts=("one", "two"))) == [("W117", "fake", "one; two")]


def test_w119_begins_below_what_independent_samples_reach_once_in_a_million() -> None:
    real = of("real")
    least = least_distance(Features(real.feature_set.values), 20, 20)
    text = (
        f"the Frechet distance {0.5 * least:.3g} lies below {least:.3g}, which independent samples of the reference's "
        "own distribution, as many as these, reach once in a million times for the scatter of their mean alone; they "
        "were fitted to the distance or are no independent draws. A Frechet distance sees two moments and can be "
        "bought: read mind, recall, authenticity and a second encoder"
    )
    assert said(comparison(real=real, values={"fid": least})) == []
    assert said(comparison(real=real, values={"fid": 0.5 * least})) == [("W119", "fake", text)]
    assert said(comparison(real=real, values={"fid": None})) == []


@pytest.mark.parametrize(("n", "share"), [(50, 1 / 10 + 1 / 50), (None, 1 / 10)])
def test_the_least_distance_is_a_quantile_of_chi_squares(n: int | None, share: float) -> None:
    """Of two features with the covariance c I the quantile is c (1/n + 1/m) times -2 log(1 - 1e-6)."""
    real = Features(torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0], [0.0, -2.0]]))
    c = 8 / 3  # squares of 8 in either coordinate over n - 1 = 3
    assert least_distance(real, n, 10) == pytest.approx(c * share * 2e-6, rel=1e-4)
    assert least_distance(Features(torch.ones(4, 2)), n, 10) == 0


def test_the_weights_of_unequal_variances_are_those_of_satterthwaite() -> None:
    """Covariance diag(4, 1) times 2/3: mean 10/3, squares 68/9, so that the freedom is 100/68."""
    from scipy.stats import chi2

    real = Features(torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    freedom = (10 / 3) ** 2 / (68 / 9)
    expected = (1 / 10 + 1 / 20) * (10 / 3) / freedom * chi2.ppf(1e-6, freedom)
    assert least_distance(real, 20, 10) == pytest.approx(expected, rel=1e-9)
