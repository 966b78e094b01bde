"""The view as a memory model: which accesses are allowed and which cell each names, as functions that all states of a query share.

Every load and store of a canonical execution goes through it. Functions are arrays that nobody writes. What VMM-owned registers have become
within the instruction the shared functions do not know, so such an access uses functions private to the state: an over-approximation, whose
candidates are decided exactly afterwards (THEORY, "The view").
"""

from __future__ import annotations

from vmproof.language import Located, State
from vmproof.language.memory import CELLS
from vmproof.language.run import Run
from vmproof.terms import BOOL, ArraySort, BitVecSort, Sort, Term, variables
from vmproof.virtualize.setting import REAL, Setting, constants

ACCESS_WIDTH = 2
SIZE_WIDTH = 6
MAX_SIZE = (1 << SIZE_WIDTH) - 1


class View:
    """The memory model of canonical executions for states of one kind. `initial` is the canonical state."""

    def __init__(self, setting: Setting, kind: str, initial: State) -> None:
        self._setting = setting
        self._pool = setting.pool
        self._kind = kind
        self._keys = setting.key_registers(kind)
        self._vmm = setting.vmm_registers(kind)
        self._initial = initial
        self._cause: Term | None = None
        self._value: Term | None = None
        self.used = False  # whether an address was looked up
        self._private_cause = False  # what a memory trap reports may depend on the VMM's registers
        if setting.translated:
            found = setting.translate(initial, self._pool.var("$shape.va", setting.va_sort), 0)
            self._cause, self._value = found.cause, found.value
            read = variables([term for term in (found.cause, found.value) if term is not None])
            self._private_cause = any(initial[path] in read for path in self._vmm)

    @property
    def array(self) -> str:
        return CELLS

    def locate(self, run: Run, va: Term, access: int, size: int) -> Located:
        """What the view says of one cell's address; private where translation depends on what the instruction changed of the VMM's."""
        self.used = True
        if not self._setting.translated:
            return Located(self._pool.false, None, None, va, self._pool.false)
        private = any(run.state[path] is not self._initial[path] for path in self._vmm)
        return self.at(run.state, va, access, size, private)

    def read(self, run: Run, entry: str, address: Term) -> Term:
        return self._pool.select(run.state[entry], address)

    def write(self, run: Run, entry: str, address: Term, cell: Term) -> None:
        run.set_entry(entry, self._pool.store(run.state[entry], address, cell))

    def choose(self, run: Run, name: str, sort: Sort) -> Term:
        return self._pool.var(name, sort)

    def at(self, state: State, va: Term, access: int | Term, size: int, private: bool = False) -> Located:
        """The view's functions at an address, with the guest's own registers as they are in `state`."""
        pool = self._pool
        code = access if isinstance(access, Term) else pool.bv(access, ACCESS_WIDTH)
        cells = pool.bv(min(size, MAX_SIZE), SIZE_WIDTH)
        registers = self._setting.word([self._register(state, path) for path in self._keys])
        page = self._setting.page
        where = pool.extract(va, va.width - 1, page) if page else va
        place = [code, where] if registers is None else [code, where, registers]
        cell = self._function("cell", BitVecSort(self._setting.pa_width - page), pool.concat(*place), private)
        if page:
            cell = pool.concat(cell, pool.extract(va, page - 1, 0))
        key = pool.concat(cells, *place)
        told = pool.concat(key, pool.extract(va, page - 1, 0)) if page else key  # what a trap reports may be the whole address
        return Located(
            pool.not_(self._function("allowed", BOOL, key, private)),
            None if self._cause is None else self._cause_of(key, private or self._private_cause),
            None if self._value is None else self._function("value", self._value.sort, told, private or self._private_cause),
            cell,
            pool.false,
        )

    def _cause_of(self, key: Term, private: bool) -> Term:
        """Why an access is refused: one of the causes that translation has, where these are constants."""
        assert self._cause is not None
        pool = self._pool
        cause = self._function("cause", self._cause.sort, key, private)
        known = sorted(constants(self._cause) or ())
        if not known or not self._cause.width:
            return cause
        term = pool.bv(known[-1], cause.width)
        for value in known[:-1]:
            named = pool.bv(value, cause.width)
            term = pool.ite(pool.eq(cause, named), named, term)
        return term

    def _register(self, state: State, path: str) -> Term:
        """A register of the key; a real mode counts as the guest mode that runs in it."""
        setting = self._setting
        if self._kind != REAL or path not in setting.mode_paths:
            return state[path]
        pool, position = self._pool, setting.mode_paths.index(path)
        term = state[path]
        for guest, real in setting.runs.items():
            if guest != real:
                term = pool.ite(setting.is_mode(state, real), pool.value(term.sort, guest[position]), term)
        return term

    def _function(self, name: str, sort: Sort, key: Term, private: bool) -> Term:
        array = ArraySort(key.sort, sort)
        named = f"view.{self._setting.scenario.name}.{name}"  # in another scenario other registers may decide
        function = self._setting.private(named, array) if private else self._pool.var(named, array)
        return self._pool.select(function, key)
