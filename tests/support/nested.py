"""Concrete executions of the nested walkers in small steps, over memory that is made up as it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from vmproof.data import library
from vmproof.engines.reading import transition_system
from vmproof.engines.system import TransitionSystem
from vmproof.language.loader import load_system
from vmproof.terms import ArrayValue, Evaluator, Value, default_value

HOST, GUEST, DONE = 1, 2, 5
"""Of the walkers' phases."""

Invent = Callable[[bool, int], int]
"""An entry of the guest's tables (True) or the host's, of a level counted from the last table."""


_WHOLE = """

from spec.mmu.nested_manual import after


@invariant("what is reported is what the manual's walk gives, its second stage walked in each column, and so is a word of memory")
def as_a_whole(w, place: SLOT):
    found, _, columns = manual(w, host_tables(w))
    same = w.r.ok == found.ok and w.r.code == found.code and w.r.second == found.second and w.r.implicit == found.implicit
    same = same and w.r.writing == found.writing and implies(w.r.ok, w.r.at == found.pa)
    same = same and implies(w.r.ok or w.r.second, w.r.gpa == found.gpa)
    updates = tuple(update for _, _, update in columns)
    return same and read_word(w, at(place)) == after(software_word(w, at(place)), at(place), updates, PLAN)
"""
_GHOSTS = "given(w, PLAN)"
"""What the ghosts of an initial state are. Executions need none, and it takes longest to read."""


@cache
def walker(name: str, edit: tuple[str, str, str] | None = None, **parameters: int) -> TransitionSystem:
    """The system of `spec/mmu/nested_NAME.py`, and that it does what the manual's walk does, said without ghosts; without the claims
    of the file itself.

    `edit`: a file beside it, and what is replaced there, once, by what.
    """
    folder = (library() / "spec" / "mmu").resolve()
    path = folder / f"nested_{name}.py"
    text, *_ = path.read_text(encoding="utf-8").partition("\nfor name, sentence, reasons, holds in inductive")
    assert text.count(_GHOSTS) == 1, f"{path.name} says `{_GHOSTS}` {text.count(_GHOSTS)} times"
    texts = {path: text.replace(_GHOSTS, "True") + _WHOLE}
    if edit is not None:
        file, old, new = folder / edit[0], edit[1], edit[2]
        changed = texts.get(file) or file.read_text(encoding="utf-8")
        assert changed.count(old) == 1, f"{old} stands {changed.count(old)} times in {edit[0]}"
        texts[file] = changed.replace(old, new)
    return transition_system(load_system(path, {}, parameters, texts=texts))


class _Prepared:
    """The terms of a system, prepared to be evaluated in many states."""

    def __init__(self, system: TransitionSystem) -> None:
        self.guards = Evaluator(action.guard for action in system.actions)
        self.next = [Evaluator(action.next.values()) for action in system.actions]
        self.claims = {item.name: Evaluator([item.term]) for item in system.properties}


@cache
def _prepared(system: TransitionSystem) -> _Prepared:
    return _Prepared(system)


class Run:
    """One execution. `given` are registers of the request by name; what is not given is zero. Words of `size` bytes, as many as an entry
    of the guest's; one of the host's has `behind`."""

    def __init__(
        self, system: TransitionSystem, given: Mapping[str, Value], invent: Invent, size: int = 8, behind: int | None = None
    ) -> None:
        self._system = system
        self._prepared = _prepared(system)
        self._invent = invent
        self._size = size
        self._behind = behind or size
        self.entries: dict[int, int] = {}
        """What was made up, by the address of each entry."""
        self.state: dict[str, Value] = {v.path: given.get(v.path, default_value(v.sort)) for v in system.variables}
        self._known: set[int] = set()
        self._pages: set[int] = set()

    def holds(self, name: str) -> bool:
        """Whether a claim of the system is true in the present state, of each word that was read where it speaks of one."""
        [claim] = [item for item in self._system.properties if item.name == name]
        [place] = claim.parameters
        evaluator = self._prepared.claims[name]
        return all(self._evaluate(evaluator, {place.term.name: index}) == [True] for index in self._known or (0,))

    def step(self) -> bool:
        """Take the one action that is possible; False where there is none."""
        self._make_up()
        guards = self._evaluate(self._prepared.guards)
        possible = [number for number, guard in enumerate(guards) if guard]
        if not possible:
            return False
        [number] = possible
        self.state.update(zip(self._system.actions[number].next, self._evaluate(self._prepared.next[number]), strict=True))
        return True

    def finish(self) -> bool:
        """Walk to the end; False where a page turns out to hold tables of both stages, which the systems leave out."""
        while self.step():
            pass
        return self.state["r.phase"] == DONE

    def _make_up(self) -> None:
        """Fill the word that is read next, and say whose table its page is."""
        phase, at = self.state["r.phase"], self.state["r.at"]
        assert isinstance(at, int)
        if phase not in (HOST, GUEST):
            return
        index = at // self._size
        level = self.state["r.level" if phase == GUEST else "r.host_level"]
        assert isinstance(level, int)
        if index in self._known:
            return
        entry = self.entries[at] = self._invent(phase == GUEST, level)
        for number in range((self._behind if phase == HOST else self._size) // self._size):
            self._known.add(index + number)
            for name in ("memory", "written"):
                self._set(name, index + number, entry >> (8 * self._size * number) & ((1 << 8 * self._size) - 1))
        if at >> 12 not in self._pages:
            self._pages.add(at >> 12)
            self._set("hosts", at >> 12, phase == HOST)

    def _set(self, name: str, index: int, value: Value) -> None:
        array = self.state[name]
        assert isinstance(array, ArrayValue)
        self.state[name] = array.set(index, value)

    def _evaluate(self, terms: Evaluator, more: Mapping[str, Value] | None = None) -> list[Value]:
        values = {**{v.term.name: self.state[v.path] for v in self._system.variables}, **(more or {})}
        return terms.run(lambda term: values[term.name])
