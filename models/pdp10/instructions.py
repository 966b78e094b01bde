"""Encodings of all instructions, and the two that execute another one: XCT and the user's own unimplemented operations.

A word is: operation code (nine bits), accumulator (four), indirect bit, index register (four), address (eighteen).
A row of a table is the instruction's name, the leading bits of its code, and what it does.
"""

from vmproof.lang import *
from words import *
from storage import *
from traps import *
from moves import *
from logic import *
from arithmetic import *
from compare import *
from jumps import *
from inout import *

ORDINARY = MOVES + HALVES + BOOLEANS + SHIFTS + ARITHMETIC + COMPARISONS + JUMPS

for name, code, act in [row for row in ORDINARY if len(row[1]) == 9]:
    @instruction("{code} ac[4] i[1] x[4] y[18]", name=name, asm=name + " {ac},{i}({x}){y}")
    def plain(m, ac, i, x, y):
        act(m, m.instruction, address_word(m, m.instruction))


for name, code, act in [row for row in ORDINARY if len(row[1]) == 7]:
    @instruction("{code} to[2] ac[4] i[1] x[4] y[18]", name=name, asm=name + ".{to} {ac},{i}({x}){y}")
    def with_destination(m, to, ac, i, x, y):
        act(m, m.instruction, address_word(m, m.instruction))


for name, code, act in [row for row in ORDINARY if len(row[1]) == 6]:
    @instruction("{code} on[3] ac[4] i[1] x[4] y[18]", name=name, asm=name + ".{on} {ac},{i}({x}){y}")
    def with_condition(m, on, ac, i, x, y):
        act(m, m.instruction, address_word(m, m.instruction))


for name, code, act in [row for row in ORDINARY if len(row[1]) == 5]:
    @instruction("{code} mask[1] on[2] swap[1] ac[4] i[1] x[4] y[18]", name=name, asm=name + ".{mask}{on}{swap} {ac},{i}({x}){y}")
    def with_mask(m, mask, on, swap, ac, i, x, y):
        act(m, m.instruction, address_word(m, m.instruction))


for name, function in [("jrst", "0000"), ("jrst_1", "0001"), ("jrstf", "0010"), ("jrst_3", "0011")]:
    @instruction("010101100 {function} i[1] x[4] y[18]", name=name, asm=name + " {i}({x}){y}")  # 254
    def jrst_described(m, i, x, y):
        jrst(m, m.instruction, address_word(m, m.instruction))


@instruction("010101100 01 rest[2] i[1] x[4] y[18]", name="halt", asm="halt {rest},{i}({x}){y}")  # 254, JRST 4
def jrst_halt(m, rest, i, x, y):
    jrst(m, m.instruction, address_word(m, m.instruction))


@instruction("010101100 1 rest[3] i[1] x[4] y[18]", name="jen", asm="jen {rest},{i}({x}){y}")  # 254, JRST 10; 12 is JEN proper
def jrst_dismiss(m, rest, i, x, y):
    jrst(m, m.instruction, address_word(m, m.instruction))


for name, code, act in INPUT_OUTPUT:
    @instruction("111 device[7] {code} i[1] x[4] y[18]", name=name, asm=name + " {device},{i}({x}){y}")
    def device_instruction(m, device, i, x, y):
        input_output(m, m.instruction, address_word(m, m.instruction), act)


@instruction("0001 code[5] ac[4] i[1] x[4] y[18]", name="uuo", asm="uuo {code},{ac},{i}({x}){y}")
def monitor_operation(m, code, ac, i, x, y):
    """2.10: codes 040 to 077 go to the monitor."""
    unimplemented(m, m.instruction, right(address_word(m, m.instruction)))


@instruction("0000 code[5] ac[4] i[1] x[4] y[18]", name="luuo", asm="luuo {code},{ac},{i}({x}){y}")
def user_operation(m, code, ac, i, x, y):
    """2.10: codes 001 to 037 are the program's own: locations 40 and 41 of its address space, in the mode it is in.

    Code 000 goes to the monitor.
    """
    address = right(address_word(m, m.instruction))
    if code == 0:
        unimplemented(m, m.instruction, address)
    m.store(0o40, cat(m.instruction[35:23], bits[5](0), address))
    execute(m, m.load(0o41))


@instruction("010101110 ac[4] i[1] x[4] y[18]", asm="xct {ac},{i}({x}){y}")  # 256
def xct(m, ac, i, x, y):
    """2.9: executes C(E) as if it stood here. The KA10 ignores the accumulator field."""
    execute(m, contents(m, right(address_word(m, m.instruction))))


def execute(m, word):
    """Any instruction described here but those that execute another, of which the processor would follow a chain."""
    last = address_word(m, word)
    known = False
    for name, code, act in ORDINARY:
        if word[35:36 - len(code)] == int(code, 2):
            known = True
            act(m, word, last)
    if word[35:27] == 0o254:
        known = True
        jrst(m, word, last)
    for name, code, act in INPUT_OUTPUT:
        if word[35:33] == 7 and word[25:23] == int(code, 2):
            known = True
            input_output(m, word, last, act)
    if word[35:27] == 0 or word[35:32] == 1:
        known = True
        unimplemented(m, word, right(last))
    require(known)
