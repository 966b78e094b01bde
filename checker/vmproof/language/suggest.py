"""Proposals for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LENGTH = 80  # of names that are compared; the comparison takes time
MAX_CANDIDATES = 2000


def suggest(name: str, candidates: Iterable[str]) -> str:
    """The question "did you mean `status`?" for the candidate nearest to `name`, or "" where none is near.

    Ties go to the candidate that sorts first, so the answer does not depend on the order of `candidates`.
    """
    if len(name) > MAX_LENGTH:
        return ""
    names = sorted(other for other in set(candidates) - {name} if len(other) <= MAX_LENGTH)[:MAX_CANDIDATES]
    # The letters of a short name in another order are not near for difflib, but they are the likeliest slip.
    same = [other for other in names if sorted(other.lower()) == sorted(name.lower())]
    near = same or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def with_suggestion(sentence: str, name: str, candidates: Iterable[str]) -> str:
    """`sentence`, followed by the proposal for `name` where there is one."""
    hint = suggest(name, candidates)
    return f"{sentence}; {hint}" if hint else sentence
