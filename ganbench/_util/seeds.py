"""Seeds as text: 0-4 or 0,2,5 or both."""

from __future__ import annotations

from ganbench.errors import BadInput

MOST = 10_000  # seeds of a run
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that 0-4 or 0,2,5 or both mean, in that order; raises BadInput for anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not fits(first) or (dash and not fits(last)):
            raise BadInput(f"expected seeds such as 0-4 or 0,2,5, of at most nine digits, got {text[:60]!r}")
        if dash and int(last) < int(first):
            raise BadInput(f"expected seeds from low to high, got {part!r}")
        if len(seeds) + int(last or first) - int(first) >= MOST:
            raise BadInput(f"expected at most {MOST} seeds, got {part[:60]!r}")
        seeds += range(int(first), int(last or first) + 1)
    if len(set(seeds)) < len(seeds):
        raise BadInput(f"expected different seeds, got {text!r}")
    return tuple(seeds)


def fits(text: str) -> bool:
    """Whether a text is a whole number of a size that has a use."""
    return text.isascii() and text.isdecimal() and len(text) < 10


def not_a_count(text: str) -> str:
    """Say what a lone number means where it may have been meant as a count; nothing for any other text."""
    if not fits(text.strip()) or int(text) < 1:
        return ""
    seed = int(text)
    count = WORDS[seed] if seed < len(WORDS) else str(seed)
    return f"seed {seed} alone; {count} seed{'s' * (seed != 1)}: 0{f'-{seed - 1}' * (seed != 1)}"
