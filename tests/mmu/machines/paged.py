"""Two instructions of RISC-V on a machine whose translation is the library's Sv39, in S-mode and U-mode."""

from vmproof.lang import *
from spec.mmu.result import perform
from spec.mmu.riscv import SV39, Control, Privilege, walk


class Cause(Enum):
    illegal_instruction = 2
    fetch_page_fault = 12
    load_page_fault = 13
    store_page_fault = 15


class Satp(Layout[64]):
    MODE: (63, 60) = role.control
    PPN: (43, 0) = role.control


class Machine(State):
    pc: bits[64]
    x: array[bits[5], bits[64]]
    mode: Privilege = role.mode(least=Privilege.U)
    satp: Satp
    SUM: bool = role.control
    MXR: bool = role.control
    stvec: bits[64] = role.control
    sepc: bits[64] = role.control
    scause: bits[6] = role.control
    stval: bits[64] = role.control
    mem: memory[bits[56], bits[8]]


@legal
def zero_register(m):
    return m.x[0] == 0 and (m.satp.MODE == 0 or m.satp.MODE == 8)


@translation
def translate(m, va: bits[64], access: Access):
    """Privileged architecture, 4.4; the walk returns, and the trap is the machine's own."""
    if m.satp.MODE == 0:
        return va[55:0]
    control = Control(mode=m.mode, SUM=m.SUM, MXR=m.MXR, ADUE=True, PBMTE=False, HLVX=False)
    root = zext(cat(m.satp.PPN, bits[12](0)), 64)

    def read(place, size):
        return m.mem.read(place[55:0], size)

    found, _, updates = walk(SV39, root, va, access, control, read)
    if not found.ok:
        match access:
            case Access.fetch:
                trap(Cause.fetch_page_fault, va)
            case Access.write:
                trap(Cause.store_page_fault, va)
            case _:
                trap(Cause.load_page_fault, va)
    perform(updates, read, lambda place, word: m.mem.write(place[55:0], word))
    return found.pa[55:0]


@fetch
def next_word(m):
    return m.load(m.pc, 4)


@trap_entry
def enter(m, cause: Cause, value: bits[64]):
    m.sepc, m.scause, m.stval = m.pc, zext(bits[4](cause), 6), value
    m.pc, m.mode = m.stvec, Privilege.S


@undefined
def illegal(m, word):
    trap(Cause.illegal_instruction, zext(word, 64))


@instruction("imm[11:0] rs1[5] 000 rd[5] 0000011", asm="lb x{rd}, {imm:signed}(x{rs1})")
def lb(m, imm, rs1, rd):
    loaded = sext(m.load(m.x[rs1] + sext(imm, 64)), 64)
    if rd != 0:
        m.x[rd] = loaded


@instruction("imm[11:5] rs2[5] rs1[5] 000 imm[4:0] 0100011", asm="sb x{rs2}, {imm:signed}(x{rs1})")
def sb(m, imm, rs1, rs2):
    m.store(m.x[rs1] + sext(imm, 64), m.x[rs2][7:0])
