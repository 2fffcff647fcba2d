"""An explanation as people read it: the waterfall, the cost, the notes; and what its steps do to pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import t as student

from ganbench.errors import BadInput
from ganbench.io import open_source
from ganbench.io.source import LeftOut, Picture, Source
from ganbench.scoring import explain as explaining
from ganbench.scoring.api import Options
from ganbench.scoring.configuration import Configuration, configuration_of, path_between
from ganbench.scoring.explain import (
    Explanation,
    Step,
    Work,
    as_text,
    changed,
    cost,
    explain,
    interval,
    notes_of,
    some_of,
    waterfall_bar,
)
from tests.scoring.sets import features, photos

STEPS = (
    Step("resize", "a", "b", 30.0, 20.0, (18.0, 22.25), True),
    Step("network", "inception", "dinov2", 25.0, -5.0, None, True),
)
MADE = Explanation("gen", "ref", 50, 60, "clean-fid", "adm", 10.0, STEPS, ("in this order",))


def test_the_lines_of_a_waterfall_stand_in_columns() -> None:
    lines = as_text(MADE).splitlines()
    assert lines[:3] == ["50 of gen against 60 of ref", "from clean-fid to adm", ""]
    assert lines[3] == f"{'clean-fid':<30} {'10':>12}"  # as wide as the longest step
    assert lines[4] == f"{'  resize: a -> b':<30} {'+20':>12} {'[+18, +22.2]':<24} |{'+' * 30}"
    assert lines[5] == f"{'  network: inception -> dinov2':<30} {'-5':>12} {'no interval':<24} |{' ' * 22}{'-' * 8}"
    assert lines[6] == f"{'adm':<30} {'25':>12}"
    method = "[low, high]: 95 % over the samples, the reference fixed (jackknife over 10 groups)"
    assert lines[7:] == ["", method, "in this order"]
    assert (MADE.final, MADE.to_dict()["final"]) == (25.0, 25.0)
    assert MADE.to_dict()["steps"][0]["interval"] == (18.0, 22.25)


def test_an_explanation_without_steps_is_one_number_and_statistics_have_no_n() -> None:
    made = Explanation("gen", "ref.npz", 50, None, "adm", "edm", 10.0, ())
    lines = as_text(made).splitlines()
    assert made.final == 10.0
    assert lines[0] == "50 of gen against the statistics in ref.npz"
    assert lines[3:5] == [f"{'adm':<24} {'10':>12}", f"{'edm':<24} {'10':>12}"]


@pytest.mark.parametrize(
    ("before", "after", "bar"),
    [
        (0.0, 10.0, "|" + "+" * 30),
        (10.0, 0.0, "|" + "-" * 30),
        (5.0, 10.0, "|" + " " * 15 + "+" * 15),
        (2.0, 1.0, "|" + " " * 3 + "-" * 3),
        (4.0, 4.0, "|" + " " * 12 + "-"),
    ],
)
def test_a_bar_reaches_from_one_value_to_the_next(before: float, after: float, bar: str) -> None:
    assert waterfall_bar(before, after, 0.0, 10.0) == bar


def test_a_bar_of_equal_values_is_one_sign() -> None:
    assert waterfall_bar(3.0, 3.0, 3.0, 3.0) == "|-"


def work(reference: Any) -> Work:
    return Work(open_source(photos(20, 1)), open_source(reference), 20, Options())


def test_the_cost_counts_how_often_features_are_taken() -> None:
    steps = path_between(configuration_of("clean-fid"), configuration_of("clean-fid(jpeg=20,n=9,resize=box,ddof=0)"))
    said = (
        "4 steps; features of at most 20 {} are taken 3 times, each time as long as one score takes and at most 1.2 "
        "times with its intervals; --n takes fewer"
    )
    assert cost(steps, work(photos(20, 2))) == said.format("samples and reference")
    moments = Work(open_source(photos(20, 1)), Source("a.npz", "moments", str), 20, Options())
    assert cost(steps, moments) == said.format("samples")


def test_notes_say_what_a_step_between_networks_means() -> None:
    order = "steps are taken in this order; in another one the same difference would be split otherwise"
    scale = "numbers of two networks or estimates have no common scale: that step only closes the sum"
    side = "the reference is a mean and a covariance: steps change the samples' side alone"
    images = work(photos(20, 2))
    moments = Work(images.samples, Source("a.npz", "moments", str), 20, Options())
    plain = [("resize", Configuration())]
    assert notes_of(images, plain) == (order,)
    assert notes_of(images, [*plain, ("network", Configuration())]) == (order, scale)
    assert notes_of(images, [("estimate", Configuration())]) == (order, scale)
    assert notes_of(moments, plain) == (order, side)


def test_an_interval_of_a_change_is_a_jackknife_of_the_differences() -> None:
    before = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    after = [2.0, 2.5, 4.5, 5.0, 6.5, 7.0, 7.5, 9.0, 10.0, 10.5]
    differences = np.array(after) - np.array(before)
    half = student.ppf(0.975, 9) * np.sqrt(0.9 * ((differences - differences.mean()) ** 2).sum())
    assert interval(3.0, before, after) == pytest.approx((3 - half, 3 + half), rel=1e-12)
    assert interval(3.0, None, after) is None
    assert interval(3.0, before, None) is None


def test_pictures_are_made_grey_and_compressed_as_pillow_does() -> None:
    (colour,), (grey,) = photos(1, 3), photos(1, 4, channels=1)
    assert changed(colour, grey=False, jpeg=0) is colour
    luma = np.asarray(Image.fromarray(colour).convert("L"))[..., None]
    assert np.array_equal(changed(colour, grey=True, jpeg=0), luma)
    assert np.array_equal(changed(grey, grey=True, jpeg=0), grey)
    out = io.BytesIO()
    Image.fromarray(luma[..., 0]).save(out, "JPEG", quality=30)
    assert np.array_equal(changed(colour, grey=True, jpeg=30)[..., 0], np.asarray(Image.open(out)))


def test_a_part_of_a_source_is_a_fixed_draw_without_repeats() -> None:
    pictures = photos(9, 1)
    broken, other = LeftOut("x.png", "damaged", broken=True), LeftOut("y.txt", "no image by its suffix")

    def scan() -> Any:
        yield broken
        yield other
        yield from (Picture(str(i), each, "array") for i, each in enumerate(pictures))

    source = Source("some", "images", str, scan, count=9)
    parts = [[each for each in some_of(source, n).scan() if isinstance(each, Picture)] for n in (4, 4, 50)]
    assert [each.name for each in parts[0]] == ["0", "1", "2", "3"]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(parts[0], parts[1], strict=True))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(parts[0], parts[2][:4], strict=True))
    assert sorted(each.pixels.tobytes() for each in parts[2]) == sorted(each.tobytes() for each in pictures)
    assert some_of(source, 4).count == 4
    assert [each for each in some_of(source, 4).scan() if isinstance(each, LeftOut)] == [broken]


def test_more_pixels_than_memory_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = photos(3, 1)
    monkeypatch.setattr(explaining, "IN_MEMORY", pictures.size)
    assert some_of(open_source(pictures), 3).count == 3
    monkeypatch.setattr(explaining, "IN_MEMORY", pictures.size - 1)
    with pytest.raises(BadInput, match=f"an array in memory: more than {pictures.size - 1} bytes of pixels; name a"):
        some_of(open_source(pictures), 3)


def test_what_is_no_picture_cannot_be_explained() -> None:
    with pytest.raises(BadInput, match="n: expected at least 2 samples, got 1"):
        explain(photos(9, 1), photos(9, 2), "adm", "edm", n=1)
    for samples, reference in ((features(9, 1), photos(9, 2)), (photos(9, 1), features(9, 2))):
        with pytest.raises(BadInput, match="takes images, and a reference of images or of a mean and a covariance"):
            explain(samples, reference, "adm", "edm")


def test_the_samples_are_cut_to_the_first_of_their_random_order() -> None:
    real, fake = photos(30, 1), photos(30, 2)
    whole = explain(fake, real, "clean-fid(n=12)", "clean-fid(n=30)", features="random_conv", n=20)
    assert whole.n == 12
    assert [each.after for each in whole.steps] == ["30"]
    again = explain(fake, real, "clean-fid", "clean-fid", features="random_conv", n=20)
    assert (again.n, again.n_reference) == (20, 20)
    assert whole.final == again.value
