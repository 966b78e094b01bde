"""Tables of the guest's own: where a guest may turn translation off, what its tables show follows from what it sees without them.

Under nested paging a guest's tables are its memory, and both walkers follow them: the guest's own, and the real one, whose every step the
VMM's tables translate. Two premises speak of all that a guest may see: that no store of its reaches the VMM's tables, and that its view can
be realised. They need to be shown of the *bare* view only, that without translation, if `unfollowed` finds nothing: in states that have
one bare view the two walkers then find the same, whatever the tables hold. The bare view of a guest that its VMM has put behind a second
stage is what that one shows. For second stages stand functions that nobody knows (`stages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vmproof.language import Located
from vmproof.language.stages import Form, Stages
from vmproof.solvers import Status
from vmproof.terms import ArraySort, BitVecSort, Op, Term, bits_of_each, conjuncts, default_value, reachable, substitute
from vmproof.virtualize.agreement import everywhere
from vmproof.virtualize.asking import Task, ask, ask_all
from vmproof.virtualize.forall import Unanswered
from vmproof.virtualize.setting import ACCESSES, READ, REAL, Setting
from vmproof.virtualize.world import Body, World, is_false, is_true

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
    memory = real.state[setting.memory]
    for address in _reads([part for place in found for part in (place.fault, place.address)], memory):
        if not _reads([address], memory) and not own.isdisjoint(reachable([address])):
            return True
    return False


def untranslated(setting: Setting) -> Registers | None:
    """What a guest of the scenario may set its registers to, so that only a second stage translates, if any; None if that is not known.

    Zeros are tried, in each mode that it can enter by itself. Where the VMM keeps addresses for itself, views need not agree everywhere.
    """
    pool = setting.pool
    keys = setting.unmoded_registers()
    if setting.scenario.has_reserved or not has_own_tables(setting) or setting.stages is None:
        return None
    if not all(path in setting.own for path in keys) or setting.va_sort.width < setting.pa_width:
        return None
    world = World(setting)
    guest, real = world.pair()
    for body, own in ((guest, keys), (real, [setting.own[path] for path in keys])):
        changed = {*own, *setting.mode_paths}
        if not changed.isdisjoint(setting.stages.reads) and _asks(setting, body):
            return None
    there = pool.zext(pool.var("$there", BitVecSort(setting.pa_width)), setting.va_sort.width)
    for mode in setting.domain if setting.own_mode else ((),):
        zeros = {path: pool.value(setting.sort(path), default_value(setting.sort(path))) for path in keys}
        zeros |= {path: pool.value(setting.sort(path), value) for path, value in zip(setting.mode_paths, mode, strict=False)}
        bare = _Bare(setting, guest, zeros)
        if all(bare.address_of(bare.at(there, access).address) is there for access in ACCESSES):
            return zeros
    return None


def _asks(setting: Setting, body: Body) -> bool:
    """Whether the translation in a state asks the stage."""
    assert setting.stages is not None
    named = set(setting.stages.named(body.name).values())
    return any(term in named for term in reachable([term for place in _walked(setting, body) for term in (place.fault, place.address)]))


def _walked(setting: Setting, body: Body) -> list[Located]:
    """What the walk of a state finds at any address, for each access, with the stage as functions of the state's own."""
    probe = setting.pool.var("walk.va", setting.va_sort)
    return [setting.seen(body.kind, body.state, probe, access, stage=body.name) for access in ACCESSES]


