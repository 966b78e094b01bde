"""Known disagreements of an emulator with a manual: each is named, cites the manual, and has to be met at least once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Case = TypeVar("Case")


@dataclass(frozen=True)
class Waiver(Generic[Case]):
    """`format` and `field` say where, `manual` which section the emulator departs from, `applies` on which cases."""

    format: str
    field: str
    manual: str
    applies: Callable[[Case], bool]


class Waivers(Generic[Case]):
    """The waivers of one comparison; `check_used` fails where one of them was not needed."""

    def __init__(self, waivers: tuple[Waiver[Case], ...]) -> None:
        self._waivers = waivers
        self._used: set[int] = set()

    def excuse(self, case: Case) -> bool:
        """Whether a disagreement on this case is a known one."""
        for number, waiver in enumerate(self._waivers):
            if waiver.applies(case):
                self._used.add(number)
                return True
        return False

    def check_used(self) -> None:
        unused = [waiver for number, waiver in enumerate(self._waivers) if number not in self._used]
        assert not unused, [f"{waiver.format}: {waiver.field} ({waiver.manual})" for waiver in unused]
