"""Input and output (System Reference Manual 2.12 to 2.14): privileged unless User In-Out is set."""

from vmproof.lang import *
from words import *
from storage import *
from traps import *
from jumps import *

PROCESSOR, PRIORITY_INTERRUPT = 0o000, 0o001  # device codes 000 and 004, of which the instruction holds the left seven bits


def device(word):
    """Bits 3 to 9."""
    return word[32:26]


def react(m):
    """What a device does when it is spoken to, or gives its data: anything, out there."""
    m.devices = choose(bits[36])


def conditions(m, word):
    """What CONI reads. Of the processor: Overflow, Floating Overflow, User In-Out, pushdown overflow, and causes of interrupts.

    Of the priority interrupt system: what is held, on and enabled. Those causes and all other devices are in `devices`.
    """
    if device(word) == PROCESSOR:
        known = (
            (1 << 3 if m.flags.overflow else bits[36](0))
            | (1 << 6 if m.flags.floating_overflow else bits[36](0))
            | (1 << 15 if user_io(m) else bits[36](0))
            | (1 << 16 if m.push_overflow else bits[36](0))
        )
        return m.devices & ~bits[36](1 << 3 | 1 << 6 | 1 << 15 | 1 << 16) | known
    if device(word) == PRIORITY_INTERRUPT:
        return cat(bits[21](0), m.pi_held, bits[1](m.pi_active), m.pi_channels)
    return m.devices


def set_conditions(m, word, value):
    """CONO."""
    if device(word) == PROCESSOR:  # 2.14
        if value[3]:
            m.flags.overflow = 0
        if value[6]:
            m.flags.floating_overflow = 0
        if value[17]:
            m.push_overflow = False
    if device(word) == PRIORITY_INTERRUPT:  # 2.13
        if value[12]:
            m.pi_active = False
            m.pi_channels = 0
            m.pi_held = 0
        if value[7]:
            m.pi_active = True
        if value[8]:
            m.pi_active = False
        if value[9]:
            m.pi_channels = m.pi_channels & ~value[6:0]
        if value[10]:
            m.pi_channels = m.pi_channels | value[6:0]
    react(m)


def data_out(m, word, value):
    """DATAO; to the processor it sets protection (bits 0 to 7) and relocation (bits 18 to 25) (2.15)."""
    if device(word) == PROCESSOR:
        m.protection = value[35:28]
        m.relocation = value[17:10]
    react(m)


def data(m, word, address, output):
    if output:
        data_out(m, word, contents(m, address))
    else:
        deposit(m, address, m.devices)
        react(m)


def block(m, word, address, output):
    """BLKI and BLKO: C(E) is a pointer, minus a count in its left half; the next instruction is skipped until the count is used up."""
    total = zext(contents(m, address), 37) + BOTH_HALVES
    pointer = total[35:0]
    deposit(m, address, pointer)
    data(m, word, right(pointer), output)
    if not total[36]:
        m.pc = m.next_pc + 1


def skip_on_conditions(m, word, address, if_any):
    """CONSZ and CONSO."""
    if (conditions(m, word) & immediate(address) != 0) == if_any:
        m.pc = m.next_pc + 1


INPUT_OUTPUT = [
    ("blki", "000", lambda m, word, address: block(m, word, address, False)),
    ("datai", "001", lambda m, word, address: data(m, word, address, False)),
    ("blko", "010", lambda m, word, address: block(m, word, address, True)),
    ("datao", "011", lambda m, word, address: data(m, word, address, True)),
    ("cono", "100", lambda m, word, address: set_conditions(m, word, address)),
    ("coni", "101", lambda m, word, address: deposit(m, address, conditions(m, word))),
    ("consz", "110", lambda m, word, address: skip_on_conditions(m, word, address, False)),
    ("conso", "111", lambda m, word, address: skip_on_conditions(m, word, address, True)),
]


def input_output(m, word, last, act):
    executive_or_user_io(m, word, right(last))
    act(m, word, right(last))
