"""Tables of the guest's own: where a guest may turn translation off, what its tables show follows from what it sees without them.

Under nested paging a guest's tables are its memory, and both walkers follow them: the guest's own, and the real one, whose every step the
VMM's tables translate. Two premises speak of all that a guest may see: that no store of its reaches the VMM's tables, and that its view can
be realised. They need to be shown of the *bare* view only, that without translation, if `unfollowed` finds nothing: in states that have
one bare view the two walkers then find the same, whatever the tables hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmproof.solvers import Status
from vmproof.terms import Op, Term, conjuncts, default_value, reachable, substitute
from vmproof.virtualize.agreement import everywhere
from vmproof.virtualize.asking import Task, ask, ask_all
from vmproof.virtualize.forall import Unanswered
from vmproof.virtualize.setting import ACCESSES, GUEST, READ, REAL, Setting
from vmproof.virtualize.world import World, is_false

Registers = dict[str, Term]
"""Values of registers of the guest's own, by guest leaf path."""


def has_own_tables(setting: Setting) -> bool:
    """Whether the real walker begins at a table that a register of the guest's own names."""
    if setting.memory is None or setting.memory not in setting.translation_reads:
        return False
    world = World(setting)
    guest, real = world.pair()
    own = {guest.state[path] for path in setting.unmoded_registers()}
    probe = setting.pool.var("walk.va", setting.va_sort)
    found = [setting.seen(REAL, real.state, probe, access) for access in ACCESSES]
    for term in reachable([part for place in found for part in (place.fault, place.address)]):
        if term.op is Op.SELECT and term.args[0] is real.state[setting.memory]:
            deciding = list(reachable([term.args[1]]))
            if not any(part.op is Op.SELECT for part in deciding) and not own.isdisjoint(deciding):
                return True
    return False


def untranslated(setting: Setting) -> Registers | None:
    """What a guest of the scenario may set its registers to, so that its addresses are physical ones; None if that is not known.

    Zeros are tried, in each mode that it can enter by itself.
    """
    pool = setting.pool
    keys = setting.unmoded_registers()
    if not has_own_tables(setting):
        return None
    if not all(path in setting.own for path in keys) or setting.va_sort.width < setting.pa_width:
        return None
    guest, _ = World(setting).pair()
    there = pool.var("$there", setting.description.memory.sort.index)  # type: ignore[union-attr]
    for mode in setting.domain if setting.own_mode else ((),):
        zeros = {path: pool.value(setting.sort(path), default_value(setting.sort(path))) for path in keys}
        zeros |= {path: pool.value(setting.sort(path), value) for path, value in zip(setting.mode_paths, mode, strict=False)}
        found = [setting.seen(GUEST, {**guest.state, **zeros}, pool.zext(there, setting.va_sort.width), access) for access in ACCESSES]
        if all(place.address is there for place in found):
            return zeros
    return None


def unfollowed(setting: Setting, bare: Registers) -> Task[Unanswered]:
    """A guest and a real state with one bare view, and an address at which they nevertheless see something else: nothing, or undecided.

    UNSAT is a proof. What the bare view shows, and what the VMM's tables ensure `everywhere`, is assumed of the cells that the guest's walk
    reads and of the one that it leads to, one after the other: by then both walks have read the same before, so the next address is one
    term in both, and no solver has to find that out.
    """
    world = World(setting)
    world.pair()
    walks = _Walks(setting, world, bare)
    pending = walks.begun()
    for _ in range(_ROUNDS):
        leaves = [leaf for case in pending for leaf in walks.pursued(case)]
        queries = [[*world.relevant([*leaf.facts, leaf.goal]), *leaf.facts, leaf.goal] for leaf in leaves]
        answers = yield from ask_all(queries, arrays=True)
        open_ = [(leaf, answer) for leaf, answer in zip(leaves, answers, strict=True) if answer.status is not Status.UNSAT]
        if not open_:
            return Unanswered(Status.UNSAT)
        pending = [leaf for leaf, _ in open_]
        if any(walks.ended(leaf) for leaf in pending):
            break
    return Unanswered(Status.UNKNOWN, None, f"a guest's own tables are followed in ways that were not told apart: {open_[0][1].reason}")


