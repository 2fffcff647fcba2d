"""The file system is the registry of baselines, and a user's own file is as good as ours."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ganbench import roster
from ganbench.data import load as load_data
from ganbench.errors import BadInput, Missing, RequestError, UnknownName
from ganbench.game import Baseline, Control
from tests.runs import own

FOLDER = Path(__file__).parents[1] / "baselines"
RING, DIGITS = load_data("ring8"), load_data("digits")


def test_every_file_is_a_baseline_and_holds_exactly_one() -> None:
    names = [path.stem for path in sorted(FOLDER.glob("[a-z]*.py"))]
    assert roster.names() == names
    classes = [roster.load(name) for name in names]
    assert len(set(classes)) == len(names)
    assert all(issubclass(cls, Baseline) and cls.paper and roster.summary(cls) for cls in classes)


def test_everyone_plays_families_by_their_members_and_controls_last() -> None:
    everyone = roster.everyone()
    assert "f_gan:kl" in everyone
    assert "f_gan" not in everyone
    assert {roster.split(name)[0] for name in everyone} == set(roster.names())
    control = [issubclass(roster.load(name), Control) for name in everyone]
    assert control == sorted(control)


def test_a_member_is_its_familys_field() -> None:
    field, values = roster.load("f_gan").members
    for value in values:
        assert getattr(roster.configure(f"f_gan:{value}", {}, RING), field) == value
    plain = next(item.default for item in fields(roster.load("f_gan")) if item.name == field)
    assert roster.configure("f_gan", {}, RING) == roster.configure(f"f_gan:{plain}", {}, RING)


def test_settings_are_fields_and_the_noise_follows_the_data_unless_set() -> None:
    found = roster.configure("wgan", {"clip": 1, "lr": [1e-3, 2e-3], "betas": [0, 0.9]}, DIGITS)
    assert roster.settings_of(found)["lr"] == [1e-3, 2e-3]
    assert (found.latent, found.lr, found.betas) == (DIGITS.latent, (1e-3, 2e-3), (0.0, 0.9))
    assert repr(getattr(found, "clip", None)) == "1.0"
    assert roster.configure("wgan", {"latent": 5}, DIGITS).latent == 5
    assert roster.configure("wgan", {}, RING).latent == RING.latent


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("wgna", {}, "unknown baseline 'wgna'; did you mean 'wgan'"),
        ("wgan", {"clipp": 1}, "unknown field of wgan 'clipp'; did you mean 'clip'"),
        ("wgan", {"clip": "much"}, "wgan: clip: expected a number, got 'much'"),
        ("wgan", {"clip": True}, "wgan: clip: expected a number, got True"),
        ("wgan", {"n_critic": 2.0}, "wgan: n_critic: expected a whole number, got 2.0"),
        ("wgan", {"lr": [1, 2, 3]}, "wgan: lr: expected a number or a list of numbers, got"),
        ("wgan", {"order": "last"}, "wgan: order: expected 'critic_first' or"),
        ("wgan", {"clip": -1}, "WGAN: clip must be positive, got -1.0"),
        ("f_gan:pearsn", {}, "unknown member of f_gan 'pearsn'; did you mean 'pearson'"),
        ("wgan:kl", {}, "wgan is no family, so it has no member 'kl'"),
        ("f_gan:kl", {"divergence": "gan"}, "the name says divergence = 'kl', the settings 'gan'"),
        ("./not/there.py", {}, "there.py: cannot read this baseline: No such file"),
    ],
)
def test_a_wrong_name_or_setting_is_explained(name: str, settings: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        roster.configure(name, settings, RING)


def test_a_users_own_file_plays_by_its_path(tmp_path: Path) -> None:
    path = own(tmp_path)
    found = roster.configure(path, {"strength": 3}, RING)
    assert roster.settings_of(found)["strength"] == 3.0
    assert roster.title(path) == "mine.py"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"], "no compiled form is left beside it"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = own(tmp_path)
    before = roster.load(path)
    text = Path(path).read_text()
    Path(path).write_text(text.replace("strength: float = 1.0", "strength: float = 2.0"))
    assert roster.configure(path, {}, RING) != before()
    Path(path).write_text(text)
    assert roster.load(path) is before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "does not import: ModuleNotFoundError: No module named"),
        ("def f(:", "does not import: SyntaxError"),
        ("raise SystemExit(3)", "does not import: SystemExit: 3"),
        ("raise ValueError('two\\nlines')", "does not import: ValueError: two lines"),
        ("x = 1", "found none"),
        ("from ganbench.game import Baseline, Control", "found none"),
        ("from ganbench.game import Baseline\nclass A(Baseline): ...\nclass B(Baseline): ...", "found A and B"),
    ],
)
def test_a_file_that_is_no_baseline_is_explained_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        roster.load(str(path))
    assert "mine.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_private_helper_beside_a_baseline_is_no_second_baseline(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from ganbench.game import Baseline\nclass _Base(Baseline): ...\nclass Mine(_Base): ...")
    assert roster.load(str(path)).__name__ == "Mine"


def test_errors_are_of_their_kind(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        roster.load("wgna")
    with pytest.raises(Missing):
        roster.load(str(tmp_path / "mine.py"))
