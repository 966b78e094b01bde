"""Instructions of the H extension (Priv. 8.3): loads and stores as a virtual machine makes them, and fences of its translations."""

from vmproof.lang import *
from state import *
from memory import translate


def hypervisor_mode(m):
    """8.3: M and HS."""
    if m.mode == Mode.U or not m.hypervisor:
        illegal(m)
    if virtual(m.mode):
        virtual_instruction(m)


def guest_mode(m):
    """8.3.1: M, HS, and U if hstatus.HU; the access is made in VS or VU, by hstatus.SPVP."""
    if not m.hypervisor or m.mode == Mode.U and not m.hstatus.HU:
        illegal(m)
    if virtual(m.mode):
        virtual_instruction(m)
    return Mode.VS if m.hstatus.SPVP else Mode.VU


def places(m, va, access, size, mode, hlvx):
    """The bytes of an access: those of the page that it begins in, and of the next one, where it goes beyond."""
    first = translate(m, va, access, mode, hlvx)
    next_page = cat(va[63:12] + 1, bits[12](0))
    beyond = zext(va[11:0], 13) + (size - 1) >= 4096
    second = translate(m, next_page, access, mode, hlvx) if beyond else first
    found = []
    for i in range(size):
        offset = zext(va[11:0], 13) + i
        found = [*found, cat(second[55:12] if offset[12] else first[55:12], offset[11:0])]
    return found


for name, funct7, code, size, extend, hlvx in (
    ("hlv.b", "0110000", "00000", 1, sext, False),
    ("hlv.bu", "0110000", "00001", 1, zext, False),
    ("hlv.h", "0110010", "00000", 2, sext, False),
    ("hlv.hu", "0110010", "00001", 2, zext, False),
    ("hlvx.hu", "0110010", "00011", 2, zext, True),
    ("hlv.w", "0110100", "00000", 4, sext, False),
    ("hlv.wu", "0110100", "00001", 4, zext, False),
    ("hlvx.wu", "0110100", "00011", 4, zext, True),
    ("hlv.d", "0110110", "00000", 8, zext, False),
):

    @instruction("{funct7} {code} rs1[5] 100 rd[5] 1110011", name=name, asm=f"{name} x{{rd}}, (x{{rs1}})")
    def hypervisor_load(m, rs1, rd):
        mode = guest_mode(m)
        at = places(m, m.x[rs1], Access.read, size, mode, hlvx)
        put(m, rd, extend(cat(*[m.mem[place] for place in reversed(at)]), 64))


for name, funct7, size in (("hsv.b", "0110001", 1), ("hsv.h", "0110011", 2), ("hsv.w", "0110101", 4), ("hsv.d", "0110111", 8)):

    @instruction("{funct7} rs2[5] rs1[5] 100 00000 1110011", name=name, asm=f"{name} x{{rs2}}, (x{{rs1}})")
    def hypervisor_store(m, rs2, rs1):
        mode = guest_mode(m)
        for i, place in enumerate(places(m, m.x[rs1], Access.write, size, mode, False)):
            m.mem[place] = m.x[rs2][8 * i + 7 : 8 * i]


@instruction("0010001 rs2[5] rs1[5] 000 00000 1110011", asm="hfence.vvma x{rs1}, x{rs2}")
def hfence_vvma(m, rs2, rs1):
    """8.3.2."""
    hypervisor_mode(m)
    m.vs_fenced = 0


@instruction("0110001 rs2[5] rs1[5] 000 00000 1110011", asm="hfence.gvma x{rs1}, x{rs2}")
def hfence_gvma(m, rs2, rs1):
    """8.3.2; TVM makes it trap in HS-mode (3.1.6.5)."""
    hypervisor_mode(m)
    if m.mode == Mode.S and m.mstatus.TVM:
        illegal(m)
    m.stage2_fenced = 0
