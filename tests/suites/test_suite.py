"""A TOML file becomes a suite, a suite becomes cells, and what is wrong with it is said before anything runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ganbench.errors import BadInput, Missing, RequestError, UnknownName
from ganbench.runs.grid import grid, with_at_hand
from ganbench.suites import find_suite, names, read, shipped
from ganbench.suites.changes import changed
from ganbench.suites.suite import Budget, Suite, with_budget
from ganbench.training import registry
from tests.narrow import narrow
from tests.runs.command import TINY, own, suite, suite_of

FULL = """
question = "Which?"
baselines = ["ns_gan", "wgan", "f_gan:kl", "noise"]
datasets = ["ring8(sd=0.05)", "digits"]
seeds = [3, 1]
steps = 7
batch = 16
samples = 32
watch = "fid"

[metrics]
ring8 = ["high_quality", "fid"]
digits = ["inception_score"]

[plan.digits]
steps = 5
samples = 20

[settings.ring8]
lr = 0.5
d_steps = 2

[settings.ring8.wgan]
clip = 0.25
d_steps = 3

[settings.ring8.f_gan]
d_steps = 4
order = "discriminator_first"

[settings.ring8."f_gan:kl"]
ema = 0.5
"""


def test_a_suite_is_a_grid_of_cells(tmp_path: Path) -> None:
    cells = grid(suite_of(tmp_path, FULL))
    assert [(cell.baseline, cell.dataset, cell.seed) for cell in cells] == [
        (baseline, dataset, seed)
        for dataset in ("ring8(sd=0.05)", "digits")
        for baseline in ("ns_gan", "wgan", "f_gan:kl", "noise")
        for seed in (3, 1)
    ]
    assert {(cell.dataset, cell.steps, cell.batch, cell.samples) for cell in cells} == {
        ("ring8(sd=0.05)", 7, 16, 32),
        ("digits", 5, 16, 20),
    }
    assert {(cell.dataset, cell.metrics, cell.watch) for cell in cells} == {
        ("ring8(sd=0.05)", ("fid", "high_quality"), "fid"),
        ("digits", ("inception_score",), "fid"),
    }
    assert len({cell.key for cell in cells}) == len(cells)
    assert len({cell.row for cell in cells}) == len(cells) / 2


def test_settings_are_shared_then_the_familys_then_the_members(tmp_path: Path) -> None:
    cells = {(cell.baseline, cell.dataset[:5]): cell.settings for cell in grid(suite_of(tmp_path, FULL))}
    assert cells["ns_gan", "ring8"] == {"lr": 0.5, "d_steps": 2}
    assert cells["wgan", "ring8"] == {"lr": 0.5, "d_steps": 3, "clip": 0.25}
    assert cells["f_gan:kl", "ring8"] == {"lr": 0.5, "d_steps": 4, "order": "discriminator_first", "ema": 0.5}
    assert cells["noise", "ring8"] == {}
    assert cells["wgan", "digit"] == {}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("ns_gan+difaug", "unknown regulariser 'difaug'; did you mean 'diffaug'"),
        ("./mine.py+lecan", "unknown regulariser 'lecan'; did you mean 'lecam'"),
        ("ns_gan+r1+r1", "the regulariser r1 is named twice"),
    ],
)
def test_a_regulariser_that_there_is_not_is_refused_among_settings(tmp_path: Path, key: str, line: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=line):
        suite_of(tmp_path, f'{FULL}\n[settings.ring8."{key}"]\nema = 0.9\n')
    with pytest.raises((BadInput, UnknownName), match=line):
        suite_of(tmp_path, f'{FULL}\n[search."{key}"]\nema = [0.9]\n')


def test_settings_and_trials_of_regularisers_hold_in_whatever_order_they_are_named(tmp_path: Path) -> None:
    text = FULL.replace('"ns_gan", ', '"ns_gan+r1+lecam", ')
    text += '\n[settings.ring8."ns_gan+lecam+r1"]\nr1_gamma = 3.0\n[trials.ring8]\n"ns_gan+lecam+r1" = 4\n'
    row = next(cell for cell in grid(suite_of(tmp_path, text)) if cell.baseline.startswith("ns_gan"))
    assert (row.baseline, row.settings["r1_gamma"], row.trials) == ("ns_gan+r1+lecam", 3.0, 4)
    made = changed(suite_of(tmp_path, text), ["ns_gan+lecam+r1.r1_gamma=5"])
    assert grid(made)[0].settings["r1_gamma"] == 5.0


def test_a_suite_chooses_the_shared_networks_of_all_its_cells_below_what_settings_say(tmp_path: Path) -> None:
    text = 'networks = "maxout"\nwidth = 64\n' + FULL.replace("[settings.ring8]\n", "[settings.ring8]\nwidth = 32\n")
    cells = {(cell.baseline, cell.dataset[:5]): cell.settings for cell in grid(suite_of(tmp_path, text))}
    assert cells["wgan", "digit"] == {"networks": "maxout", "width": 64}
    assert cells["wgan", "ring8"].items() >= {"networks": "maxout", "width": 32}.items()
    assert cells["noise", "digit"] == {}


def test_a_key_follows_what_samples_depend_on_and_not_how_they_are_measured(tmp_path: Path) -> None:
    base = suite_of(tmp_path)
    assert isinstance(base, Suite)

    def key(**changes: object) -> str:
        return grid(replace(base, **changes))[0].key  # type: ignore[arg-type]

    same = [
        key(),
        key(seeds=(0, 5, 6)),
        key(metrics=("modes_captured",)),
        key(watch="fid"),
        key(baselines=("ns_gan",)),
        key(name="other"),
        key(networks="auto", width=0, depth=0),
    ]
    assert len(set(same)) == 1
    other = [
        key(steps=3),
        key(batch=8),
        key(samples=33),
        key(seeds=(1, 0)),
        key(backend="traced"),
        key(datasets=("ring8(sd=0.05)",)),
        key(settings={"ring8": {"lr": 0.5}}),
        key(plan={"ring8": Budget(steps=9)}),
        key(plan={"ring8": Budget(backend="eager")}),
        key(networks="maxout"),
        key(width=64),
        key(depth=3),
    ]
    assert key(plan={"ring8": Budget(backend="traced")}) == key(backend="traced")
    assert len({*same, *other}) == 13


def test_all_leaves_out_what_does_not_support_the_data_and_holds_every_member() -> None:
    ring = replace(narrow(shipped("all"), Suite), datasets=("ring8",))
    names = [cell.baseline for cell in grid(ring)]
    assert "dcgan" not in names
    assert "f_gan:kl" in names
    assert set(names) < set(registry.everyone())
    with pytest.raises(RequestError, match="dcgan does not support ring8"):
        grid(replace(ring, baselines=("ns_gan", "dcgan")))


def test_all_can_be_had_without_some(tmp_path: Path) -> None:
    ring = replace(narrow(shipped("all"), Suite), datasets=("ring8",), without=("wgan", "f_gan:gan"))
    names = {cell.baseline for cell in grid(ring)}
    assert {"wgan_gp", "f_gan:kl"} < names
    assert names.isdisjoint({"wgan", "f_gan:jensen_shannon"})  # of which f_gan:gan is another name
    assert {cell.baseline for cell in grid(replace(ring, baselines=("wgan",)))} == {"wgan"}  # asked for by name
    with pytest.raises(UnknownName, match="unknown baseline 'wgann'; did you mean 'wgan'"):
        suite_of(tmp_path, TINY + '\nwithout = ["wgann"]\n')
    assert {"biggan", "stylegan2"}.isdisjoint(
        cell.baseline for cell in grid(replace(narrow(shipped("standard"), Suite), datasets=("digits",)))
    )


def test_two_names_of_one_member_are_one_row_with_the_settings_of_either() -> None:
    ring = replace(narrow(shipped("all"), Suite), datasets=("ring8",), seeds=(0,))
    names, settings = ("f_gan:gan", "f_gan:jensen_shannon"), {"ring8": {"f_gan:gan": {"lr": 0.5}}}
    (cell,) = grid(replace(ring, baselines=names, settings=settings))
    assert (cell.baseline, cell.settings) == ("f_gan:jensen_shannon", {"lr": 0.5})


def test_shared_metrics_are_measured_where_they_apply_and_must_apply_somewhere(tmp_path: Path) -> None:
    both = replace(suite_of(tmp_path), datasets=("ring8", "digits"), metrics=("fid", "high_quality"))
    assert {(cell.dataset, cell.metrics) for cell in grid(both)} == {
        ("ring8", ("fid", "high_quality")),
        ("digits", ("fid",)),
    }
    with pytest.raises(RequestError, match="metric inception_score cannot be used on ring8"):
        grid(replace(both, datasets=("ring8",), metrics=("fid", "inception_score")))
    with pytest.raises(RequestError, match="metric inception_score cannot be used on ring8"):
        grid(replace(both, metrics={"ring8": ("inception_score",), "digits": ("fid",)}))
    with pytest.raises(RequestError, match="metric inception_score cannot be used on ring8"):
        grid(replace(both, datasets=("ring8",), watch="inception_score"))


def test_every_shipped_suite_can_be_read_and_those_without_files_can_start() -> None:
    assert {"all", "quick", "smoke", "toy"} <= set(names())
    for name in names():
        known = shipped(name)
        assert known.name == {"all": "standard"}.get(name, name)  # the same folder, and more data
        assert known.question.endswith("?")
        if isinstance(known, Suite):
            here = tuple(each for each in known.datasets if not each.startswith(("mnist", "cifar10")))
            assert not here or grid(replace(known, datasets=here))


def test_a_suite_may_extend_another(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(FULL, encoding="utf-8")
    (tmp_path / "more.toml").write_text('extends = "base.toml"\nsteps = 7\n[plan.ring8]\nsteps = 9\n', encoding="utf-8")
    base, more = (narrow(read(tmp_path / f"{name}.toml"), Suite) for name in ("base", "more"))
    plan = base.plan | {"ring8": replace(base.plan.get("ring8", Budget()), steps=9)}
    assert more == replace(base, name="more", steps=7, plan=plan)
    (tmp_path / "one.toml").write_text('extends = "two.toml"\n', encoding="utf-8")
    (tmp_path / "two.toml").write_text('extends = "./one.toml"\n', encoding="utf-8")
    with pytest.raises(BadInput, match="extends this suite in turn"):
        read(tmp_path / "one.toml")
    (tmp_path / "none.toml").write_text('extends = "standart"\n', encoding="utf-8")
    with pytest.raises(UnknownName, match="unknown suite 'standart'; did you mean 'standard'"):
        read(tmp_path / "none.toml")


def test_all_is_standard_with_the_data_sets_that_are_at_hand(tmp_path: Path) -> None:
    every, standard = (narrow(shipped(name), Suite) for name in ("all", "standard"))
    assert with_at_hand(every, tmp_path).datasets == standard.datasets
    with_files = with_at_hand(replace(every, if_at_hand=("digits", "digits(validation=1)", "stacked_mnist")), tmp_path)
    assert with_files.datasets == (*standard.datasets, "digits(validation=1)")
    for name in ("ring8", "digits"):
        cells = [
            {cell.key for cell in grid(replace(suite, datasets=(name,), baselines=("ns_gan", "noise"), plan={}))}
            for suite in (every, standard)
        ]
        assert cells[0] == cells[1]


def test_a_budget_scales_steps_and_seeds_under_another_name(tmp_path: Path) -> None:
    text = FULL.replace("seeds = [3, 1]", "seeds = 5").replace("[plan.digits]", "[plan.digits]\nseeds = [7]")
    suite = replace(suite_of(tmp_path, text), name="mine", sets=8, references=2, steps=100)
    tiny, full = with_budget(suite, "tiny"), with_budget(suite, "full")
    assert (tiny.name, tiny.steps, tiny.seeds, tiny.sets, tiny.references) == ("mine-tiny", 20, (0, 1), 1, 1)
    assert (tiny.plan["digits"].steps, tiny.plan["digits"].seeds) == (1, (0, 1))
    assert (full.name, full.steps, full.seeds, full.sets) == ("mine-full", 400, tuple(range(10)), 8)
    assert (full.plan["digits"].steps, full.plan["digits"].samples) == (20, 20)
    assert with_budget(suite, "standard") is suite
    with pytest.raises(UnknownName, match="unknown budget 'tinny'; did you mean 'tiny'"):
        with_budget(suite, "tinny")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("steps = 2", "step = 2"), "'step'; did you mean 'steps'"),
        (("steps = 2\n", ""), "lacks steps"),
        (("steps = 2", "steps = 0"), "steps must be at least 1, got 0"),
        (("steps = 2", "steps = -3"), "steps must be at least 1, got -3"),
        (("steps = 2", "steps = 2.5"), "steps: expected a whole number, got 2.5"),
        (("samples = 32", "samples = true"), "samples: expected a whole number, got True"),
        (("seeds = 2", "seeds = [1, 1]"), "seeds must be different"),
        (("seeds = 2", "seeds = [-1]"), "not negative"),
        (("seeds = 2", "seeds = 0"), "seeds must not be empty"),
        (("seeds = 2", "seeds = []"), "seeds must not be empty"),
        (('["ring8"]', '["ring9"]'), "unknown dataset 'ring9'; did you mean 'ring8'"),
        (('["ns_gan", "noise"]', '"every"'), "expected a list of strings or 'all', got 'every'"),
        (('["ns_gan", "noise"]', '["ns_gun"]'), "unknown baseline 'ns_gun'; did you mean 'ns_gan'"),
        (('["fid"]', '["fidd"]'), "unknown metric 'fidd'; did you mean 'fid'"),
        (('["fid"]', '["fid"]\nwatch = "kidd"'), "unknown metric 'kidd'; did you mean 'kid'"),
        (('["fid"]', '["fid"]\n[plan.ring8]\nstep = 2'), "'step'; did you mean 'steps'"),
        (('["fid"]', '["fid"]\n[plan.ring8]\nsteps = -2'), "must not be negative"),
        (('["fid"]', '["fid"]\n[plan.ring8]\nbackend = "trace"'), "unknown backend 'trace'; did you mean 'traced'"),
        (('["fid"]', '["fid"]\n[plan.ring]\nsteps = 2'), "unknown dataset 'ring'; did you mean 'ring8'"),
        (('["fid"]', '["fid"]\n[settings.ring8]\nlrr = 2'), "unknown field of every baseline 'lrr'; did you mean 'lr'"),
        (('["fid"]', '["fid"]\n[settings.ring8.nsgan]\nlr = 2'), "unknown baseline 'nsgan'; did you mean 'ns_gan'"),
        (('["fid"]', '["fid"]\n[settings.ring8.ns_gan]\nclip = 2'), "unknown field of ns_gan 'clip'"),
        (('["fid"]', '["fid"]\n[settings.ring8.noise]\nlr = 2'), "noise: lr = 2 has no effect: nothing is trained"),
        (("steps = 2", "steps = = 2"), "line 6"),
        (('["fid"]', '["fid"]\nway = "replay"'), "'way'; since version 0.2 it is called 'backend'"),
        (('["fid"]', '["fid"]\nbackend = "replay"'), "backend 'replay'; since version 0.2 it is called 'traced'"),
        (
            ('["fid"]', '["fid"]\n[settings.ring8]\nn_critic = 2'),
            "'n_critic'; since version 0.2 it is called 'd_steps'",
        ),
        (('["fid"]', '["fid"]\n[settings.ring8.ns_gan]\nn_critic = 2'), "ns_gan: n_critic is called d_steps now"),
        (
            ('["fid"]', '["fid"]\n[settings.ring8.ns_gan]\norder = "critic_first"'),
            "'critic_first'; since version 0.2 it is called 'discriminator_first'",
        ),
        (("seeds = 2", "seeds = 1.5"), "seeds: expected a list of whole numbers, got 1.5"),
    ],
)
def test_what_is_wrong_with_a_suite_is_said_in_one_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in TINY
    path = suite(tmp_path, TINY.replace(*change))
    with pytest.raises(RequestError, match=re.escape(said)) as caught:
        grid(narrow(find_suite(path), Suite))
    assert "\n" not in str(caught.value)


def test_a_suite_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="cannot read this suite: No such file"):
        find_suite(str(tmp_path / "none.toml"))
    with pytest.raises(UnknownName, match="unknown suite 'quik'; did you mean 'quick'"):
        find_suite("quik")


def test_two_files_of_one_name_would_share_a_row(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    paths = (own(tmp_path), own(tmp_path / "a"))
    with pytest.raises(BadInput, match="one name"):
        grid(replace(suite_of(tmp_path), baselines=paths))