def unfollowed(setting: Setting, bare: Registers) -> Task[Unanswered]:
    """A guest and a real state with one bare view, and an address at which they nevertheless see something else: nothing, or undecided.

    UNSAT is a proof. What the bare view shows is assumed of the cells that the guest's walk reads, one after the other, and of the one that
    it leads to: by then both walks have read the same before, so the next address is one term in both, and no solver has to find that out.
    """
    world = World(setting)
    world.pair()
    walks = _Walks(setting, world, bare)
    disagreement = walks.disagreement()
    if disagreement is None:
        return Unanswered(Status.UNKNOWN, None, "the second stage finds tables elsewhere than it finds other cells")
    answer = yield from ask(*world.relevant([disagreement]), disagreement)
    if answer.status is not Status.UNSAT:
        return Unanswered(Status.UNKNOWN, None, f"the second stages may treat accesses to tables differently: {answer.reason}")
    leaves = [leaf for case in walks.begun() for leaf in walks.pursued(case)]
    queries = [[*world.relevant([*leaf.facts, leaf.goal]), *leaf.facts, leaf.goal] for leaf in leaves]
    answers = yield from ask_all(queries, arrays=True)
    open_ = [answer for answer in answers if answer.status is not Status.UNSAT]
    if not open_:
        return Unanswered(Status.UNSAT)
    return Unanswered(Status.UNKNOWN, None, f"a guest's own tables are followed in ways that were not told apart: {open_[0].reason}")


class _Bare:
    """The bare view of one state: where a *bare address*, a virtual one where the guest translates nothing, leads to."""

    def __init__(self, setting: Setting, body: Body, registers: Registers) -> None:
        self._setting = setting
        self._pool = setting.pool
        self.name = body.name
        self._probe = setting.pool.var("bare.va", setting.va_sort)
        state = setting.in_registers(body.kind, body.state, registers)
        self._general = {access: setting.seen(body.kind, state, self._probe, access, stage=body.name) for access in ACCESSES}

    def at(self, va: Term, access: int) -> Located:
        """Where an access to a bare address goes."""
        return self._general[access].substituted({self._probe: va})

    def address_of(self, address: Term) -> Term | None:
        """The bare address that leads to a cell, as far as the cell's address says it: one that the stage gives, or the address itself."""
        pool, stages = self._pool, self._setting.stages
        assert stages is not None
        low = 0 if stages.offset is None else stages.offset.width
        frames = stages.named(self.name)[stages.frame]
        width = self._setting.va_sort.width - low

        def page(frame: Term) -> Term:
            if frame.op is Op.ITE:
                condition, one, other = frame.args
                return pool.ite(condition, page(one), page(other))
            asked = frame.args[0] if frame.op is Op.EXTRACT and frame.data[1] == 0 else frame  # a place has fewer bits than is given
            if asked.op is Op.SELECT and asked.args[0] is frames:
                return pool.zext(asked.args[1], width)
            return pool.zext(frame, width)

        if stages.page.width > width:
            return None
        if frames not in reachable([address]):
            return pool.zext(address, self._setting.va_sort.width)
        frame = page(bits_of_each(address, address.width - 1, low))
        return pool.concat(frame, pool.extract(address, low - 1, 0)) if low else frame


