"""Environment calls, returns from traps, waiting, fences of address translation (Priv. 3.3, 4.2.1)."""

from vmproof.lang import *
from state import *


@instruction("000000000000 00000 000 00000 1110011", asm="ecall")
def ecall(m):
    """3.3.1. The causes are those of the modes, one after the other (table 3.6)."""
    match m.mode:
        case Mode.M:
            trap(Cause.call_from_m, report(bits[64](0)))
        case Mode.S:
            trap(Cause.call_from_s, report(bits[64](0)))
        case Mode.VS:
            trap(Cause.call_from_vs, report(bits[64](0)))
        case _:
            trap(Cause.call_from_u, report(bits[64](0)))


@instruction("000000000001 00000 000 00000 1110011", asm="ebreak")
def ebreak(m):
    breakpoint(m)


@instruction("0011000 00010 00000 000 00000 1110011", asm="mret")
def mret(m):
    """3.3.2, 3.1.6.1; with the H extension V becomes MPV, unless the new mode is M (8.6.4)."""
    if m.mode != Mode.M:
        illegal(m)
    to = mode_of(m.mstatus.MPV, m.mstatus.MPP)
    m.mstatus.MIE, m.mstatus.MPIE = m.mstatus.MPIE, 1
    m.mstatus.MPP, m.mstatus.MPV = PRIVILEGE_U, 0
    if to != Mode.M:
        m.mstatus.MPRV = 0
    m.mode = to
    m.pc = m.mepc


@instruction("0001000 00010 00000 000 00000 1110011", asm="sret")
def sret(m):
    """3.3.2; TSR traps it in S-mode (3.1.6.5), VTSR in VS-mode (8.2.1). What it does in HS- and in VS-mode: 8.6.4."""
    if m.mode == Mode.U or m.mode == Mode.S and m.mstatus.TSR:
        illegal(m)
    if m.mode == Mode.VU or m.mode == Mode.VS and m.hstatus.VTSR:
        virtual_instruction(m)
    if m.mode == Mode.VS:
        m.mode = Mode.VS if m.vsstatus.SPP else Mode.VU
        m.vsstatus.SIE, m.vsstatus.SPIE, m.vsstatus.SPP = m.vsstatus.SPIE, 1, 0
        m.pc = m.vsepc
    else:
        m.mode = mode_of(m.hstatus.SPV, zext(m.mstatus.SPP, 2))
        m.mstatus.SIE, m.mstatus.SPIE, m.mstatus.SPP = m.mstatus.SPIE, 1, 0
        m.mstatus.MPRV = 0  # the new mode is not M
        m.hstatus.SPV = 0
        m.pc = m.sepc


@instruction("0001000 00101 00000 000 00000 1110011", asm="wfi")
def wfi(m):
    """3.3.3: may be a no-op everywhere, and ends within a bounded time, or traps, where TW or VTW or U-mode forbid it to wait."""
    bounded = choose(bool)
    limited = m.mode != Mode.M and m.mstatus.TW
    if (limited or m.mode == Mode.U) and not bounded:
        illegal(m)
    if (m.mode == Mode.VU or m.mode == Mode.VS and m.hstatus.VTW) and not bounded:
        virtual_instruction(m)
    if not bounded:
        wait()


@instruction("0001001 rs2[5] rs1[5] 000 00000 1110011", asm="sfence.vma x{rs1}, x{rs2}")
def sfence_vma(m, rs2, rs1):
    """4.2.1, 3.1.6.5, 8.2.1. There is no TLB here: what it drops of one is outside. In VS-mode it is HFENCE.VVMA (8.3.2)."""
    if m.mode == Mode.U or m.mode == Mode.S and m.mstatus.TVM:
        illegal(m)
    if m.mode == Mode.VU or m.mode == Mode.VS and m.hstatus.VTVM:
        virtual_instruction(m)
    if m.mode == Mode.VS:
        m.vs_fenced = 0
    else:
        m.fenced = 0
