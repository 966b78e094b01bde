"""Models with atomic actions, each written three times: as a system over terms, in Murphi for rumur, and in Promela for spin."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.systems import Sketch, width_of
from vmproof.engines.system import TransitionSystem
from vmproof.terms import Term


@dataclass(frozen=True)
class PeerModel:
    """One model in three languages. In Promela each action is a `d_step` of a single process, so that states are values of variables."""

    name: str
    system: TransitionSystem
    murphi: str
    promela: str


def grid(counters: int, values: int) -> PeerModel:
    """Counters that go up and down on their own: `values ** counters` states."""
    s = Sketch("grid")
    p = s.pool
    c = s.array("c", counters, values)
    i = s.parameter("i", counters)
    here = p.select(c, i.term)
    one, top = p.bv(1, here.width), p.bv(values - 1, here.width)
    s.action("up", p.ult(here, top), {"c": p.store(c, i.term, p.add(here, one))}, [i])
    s.action("down", p.ne(here, p.bv(0, here.width)), {"c": p.store(c, i.term, p.sub(here, one))}, [i])
    s.always("in range", p.ule(here, top), i)
    murphi = f"""
type idx: 0..{counters - 1}; val: 0..{values - 1};
var c: array[idx] of val;
startstate begin for i: idx do c[i] := 0; end; end;
ruleset i: idx do
  rule "up" c[i] < {values - 1} ==> begin c[i] := c[i] + 1; end;
  rule "down" c[i] > 0 ==> begin c[i] := c[i] - 1; end;
end;
invariant "in range" forall i: idx do c[i] <= {values - 1} end;
"""
    steps = [
        option
        for i in range(counters)
        for option in ((f"c[{i}] < {values - 1}", f"c[{i}]++"), (f"c[{i}] > 0", f"c[{i}]--"))
    ]
    init = s.each(c, counters, p.bv(0, here.width))
    return PeerModel(f"grid {counters}x{values}", s.system(init), murphi, _promela(f"byte c[{counters}];", steps))


def filter_lock(processes: int) -> PeerModel:
    """Peterson's lock for n processes (G. L. Peterson, "Myths About the Mutual Exclusion Problem", 1981), a level at a time."""
    n = processes
    s = Sketch("filter lock")
    p = s.pool
    width = width_of(n)
    level, victim, at = s.array("level", n, n), s.array("victim", n, n), s.array("at", n, 4)  # idle, marking, waiting, critical
    i = s.parameter("i", n)
    mine = p.select(level, i.term)

    def here(place: int) -> Term:
        return p.eq(p.select(at, i.term), p.bv(place, 2))

    def go(place: int) -> Term:
        return p.store(at, i.term, p.bv(place, 2))

    zero, one = p.bv(0, width), p.bv(1, width)
    s.action("request", here(0), {"level": p.store(level, i.term, one), "at": go(1)}, [i])
    s.action("mark", here(1), {"victim": p.store(victim, mine, i.term), "at": go(2)}, [i])
    below = [p.or_(p.eq(p.bv(j, width), i.term), p.ult(p.select(level, p.bv(j, width)), mine)) for j in range(n)]
    free = p.and_(here(2), p.or_(p.ne(p.select(victim, mine), i.term), p.and_(*below)))
    last = p.eq(mine, p.bv(n - 1, width))
    up = {"level": p.store(level, i.term, p.ite(last, mine, p.add(mine, one))), "at": p.ite(last, go(3), go(1))}
    s.action("climb", free, up, [i])
    s.action("leave", here(3), {"level": p.store(level, i.term, zero), "at": go(0)}, [i])
    j = s.parameter("j", n)
    critical = p.and_(p.eq(p.select(at, i.term), p.bv(3, 2)), p.eq(p.select(at, j.term), p.bv(3, 2)))
    s.always("mutual exclusion", p.or_(p.eq(i.term, j.term), p.not_(critical)), i, j)
    init = p.and_(s.each(level, n, zero), s.each(victim, n, zero), s.each(at, n, p.bv(0, 2)))
    murphi = f"""
type pid: 0..{n - 1}; place: 0..3;
var level: array[pid] of pid; victim: array[pid] of pid; at: array[pid] of place;
startstate begin for i: pid do level[i] := 0; victim[i] := 0; at[i] := 0; end; end;
ruleset i: pid do
  rule "request" at[i] = 0 ==> begin level[i] := 1; at[i] := 1; end;
  rule "mark" at[i] = 1 ==> begin victim[level[i]] := i; at[i] := 2; end;
  rule "climb" at[i] = 2 & (victim[level[i]] != i | forall j: pid do j = i | level[j] < level[i] end) ==>
  begin if level[i] = {n - 1} then at[i] := 3; else level[i] := level[i] + 1; at[i] := 1; end; end;
  rule "leave" at[i] = 3 ==> begin level[i] := 0; at[i] := 0; end;
end;
invariant "mutual exclusion" forall i: pid do forall j: pid do i = j | at[i] != 3 | at[j] != 3 end end;
"""
    steps = []
    for k in range(n):
        lower = " && ".join(f"level[{o}] < level[{k}]" for o in range(n) if o != k)
        steps += [
            (f"at[{k}] == 0", f"level[{k}] = 1; at[{k}] = 1"),
            (f"at[{k}] == 1", f"victim[level[{k}]] = {k}; at[{k}] = 2"),
            (
                f"at[{k}] == 2 && (victim[level[{k}]] != {k} || ({lower}))",
                f"if :: level[{k}] == {n - 1} -> at[{k}] = 3 :: else -> level[{k}]++; at[{k}] = 1 fi",
            ),
            (f"at[{k}] == 3", f"level[{k}] = 0; at[{k}] = 0"),
        ]
    return PeerModel(f"filter lock {n}", s.system(init), murphi, _promela(f"byte level[{n}]; byte victim[{n}]; byte at[{n}];", steps))