@dataclass(frozen=True, eq=False)
class _Case:
    """The walks for one address, as far as they were followed.

    `goal`: the two come to something else for some access. `faults` and `places` (bare addresses) are what the guest's comes to, for each
    access, under the `facts`, of which `known` makes terms constants. Of the bare addresses in `followed` the cells are the same for both;
    those in `closed` cannot be read.
    """

    goal: Term
    faults: tuple[Term, ...]
    places: tuple[Term, ...]
    facts: tuple[Term, ...] = ()
    known: Mapping[Term, Term] = field(default_factory=dict)
    followed: frozenset[Term] = frozenset()
    closed: frozenset[Term] = frozenset()

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
    """The walk of a guest and that of its real state, followed side by side.

    `_cells` is the memory as the bare view shows it: at each bare address, what the guest has there.
    """

    def __init__(self, setting: Setting, world: World, registers: Registers) -> None:
        self._setting = setting
        self._pool = setting.pool
        self._world = world
        guest, real = world.body("g"), world.body("r")
        assert setting.memory is not None
        assert setting.stages is not None
        self._stages: Stages = setting.stages
        self._memory, self._real_memory = guest.state[setting.memory], real.state[setting.memory]
        cell = BitVecSort(setting.description.cell_width)
        self._cells = self._pool.var("bare.cells", ArraySort(setting.va_sort, cell))
        self._bare = (_Bare(setting, guest, registers), _Bare(setting, real, registers))
        self._variants = self._at_tables_alone()

    def begun(self) -> list[_Case]:
        """Accesses at any address, by cases of registers that decide which tables are read."""
        setting, pool = self._setting, self._pool
        guest, real = self._world.body("g"), self._world.body("r")
        mine, its = self._bare
        probe = pool.var("walk.va", setting.va_sort)
        goals: list[Term] = []
        faults: list[Term] = []
        places: list[Term] = []
        for access, here, there in zip(ACCESSES, _walked(setting, guest), _walked(setting, real), strict=True):
            place = mine.address_of(here.address)
            assert place is not None
            plain, kept = mine.at(place, access), its.at(place, access)
            elsewhere = pool.or_(plain.fault, kept.fault, pool.ne(here.address, plain.address), pool.ne(there.address, kept.address))
            goals += [pool.ne(here.fault, there.fault), pool.and_(pool.not_(here.fault), elsewhere)]
            faults.append(here.fault)
            places.append(place)
        goal, *walk = self._in_cells([pool.or_(*goals), *faults, *places])
        agreed = self._agreed(probe)  # the guest may translate nothing
        case = _Case(goal, tuple(walk[: len(faults)]), tuple(walk[len(faults) :]), agreed)
        registers = {guest.state[path] for path in setting.unmoded_registers()}
        atoms = [t for t in reachable(case.faults) if t.op is Op.EQ and t.args[0] in registers and t.args[1].is_const]
        cases = [case]
        for atom in atoms:
            cases = [part for case in cases for part in self._divided(case, atom)]
        return cases

    def disagreement(self) -> Term | None:
        """At some bare address an access to a table is not as in the other state, though all others are; None where this cannot be said.

        A second stage may have its own rules for accesses to tables: theirs are the forms of its calls that the bare view does not make.
        """
        setting, pool, stages = self._setting, self._pool, self._stages
        if self._variants is None:
            return None
        guest, real = self._world.body("g"), self._world.body("r")
        there = pool.var("table.va", setting.va_sort)
        agreed = self._agreed(there)
        allowed = [pool.not_(pool.or_(mine.fault, its.fault)) for mine, its in self._views(there)]
        claims = []
        for mine, its in self._at_tables(there):
            claims.append(pool.eq(mine.fault, its.fault))
            claims.append(pool.or_(mine.fault, its.fault, *allowed))
        page = stages.of_address(there)[stages.page]
        differing = [stages.differing(body.state, page) for body in (guest, real)]
        terms = [pool.and_(*agreed), pool.not_(pool.and_(*claims))]
        for body in (guest, real):
            terms = stages.filled(terms, body.name, body.state)
        return pool.or_(*differing, pool.and_(*terms, everywhere(setting, self._world, there)))

    def _at_tables_alone(self) -> list[tuple[Form, Form]] | None:
        """The forms of calls that the real walk makes and its bare view does not, each beside a read of that; None if it has none."""
        real, (_, its) = self._world.body("r"), self._bare
        there = self._pool.var("table.va", self._setting.va_sort)
        plain = [self._made(its.at(there, access), real.name) for access in ACCESSES]
        if not plain[READ]:
            return None
        explicit = {form.fault for forms in plain for form in forms}
        made = [form for place in _walked(self._setting, real) for form in self._made(place, real.name)]
        alone = {form.fault: form for form in made if form.fault not in explicit}
        return [(plain[READ][0], form) for form in alone.values()]

    def _made(self, located: Located, name: str) -> list[Form]:
        """The forms of calls of the stage that a translation makes, by whether they trap."""
        named = self._stages.named(name)
        occurring = set(reachable([located.fault, located.address]))
        found = []
        for form in self._stages.forms.values():
            arrays = [term for term in reachable([form.fault]) if term in named]
            if arrays and all(named[array] in occurring for array in arrays):
                found.append(form)
        return found

    def _at_tables(self, at: Term) -> list[tuple[Located, Located]]:
        """What both states have at a bare address for an access to a table, in each form of a call that it makes."""
        given = self._stages.of_address(at)
        found = []
        for plain, form in self._variants or ():
            pair = []
            for one in self._bare:
                named = self._stages.named(one.name)
                parts = (plain.fault, form.fault, plain.updates, form.updates)
                fault, its_fault, updates, its_updates = substitute(self._pool, parts, {**named, **given})
                pair.append(one.at(at, READ).substituted({fault: its_fault, updates: its_updates}))
            found.append((pair[0], pair[1]))
        return found

    def pursued(self, case: _Case) -> list[_Case]:
        """The cases in which it may be that the walks differ, each followed to its end."""
        found: list[_Case] = []
        pending = [case]
        while pending:
            case = pending.pop()
            while not is_false(case.goal) and (at := self._next(case)) is not None:
                case, unreadable = self._step(case, at)
                pending += [] if unreadable is None else [unreadable]
            found += [] if is_false(case.goal) else [case.with_({}, *(fact for place in case.places for fact in self._agreed(place)))]
        return found

    def _step(self, case: _Case, at: Term) -> tuple[_Case, _Case | None]:
        """After both walks have read the cell at a bare address; and where it cannot be read, if that may be."""
        pool = self._pool
        tables = self._at_tables(at)
        facts = [*self._agreed(at), *(pool.eq(mine.fault, its.fault) for mine, its in tables)]
        case = case.with_({}, *substitute(pool, facts, case.known))
        mine, its = tables[0] if tables else self._views(at)[READ]
        refused, denied, place = substitute(pool, [mine.fault, its.fault, its.address], case.known)
        closed = replace(case, closed=case.closed | {at})
        if is_true(refused) or is_true(denied):
            return closed, None
        unreadable = None
        if not (refused.is_const and denied.is_const):
            unreadable = closed.assuming(refused, denied)
            case = case.assuming(pool.not_(refused), pool.not_(denied))
            [place] = substitute(pool, [place], case.known)
        same = {pool.select(self._real_memory, place): pool.select(self._cells, at)}
        return replace(case.with_(same), followed=case.followed | {at}), unreadable

    def _views(self, at: Term) -> list[tuple[Located, Located]]:
        """What both states have at a bare address, for each access."""
        mine, its = self._bare
        return [(mine.at(at, access), its.at(at, access)) for access in ACCESSES]

    def _agreed(self, at: Term) -> tuple[Term, ...]:
        """That the bare views allow the same there."""
        return tuple(self._pool.eq(mine.fault, its.fault) for mine, its in self._views(at))

    def _next(self, case: _Case) -> Term | None:
        """A bare address at which the guest's walk reads, and which depends on cells alone that were followed.

        No table is at a constant address: what is read there stands in the place of an entry that there is none of.
        """
        for read in _reads([*case.faults, *case.places], self._cells):
            before = _reads([read], self._cells)
            if not read.is_const and read not in case.followed | case.closed and case.followed.issuperset(before):
                return read
        return None

    def _divided(self, case: _Case, atom: Term) -> list[_Case]:
        """A case by whether an equation holds, if fewer tables are read then, or else."""
        parts = [case.assuming(atom), case.assuming(self._pool.not_(atom))]
        most = len(_reads(case.faults, self._cells))
        return parts if any(len(_reads(part.faults, self._cells)) < most for part in parts) else [case]

    def _in_cells(self, terms: Sequence[Term]) -> list[Term]:
        """The terms with what the guest's walk reads at a bare address as read from `cells`; at one of several, as one of several reads."""
        pool, mine = self._pool, self._bare[0]
        done: dict[Term, Term] = {}

        def read(address: Term) -> Term:
            if address.op is Op.ITE:
                condition, one, other = address.args
                return pool.ite(condition, read(one), read(other))
            bare = mine.address_of(address)
            if bare is None or mine.at(bare, READ).address is not address:
                return pool.select(self._memory, address)
            return pool.select(self._cells, bare)

        for term in reachable(terms):
            args = tuple(done[arg] for arg in term.args)
            if term.op is Op.SELECT and term.args[0] is self._memory:
                done[term] = read(args[1])
            else:
                done[term] = term if args == term.args else pool.rebuild(term, args)
        return [done[term] for term in terms]


def _reads(terms: Iterable[Term], memory: Term) -> list[Term]:
    """The addresses at which terms read a memory."""
    return [term.args[1] for term in reachable(list(terms)) if term.op is Op.SELECT and term.args[0] is memory]


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
