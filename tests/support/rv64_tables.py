"""Random page tables of RV64, of one stage and of two, that mostly lead where they are asked to."""

from __future__ import annotations

import random
from collections.abc import Callable

V, R, W, X, USER, GLOBAL, ACCESSED, DIRTY = (1 << bit for bit in range(8))
RIGHTS = ((R | W | X, 8), (R | W, 3), (R, 3), (R | X, 3), (X, 2), (W, 1), (W | X, 1))
PAGE = 4096
Place = Callable[[int], int]


class Tables:
    """Tables in the pages that `pages` gives out; `cells` are their bytes by physical address.

    `two` says that there is a second stage, of `second_levels` levels (0: it is bare), and `levels` is how many the first has (0: bare).
    """

    def __init__(self, rng: random.Random, pages: list[int], levels: int, second_levels: int, two: bool) -> None:
        self.rng = rng
        self.pages = pages
        self.levels = levels
        self.second_levels = second_levels
        self.two = two
        self.cells: dict[int, int] = {}
        self.entries: dict[int, int] = {}
        self.backed: dict[int, int] = {}  # guest frame to frame
        self.second_root = self._aligned(4) if two and second_levels else 0
        self.root = self._table() if levels else 0

    def _aligned(self, count: int) -> int:
        """So many pages, aligned to their size."""
        at = next(index for index, page in enumerate(self.pages) if page // PAGE % count == 0)
        taken = self.pages[at : at + count]
        del self.pages[at : at + count]
        return taken[0]

    def _table(self) -> int:
        page = self.pages.pop()
        return self._guest_frame(page) if self.two and self.second_levels else page

    def _guest_frame(self, page: int) -> int:
        """A guest physical page that lies, if the second stage allows it, in `page`."""
        guest = self.rng.choice((page, page, self.rng.getrandbits(31) & -PAGE, self.rng.getrandbits(39) & -PAGE))
        if self.rng.random() < 0.02:
            guest = self.rng.getrandbits(56) & -PAGE
        self.backed.setdefault(guest, page)
        return guest

    def host(self, guest: int) -> int:
        """The physical address of a guest physical one, behind a second stage that is made as needed."""
        if not (self.two and self.second_levels):
            return guest
        page = guest & -PAGE
        wanted = self.backed.get(page, self.pages[-1])
        found = self._build(self.second_root, page, self.second_levels, wanted, lambda at: at, True, True)
        return found | guest & PAGE - 1

    def reach(self, address: int, target: int, user: bool) -> int:
        """Make `address` lead to the physical address `target`; where it really leads, if it does."""
        if self.two and self.second_levels:
            frame = self._guest_frame(target & -PAGE)
        else:
            frame = target & -PAGE
        if self.levels:
            frame = self._build(self.root, address & -PAGE, self.levels, frame, self.host, user, False)
        else:
            frame = address & -PAGE
            if self.two and self.second_levels:
                self.backed.setdefault(frame, target & -PAGE)
        return self.host(frame) | address & PAGE - 1

    def _build(self, root: int, address: int, levels: int, frame: int, host: Place, user: bool, second: bool) -> int:
        table = root
        for level in reversed(range(levels)):
            wide = second and level == levels - 1
            place = host(table & -PAGE if not wide else table) + 8 * (address >> 12 + 9 * level & (0x7FF if wide else 0x1FF))
            entry = self.entries.get(place)
            if entry is None:
                entry = self._entry(level, frame, user, second)
                self.entries[place] = entry
                self.cells |= {place + at: byte for at, byte in enumerate(entry.to_bytes(8, "little"))}
            below = (1 << 12 + 9 * level) - 1
            if entry & (R | W | X) or level == 0:
                return (entry >> 10 & (1 << 44) - 1) << 12 & ~below | address & below & -PAGE
            table = (entry >> 10 & (1 << 44) - 1) << 12
        return frame

    def _entry(self, level: int, frame: int, user: bool, second: bool) -> int:
        rng = self.rng
        if level and rng.random() < 0.9:
            entry = (self.pages.pop() if second else self._table()) >> 2 | V
            if rng.random() < 0.03:
                entry |= 1 << rng.choice((4, 5, 6, 7, 8, 9, 54, 58, 60, 61, 62, 63))
        else:
            if level and rng.random() < 0.9:
                frame &= ~((1 << 12 + 9 * level) - 1)
            entry = frame >> 2 | V | rng.choices([item for item, _ in RIGHTS], [weight for _, weight in RIGHTS])[0]
            entry |= USER * (rng.random() < (0.97 if second else 0.9 if user else 0.2))
            entry |= (
                ACCESSED * (rng.random() < 0.7) | DIRTY * (rng.random() < 0.6) | GLOBAL * (rng.random() < 0.3) | rng.getrandbits(2) << 8
            )
            if rng.random() < 0.03:
                entry |= 1 << rng.choice((54, 58, 60, 61, 62, 63))
        return entry & ~V if rng.random() < 0.03 else entry
