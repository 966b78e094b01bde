"""The instructions of the third-generation machine: the ordinary ones, a supervisor call, and the three that are privileged.

Popek and Goldberg 1974, section 3: privileged instructions trap in user mode and not in supervisor mode; those that
change mode or relocation without a trap must be among them.
"""

from vmproof.lang import *
from state import *


@instruction("0000 0000")
def halt(m):
    """Privileged: a halted machine serves nobody."""
    supervisor_only(m)
    wait()


@instruction("0001 rd[2] rs[2]", asm="load r{rd}, (r{rs})")
def load(m, rd, rs):
    m.r[rd] = m.load(m.r[rs])


@instruction("0010 rd[2] rs[2]", asm="store (r{rd}), r{rs}")
def store(m, rd, rs):
    m.store(m.r[rd], m.r[rs])


@instruction("0011 rd[2] rs[2]", asm="add r{rd}, r{rs}")
def add(m, rd, rs):
    m.r[rd] = m.r[rd] + m.r[rs]


@instruction("0100 rd[2] rs[2]", asm="load_relocation r{rd}, r{rs}")
def load_relocation(m, rd, rs):
    """Privileged: loads R."""
    supervisor_only(m)
    m.base = m.r[rd]
    m.bound = m.r[rs]


@instruction("0110 rd[2] rs[2]", asm="sub r{rd}, r{rs}")
def sub(m, rd, rs):
    m.r[rd] = m.r[rd] - m.r[rs]


@instruction("0111 rs[2] 00", asm="load_psw (r{rs})")
def load_psw(m, rs):
    """Privileged: the way back from a trap loads <P, M, R> at once."""
    supervisor_only(m)
    pc, mode, base, bound = [m.load(m.r[rs] + i) for i in range(4)]
    m.pc, m.mode, m.base, m.bound = pc, Mode(mode[0]), base, bound


@instruction("1000 rs[2] 00", asm="jump (r{rs})")
def jump(m, rs):
    m.pc = m.r[rs]


@instruction("1001 rd[2] rs[2]", asm="jump_if_zero (r{rd}), r{rs}")
def jump_if_zero(m, rd, rs):
    if m.r[rs] == 0:
        m.pc = m.r[rd]


@instruction("1010 number[4]", asm="supervisor_call {number}")
def supervisor_call(m, number):
    """Traps in both modes, so it is innocuous."""
    trap(Cause.call, zext(number, 8))


@instruction("11 rd[2] value[4]", asm="load_immediate r{rd}, {value}")
def load_immediate(m, rd, value):
    m.r[rd] = zext(value, 8)
