"""Records survive the way to a line and back, and their keys follow what the samples depend on."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganbench.errors import BadInput, RequestError, UnknownName
from ganbench.records.key import CONDITIONS, cell_key
from ganbench.records.record import SCHEMA, Record, Scores, from_line, to_line
from ganbench.runs.source import source_digest, version_of
from ganbench.training.registry import load


def example(key: str = "k", value: float | None = 0.1, **changes: Any) -> Record:
    score = Scores("fid", (value, None), ("", "too few"), "lower", 1, {"name": "identity"}, "ring8", 9, 9, {"k": 3})
    plain = Record(
        schema=SCHEMA, key=key, baseline="gan", version=1, settings={"lr": [1e-3, 1 / 3]}, dataset="ring8",
        dataset_version=1, split="streamed", seed=0, plan={"steps": 2}, engine=1, samples=9, status="diverged", step=1,
        reason="the naïve loss", scores=(score,), history=[{"step": 1, "discriminator": 0.1 + 0.2, "monitor": None}],
        curve=[], cost={"gradients": 32.0},
    )  # fmt: skip
    return replace(plain, **changes)


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    record = example(value=float(np.float64(0.1)))
    assert to_line(example(value=np.float64(0.1))) == to_line(record)
    with pytest.raises(TypeError, match="type cannot be written into a record"):
        to_line(example(settings={"lr": set}))


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-308, 5e-324, 1.7976931348623157e308, -0.0, math.pi])
def test_a_record_comes_back_from_its_line_to_the_last_bit(value: float) -> None:
    there = example(value=value)
    line = to_line(there)
    assert "\n" not in line
    assert from_line(line) == there
    assert to_line(from_line(line)) == line
    (back,) = from_line(line).scores
    assert repr(back.values[0]) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_line(example(value=value))


def changed(**changes: Any) -> str:
    table = asdict(example()) | changes
    return json.dumps({name: value for name, value in table.items() if value is not ...})


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("{", BadInput, "line 3: not JSON"),
        ("[]", BadInput, r"line 3: expected a table, got \[\]"),
        (changed(sed=0), UnknownName, "line 3: 'sed'; did you mean 'seed'"),
        (changed(step=...), BadInput, "line 3: lacks step"),
        (changed(seed="0"), BadInput, "line 3: seed: expected a whole number, got '0'"),
        (changed(seed=0.5), BadInput, "expected a whole number, got 0.5"),
        (changed(seed=True), BadInput, "expected a whole number, got True"),
        (changed(status="dine"), BadInput, "line 3: status: got 'dine'; did you mean 'done'"),
        (changed(scores=[{"metrics": "fid"}]), UnknownName, "line 3: scores: 'metrics'; did you mean 'metric'"),
        (changed(scores=[{"metric": 1}]), BadInput, r"line 3: scores\[0\].metric: expected a string, got 1"),
        (changed(schema=3), BadInput, "line 3: schema 3 is not known here, which reads 2; a later ganbench wrote it"),
        ('{"key":"k","seeds":[0]}', BadInput, "line 3: a record of ganbench 0.1; .*python -m ganbench.records.migrate"),
    ],
)
def test_a_line_that_is_no_record_says_where_and_why(line: str, kind: type[RequestError], said: str) -> None:
    with pytest.raises(kind, match=said):
        from_line(line, "line 3")


def test_a_key_follows_every_condition_and_the_seed_and_not_their_order() -> None:
    conditions: dict[str, Any] = {
        "baseline": "gan", "version": 1, "settings": {"lr": 0.1}, "dataset": "ring8", "dataset_version": 1,
        "plan": {"steps": 2, "batch": 3, "backend": "traced"}, "engine": 1, "samples": 9,
    }  # fmt: skip
    assert set(conditions) == set(CONDITIONS)
    turned = dict(reversed(conditions.items())) | {"plan": {"backend": "traced", "batch": 3, "steps": 2}}
    assert cell_key(conditions, 0) == cell_key(turned, 0)
    others: list[dict[str, Any]] = [
        {"baseline": "wgan"}, {"version": 2}, {"settings": {"lr": 0.2}}, {"dataset": "grid25"}, {"dataset_version": 2},
        {"plan": {"steps": 3, "batch": 3, "backend": "traced"}}, {"plan": {"steps": 2, "batch": 3, "backend": "auto"}},
        {"engine": 2}, {"samples": 8},
    ]  # fmt: skip
    keys = [cell_key(conditions | other, 0) for other in others]
    assert len({*keys, cell_key(conditions, 0), cell_key(conditions, 1)}) == len(others) + 2


def test_seeds_of_one_row_share_its_digest_and_its_folder() -> None:
    one, two, other = example(), example(seed=1, status="done"), example(settings={"lr": 1.0})
    assert one.row == two.row != other.row
    assert one.files == two.files == f"cells/gan-ring8-{one.row[:8]}"


@pytest.mark.parametrize(
    ("values", "value"), [((1.0,), 1.0), ((1.0, 3.0), 2.0), ((1.0, None), None), ((None,), None), ((), None)]
)
def test_a_seed_s_value_is_the_mean_of_its_sets_of_samples_if_all_have_one(
    values: tuple[float | None, ...], value: float | None
) -> None:
    score = replace(example().scores[0], values=values, reasons=("",) * len(values))
    assert score.value == value


def test_the_source_digest_follows_the_code_of_the_baselines_file_and_not_what_it_says(tmp_path: Path) -> None:
    text = "from ganbench.baseline import Baseline\n\n\nclass Mine(Baseline):\n    mark = 'a # b'\n"
    said = (
        "'''Said.\n\nAt length.\n'''\n"
        + text.replace("\n\n\n", "\n\n# why\n").replace("mark", "'''One.'''\n    mark")
        + "# end\n"
    )
    other = text.replace("# b", "# c")  # within a string
    digests = []
    for i, content in enumerate([text, said, other]):
        path = tmp_path / f"mine_{i}.py"
        path.write_text(content)
        digests.append(source_digest(load(str(path))))
    assert digests[0] == digests[1] != digests[2]
    assert source_digest(load("gan")) != source_digest(load("ns_gan"))


def test_a_user_s_file_stands_for_its_version_and_a_shipped_baseline_for_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = "from ganbench.baseline import Baseline\n\n\nclass Mine(Baseline):\n    mark = 1\n"
    path.write_text(text)
    first = version_of(str(path), load(str(path)))
    path.write_text(f"# why\n{text}")
    assert version_of(str(path), load(str(path))) == first
    path.write_text(text.replace("1", "2"))
    assert version_of(str(path), load(str(path))) != first
    assert version_of("gan", load("gan")) == load("gan").version == 1
