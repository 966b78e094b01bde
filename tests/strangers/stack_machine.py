"""TRINE: a sixteen-bit stack machine with three rings, application, executive and nucleus.

Words of sixteen bits, 4096 of them in each address space, in four banks of 1024. A data stack and a return stack of eight
words each live in the processor and wrap around. The nucleus is not banked: it addresses the first 4096 words of storage.
"""

from vmproof.lang import *


class Ring(Enum):
    APPLICATION = 0
    EXECUTIVE = 1
    NUCLEUS = 2


class Fault(Enum):
    RING_VIOLATION = 0
    BANK_CLOSED = 1
    BANK_PROTECTED = 2
    NO_STORAGE = 3
    SERVICE = 4


class Bank(Record):
    opened: bool     # may be used at all
    writable: bool
    keeper: Ring     # the least ring that may use it
    frame: bits[6]   # 1024 words of storage


class Trine(State):
    pc: bits[12]
    data: array[bits[3], bits[16]]
    top: bits[3]
    returns: array[bits[3], bits[12]]
    return_top: bits[3]
    ring: Ring = role.mode(least=Ring.APPLICATION)
    bank: array[bits[2], Bank] = role.control
    saved_pc: bits[12] = role.control
    saved_ring: Ring = role.control
    fault: Fault = role.control
    vector: bits[12] = role.control
    frames: bits[7] = role.platform
    core: memory[bits[16], bits[16]]


@legal
def some_storage(cpu):
    return cpu.frames >= 4 and cpu.frames <= 64


@translation
def through_bank(cpu, va: bits[12], access: Access, as_ring=None) -> bits[16]:
    ring = cpu.ring if as_ring is None else as_ring
    if ring == Ring.NUCLEUS:
        return zext(va, 16)
    chosen = cpu.bank[va[11:10]]
    if not chosen.opened or bits[2](ring) < bits[2](chosen.keeper):
        trap(Fault.BANK_CLOSED)
    if access == Access.write and not chosen.writable:
        trap(Fault.BANK_PROTECTED)
    if zext(chosen.frame, 7) >= cpu.frames:
        trap(Fault.NO_STORAGE)
    return cat(chosen.frame, va[9:0])


@fetch
def word_at_pc(cpu):
    return cpu.load(cpu.pc)


@trap_entry
def to_nucleus(cpu, fault: Fault):
    cpu.saved_pc, cpu.saved_ring, cpu.fault = cpu.pc, cpu.ring, fault
    cpu.ring, cpu.pc = Ring.NUCLEUS, cpu.vector


def push(cpu, word):
    cpu.top = cpu.top + 1
    cpu.data[cpu.top] = word


def pop(cpu):
    word = cpu.data[cpu.top]
    cpu.top = cpu.top - 1
    return word


@instruction("1 word[15]", asm="LIT {word}")
def LIT(cpu, word):
    push(cpu, zext(word, 16))


@instruction("01 00 target[12]", asm="CALL {target:hex}")
def CALL(cpu, target):
    cpu.return_top = cpu.return_top + 1
    cpu.returns[cpu.return_top] = cpu.next_pc
    cpu.pc = target


@instruction("01 01 target[12]", asm="JZ {target:hex}")
def JZ(cpu, target):
    if pop(cpu) == 0:
        cpu.pc = target


@instruction("01 10 0000 0000 0000")
def EXIT(cpu):
    cpu.pc = cpu.returns[cpu.return_top]
    cpu.return_top = cpu.return_top - 1


BINARY = {"PLUS": lambda a, b: a + b, "MINUS": lambda a, b: a - b, "AND": lambda a, b: a & b, "XOR": lambda a, b: a ^ b}

for number, title in enumerate(["PLUS", "MINUS", "AND", "XOR"]):
    low = ("00", "01", "10", "11")[number]

    @instruction("0000 0000 0000 00 {low}", name=title)
    def combine(cpu):
        right = pop(cpu)
        left = pop(cpu)
        push(cpu, BINARY[title](left, right))


