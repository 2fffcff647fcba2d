"""A change of a rule is found in version control, with whether the numbers were known."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ganbench.notes import history, pages
from ganbench.notes.claims import claims
from ganbench.notes.history import Change, as_csv, changes, recorded

ROOT = Path(__file__).parents[2]


def claim(name: str, holds: str) -> str:
    return (
        f'[[claim]]\nname = "{name}"\nstatement = "So."\nkind = "measured"\nexperiment = "x"\nholds = [\'{holds}\']\n'
    )


def commit(folder: Path, text: str, record: str = "") -> None:
    for path, content in ((history.FOLDER + "/notes.toml", text), (history.RECORDS, record)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    history.git(folder, "add", ".")
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    history.git(folder, *own, "commit", "-qm", "a")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    history.git(tmp_path, "init", "-q")
    commit(tmp_path, claim("a claim", '"a" > 1') + claim("another", '"b" > 1'))
    commit(tmp_path, claim("a claim", '"a" > 2') + claim("another", '"b" > 1'), '{"experiment":"x"}\n')
    commit(tmp_path, claim("a claim", '"a" > 3') + claim("a third", '"c" > 1'), '{"experiment":"x"}\n')
    return tmp_path


def test_changes_are_those_of_the_commits_and_say_what_was_known(repository: Path) -> None:
    found = [(each.claim, each.part, each.before, each.after, each.after_a_look) for each in changes(repository)]
    assert found == [
        ("a claim", "holds", '"a" > 1', '"a" > 2', "no"),
        ("a claim", "holds", '"a" > 2', '"a" > 3', "yes"),
        ("another", "", "So.", "", "yes"),
    ]  # a claim that is new is no change


def test_the_page_lists_changes_after_a_look_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [Change("2026-01-02", "a claim", "holds", '"a" > 2', '"a" > 3', seen) for seen in ("yes", "no")]
    monkeypatch.setattr(pages, "recorded", lambda: kept)
    lines = pages.changed_rules()
    assert lines == ['- 2026-01-02, a claim: holds `"a" > 2` then, `"a" > 3` now']


def test_the_kept_table_has_every_change_of_this_repository() -> None:
    try:
        found = list(changes(ROOT))
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("no repository here")
    kept = {(each.claim, each.part, each.after) for each in recorded()}
    said = "run python -m ganbench.notes.history"
    assert {(each.claim, each.part, each.after) for each in found} <= kept, said
    assert as_csv(recorded()) == (ROOT / history.FOLDER / history.TABLE).read_text(encoding="utf-8")
    assert {each.claim for each in recorded() if each.part} <= {each.name for each in claims()}
