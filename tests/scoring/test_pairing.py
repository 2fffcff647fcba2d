"""Each set is brought to one range and one number of channels with the reference, whatever else is in the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import BadInput
from ganbench.io import Reading, open_source
from ganbench.scoring.api import Options, score
from ganbench.scoring.pairing import in_one_range, white_of
from ganbench.scoring.report import Report
from tests.io.deep_files import png
from tests.scoring.sets import folder_of, photos

GREY, OTHER, COLOUR = photos(60, 1, 8, 1), photos(70, 2, 8, 1), photos(50, 3, 8)


def scored(samples: Any, reference: Any, *metrics: str, **options: Any) -> Report:
    return score(samples, reference, metrics=metrics or ["fid"], features="pixels", options=Options(**options))


def fid(samples: Any, reference: Any, **options: Any) -> float:
    value = scored(samples, reference, **options).rows[0].value("fid")
    assert value is not None
    return value


def codes(report: Report) -> list[str]:
    return [each.code for each in report.warnings]


def test_a_set_scores_the_same_alone_and_beside_any_others() -> None:
    alone = [scored(each, OTHER, "fid", "kid", "precision").rows[0].scores for each in (GREY, COLOUR)]
    for order in ([GREY, COLOUR], [COLOUR, GREY]):
        rows = scored(order, OTHER, "fid", "kid", "precision").rows
        together = [row.scores for row in rows]
        assert together == (alone if order[0] is GREY else alone[::-1])


def test_how_a_pair_was_read_is_part_of_its_identity_and_rows_that_differ_are_warned_of() -> None:
    report = scored([GREY, COLOUR], OTHER)
    assert [row.scores[0].features["channels"] for row in report.rows] == ["grey", "colour"]
    (warned,) = [each for each in report.warnings if each.code == "W118"]
    assert "an array in memory 1 in grey; an array in memory 2 in colour" in warned.text
    assert "W118" not in codes(scored([GREY, photos(60, 4, 8, 1)], OTHER))


def test_figures_of_rows_in_grey_and_in_colour_are_drawn_with_their_own_reference(tmp_path: Path) -> None:
    from ganbench.report import score_figures

    report = scored([GREY, COLOUR], OTHER)
    assert all(path.is_file() for path in score_figures.draw(report, tmp_path))


def test_training_examples_change_no_score_that_does_not_ask_for_them() -> None:
    assert fid(GREY, OTHER, train=COLOUR) == fid(GREY, OTHER)
    assert fid(COLOUR, OTHER, train=GREY) == fid(COLOUR, OTHER)


def bright(grey: Any) -> Any:
    """Pictures in [-1, 1] none of which has a negative value."""
    return (grey.astype(np.float32) / 255 + 1) / 2


def test_both_sides_have_the_range_that_holds_the_values_of_both() -> None:
    samples, reference = bright(GREY), bright(OTHER)
    named = fid(samples, reference, reading=Reading(span=(-1.0, 1.0)))
    alone = scored(samples, reference)
    assert alone.rows[0].value("fid") == pytest.approx(4 * named, rel=0.02)
    assert "values from 0.5 to 1 are read as [0, 1], which they do not fill; name the range with --span" in str(alone)
    reference[0, 0, 0] = -1  # one black pixel of either side decides for both
    both = scored(samples, reference)
    assert both.rows[0].value("fid") == fid(samples, reference, reading=Reading(span=(-1.0, 1.0)))
    assert "has values from 0.5 to 1, which alone would be [0, 1], and is read as [-1, 1] like the other side" in str(
        both
    )
    assert both.rows[0].scores[0].features["range"] == "[-1, 1]"


def test_a_range_that_is_filled_or_named_is_no_doubt() -> None:
    floats: list[Any] = [(each.astype(np.float32) / 127.5 - 1) for each in (GREY, OTHER)]
    assert "W117" not in codes(scored(*floats))
    assert "W117" not in codes(scored(bright(GREY), bright(OTHER), reading=Reading(span=(-1.0, 1.0))))
    assert fid(*floats) == fid(GREY, OTHER)


def test_the_range_of_one_set_says_nothing_of_another() -> None:
    dark = GREY.astype(np.float32) / 127.5 - 1
    alone = scored(bright(GREY), OTHER).rows[0].scores
    assert scored([bright(GREY), dark], OTHER).rows[0].scores == alone


def test_ranges_that_cannot_be_one_are_asked_for() -> None:
    with pytest.raises(
        BadInput, match=r"has values from 0 to 255 and .* has values from -1 to 1, which no usual range"
    ):
        scored(GREY.astype(np.float32) / 127.5 - 1, OTHER.astype(np.float32))
    named = {"reading": Reading(span=(-1.0, 1.0)), "reference_reading": Reading(span=(0.0, 255.0))}
    assert fid(GREY.astype(np.float32) / 127.5 - 1, OTHER.astype(np.float32), **named) == fid(GREY, OTHER)


def twelve_bits(grey: Any) -> Any:
    """The same pictures with 12 bits in uint16."""
    return np.round(grey.astype(float) * 4095 / 255).astype(np.uint16)


def deep_folder(values: Any, path: Path) -> Path:
    path.mkdir()
    for i, each in enumerate(values):
        (path / f"{i}.png").write_bytes(png(each))
    return path


@pytest.mark.parametrize("kind", ["arrays", "files", "an array and files", "pictures of Pillow"])
def test_twelve_bits_in_sixteen_keep_their_levels(kind: str, tmp_path: Path) -> None:
    sides = [twelve_bits(each) for each in (GREY, OTHER)]
    if kind == "files":
        sides = [deep_folder(each, tmp_path / str(i)) for i, each in enumerate(sides)]
    elif kind == "an array and files":
        sides[1] = deep_folder(sides[1], tmp_path / "reference")
    elif kind == "pictures of Pillow":
        sides = [[Image.fromarray(each[..., 0]) for each in side] for side in sides]
    report = scored(*sides)
    assert report.rows[0].value("fid") == fid(GREY, OTHER)
    (warned,) = [each for each in report.warnings if each.code == "W117"]
    assert "read as [0, 4095]; name the range with --span" in warned.text
    named = scored(*sides, reading=Reading(span=(0.0, 4095.0)))
    assert named.rows[0].value("fid") == fid(GREY, OTHER)
    assert "W117" not in codes(named)
    assert named.rows[0].scores[0].features["range"] == "[0, 4095]"


def test_sixteen_bits_in_full_are_no_guess_and_one_bright_value_decides_for_both() -> None:
    full: list[Any] = [each.astype(np.uint16) * 257 for each in (GREY, OTHER)]
    assert codes(scored(*full)) == codes(scored(GREY, OTHER))
    assert fid(*full) == fid(GREY, OTHER)
    dark, reference = twelve_bits(GREY), full[1]
    mixed = scored(dark, reference)
    assert mixed.rows[0].value("fid") == fid(dark, reference, reading=Reading(span=(0.0, 65535.0)))
    assert "has 16-bit values up to" in str(mixed)


def test_a_guess_for_sixteen_bits_is_none_for_what_has_no_range(tmp_path: Path) -> None:
    folder = deep_folder(twelve_bits(GREY), tmp_path / "a")
    Image.fromarray(GREY[0, ..., 0].astype(np.float32)).save(folder / "9999.tif")
    report = scored(folder, GREY[:50], skip_broken=True)
    assert [each.name for each in report.rows[0].inputs.feature_set.left_out] == ["9999.tif"]


def test_training_examples_are_read_in_the_range_of_the_samples() -> None:
    samples, reference = bright(GREY), bright(OTHER)
    reference[0, 0, 0] = -1
    report = scored(samples, reference, "copies", train=samples.copy())
    assert report.rows[0].value("copies") == 1


def test_files_of_eight_bits_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.features.extraction import Extraction

    calls: list[str] = []
    extract = Extraction.extract

    def noted(self: Any, source: Any, channels: int) -> Any:
        calls.append(source.name)
        return extract(self, source, channels)

    monkeypatch.setattr(Extraction, "extract", noted)
    sets = [folder_of(photos(20, i, 8), tmp_path / str(i)) for i in range(4)]
    scored(sets[1:], sets[0])
    assert sorted(calls) == sorted(map(str, sets))


def test_decisions_are_made_of_what_is_known_of_both_sides() -> None:
    eight = open_source(GREY)
    assert in_one_range([eight, eight]) == ([eight, eight], [])
    assert white_of([("a", 0), ("b", 0)]) == (65535, [])
    assert white_of([("a", 0), ("b", 20000)]) == (65535, [])
    assert white_of([("a", 100), ("b", 1000)])[0] == 1023
