"""A wrong request: one line on stderr that says what was given and what was expected, exit code 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.command import TINY, ganbench, own, suite

RUN = ["run", "--suite", "TINY", "--out", "OUT"]


def refused(tmp_path: Path, arguments: list[str]) -> str:
    """Call with TINY and OUT filled in; check the manner of the refusal and return its line."""
    places = {"TINY": suite(tmp_path), "OUT": str(tmp_path / "out")}
    before = sorted(tmp_path.rglob("*"))
    done = ganbench(*(places.get(argument, argument) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("ganbench: ")
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--baseline", "wgna"], "unknown baseline 'wgna'; did you mean 'wgan'"),
        (["--baseline", "f_gan:pearsn"], "unknown member of f_gan 'pearsn'; did you mean 'pearson'"),
        (["--baseline", "dcgan"], "dcgan does not support ring8"),
        (["--dataset", "ring9"], "unknown dataset 'ring9'; did you mean 'ring8'"),
        (["--dataset", "ring8(s=1)"], "unknown field of ring8 's'"),
        (["--dataset", "ring8(sd=-1)"], "sd: expected a positive number, got -1"),
        (["--dataset", "mnist", "--data", "/dev/null"], "MNIST is not in /dev/null"),
        (["--metrics", "fidd"], "unknown metric 'fidd'; did you mean 'fid'"),
        (["--metrics", "inception_score"], "metric inception_score cannot be used on ring8"),
        (["--suite", "quik"], "unknown suite 'quik'; did you mean 'quick'"),
        (["--suite", "not/there.toml"], "there.toml: cannot read this suite"),
        (["--seeds", "5-1"], "expected seeds from low to high, got '5-1'"),
        (["--seeds", "x"], "expected seeds such as 0-4 or 0,2,5"),
        (["--steps", "0"], "steps must be at least 1, got 0"),
        (["--steps", "-3"], "steps must be at least 1, got -3"),
        (["--steps", "many"], "'many' is not a valid integer"),
        (["--jobs", "0"], "0 is not in the range x>=1"),
        (["--device", "cuda:99"], "device 'cuda:99' is not here; expected auto or one of cpu"),
        (["--device", "toaster"], "device 'toaster' is not here; expected auto or one of cpu"),
        (["--stepz", "3"], "No such option"),
        (["--memory", "much"], "expected an amount such as 500MB or 4GiB, got 'much'"),
        (["--set", "batch"], "expected such as wgan_gp.penalty=1 or batch=128, got 'batch'"),
        (["--set", "bach=3"], "unknown field 'bach'; did you mean 'batch'"),
        (["--set", "batch=x"], "--set batch: expected a whole number, got 'x'"),
        (["--set", "batch=0"], "batch must be at least 1, got 0"),
        (["--set", "batch=8", "--set", "batch=9"], "batch is set twice"),
        (["--set", "seeds=3"], "seeds have an option of their own, --seeds"),
        (["--set", "wgan_gp.penalty=1"], "no 'wgan_gp' among what runs"),
        (["--set", "ns_gna.lr=1"], "no 'ns_gna' among what runs; did you mean 'ns_gan'"),
        (["--set", "ns_gan.rl=1"], "unknown field of ns_gan 'rl'"),
        (["--set", "ns_gan.latent=x"], "ns_gan: latent: expected a whole number, got 'x'"),
        (["--set", "lr=-1"], "lr must be positive and finite, got -1"),
        (["--set", "d_steps=2", "--baseline", "noise"], "d_steps has no effect on any of what runs"),
        (["--add", "wgna"], "unknown baseline 'wgna'; did you mean 'wgan'"),
        (["--add", "dcgan"], "dcgan supports none of the data sets: ring8: "),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in refused(tmp_path, [*RUN, *arguments])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seeds = 2", 'seeds = "4-2"'), "seeds: expected seeds from low to high, got '4-2'"),
        (("steps = 2", "step = 2"), "'step'; did you mean 'steps'"),
        (("steps = 2", "steps = "), "wrong.toml: not TOML: Invalid value (at line 6, column 9)"),
        (("seeds = 2", "seeds = [0, 0]"), "seeds must be different"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    wrong = suite(tmp_path, TINY.replace(*change), "wrong.toml")
    assert said in refused(tmp_path, ["run", "--suite", wrong, "--out", "OUT"])


@pytest.mark.parametrize(
    ("baseline", "settings", "said"),
    [
        ("wgan_gp", "penalty = 0", "WGANGP: penalty must be positive, got 0.0"),
        ("wgan_lp", "penalty = -1", "WGANLP: penalty must be positive, got -1.0"),
        ("dragan", "penalty = nan", "DRAGAN: penalty must be positive, got nan"),
        ("r1", "gamma = -1", "R1: gamma must be 0 or more, got -1.0"),
        ("wgan", "clip = 0", "WGAN: clip must be positive, got 0.0"),
        ("f_gan:pearsn", "", "unknown member of f_gan 'pearsn'; did you mean 'pearson'"),
        ("f_gan", "divergence = 'pearsn'", "unknown divergence 'pearsn'; did you mean 'pearson'"),
        ("ns_gan", "latent = 0", "latent must be at least 1, got 0"),
        ("pacgan", "pack = 0", "PacGAN: pack must be at least 1, got 0"),
        ("ali", "d_steps = 2", "ali: d_steps = 2 has no effect: both networks are updated at once"),
        ("vae:gaussian", "d_steps = 1", "VAE: d_steps must be 0: there is no discriminator, got 1"),
        ("wgan", "betas = [0, 0.9]", "wgan: betas = [0, 0.9] has no effect: its optimisers have none"),
        ("ns_gan", "lr = inf", "lr must be positive and finite, got inf"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(tmp_path: Path, baseline: str, settings: str, said: str) -> None:
    text = TINY.replace('["ns_gan", "noise"]', f'["{baseline}"]') + f'[settings.ring8."{baseline}"]\n{settings}\n'
    wrong = suite(tmp_path, text, "wrong.toml")
    assert said in refused(tmp_path, ["run", "--suite", wrong, "--out", "OUT"])


@pytest.mark.parametrize(
    ("discriminator", "said"),
    [
        ("D(b.x)", "mine.py: Mine.discriminator_loss must return a scalar tensor, got shape (16,)"),
        ("1.0", "mine.py: Mine.discriminator_loss must return a scalar tensor, got float"),
        ("D(b.x).men()", "mine.py, line 16: AttributeError: 'Tensor' object has no attribute 'men'"),
        ("D(b.z[:, :1]).mean()", "mine.py, line 16: RuntimeError"),
        ("b.nothing.mean()", "mine.py, line 16: AttributeError: no 'nothing' in this batch; it holds"),
    ],
)
def test_a_users_loss_that_is_none_is_refused_before_anything_runs(
    tmp_path: Path, discriminator: str, said: str
) -> None:
    path = own(tmp_path, discriminator)
    assert said in refused(tmp_path, [*RUN, "--baseline", path])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "does not import: ModuleNotFoundError"),
        ("x = 1", "expected exactly one public subclass of ganbench.baseline.Baseline, found none"),
        ("from ganbench.baseline import Baseline\nclass A(Baseline): ...\nclass B(Baseline): ...", "found A and B"),
    ],
)
def test_a_users_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert said in refused(tmp_path, [*RUN, "--baseline", str(path)])


def test_samples_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    path = Path(own(tmp_path))
    path.write_text(path.read_text() + "\n    def generate(self, G, b):\n        return G(b.z)[:, :1]\n")
    assert "generate must return samples of shape (2,), got (1,)" in refused(tmp_path, [*RUN, "--baseline", str(path)])


def test_a_results_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ganbench("run", "--suite", suite(tmp_path), "--out", str(tmp_path / "file"))
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "cannot write results there" in done.stderr


def test_a_folder_without_records_is_refused_and_its_subfolders_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "records.jsonl").write_text("")
    assert "no records.jsonl here; in it are a" in refused(tmp_path, ["table", str(tmp_path)])


def test_a_broken_record_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "tiny"
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_text("{}\n")
    assert "records.jsonl, line 1: lacks schema" in refused(tmp_path, RUN)
    assert "records.jsonl, line 1: lacks schema" in refused(tmp_path, ["table", str(folder)])


def test_an_unknown_command_or_kind_is_refused(tmp_path: Path) -> None:
    assert "No such command 'rnu'" in refused(tmp_path, ["rnu"])
    assert "No such option" in refused(tmp_path, ["--quik"])
    assert "'baseline' is not one of" in refused(tmp_path, ["list", "baseline"])