_ROUNDS = 8
"""How many addresses of a walk may be such that nobody can read them and the walk goes on all the same."""


@dataclass(frozen=True, eq=False)
class _Case:
    """The walks for one address, as far as they were followed.

    `goal`: the two come to something else for some access. `faults` and `places` are what the guest's comes to, for each access, under the
    `facts`, of which `known` makes terms constants. Of the addresses in `followed` the cells are the same for both.
    """

    goal: Term
    faults: tuple[Term, ...]
    places: tuple[Term, ...]
    facts: tuple[Term, ...] = ()
    known: Mapping[Term, Term] = field(default_factory=dict)
    followed: frozenset[Term] = frozenset()

    def with_(self, mapping: Mapping[Term, Term], *facts: Term) -> _Case:
        """The case with terms replaced by what they are equal to, and more facts."""
        goal, *rest = substitute(self.goal.pool, [self.goal, *self.faults, *self.places], mapping)
        faults, places = rest[: len(self.faults)], rest[len(self.faults) :]
        return replace(self, goal=goal, faults=tuple(faults), places=tuple(places), facts=(*self.facts, *facts))

    def assuming(self, *facts: Term) -> _Case:
        """The case under more facts, whose conjuncts are constants from then on."""
        known = {atom: value for fact in facts for atom, value in _atoms(fact)}
        return replace(self.with_(known, *facts), known={**self.known, **known})


class _Walks:
    """The walk of a guest and that of its real state, followed side by side."""

    def __init__(self, setting: Setting, world: World, bare: Registers) -> None:
        self._setting = setting
        self._pool = setting.pool
        self._world = world
        guest, real = world.body("g"), world.body("r")
        assert setting.memory is not None
        self._memory, self._real_memory = guest.state[setting.memory], real.state[setting.memory]
        self._bare = [(body.kind, setting.in_registers(body.kind, body.state, bare)) for body in (guest, real)]

    def begun(self) -> list[_Case]:
        """Accesses at any address, by cases of registers that decide which tables are read."""
        setting, pool = self._setting, self._pool
        guest, real = self._world.body("g"), self._world.body("r")
        probe = pool.var("walk.va", setting.va_sort)
        found = [setting.seen(GUEST, guest.state, probe, access) for access in ACCESSES]
        goals: list[Term] = []
        for access, here in zip(ACCESSES, found, strict=True):
            there = setting.seen(REAL, real.state, probe, access)
            plain, kept = (setting.seen(kind, state, self._virtual(here.address), access) for kind, state in self._bare)
            elsewhere = pool.or_(plain.fault, kept.fault, pool.ne(there.address, kept.address))
            goals += [pool.ne(here.fault, there.fault), pool.and_(pool.not_(here.fault), elsewhere)]
        terms = [pool.or_(*goals), *(here.fault for here in found), *(here.address for here in found)]
        goal, *walk = _lifted(terms, self._memory)
        case = _Case(goal, tuple(walk[: len(found)]), tuple(walk[len(found) :]))
        registers = {guest.state[path] for path in setting.unmoded_registers()}
        atoms = [t for t in reachable(case.faults) if t.op is Op.EQ and t.args[0] in registers and t.args[1].is_const]
        cases = [case]
        for atom in atoms:
            cases = [part for case in cases for part in self._divided(case, atom)]
        return cases

    def pursued(self, case: _Case) -> list[_Case]:
        """The cases in which it may be that the walks differ, each where it stands when the next cell cannot be read, or at the end."""
        found: list[_Case] = []
        while not is_false(case.goal) and (at := self._next(case)) is not None:
            case, unreadable = self._step(case, at)
            found += [] if unreadable is None else [unreadable]
        return [one for one in (*found, case) if not is_false(one.goal)]

    def ended(self, case: _Case) -> bool:
        """Whether nothing is left to follow."""
        return self._next(case) is None

    def _step(self, case: _Case, at: Term) -> tuple[_Case, _Case | None]:
        """After both walks have read the cell at a physical address; and where the bare view does not allow that, if it may not."""
        setting, pool = self._setting, self._pool
        va = self._virtual(at)
        plain, kept = (setting.seen(kind, state, va, READ) for kind, state in self._bare)
        ensured = everywhere(setting, self._world, va)
        defined = self._definitions(ensured)
        case = replace(case.with_(defined, ensured), followed=case.followed | {at})
        refused, denied, place = substitute(pool, substitute(pool, [plain.fault, kept.fault, kept.address], defined), case.known)
        unreadable = None
        if not (refused.is_const and denied.is_const):
            unreadable = case.assuming(refused, denied)
            case = case.assuming(pool.not_(refused), pool.not_(denied))
            [place] = substitute(pool, [place], case.known)
        return case.with_({pool.select(self._real_memory, place): pool.select(self._memory, at)}), unreadable

    def _next(self, case: _Case) -> Term | None:
        """An address at which the guest's walk reads, and which depends on cells alone that were followed; then one that it leads to."""
        for read in self._reads([*case.faults, *case.places]):
            if read not in case.followed and all(before in case.followed for before in self._reads([read])):
                return read
        return next((place for place in case.places if place not in case.followed), None)

    def _divided(self, case: _Case, atom: Term) -> list[_Case]:
        """A case by whether an equation holds, if fewer tables are read then, or else."""
        parts = [case.assuming(atom), case.assuming(self._pool.not_(atom))]
        most = len(self._reads(case.faults))
        return parts if any(len(self._reads(part.faults)) < most for part in parts) else [case]

    def _reads(self, terms: Sequence[Term]) -> list[Term]:
        """The addresses at which terms read the guest's memory."""
        return [term.args[1] for term in reachable(terms) if term.op is Op.SELECT and term.args[0] is self._memory]

    def _definitions(self, fact: Term) -> dict[Term, Term]:
        """Cells of the real memory that a fact determines, as `entry == ...` does, by what they hold."""
        found: dict[Term, Term] = {}
        for equation in conjuncts([fact]):
            for side, other in (equation.args, equation.args[::-1]) if equation.op is Op.EQ else ():
                cells = side.args if side.op is Op.CONCAT else (side,)
                if all(cell.op is Op.SELECT and cell.args[0] is self._real_memory for cell in cells):
                    high = side.width
                    for cell in cells:
                        found[cell] = self._pool.extract(other, high - 1, high - cell.width)
                        high -= cell.width
                    break
        return found

    def _virtual(self, address: Term) -> Term:
        """The virtual address of a cell in the bare view."""
        return self._pool.zext(address, self._setting.va_sort.width)


