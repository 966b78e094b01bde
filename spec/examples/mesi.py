"""A MESI bus: any number of caches keep one line of memory coherent by watching a common bus.

M. S. Papamarcos, J. H. Patel: A low-overhead coherence solution for multiprocessors with private cache memories. ISCA 1984. The bus serves
one request after the other, and all caches see it in the same step. Lines do not interact, so that one is enough.
"""

from vmproof.lang import *

Cache = unsized("Cache")
Value = unsized("Value")


class Line(Enum):
    invalid = 0
    shared = 1  # memory is up to date, and others may have the line
    exclusive = 2  # memory is up to date, and nobody else has it
    modified = 3  # memory is out of date, and nobody else has it


class Request(Enum):
    none = 0
    read = 1
    write = 2


class System(State):
    line: array[Cache, Line]
    data: array[Cache, Value]
    memory: Value
    request: array[Cache, Request]  # what a processor waits for
    last: Value  # what was written last, by whomever: the memory that programs are to see


@init
def cold(s):
    return forall(lambda c: s.line[c] == Line.invalid and s.request[c] == Request.none, Cache) and s.memory == s.last


def alone(s, c):
    return s.line[c] == Line.exclusive or s.line[c] == Line.modified


@action
def read_miss(s, c: Cache):
    require(s.request[c] == Request.none and s.line[c] == Line.invalid)
    s.request[c] = Request.read


@action
def write_miss(s, c: Cache):
    """A write to a line that others may have needs the bus, too."""
    require(s.request[c] == Request.none and not alone(s, c))
    s.request[c] = Request.write


@action
def write_hit(s, c: Cache, value: Value):
    require(alone(s, c))
    s.line[c] = Line.modified
    s.data[c] = value
    s.last = value


@action
def evict(s, c: Cache):
    require(s.line[c] != Line.invalid)
    if s.line[c] == Line.modified:
        s.memory = s.data[c]
    s.line[c] = Line.invalid


def write_back(s):
    """Whoever has changed the line writes it to memory before another one gets it."""
    if exists(lambda d: s.line[d] == Line.modified, Cache):
        owner = choose(Cache)
        require(s.line[owner] == Line.modified)
        s.memory = s.data[owner]


@fair
@action
def bus_read(s, c: Cache):
    require(s.request[c] == Request.read)
    write_back(s)
    if exists(lambda d: s.line[d] != Line.invalid, Cache):
        s.line = array(lambda d: Line.shared if d == c or s.line[d] != Line.invalid else Line.invalid)
    else:
        s.line[c] = Line.exclusive
    s.data[c] = s.memory
    s.request[c] = Request.none


@fair
@action
def bus_write(s, c: Cache):
    """All others give the line up; the processor can then write to it."""
    require(s.request[c] == Request.write)
    write_back(s)
    s.line = array(lambda d: Line.modified if d == c else Line.invalid)
    s.data[c] = s.memory
    s.request[c] = Request.none


@invariant("who can write has the only copy")
def single_writer(s, c: Cache, d: Cache):
    return implies((s.line[c] == Line.exclusive or s.line[c] == Line.modified) and d != c, s.line[d] == Line.invalid)


@invariant("every copy is what was written last")
def coherent(s, c: Cache):
    return implies(s.line[c] != Line.invalid, s.data[c] == s.last)


@invariant("memory is what was written last, unless a cache has modified it")
def nothing_lost(s):
    return s.memory == s.last or exists(lambda c: s.line[c] == Line.modified, Cache)


@invariant("who waits to read has no copy, and who waits to write not the only one")
def needed(s, c: Cache):
    waits_to_write = s.line[c] == Line.invalid or s.line[c] == Line.shared
    return implies(s.request[c] == Request.read, s.line[c] == Line.invalid) and implies(s.request[c] == Request.write, waits_to_write)


@reachable("two caches share a line that one of them wrote")
def passed_on(s, c: Cache, d: Cache):
    return c != d and s.line[c] == Line.shared and s.line[d] == Line.shared and s.data[c] == s.last


@reachable("a cache reads what no other cache has")
def only_copy(s, c: Cache):
    return s.line[c] == Line.exclusive


@reachable("memory is out of date")
def dirty(s):
    return s.memory != s.last


@eventually("whoever asks to read gets a copy", premise=lambda s, c: s.request[c] == Request.read)
def read(s, c: Cache):
    return s.line[c] != Line.invalid


@eventually("whoever asks to write may write", premise=lambda s, c: s.request[c] == Request.write)
def written(s, c: Cache):
    return s.line[c] == Line.modified
