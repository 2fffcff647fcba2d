import subprocess
import sys

import pytest

from ganbench.data import DATASETS, load
from ganbench.errors import BadInput, UnknownName


def test_listing_the_data_sets_imports_no_torch_and_reads_no_file():
    code = (
        "import sys; from ganbench.data import DATASETS; from ganbench.features import EXTRACTORS;"
        "print([e.name for e in (*DATASETS.values(), *EXTRACTORS.values())]); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "ring8" in done.stdout


def test_every_entry_is_listed_under_its_own_name_with_a_summary():
    assert [entry.name for entry in DATASETS.values()] == list(DATASETS)
    assert all(entry.summary for entry in DATASETS.values())
    assert all(callable(entry.function()) for entry in DATASETS.values())


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("ring8", "ring8"),
        ("ring8()", "ring8"),
        (" ring8 ( radius = 2 , sd = 0.05 ) ", "ring8(radius=2.0,sd=0.05)"),
        ("ring8(sd=0.05,radius=2.0)", "ring8(radius=2.0,sd=0.05)"),
        ("ring8(sd=0.01,radius=1)", "ring8"),
        ("ring8(size=100)", "ring8(size=100)"),
        ("ring8(size=None)", "ring8"),
        ("grid25(spacing=1)", "grid25(spacing=1.0)"),
        ("digits", "digits"),
    ],
)
def test_each_question_has_one_spelling_and_asking_by_it_gives_the_same(asked, named):
    assert load(asked).name == named
    assert load(named).name == named


def test_settings_behind_a_name_reach_the_data():
    dataset = load("ring8(sd=0.25,radius=3,size=7)")
    assert dataset.modes is not None
    assert dataset.modes.sd == 0.25
    assert dataset.modes.centres[0].tolist() == [3.0, 0.0]
    assert dataset.train.size == 7
    assert len(dataset.modes.centres) == 8


def test_plain_names_mean_the_published_mixtures():
    ring8, grid25 = load("ring8").modes, load("grid25").modes
    assert ring8 is not None
    assert grid25 is not None
    assert (len(ring8.centres), ring8.sd) == (8, 0.01)
    assert (len(grid25.centres), grid25.sd) == (25, 0.05)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("rign8", "unknown dataset 'rign8'; did you mean 'ring8'"),
        ("mnsit(sd=1)", "did you mean 'mnist'"),
        ("", "expected one of"),
        ("ring8(std=1)", "unknown field of ring8 'std'; did you mean 'sd'"),
        ("ring8(modes=9)", "unknown field of ring8 'modes'"),
    ],
)
def test_a_wrong_name_or_field_is_answered_with_the_nearest(asked, said):
    with pytest.raises(UnknownName) as caught:
        load(asked)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("ring8(0.01)", "expected name(field=number,...)"),
        ("ring8(sd=0.01", "expected name(field=number,...)"),
        ("ring8(sd=0.01)x", "expected name(field=number,...)"),
        ("ring8(sd=0.01)()", "expected name(field=number,...)"),
        ("a.b(sd=1)", "expected name(field=number,...)"),
        ("ring8(sd=1,sd=2)", "each field once"),
        ("ring8(**{'sd': 1})", "each field once"),
        ("ring8(sd=open('x'))", "sd: expected a number, got open('x')"),
        ("ring8(sd='1')", "sd: expected a number, got '1'"),
        ("ring8(size=True)", "size: expected a number, got True"),
        ("ring8(sd=1j)", "sd: expected a number, got 1j"),
        ("ring8(sd=-1)", "sd: expected a positive number, got -1.0"),
        ("ring8(sd=1e999)", "sd: expected a positive number, got inf"),
        (f"ring8(sd=1{'0' * 400})", "numbers that fit a float"),
        ("ring8(sd=None)", "sd: expected a positive number, got None"),
        ("ring8(size=2.5)", "size: expected a whole number"),
        ("ring8@3", "ring8: has no size behind an @; it is 8 Gaussians on a circle"),
        ("digits(validation=2)", "digits: validation must be 0 or 1, got 2"),
    ],
)
def test_a_malformed_question_is_refused_in_one_line(asked, said):
    with pytest.raises(BadInput) as caught:
        load(asked)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
