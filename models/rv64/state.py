"""What all of RV64 has in common: modes, causes of traps, the layouts of control registers, the general registers.

Priv. is the RISC-V Privileged Architecture, version 20211203 (its chapters 3, 4 and 8), with Svadu and Svade of 1.13; Unpriv. is the
Unprivileged ISA, version 20191213.
"""

from vmproof.lang import *


class Mode(Enum):
    """The virtualization mode V and the nominal privilege mode as one (Priv. 1.2, 8.1, table 8.1). S is HS where H is implemented."""

    U = 0
    S = 1
    M = 3
    VU = 4
    VS = 5


VIRTUAL = (Mode.VU, Mode.VS)

PRIVILEGE_U, PRIVILEGE_S, PRIVILEGE_M = 0, 1, 3


class Cause(Enum):
    """Codes of mcause and scause (Priv. tables 3.6 and 8.8). Interrupts have 32 added, for the bit that is the highest of the register."""

    instruction_access_fault = 1
    illegal_instruction = 2
    breakpoint = 3
    load_access_fault = 5
    store_address_misaligned = 6
    store_access_fault = 7
    call_from_u = 8
    call_from_s = 9
    call_from_vs = 10
    call_from_m = 11
    instruction_page_fault = 12
    load_page_fault = 13
    store_page_fault = 15
    instruction_guest_page_fault = 20
    load_guest_page_fault = 21
    virtual_instruction = 22
    store_guest_page_fault = 23
    load_address_misaligned = 4
    supervisor_software_interrupt = 33
    vs_software_interrupt = 34
    machine_software_interrupt = 35
    supervisor_timer_interrupt = 37
    vs_timer_interrupt = 38
    machine_timer_interrupt = 39
    supervisor_external_interrupt = 41
    vs_external_interrupt = 42
    machine_external_interrupt = 43


class Mstatus(Layout[64]):
    """Priv. 3.1.6 and 8.4.1. Big-endian modes, other widths than 64 bits, and V are left out: UBE, SBE, MBE and VS are zero."""

    SIE: 1 = role.control
    MIE: 3 = role.control
    SPIE: 5 = role.control
    MPIE: 7 = role.control
    SPP: 8 = role.control
    MPP: (12, 11) = role.control
    FS: (14, 13) = role.status
    MPRV: 17 = role.control
    SUM: 18 = role.control
    MXR: 19 = role.control
    TVM: 20 = role.control
    TW: 21 = role.control
    TSR: 22 = role.control
    GVA: 38 = role.control
    MPV: 39 = role.control


class Vsstatus(Layout[64]):
    """Priv. 8.2.11: the fields of sstatus, for VS-mode."""

    SIE: 1 = role.control
    SPIE: 5 = role.control
    SPP: 8 = role.control
    FS: (14, 13) = role.status
    SUM: 18 = role.control
    MXR: 19 = role.control


class Hstatus(Layout[64]):
    """Priv. 8.2.1. VSBE and VGEIN are zero: there are no guest external interrupts."""

    GVA: 6 = role.control
    SPV: 7 = role.control
    SPVP: 8 = role.control
    HU: 9 = role.control
    VTVM: 20 = role.control
    VTW: 21 = role.control
    VTSR: 22 = role.control


class Atp(Layout[64]):
    """satp and vsatp (Priv. 4.1.11, 8.2.18)."""

    MODE: (63, 60) = role.control
    ASID: (59, 44) = role.control
    PPN: (43, 0) = role.control


class Hgatp(Layout[64]):
    """Priv. 8.2.10. A root table of the second stage has 16 KiB, so the two lowest bits of its page number are zero."""

    MODE: (63, 60) = role.control
    VMID: (57, 44) = role.control
    PPN: (43, 2) = role.control


BARE, SV39_MODE, SV48_MODE = 0, 8, 9


class Interrupts(Layout[64]):
    """Bits of mip (Priv. 3.1.9, 8.2.3). MSIP, MTIP and MEIP are lines from outside, the others are what software wrote."""

    SSIP: 1 = role.control
    VSSIP: 2 = role.control
    MSIP: 3 = role.external
    STIP: 5 = role.control
    VSTIP: 6 = role.control
    MTIP: 7 = role.external
    SEIP: 9 = role.control
    VSEIP: 10 = role.control
    MEIP: 11 = role.external


class Enables(Layout[64]):
    """Bits of mie, which has those of hie and sie (Priv. 3.1.9, 8.2.3)."""

    SSIE: 1 = role.control
    VSSIE: 2 = role.control
    MSIE: 3 = role.control
    STIE: 5 = role.control
    VSTIE: 6 = role.control
    MTIE: 7 = role.control
    SEIE: 9 = role.control
    VSEIE: 10 = role.control
    MEIE: 11 = role.control


S_INTERRUPTS = 0x222
VS_INTERRUPTS = 0x444


class Envcfg(Layout[64]):
    """menvcfg, henvcfg (Priv. 3.1.18, 8.2.5). ADUE: hardware sets accessed and dirty bits (Svadu), else they fault (Svade)."""

    FIOM: 0 = role.control
    ADUE: 61 = role.control


class Pmpcfg(Layout[8]):
    """Priv. 3.7.1, figure 3.34."""

    R: 0 = role.control
    W: 1 = role.control
    X: 2 = role.control
    A: (4, 3) = role.control
    L: 7 = role.control


def virtual(mode):
    """V = 1."""
    return mode == Mode.VU or mode == Mode.VS


def privilege(mode):
    """The nominal privilege mode, as xPP fields hold it."""
    return bits[3](mode)[1:0]


def user_level(mode):
    return mode == Mode.U or mode == Mode.VU


def mode_of(is_virtual, code):
    """The mode of a virtualization bit and a privilege code; there is no virtual M-mode."""
    if code == PRIVILEGE_M:
        return Mode.M
    if code == PRIVILEGE_S:
        return Mode.VS if is_virtual else Mode.S
    return Mode.VU if is_virtual else Mode.U


# What a trap reports beside its cause: xtval, whether that is a guest virtual address, the guest physical address shifted right by two,
# and which pseudoinstruction stands for an implicit access to a guest's table (Priv. 8.6.3): 0 none, 1 a read, 2 a write.


def report(tval, gva=False, gpa=0, pseudo=0):
    return cat(bits[2](pseudo), bits[1](gva), bits[64](gpa), tval)


def illegal(m):
    """mtval holds the instruction (Priv. 3.1.16)."""
    trap(Cause.illegal_instruction, report(zext(m.instruction, 64)))


def virtual_instruction(m):
    """Priv. 8.6.1."""
    trap(Cause.virtual_instruction, report(zext(m.instruction, 64)))


def breakpoint(m):
    """Priv. 3.3.1; xtval is the address of the instruction (3.1.16)."""
    trap(Cause.breakpoint, report(m.pc, gva=virtual(m.mode)))


def put(m, rd, value):
    """x0 is hardwired to zero (Unpriv. 2.1)."""
    if rd != 0:
        m.x[rd] = value