def mesi(caches: int, lines: int, values: int = 2) -> PeerModel:
    """Caches that keep lines coherent by invalidation (M. S. Papamarcos, J. H. Patel, 1984): invalid, shared, exclusive, modified.

    A cache that is invalid holds the value 0.
    """
    size = caches * lines
    s = Sketch("mesi")
    p = s.pool
    width, bits = width_of(size), width_of(values)
    state, data, memory = s.array("state", size, 4), s.array("data", size, values), s.array("memory", lines, values)
    line, who, value = s.parameter("line", lines), s.parameter("who", caches), s.parameter("value", values)

    def resized(term: Term) -> Term:
        return p.zext(term, width) if term.width < width else term

    base = p.mul(resized(line.term), p.bv(caches, width))
    places = [p.add(base, p.bv(k, width)) for k in range(caches)]
    me = p.add(base, resized(who.term))
    old = p.select(memory, line.term)
    held = [p.ne(p.select(state, place), p.bv(0, 2)) for place in places]
    dirty = [p.eq(p.select(state, place), p.bv(3, 2)) for place in places]
    fresh = old  # the newest value of the line
    for place, owns in zip(places, dirty, strict=True):
        fresh = p.ite(owns, p.select(data, place), fresh)
    shared = state
    for place, holds in zip(places, held, strict=True):
        shared = p.store(shared, place, p.ite(holds, p.bv(1, 2), p.select(state, place)))
    filled = p.store(shared, me, p.ite(p.or_(*held), p.bv(1, 2), p.bv(2, 2)))
    invalid = p.eq(p.select(state, me), p.bv(0, 2))
    s.action("read", invalid, {"state": filled, "data": p.store(data, me, fresh), "memory": p.store(memory, line.term, fresh)}, [line, who])
    gone, wiped = state, data
    for place in places:
        gone, wiped = p.store(gone, place, p.bv(0, 2)), p.store(wiped, place, p.bv(0, bits))
    written = {"state": p.store(gone, me, p.bv(3, 2)), "data": p.store(wiped, me, value.term), "memory": p.store(memory, line.term, fresh)}
    s.action("write", p.not_(invalid), written, [line, who, value])
    dropped = {
        "state": p.store(state, me, p.bv(0, 2)),
        "data": p.store(data, me, p.bv(0, bits)),
        "memory": p.store(memory, line.term, p.ite(p.eq(p.select(state, me), p.bv(3, 2)), p.select(data, me), old)),
    }
    s.action("evict", p.not_(invalid), dropped, [line, who])
    other = s.parameter("other", caches)
    its = p.add(base, resized(other.term))
    alone = p.implies(p.ult(p.bv(1, 2), p.select(state, me)), p.eq(p.select(state, its), p.bv(0, 2)))
    s.always("an owner is alone", p.or_(p.eq(who.term, other.term), alone), line, who, other)
    init = p.and_(s.each(state, size, p.bv(0, 2)), s.each(data, size, p.bv(0, bits)), s.each(memory, lines, p.bv(0, bits)))
    murphi = f"""
type cid: 0..{caches - 1}; lid: 0..{lines - 1}; val: 0..{values - 1}; mode: 0..3;
var state: array[lid] of array[cid] of mode; data: array[lid] of array[cid] of val; memory: array[lid] of val;
startstate begin
  for l: lid do memory[l] := 0; for c: cid do state[l][c] := 0; data[l][c] := 0; end; end;
end;
ruleset l: lid do ruleset c: cid do
  rule "read" state[l][c] = 0 ==> var any: boolean; begin
    any := false;
    for k: cid do
      if state[l][k] = 3 then memory[l] := data[l][k]; end;
      if state[l][k] != 0 then any := true; state[l][k] := 1; end;
    end;
    if any then state[l][c] := 1; else state[l][c] := 2; end;
    data[l][c] := memory[l];
  end;
  rule "evict" state[l][c] != 0 ==> begin
    if state[l][c] = 3 then memory[l] := data[l][c]; end;
    state[l][c] := 0; data[l][c] := 0;
  end;
  ruleset v: val do
    rule "write" state[l][c] != 0 ==> begin
      for k: cid do
        if state[l][k] = 3 then memory[l] := data[l][k]; end;
        state[l][k] := 0; data[l][k] := 0;
      end;
      state[l][c] := 3; data[l][c] := v;
    end;
  end;
end; end;
invariant "an owner is alone" forall l: lid do forall c: cid do forall k: cid do
  c = k | state[l][c] < 2 | state[l][k] = 0 end end end;
"""
    steps = []
    for spot in range(size):
        line_number = spot // caches
        all_places = range(line_number * caches, line_number * caches + caches)
        flush = "; ".join(f"if :: state[{k}] == 3 -> memory[{line_number}] = data[{k}] :: else fi" for k in all_places)
        some = " || ".join(f"state[{k}] != 0" for k in all_places)
        share = "; ".join(f"if :: state[{k}] != 0 -> state[{k}] = 1 :: else fi" for k in all_places if k != spot)
        fill = f"if :: ({some}) -> {share}; state[{spot}] = 1 :: else -> state[{spot}] = 2 fi; data[{spot}] = memory[{line_number}]"
        steps.append((f"state[{spot}] == 0", f"{flush}; {fill}"))
        write_back = f"if :: state[{spot}] == 3 -> memory[{line_number}] = data[{spot}] :: else fi"
        steps.append((f"state[{spot}] != 0", f"{write_back}; state[{spot}] = 0; data[{spot}] = 0"))
        wipe = "; ".join(f"state[{k}] = 0; data[{k}] = 0" for k in all_places)
        for number in range(values):
            steps.append((f"state[{spot}] != 0", f"{flush}; {wipe}; state[{spot}] = 3; data[{spot}] = {number}"))
    declared = f"byte state[{size}]; byte data[{size}]; byte memory[{lines}];"
    return PeerModel(f"mesi {caches} caches, {lines} lines", s.system(init), murphi, _promela(declared, steps))


def _promela(declarations: str, steps: list[tuple[str, str]]) -> str:
    options = "\n".join(f"  :: d_step {{ {guard} -> {effect} }}" for guard, effect in steps)
    return f"{declarations}\nactive proctype machine() {{\nend: do\n{options}\n  od\n}}\n"
