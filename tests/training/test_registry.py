"""The file system is the registry of baselines, and a user's own file is a baseline like any other."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ganbench.baseline import Baseline, Control
from ganbench.data import load as load_data
from ganbench.errors import BadInput, Missing, RequestError, UnknownName
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import own

FOLDER = Path(__file__).parents[2] / "baselines"
RING, DIGITS = load_data("ring8"), load_data("digits")


def test_every_file_is_a_baseline_and_holds_exactly_one() -> None:
    names = [path.stem for path in sorted(FOLDER.glob("[a-z]*.py"))]
    assert registry.names() == names
    classes = [registry.load(name) for name in names]
    assert len(set(classes)) == len(names)
    assert all(issubclass(cls, Baseline) and cls.paper and registry.summary(cls) for cls in classes)


def test_everyone_lists_families_by_their_members_and_controls_last() -> None:
    everyone = registry.everyone()
    assert "f_gan:kl" in everyone
    assert "f_gan" not in everyone
    assert {name.split(":")[0] for name in everyone} == set(registry.names())
    control = [issubclass(registry.load(name), Control) for name in everyone]
    assert control == sorted(control)


def test_a_member_is_its_familys_field() -> None:
    field, values = registry.load("f_gan").members
    for value in values:
        assert getattr(registry.configure(f"f_gan:{value}", {}, RING), field) == value
    plain = next(item.default for item in fields(registry.load("f_gan")) if item.name == field)
    assert registry.configure("f_gan", {}, RING) == registry.configure(f"f_gan:{plain}", {}, RING)


def test_a_member_that_trains_to_the_same_as_another_runs_under_its_name() -> None:
    assert registry.canonical("f_gan:gan") == "f_gan:jensen_shannon"
    assert [registry.canonical(name) for name in ("f_gan:kl", "f_gan", "ns_gan")] == ["f_gan:kl", "f_gan", "ns_gan"]
    assert "f_gan:gan" not in registry.everyone()
    assert registry.configure("f_gan:gan", {}, RING) == registry.configure("f_gan:jensen_shannon", {}, RING)
    assert registry.configure("f_gan:gan", {"divergence": "gan"}, RING).members[0] == "divergence"


def test_settings_are_fields_and_the_noise_follows_the_data_unless_set() -> None:
    baseline = registry.configure("wgan_gp", {"penalty": 1, "lr": [1e-3, 2e-3], "betas": [0, 0.5]}, DIGITS)
    assert registry.settings_of(baseline)["lr"] == [1e-3, 2e-3]
    assert (baseline.latent, baseline.lr, baseline.betas) == (DIGITS.latent, (1e-3, 2e-3), (0.0, 0.5))
    assert repr(getattr(baseline, "penalty", None)) == "1.0"
    assert registry.configure("wgan", {"latent": 5}, DIGITS).latent == 5
    assert registry.configure("wgan", {}, RING).latent == RING.latent


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("wgna", {}, "unknown baseline 'wgna'; did you mean 'wgan'"),
        ("wgan", {"clipp": 1}, "unknown field of wgan 'clipp'; did you mean 'clip'"),
        ("wgan", {"clip": "much"}, "wgan: clip: expected a number, got 'much'"),
        ("wgan", {"clip": True}, "wgan: clip: expected a number, got True"),
        ("wgan", {"d_steps": 2.0}, "wgan: d_steps: expected a whole number, got 2.0"),
        ("wgan", {"lr": [1, 2, 3]}, "wgan: lr: expected a number or a list of 2 numbers, got [1, 2, 3]"),
        (
            "wgan",
            {"order": "last"},
            "wgan: order: got 'last'; expected one of discriminator_first, generator_first, simultaneous",
        ),
        ("wgan", {"clip": -1}, "WGAN: clip must be positive, got -1.0"),
        ("f_gan:pearsn", {}, "unknown member of f_gan 'pearsn'; did you mean 'pearson'"),
        ("wgan:kl", {}, "wgan is no family, so it has no member 'kl'"),
        ("f_gan:kl", {"divergence": "gan"}, "the name says divergence = 'kl', the settings 'gan'"),
        ("wgan", {"betas": [0, 0.9]}, "wgan: betas = [0, 0.9] has no effect: its optimisers have none"),
        ("gmmn", {"betas": [0, 0.9]}, "gmmn: betas = [0, 0.9] has no effect: its optimisers have none"),
        ("ali", {"d_steps": 2}, "ali: d_steps = 2 has no effect: both networks are updated at once"),
        (
            "gan",
            {"d_steps": 2, "order": "simultaneous"},
            "gan: d_steps = 2 has no effect: both networks are updated at once",
        ),
        ("vae", {"order": "simultaneous"}, "vae: order = 'simultaneous' has no effect: there is no discriminator"),
        ("vae:bernoulli", {"sd": 0.5}, "vae:bernoulli: sd = 0.5 has no effect: the Bernoulli likelihood has none"),
        ("f_gan:kl", {"alpha": 3}, "f_gan:kl: alpha = 3 has no effect: it belongs to alpha"),
        ("f_gan:alpha", {"weight": 0.5}, "f_gan:alpha: weight = 0.5 has no effect: it belongs to weighted_js"),
        ("unrolled", {"unroll": 0, "inner_lr": 1}, "unrolled: inner_lr = 1 has no effect: no step is unrolled"),
        ("ae:random", {"limit": 50}, "ae:random: limit = 50 has no effect: nothing is fitted"),
        ("pixelcnn", {"latent": 3}, "pixelcnn: latent = 3 has no effect: it draws pixel by pixel"),
        ("noise", {"lr": 1}, "noise: lr = 1 has no effect: nothing is trained"),
        ("ns_gan", {"networks": "mpl"}, "ns_gan: networks: got 'mpl'; did you mean 'mlp'?"),
        ("ns_gan", {"networks_": "mlp"}, "unknown field of ns_gan 'networks_'; did you mean 'networks'"),
        ("ns_gan", {"width": -1}, "NonSaturatingGAN: width must be 0 (the usual number) or more, got -1"),
        ("noise", {"networks": "mlp"}, "noise: networks = 'mlp' has no effect: nothing is trained"),
        ("./not/there.py", {}, "there.py: cannot read this baseline: No such file"),
    ],
)
def test_a_wrong_name_or_setting_is_explained(name: str, settings: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        registry.configure(name, settings, RING)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("wgan", {"betas": [0.5, 0.999]}),
        ("ali", {"d_steps": 1}),
        ("ali", {"d_steps": 2, "order": "discriminator_first"}),
        ("vae", {"d_steps": 0, "betas": [0.5, 0.9]}),
        ("f_gan:alpha", {"alpha": 3}),
    ],
)
def test_a_default_may_be_repeated_and_what_has_an_effect_may_be_set(name: str, settings: dict[str, object]) -> None:
    assert settings.items() <= registry.settings_of(registry.configure(name, settings, RING)).items()


@pytest.mark.parametrize(
    ("name", "own", "kept"),
    [
        ("ns_gan", {}, {"lr": 0.5, "betas": [0, 0.9], "d_steps": 2}),
        ("wgan", {"clip": 1}, {"lr": 0.5, "d_steps": 2, "clip": 1}),
        ("ali", {}, {"lr": 0.5, "betas": [0, 0.9]}),
        (
            "ali",
            {"order": "discriminator_first"},
            {"lr": 0.5, "betas": [0, 0.9], "d_steps": 2, "order": "discriminator_first"},
        ),
        ("vae", {"lr": 1}, {"lr": 1, "betas": [0, 0.9]}),
        ("noise", {}, {}),
    ],
)
def test_what_is_set_for_all_is_left_out_where_it_has_no_effect(
    name: str, own: dict[str, object], kept: dict[str, object]
) -> None:
    assert registry.effective_settings(name, {"lr": 0.5, "betas": [0, 0.9], "d_steps": 2}, own, RING) == kept


@pytest.mark.parametrize("name", registry.everyone())
def test_settings_of_the_shared_networks_change_the_networks_or_are_refused(name: str) -> None:
    for setting, value in {"networks": "maxout", "width": 6, "depth": 1}.items():
        usual = registry.built(name, {}, DIGITS)
        if usual.unsupported(DIGITS.space, 64):
            continue
        try:
            asked = registry.configure(name, {setting: value}, DIGITS)
        except BadInput as error:
            assert f"{setting} = {value!r} has no effect" in str(error)  # noqa: PT017
            asked = registry.built(name, {setting: value}, DIGITS)
            assert registry.shapes(asked, DIGITS) == registry.shapes(usual, DIGITS)
        else:
            assert registry.shapes(asked, DIGITS) != registry.shapes(usual, DIGITS)


def test_usual_networks_are_no_part_of_a_record_and_others_are() -> None:
    settings = registry.settings_of(registry.configure("ns_gan", {}, RING))
    assert settings == registry.settings_of(registry.configure("ns_gan", {"networks": "auto", "depth": 0}, RING))
    assert not {"networks", "networks_", "width", "depth"} & settings.keys()
    asked = registry.configure("pacgan", {"networks": "maxout", "width": 40}, RING)
    assert registry.settings_of(asked).items() >= {"networks": "maxout", "width": 40}.items()
    assert registry.built("pacgan", registry.settings_of(asked), RING) == asked
    assert registry.settings_of(registry.configure("dcgan", {}, DIGITS))["width"] == 32  # a field of its own


def test_networks_chosen_for_all_are_left_out_where_they_do_not_fit_and_refused_where_they_are_a_baselines_own() -> (
    None
):
    shared = {"networks": "dcgan", "width": 8}
    assert registry.effective_settings("ns_gan", shared, {}, RING) == {"width": 8}
    assert registry.effective_settings("ns_gan", shared, {}, DIGITS) == shared
    assert registry.effective_settings("dcgan", shared, {}, DIGITS) == {"width": 8}
    with pytest.raises(BadInput, match="does not support ring8: networks = 'dcgan' needs square images"):
        Trainer(registry.configure("ns_gan", {"networks": "dcgan"}, RING), RING, [0], Plan(1))


def test_whether_discriminators_steps_count_depends_on_the_order_that_is_set_for_all() -> None:
    shared = {"d_steps": 2, "order": "simultaneous"}
    assert registry.effective_settings("ns_gan", shared, {}, RING) == {"order": "simultaneous"}
    assert registry.effective_settings("ali", shared | {"order": "discriminator_first"}, {}, RING) == shared | {
        "order": "discriminator_first"
    }
    assert registry.effective_settings("gmmn", shared, {}, RING) == {}


@pytest.mark.parametrize("name", registry.everyone())
def test_the_fields_said_to_be_unused_are_those_that_change_nothing(name: str) -> None:
    baseline = registry.configure(name, {}, DIGITS)
    same = {"d_steps": baseline.updates(3) == updates(baseline, baseline.d_steps + 1)}
    same["betas"] = all(replace(baseline, betas=(0.1, 0.2)).optimizers(t) == baseline.optimizers(t) for t in (0.0, 0.5))
    for field, unused in same.items():
        assert (field in baseline.unused_fields()) == (unused or isinstance(baseline, Control))


def updates(baseline: Baseline, d_steps: int) -> tuple[str, ...]:
    """Updates with so many steps of the discriminator, or as they are where the baseline refuses that."""
    try:
        return replace(baseline, d_steps=d_steps).updates(3)
    except BadInput:
        return baseline.updates(3)


def test_a_users_own_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = own(tmp_path)
    baseline = registry.configure(path, {"strength": 3}, RING)
    assert registry.settings_of(baseline)["strength"] == 3.0
    assert registry.title(path) == "mine.py"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"], "no compiled form is left beside it"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = own(tmp_path)
    before = registry.load(path)
    text = Path(path).read_text()
    Path(path).write_text(text.replace("strength: float = 1.0", "strength: float = 2.0"))
    assert registry.configure(path, {}, RING) != before()
    Path(path).write_text(text)
    assert registry.load(path) is before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "does not import: ModuleNotFoundError: No module named"),
        ("def f(:", "does not import: SyntaxError"),
        ("raise SystemExit(3)", "does not import: SystemExit: 3"),
        ("raise ValueError('two\\nlines')", "does not import: ValueError: two lines"),
        ("x = 1", "found none"),
        ("from ganbench.baseline import Baseline, Control", "found none"),
        ("from ganbench.baseline import Baseline\nclass A(Baseline): ...\nclass B(Baseline): ...", "found A and B"),
    ],
)
def test_a_file_that_is_no_baseline_is_explained_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        registry.load(str(path))
    assert "mine.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_private_helper_beside_a_baseline_is_no_second_baseline(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from ganbench.baseline import Baseline\nclass _Base(Baseline): ...\nclass Mine(_Base): ...")
    assert registry.load(str(path)).__name__ == "Mine"


def test_errors_are_of_their_kind(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        registry.load("wgna")
    with pytest.raises(Missing):
        registry.load(str(tmp_path / "mine.py"))


def test_the_settings_of_a_record_build_the_same_baseline_also_where_they_have_no_effect() -> None:
    digits = load_data("digits")
    for name in ("pixelcnn", "wgan", "held_out", "f_gan:kl"):
        baseline = registry.configure(name, {}, digits)
        assert registry.built(name, registry.settings_of(baseline), digits) == baseline
