"""A sixteen-bit machine with segmented memory of up to 4 KiB, in the manner of the 80286: selectors, descriptors in a table, two levels."""

from vmproof.lang import *


class Level(Enum):
    kernel = 0
    user = 1


class Reason(Enum):
    general = 0       # protection
    not_present = 1
    limit = 2
    storage = 3       # beyond the memory that is fitted
    software = 4


CODE, DATA, STACK, EXTRA = 0, 1, 2, 3


class Descriptor(Record):
    """What the processor remembers of a descriptor while a selector for it is loaded."""

    present: bool
    writable: bool
    kernel_only: bool
    base: bits[12]
    limit: bits[12]  # the last offset


class Flags(Layout[8]):
    carry: 0
    zero: 1
    interrupts: 7 = role.control


class Processor(State):
    pc: bits[12]                              # an offset in the code segment
    g: array[bits[3], bits[16]]               # g[7] is the stack pointer
    flags: Flags
    level: Level = role.mode(least=Level.user)
    selector: array[bits[2], bits[3]]         # index of the descriptor, for CODE, DATA, STACK and EXTRA
    hidden: array[bits[2], Descriptor] = role.control
    table: bits[12] = role.control            # physical address of the descriptor table: eight entries of eight bytes
    entry: bits[12] = role.control            # where traps go, in a code segment that covers all memory
    old_pc: bits[12] = role.control
    old_level: Level = role.control
    old_selector: bits[3] = role.control
    old_code: Descriptor = role.control
    fitted: bits[13] = role.platform
    mem: memory[bits[12], bits[8], big]


@legal
def memory_is_fitted(p):
    return p.fitted >= 256 and p.fitted <= 4096


@translation
def segment_and_offset(p, va: bits[14], access: Access) -> bits[12]:
    """A virtual address is the number of a segment register and an offset."""
    d = p.hidden[va[13:12]]
    offset = va[11:0]
    if not d.present or (d.kernel_only and p.level == Level.user) or (access == Access.write and not d.writable):
        trap(Reason.general)
    if offset > d.limit:
        trap(Reason.limit)
    if zext(d.base, 13) + zext(offset, 13) >= p.fitted:
        trap(Reason.storage)
    return d.base + offset


def within(number, offset):
    return cat(bits[2](number), offset)


@fetch
def instruction_word(p, at):
    return p.load(within(CODE, at), 2)


@trap_entry
def interrupt(p, reason: Reason):
    p.old_pc, p.old_level, p.old_selector, p.old_code = p.pc, p.level, p.selector[CODE], p.hidden[CODE]
    p.level, p.pc = Level.kernel, p.entry
    p.selector[CODE] = 0
    p.hidden[CODE] = Descriptor(present=True, writable=False, kernel_only=True, base=0, limit=0xFFF)


def kernel_only(p):
    if p.level == Level.user:
        trap(Reason.general)


def descriptor(p, index):
    """Reads an entry of the table: base, limit, access byte (present, writable, kernel only), and three bytes not used."""
    at = p.table + cat(bits[6](0), index, bits[3](0))
    base, limit, access = p.mem.read(at, 2)[11:0], p.mem.read(at + 2, 2)[11:0], p.mem[at + 4]
    return Descriptor(present=access[7], writable=access[6], kernel_only=access[5], base=base, limit=limit)


@instruction("0001 a[3] 0 00 s[2] b[3] 0 + off[16]", asm="ld g{a}, {s}:{off:hex}(g{b})")
def ld(p, a, s, b, off):
    p.g[a] = p.load(within(s, (p.g[b] + off)[11:0]), 2)


@instruction("0001 a[3] 0 01 s[2] b[3] 0 + off[16]", asm="st {s}:{off:hex}(g{b}), g{a}")
def st(p, a, s, b, off):
    p.store(within(s, (p.g[b] + off)[11:0]), p.g[a])


@instruction("0010 a[3] b[3] 0000 00", asm="add g{a}, g{b}")
def add(p, a, b):
    total = zext(p.g[a], 17) + zext(p.g[b], 17)
    p.g[a] = total[15:0]
    p.flags.carry, p.flags.zero = total[16], total[15:0] == 0


@instruction("0010 a[3] 000 0000 01 + i[16]", asm="mov g{a}, {i:hex}")
def mov(p, a, i):
    p.g[a] = i


