"""A buddy system: an allocator that halves blocks of pages to fit requests, and joins free halves again.

K. C. Knowlton: A fast storage allocator. CACM 8(10), 1965; D. E. Knuth: The Art of Computer Programming, volume 1, section 2.5. Blocks are
numbered as in a heap: 1 is all of memory, 2b and 2b + 1 are the halves of b, and the pages come last.
"""

from vmproof.lang import *

DEPTH = parameter(2)  # memory has 2^DEPTH pages
PAGES = 1 << DEPTH
Block = bits[DEPTH + 1]
Process = unsized("Process")


class Use(Enum):
    absent = 0  # part of a larger block, or itself in parts
    free = 1
    halved = 2
    given = 3


class Memory(State):
    use: array[Block, Use]
    has: array[(Process, Block), bool]  # which block was given to whom


@init
def one_block(m):
    start = forall(lambda b: m.use[b] == (Use.free if b == 1 else Use.absent), Block)
    return start and forall(lambda p, b: not m.has[p, b], Process, Block)


def halves(b):
    return b << 1, b << 1 | 1


@action
def halve(m, b: Block):
    require(m.use[b] == Use.free and b < PAGES)
    left, right = halves(b)
    m.use[b] = Use.halved
    m.use[left] = Use.free
    m.use[right] = Use.free


@fair
@action
def join(m, b: Block):
    left, right = halves(b)
    require(m.use[b] == Use.halved)
    require(m.use[left] == Use.free and m.use[right] == Use.free)
    m.use[b] = Use.free
    m.use[left] = Use.absent
    m.use[right] = Use.absent


@action
def allocate(m, p: Process, b: Block):
    require(m.use[b] == Use.free)
    m.use[b] = Use.given
    m.has[p, b] = True


@action
def release(m, p: Process, b: Block):
    """Processes may ask for anything, such as to release a block twice."""
    require(m.has[p, b])
    m.use[b] = Use.free
    m.has[p, b] = False


def within(a, b):
    """Whether block `a` is `b` or a part of it."""
    return any((a >> k) == b for k in range(DEPTH + 1))


@invariant("no page is in the hands of two processes, nor twice in those of one")
def exclusive(m, p: Process, a: Block, q: Process, b: Block):
    return implies(m.has[p, a] and m.has[q, b] and within(a, b), p == q and a == b)


@invariant("what a process has is given away")
def recorded(m, p: Process, b: Block):
    return implies(m.has[p, b], m.use[b] == Use.given)


@invariant("the halves of a halved block are there, and no others")
def in_halves(m, b: Block):
    return implies(b > 1, (m.use[b] != Use.absent) == (m.use[b >> 1] == Use.halved))


@invariant("all of memory is accounted for, and no page is halved")
def whole(m, b: Block):
    return m.use[0] == Use.absent and m.use[1] != Use.absent and implies(b >= PAGES, m.use[b] != Use.halved)


@reachable("two processes have memory")
def two_at_once(m, p: Process, a: Block, q: Process, b: Block):
    return p != q and m.has[p, a] and m.has[q, b]


@eventually("two free halves do not stay apart", premise=lambda m, b: apart(m, b))
def joined(m, b: Block):
    return not apart(m, b)


def apart(m, b):
    left, right = halves(b)
    return m.use[b] == Use.halved and m.use[left] == Use.free and m.use[right] == Use.free
