"""Among whom a row is ranked: rows that were trained against a discriminator, with labels, without one, or not."""

from __future__ import annotations

from ganbench._util.catalogue import facts
from ganbench._util.user_code import split
from ganbench.records.record import Record

LEAGUES = {  # in the order in which tables show them, with what they hold
    "adversarial": "trained against a discriminator, without labels",
    "conditional": "asked for samples of a class, labels used in training",
    "not adversarial": "likelihood, transport, moments and autoencoders: no discriminator",
    "control": "not trained: they say what a score means",
}
SHORT = {"adversarial": "adversarial", "conditional": "labels", "not adversarial": "other", "control": "control"}


def league_of(record: Record) -> str:
    """Return the league of a record's baseline, a key of LEAGUES.

    It is a fact of the baseline's class: of shipped ones the catalogue has it, of a user's own the record. Records of
    earlier versions do not say it: whether anything was trained, and against a discriminator, stands in them.
    """
    known = facts("baselines", split(record.baseline)[0]).get("league") or record.trained.get("league")
    if known in LEAGUES:
        return str(known)
    if record.status == "done" and not record.cost.get("gradients", 0):
        return "control"
    return "adversarial" if record.settings.get("d_steps", 1) else "not adversarial"