@instruction("0011 disp[12]", asm="bz {disp:signed}")
def bz(p, disp):
    if p.flags.zero:
        p.pc = p.next_pc + disp


@instruction("0100 a[3] 0 0000 0000", asm="push g{a}")
def push(p, a):
    sp = p.g[7] - 2
    p.store(within(STACK, sp[11:0]), p.g[a])
    p.g[7] = sp


@instruction("0100 a[3] 0 0000 0001", asm="call (g{a})")
def call(p, a):
    sp = p.g[7] - 2
    target = p.g[a][11:0]
    p.store(within(STACK, sp[11:0]), zext(p.next_pc, 16))
    p.g[7] = sp
    p.pc = target


@instruction("0101 a[3] 0 0000 00 s[2]", asm="lds {s}, g{a}")
def lds(p, a, s):
    """Loads a segment register; a program may load those that its level allows."""
    if s == CODE:
        trap(Reason.general)
    index = p.g[a][2:0]
    d = descriptor(p, index)
    if d.kernel_only and p.level == Level.user:
        trap(Reason.general)
    if not d.present:
        trap(Reason.not_present)
    p.selector[s] = index
    p.hidden[s] = d


@instruction("0101 a[3] 0 0001 00 s[2]", asm="sts g{a}, {s}")
def sts(p, a, s):
    """Reads a selector back. It is what the program loaded."""
    p.g[a] = zext(p.selector[s], 16)


@instruction("0101 a[3] 0 0010 0000", asm="stcs g{a}")
def stcs(p, a):
    """Reads the code selector, with the level below it, as IA-32 shows CPL in CS."""
    p.g[a] = cat(bits[12](0), p.selector[CODE], bits[1](p.level))


@instruction("0101 a[3] 0 0010 0001", asm="verr g{a}")
def verr(p, a):
    """Sets Z if the level may read the segment that the selector names."""
    d = descriptor(p, p.g[a][2:0])
    p.flags.zero = d.present and not (d.kernel_only and p.level == Level.user)


@instruction("0101 a[3] 0 0010 0010", asm="sgdt g{a}")
def sgdt(p, a):
    p.g[a] = zext(p.table, 16)


@instruction("0101 a[3] 0 0010 0011", asm="lgdt g{a}")
def lgdt(p, a):
    kernel_only(p)
    p.table = p.g[a][11:0]


@instruction("0101 a[3] 0 0011 0000", asm="popf g{a}")
def popf(p, a):
    """The user's program changes its own flags; the interrupt flag stays as it is, and nobody is told."""
    word = Flags(p.g[a][7:0])
    p.flags.carry, p.flags.zero = word.carry, word.zero
    if p.level == Level.kernel:
        p.flags.interrupts = word.interrupts


@instruction("0110 0000 0000 0001")
def cli(p):
    kernel_only(p)
    p.flags.interrupts = 0


@instruction("0110 0000 0000 0010")
def hlt(p):
    kernel_only(p)
    wait()


@instruction("0110 0000 0000 0011")
def rti(p):
    kernel_only(p)
    p.pc, p.level, p.selector[CODE], p.hidden[CODE] = p.old_pc, p.old_level, p.old_selector, p.old_code


@instruction("0111 0000 n[8]", asm="int {n}")
def int_n(p, n):
    trap(Reason.software)


@scenario("a guest kernel at user level, its segments moved up")
class MovedUp:
    runs = {Level.user: Level.user, Level.kernel: Level.user}

    def host(real, guest, place: bits[12]):
        """The hidden parts hold the guest's segments, cut where its memory ends; the descriptor table is the monitor's."""
        return (
            place >= 256
            and zext(place, 13) + guest.fitted <= real.fitted
            and all(moved(real.hidden[s], guest.hidden[s], guest, place) for s in range(4))
        )


def moved(mine, theirs, guest, place):
    """A segment of the guest as a real one: usable at user level if the guest's own level may use it."""
    base = zext(theirs.base, 13)
    usable = theirs.present and not (theirs.kernel_only and guest.level == Level.user) and base < guest.fitted
    room = guest.fitted - base - 1
    limit = zext(theirs.limit, 13)
    return (
        mine.present == usable
        and not mine.kernel_only
        and implies(
            usable,
            mine.writable == theirs.writable
            and mine.base == theirs.base + place
            and zext(mine.limit, 13) == (limit if limit < room else room),
        )
    )
