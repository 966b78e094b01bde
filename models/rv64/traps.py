"""Trap entry (Priv. 3.1.6.1, 3.1.8, 4.1.1, 8.6.2), and which interrupt is taken (3.1.9, 8.2.3)."""

from vmproof.lang import *
from state import *


def cause_word(code):
    """The highest bit tells interrupts from exceptions (3.1.15)."""
    return cat(code[5], bits[58](0), code[4:0])


def target(tvec, code):
    """Interrupts go to four times their number behind a vectored base (3.1.7)."""
    base = cat(tvec[63:2], bits[2](0))
    return base + (zext(code[4:0], 64) << 2) if tvec[0] and code[5] else base


def pseudoinstruction(kind):
    """8.6.3: what is reported of an implicit access to a table of 64-bit entries. Of explicit ones zero, which is always allowed."""
    return bits[64](0x3000) if kind == 1 else bits[64](0x3020) if kind == 2 else bits[64](0)


@trap_entry
def enter(m, cause: Cause, value: bits[131]):
    code = bits[6](cause)
    tval, gpa, gva, pseudo = value[63:0], value[127:64], value[128], value[130:129]
    was = m.mode
    from_virtual = virtual(was)
    vs_level = code[5] and (code[4:0] == 2 or code[4:0] == 6 or code[4:0] == 10)  # delegated by M-mode always (8.4.2)
    to_s = was != Mode.M and (vs_level or m.mideleg[code[3:0]] if code[5] else m.medeleg[code[4:0]])
    to_vs = to_s and from_virtual and (m.hideleg[code[3:0]] if code[5] else m.hedeleg[code[4:0]])
    if to_vs:
        # Interrupts of VS-mode count as those of S-mode, one lower (8.2.3).
        own = cat(code[5], code[4:0] - 1) if code[5] else code
        m.vsstatus.SPP = was == Mode.VS
        m.vsstatus.SPIE, m.vsstatus.SIE = m.vsstatus.SIE, 0
        m.vsepc, m.vscause, m.vstval = m.pc, cause_word(own), tval
        m.mode, m.pc = Mode.VS, target(m.vstvec, own)
    elif to_s:
        m.mstatus.SPP = not user_level(was)
        m.mstatus.SPIE, m.mstatus.SIE = m.mstatus.SIE, 0
        m.sepc, m.scause, m.stval = m.pc, cause_word(code), tval
        if m.hypervisor:
            m.hstatus.SPV, m.hstatus.GVA = from_virtual, gva
            if from_virtual:
                m.hstatus.SPVP = was == Mode.VS
            m.htval, m.htinst = gpa, pseudoinstruction(pseudo)
        m.mode, m.pc = Mode.S, target(m.stvec, code)
    else:
        m.mstatus.MPP = privilege(was)
        m.mstatus.MPIE, m.mstatus.MIE = m.mstatus.MIE, 0
        m.mepc, m.mcause, m.mtval = m.pc, cause_word(code), tval
        if m.hypervisor:
            m.mstatus.MPV, m.mstatus.GVA = from_virtual, gva
            m.mtval2, m.mtinst = gpa, pseudoinstruction(pseudo)
        m.mode, m.pc = Mode.M, target(m.mtvec, code)