@instruction("0000 0000 0001 0000")
def DUP(cpu):
    push(cpu, cpu.data[cpu.top])


@instruction("0000 0000 0001 0001")
def DROP(cpu):
    pop(cpu)


@instruction("0000 0000 0001 0010")
def FETCH(cpu):
    push(cpu, cpu.load(pop(cpu)[11:0]))


@instruction("0000 0000 0001 0011")
def STORE(cpu):
    address = pop(cpu)[11:0]
    cpu.store(address, pop(cpu))


@instruction("0000 0001 number[8]", asm="SERVICE {number}")
def SERVICE(cpu, number):
    trap(Fault.SERVICE)


@instruction("0000 0010 0000 0000")
def RING(cpu):
    """Pushes the number of the ring that the program runs in."""
    push(cpu, zext(bits[2](cpu.ring), 16))


@instruction("0000 0010 0000 01 wanted[2]", asm="LOWER {wanted}")
def LOWER(cpu, wanted):
    """Gives up rights: to any ring that is not above the present one."""
    if wanted == 3 or wanted > bits[2](cpu.ring):
        trap(Fault.RING_VIOLATION)
    cpu.ring = Ring(wanted)


@instruction("0000 0010 0001 0000")
def PEEK(cpu):
    """Fetches as an application would: how an executive follows a pointer that it was given."""
    address = pop(cpu)[11:0]
    push(cpu, cpu.core[through_bank(cpu, address, Access.read, Ring.APPLICATION)])


@instruction("0000 0011 0000 00 number[2]", asm="BANK {number}")
def BANK(cpu, number):
    """Sets a bank register from the data stack; the nucleus's alone."""
    if cpu.ring != Ring.NUCLEUS:
        trap(Fault.RING_VIOLATION)
    word = pop(cpu)
    cpu.bank[number] = Bank(
        opened=word[15] and word[13:12] != 3,
        writable=word[14],
        keeper=Ring.NUCLEUS if word[13] else Ring.EXECUTIVE if word[12] else Ring.APPLICATION,
        frame=word[5:0],
    )


@instruction("0000 0011 0001 0000")
def RESUME(cpu):
    """Back from a fault, to the ring it came from; the executive may do so too, but not to reach the nucleus."""
    if cpu.ring == Ring.APPLICATION or (cpu.ring == Ring.EXECUTIVE and cpu.saved_ring == Ring.NUCLEUS):
        trap(Fault.RING_VIOLATION)
    cpu.ring, cpu.pc = cpu.saved_ring, cpu.saved_pc


@instruction("0000 0011 0001 0001")
def SLEEP(cpu):
    if cpu.ring == Ring.APPLICATION:
        trap(Fault.RING_VIOLATION)
    wait()


def shows(real, guest, number, place):
    """Bank `number` of the real machine, as the guest's present ring should see it."""
    mine, theirs = real.bank[number], guest.bank[number]
    if guest.ring == Ring.NUCLEUS:
        return mine.opened and mine.writable and mine.keeper == Ring.APPLICATION and mine.frame == number + place
    usable = theirs.opened and bits[2](guest.ring) >= bits[2](theirs.keeper) and zext(theirs.frame, 7) < guest.frames
    return (
        mine.opened == usable
        and mine.keeper == Ring.APPLICATION
        and implies(usable, mine.writable == theirs.writable and mine.frame == theirs.frame + place)
    )


@scenario("all rings of the guest are applications")
class Deprivileged:
    runs = {Ring.APPLICATION: Ring.APPLICATION, Ring.EXECUTIVE: Ring.APPLICATION, Ring.NUCLEUS: Ring.APPLICATION}

    def host(real, guest, place: bits[6]):
        """The first four frames are the monitor's own."""
        return place >= 4 and zext(place, 7) + guest.frames <= real.frames and all(shows(real, guest, number, place) for number in range(4))
