"""Cells trained again: equal to the last bit here, within the interval elsewhere, and changed records convicted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ganbench.conformance import reproduce
from ganbench.errors import BadInput
from ganbench.records.record import from_line, to_line
from ganbench.records.store import Store
from ganbench.training import ENGINE_VERSION
from tests.records.test_record import example
from tests.runs.command import ganbench, suite


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    result = ganbench("run", "--suite", suite(folder), "--out", str(folder / "results"))
    assert result.exit_code == 0, result.output
    return folder / "results" / "tiny" if (folder / "results" / "tiny").exists() else folder / "results"


@pytest.fixture
def copied(played, tmp_path):
    """Return a function that writes the records anew, changed, and returns their folder."""

    def write(change, samples=False):
        folder = tmp_path / "copy"
        store = Store(folder)
        store.open()
        for record in Store(played).read().values():
            store.append(change(record))
        if samples:
            (folder / "cells").symlink_to(played / "cells")
        return folder

    return write


def checked(folder, *arguments):
    return ganbench("check", "--reproduce", str(folder), "--cells", "2", *arguments)


def nudged(record):
    scores = [replace(s, values=tuple(v + 1e-12 for v in s.values)) for s in record.scores]
    return replace(record, scores=tuple(scores))


def test_cells_played_again_are_equal_to_the_last_bit(played):
    result = checked(played)
    assert result.exit_code == 0, result.output
    assert "ns_gan on ring8, seeds 0-1: trained again, compared bit for bit" in result.output
    assert "6 scores: 6 equal" in result.output  # of each row a score, its history and its samples


def test_a_record_changed_in_the_twelfth_digit_is_convicted(copied):
    result = checked(copied(nudged))
    assert result.exit_code == 1
    assert "ns_gan on ring8, fid: moved" in result.output
    assert "2 of 2 seeds differ" in result.output


def test_a_changed_history_of_training_is_convicted(copied):
    def change(record):
        return replace(record, history=[{**note, "monitor": 9.0} for note in record.history])

    result = checked(copied(change))
    assert result.exit_code == 1
    assert "(history of training): moved" in result.output


def test_kept_samples_are_compared_too(played, copied, tmp_path):
    folder = copied(lambda record: record, samples=True)
    assert "6 equal" in checked(folder).output
    cells = tmp_path / "copy" / "cells"
    cells.unlink()
    for old in (played / "cells").iterdir():
        new = cells / old.name
        new.mkdir(parents=True)
        for path in old.glob("samples-*.safetensors"):
            content = bytearray(path.read_bytes())
            content[-1] ^= path.name == "samples-1.safetensors"  # of the second seed alone
            (new / path.name).write_bytes(bytes(content))
    result = checked(folder)
    assert result.exit_code == 1
    assert "(kept samples): moved" in result.output


def elsewhere(record):
    return replace(record, provenance={**record.provenance, "host": "another"})


def test_elsewhere_the_recorded_interval_decides_and_that_is_said(copied):
    result = checked(copied(lambda record: elsewhere(nudged(record))), "--format", "json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    for cell in told["cells"]:
        assert cell["bound"].startswith("within the recorded intervals, for host is ")
        assert [line["outcome"] for line in cell["lines"]] == ["within"]


def test_far_outside_of_the_interval_is_convicted_elsewhere_too(copied):
    def change(record):
        scores = [replace(s, values=tuple(v + 1e6 for v in s.values)) for s in record.scores]
        return elsewhere(replace(record, scores=tuple(scores)))

    assert checked(copied(change)).exit_code == 1


@pytest.mark.parametrize(
    ("field", "what", "here"), [("version", "the baseline", 1), ("engine", "the training", ENGINE_VERSION)]
)
def test_cells_of_other_versions_are_refused_in_one_line(copied, field, what, here):
    result = checked(copied(lambda record: replace(record, **{field: 7})))
    assert result.exit_code == 2
    assert f"{what} has another version: 7 there, {here} here" in result.stderr
    assert result.stderr.count("\n") == 1


def test_code_that_a_record_names_is_not_executed_unasked(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("raise SystemExit('executed')")
    result = checked(copied(lambda record: replace(record, baseline="mine.py")))
    assert result.exit_code == 2
    assert "mine.py is code that the record names: it is executed only with --own-code" in result.stderr
    assert "executed" not in result.stderr.replace("it is executed only", "")


def test_other_source_alone_is_no_reason_to_refuse(copied):
    def change(record):
        return replace(record, provenance=record.provenance | {"source": "0" * 32})

    assert checked(copied(change)).exit_code == 0


def test_a_key_that_does_not_fit_its_record_is_refused(copied):
    folder = copied(lambda record: replace(record, settings=record.settings | {"latent": 3}))
    with pytest.raises(BadInput, match="its key does not belong"):
        reproduce.sampled(folder, 1)


def test_the_sample_is_the_same_each_time_and_no_larger_than_asked(played):
    def keys():
        (group,) = reproduce.sampled(played, 1)[0]
        return [record.key for _, record in group]

    assert len(keys()) == 2  # the seeds of one group
    assert keys() == keys()
    assert len(reproduce.sampled(played, 50)[0]) == 2


def test_every_data_set_has_a_trained_cell_before_any_control():
    records = [
        example(baseline=name, dataset=dataset, history=[{"step": 1}] if name != "noise" else [])
        for name in ("noise", "gan", "wgan")
        for dataset in ("ring8", "digits")
    ]
    groups = [[(None, record)] for record in records]
    order = [group[0][1] for group in reproduce.stratified(groups)]  # type: ignore[arg-type]
    assert {record.dataset for record in order[:2]} == {"ring8", "digits"}
    assert {record.dataset for record in order[2:4]} == {"ring8", "digits"}
    assert [record.baseline for record in order[4:]] == ["noise", "noise"]


def test_seeds_are_trained_again_in_the_groups_that_trained_them(copied):
    def change(record):
        return replace(record, provenance=record.provenance | {"group": [record.seed]})

    groups = reproduce.sampled(copied(change), 50)[0]
    assert [[record.seed for _, record in group] for group in groups] in ([[0], [1], [0], [1]], [[1], [0], [1], [0]])


def test_another_version_of_a_metric_cannot_be_compared_and_nothing_compared_is_no_pass(played):
    record = reproduce.sampled(played, 1)[0][0][0][1]
    (score,) = record.scores
    line = reproduce.of_score(record, {0: score}, {0: replace(score, version=99)}, "")
    assert line.outcome == "incomparable"
    assert reproduce.exit_code([reproduce.Reproduced("x", "bit for bit", (line,))]) == 1
    assert reproduce.exit_code([]) == 1


def test_a_record_is_the_same_after_its_line(played):
    for record in Store(played).read().values():
        assert from_line(to_line(record)) == record


def test_records_that_say_nothing_of_their_rows_are_scored_in_the_order_in_which_they_were_drawn(played):
    record = next(iter(Store(played).read().values()))
    earlier = {name: value for name, value in record.provenance.items() if name != "rows"}
    assert reproduce.cell_of(record, False).by_content
    assert not reproduce.cell_of(replace(record, provenance=earlier), False).by_content