def _lifted(terms: Sequence[Term], memory: Term) -> list[Term]:
    """The terms with reads of a memory at one of several addresses as one of several reads: a walk reads again the entry that it marks."""
    pool = memory.pool
    done: dict[Term, Term] = {}

    def read(address: Term) -> Term:
        if address.op is not Op.ITE:
            return pool.select(memory, address)
        condition, one, other = address.args
        return pool.ite(condition, read(one), read(other))

    for term in reachable(terms):
        args = tuple(done[arg] for arg in term.args)
        if term.op is Op.SELECT and term.args[0] is memory:
            done[term] = read(args[1])
        else:
            done[term] = term if args == term.args else pool.rebuild(term, args)
    return [done[term] for term in terms]


def _atoms(fact: Term) -> list[tuple[Term, Term]]:
    """What a fact makes of the Boolean terms that it is a conjunction of."""
    pool = fact.pool
    parts = [part for part in conjuncts([fact]) if not part.is_const]
    return [(part.args[0], pool.false) if part.op is Op.NOT else (part, pool.true) for part in parts]


def real_walk_marks(setting: Setting) -> Task[Status]:
    """Whether the real walker may set bits in tables: UNSAT if it never does."""
    world = World(setting)
    _, real = world.pair()
    probe = setting.pool.var("walk.va", setting.va_sort)
    marks = setting.pool.or_(*(setting.seen(REAL, real.state, probe, access).updates for access in ACCESSES))
    answer = yield from ask(*world.relevant([marks]), marks)
    return answer.status
