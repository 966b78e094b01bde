"""Instructions on the status register and the other mode's stack pointer (PRM 3.1.9; PRM section 6, those on the CCR in section 4)."""

from vmproof.lang import *
from state import *
from ea import *


@instruction("0100 0100 11 ea", name="move_to_ccr", mnemonic="MOVE to CCR", asm="move.w {ea}, ccr", ea=data(2))
def move_to_ccr(m, ea):
    """A word operand, of which the low byte counts."""
    m.ccr = Ccr(read(m, ea, 2)[7:0])


@instruction("0100 0110 11 ea", name="move_to_sr", mnemonic="MOVE to SR", asm="move.w {ea}, sr", ea=data(2))
def move_to_sr(m, ea):
    supervisor_only(m)
    set_status_register(m, read(m, ea, 2))


for name, mnemonic, opcode, operation in (
    ("ori", "ORI", "0000", lambda one, other: one | other),
    ("andi", "ANDI", "0010", lambda one, other: one & other),
    ("eori", "EORI", "1010", lambda one, other: one ^ other),
):

    @instruction(
        "0000 {opcode} 00 111100 + -------- data[8]",
        name=f"{name}_to_ccr", mnemonic=f"{mnemonic} to CCR", asm=f"{name}.b #${{data:x}}, ccr",
    )  # fmt: skip
    def change_ccr(m, data):
        m.ccr = Ccr(operation(bits[8](m.ccr), data))

    @instruction(
        "0000 {opcode} 01 111100 + data[16]", name=f"{name}_to_sr", mnemonic=f"{mnemonic} to SR", asm=f"{name}.w #${{data:x}}, sr"
    )
    def change_sr(m, data):
        supervisor_only(m)
        set_status_register(m, operation(status_register(m), data))


@instruction("0100 1110 0110 0 reg[3]", mnemonic="MOVE USP", asm="move a{reg}, usp")
def move_to_usp(m, reg):
    supervisor_only(m)
    m.other_sp = m.a[reg]


@instruction("0100 1110 0110 1 reg[3]", mnemonic="MOVE USP", asm="move usp, a{reg}")
def move_from_usp(m, reg):
    supervisor_only(m)
    m.a[reg] = m.other_sp


@instruction("0100 1110 0111 0010 + data[16]", mnemonic="STOP", asm="stop #${data:x}")
def stop(m, data):
    """Waits for an interrupt or reset, unless tracing was on when it began: then the trace exception resumes it (PRM 6, STOP)."""
    supervisor_only(m)
    traced = m.trace
    set_status_register(m, data)
    if not traced:
        wait()


@instruction("0100 1110 0111 0000", mnemonic="RESET", asm="reset")
def reset(m):
    """Asserts the reset line to all devices; the processor itself goes on."""
    supervisor_only(m)
    m.devices = 0
