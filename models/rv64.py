"""RISC-V, RV64IMAC with Zicsr, Zicntr and Zifencei, the modes M, S and U, and the hypervisor extension H.

Priv. is the RISC-V Privileged Architecture, version 20211203, with Svadu and Svade; Unpriv. the Unprivileged ISA, version 20191213. Each
extension has a file in rv64/. Left out: the arithmetic of F and D, big-endian and 32-bit modes, physical memory attributes, debugging.
"""

from vmproof.lang import *
from rv64.state import *
from rv64.memory import *
from rv64.csr import *
from rv64.traps import *
from rv64.base import *
from rv64.multiply import *
from rv64.atomic import *
from rv64.compressed import *
from rv64.zicsr import *
from rv64.system import *
from rv64.hypervisor import *
from rv64.vmm import *
from rv64.stage2 import *
from rv64.shadow_stage2 import *


class Machine(State):
    pc: bits[64]
    x: array[bits[5], bits[64]]
    fcsr: bits[8]
    reserved: bool  # a reservation of LR (Unpriv. 8.2), and its address
    reservation: bits[64]
    mode: Mode = role.mode(least=Mode.U)
    hypervisor: bool = role.platform  # misa.H
    pmp: bool = role.platform  # physical memory protection, with 16 entries, or with none
    storage: bits[44] = role.platform  # pages of memory
    hart: bits[64] = role.platform
    # M-mode (Priv. chapter 3)
    mstatus: Mstatus
    medeleg: bits[64] = role.control
    mideleg: bits[12] = role.control
    mie: Enables
    mip: Interrupts
    mtvec: bits[64] = role.control
    mcounteren: bits[32] = role.control
    mcountinhibit: bits[32] = role.control
    menvcfg: Envcfg
    mscratch: bits[64] = role.control
    mepc: bits[64] = role.control
    mcause: bits[64] = role.control
    mtval: bits[64] = role.control
    mtval2: bits[64] = role.control
    mtinst: bits[64] = role.control
    mcycle: bits[64] = role.control
    minstret: bits[64] = role.control
    mhpmcounter: array[bits[5], bits[64]] = role.control
    mtime: bits[64] = role.external  # memory-mapped (3.2.1)
    pmpcfg: array[bits[4], Pmpcfg]
    pmpaddr: array[bits[4], bits[54]] = role.control
    # S-mode (chapter 4)
    stvec: bits[64] = role.control
    scounteren: bits[32] = role.control
    senvcfg: Envcfg
    sscratch: bits[64] = role.control
    sepc: bits[64] = role.control
    scause: bits[64] = role.control
    stval: bits[64] = role.control
    satp: Atp
    # H extension (chapter 8)
    hstatus: Hstatus
    hedeleg: bits[64] = role.control
    hideleg: bits[12] = role.control
    hcounteren: bits[32] = role.control
    henvcfg: Envcfg
    htimedelta: bits[64] = role.control
    htval: bits[64] = role.control
    htinst: bits[64] = role.control
    hgatp: Hgatp
    vsstatus: Vsstatus
    vstvec: bits[64] = role.control
    vsscratch: bits[64] = role.control
    vsepc: bits[64] = role.control
    vscause: bits[64] = role.control
    vstval: bits[64] = role.control
    vsatp: Atp
    fenced: bits[1] = role.external  # what fences drop of a TLB
    vs_fenced: bits[1] = role.external  # and of what it holds of VS-mode's tables
    stage2_fenced: bits[1] = role.external  # and of second stages
    mem: memory[bits[56], bits[8]]


@legal
def zero_register(m):
    return m.x[0] == 0


@legal
def modes_there_are(m):
    """No mode has the code 2 (Priv. 1.2), and without the H extension none is virtual, nor does anything return to one (8.2.1, 8.4.1)."""
    returning = m.mstatus.MPV or m.mstatus.GVA or m.hstatus.SPV
    return m.mstatus.MPP != 2 and (m.hypervisor or not virtual(m.mode) and not returning)


@legal
def delegation(m):
    """What can be delegated at all (3.1.8, 8.2.2, 8.4.2)."""
    exceptions = m.medeleg & ~delegable(m) == 0 and m.hedeleg & ~bits[64](VS_EXCEPTIONS) == 0
    return exceptions and m.mideleg & ~bits[12](S_INTERRUPTS) == 0 and m.hideleg & ~bits[12](VS_INTERRUPTS) == 0


@legal
def environments(m):
    """senvcfg has no ADUE (4.1.10)."""
    return not m.senvcfg.ADUE


@legal
def protection(m):
    """3.7.1: what pmpcfg never holds."""
    return all((m.pmpcfg[i].R or not m.pmpcfg[i].W) and m.pmpcfg[i].A != 2 for i in range(PMP_ENTRIES))


@fetch(low_first=True)
def parcel(m, at: bits[64]):
    """16-bit parcels, the one with the lowest bits first (Unpriv. 1.5)."""
    return m.load(at, 2)


@undefined
def no_instruction(m, word):
    trap(Cause.illegal_instruction, report(zext(word, 64)))


# Registers of S-mode but satp: what a guest that runs in S-mode itself has for its own.
SUPERVISOR_REGISTERS = [
    *(f"mstatus.{name}" for name in ("SIE", "SPIE", "SPP", "FS", "SUM", "MXR")),
    *(f"{register}.{name}" for register, names in (("mie", ("SSIE", "STIE", "SEIE")), ("mip", ("SSIP", "STIP", "SEIP"))) for name in names),
    *("stvec", "sscratch", "sepc", "scause", "stval", "scounteren", "senvcfg.FIOM"),
]


def in_user(real, guest):
    """What a VMM holds that runs all of a guest in U-mode under its own page tables."""
    floating = (real.mstatus.FS == 0) == (guest.mstatus.FS == 0)
    plain = not guest.hypervisor and not guest.pmp and guest.storage <= GUEST_PAGES
    tables = real.satp.MODE == SV48_MODE and real.satp.PPN == ROOT and not real.mstatus.MXR
    unable = real.mcounteren == 0 and not real.hstatus.HU
    return unable and floating and plain and tables and not real.pmp and real.storage == (1 << 44) - 1


@scenario("S-mode guest in U-mode")
class SupervisorInUser:
    """Under an S-mode or an M-mode VMM, which owns satp and the tables (Priv. 3.1.11, 4.1.5; RVirt)."""

    runs = {Mode.U: Mode.U, Mode.S: Mode.U}
    timing = ["mtime", "mcycle", "minstret"]

    def host(real, guest):
        return in_user(real, guest)

    def everywhere(real, guest, va):
        return confined(real, guest, va)

    def realise(real, guest, va):
        show(real, guest, va)


@scenario("M-mode guest in U-mode")
class MachineInUser(SupervisorInUser):
    """Under an M-mode VMM, or one in S-mode below it (Miralis): the guest is firmware, with all modes but virtual ones."""

    runs = {Mode.U: Mode.U, Mode.S: Mode.U, Mode.M: Mode.U}


@scenario("S-mode guest in S-mode, under M")
class SupervisorInSupervisor:
    """The VMM owns satp and the tables, and physical memory protection confines a guest that translates nothing (Priv. 3.1.6.5, 3.7.1)."""

    runs = {Mode.U: Mode.U, Mode.S: Mode.S}
    own = ["mode", *SUPERVISOR_REGISTERS]
    search = ["mstatus.TVM", "mstatus.TW", "mstatus.TSR"]
    timing = ["mtime", "mcycle", "minstret"]

    def host(real, guest):
        return in_supervisor(real, guest)

    def everywhere(real, guest, va):
        return confined(real, guest, va)

    def realise(real, guest, va):
        show_both(real, guest, va)


@scenario("S-mode guest in S-mode, under M, which sees each change of mode")
class SupervisorSeen(SupervisorInSupervisor):
    """What a VMM needs that emulates the H extension: the mode is its own, so nothing is delegated and SRET traps."""

    own = SUPERVISOR_REGISTERS

    def host(real, guest):
        return in_supervisor(real, guest) and real.medeleg == 0


# What VS-mode has of its own in the place of S-mode's (Priv. 8.2): as S-mode names it, and as VS-mode's own.
VS_REGISTERS = [
    *((f"mstatus.{name}", f"vsstatus.{name}") for name in ("SIE", "SPIE", "SPP", "FS", "SUM", "MXR")),
    *((f"mie.S{name}", f"mie.VS{name}") for name in ("SIE", "TIE", "EIE")),
    *((f"mip.S{name}", f"mip.VS{name}") for name in ("SIP", "TIP", "EIP")),
    *((f"s{name}", f"vs{name}") for name in ("tvec", "scratch", "epc", "cause", "tval")),
    *((f"satp.{name}", f"vsatp.{name}") for name in ("MODE", "ASID", "PPN")),
    ("fenced", "vs_fenced"),
]


@scenario("VS-mode guest of an HS-mode VMM")
class VirtualSupervisor:
    """The guest's S-mode in VS-mode, its U-mode in VU-mode, behind a second stage (Priv. chapter 8)."""

    runs = {Mode.U: Mode.VU, Mode.S: Mode.VS}
    own = ["mode", *VS_REGISTERS, "scounteren", "senvcfg.FIOM"]
    search = ["hstatus.VTVM", "hstatus.VTW", "hstatus.VTSR"]
    timing = ["mtime", "mcycle", "minstret"]

    def host(real, guest):
        return in_virtual_supervisor(real, guest)

    def everywhere(real, guest, va):
        return placed(real, guest, va)

    def realise(real, guest, va):
        show_gigapage(real, guest, va)


@scenario("guest of an HS-mode guest of an HS-mode VMM")
class GuestOfVirtualHypervisor:
    """What a VMM as a guest runs in its virtual machines: VS- and VU-mode as themselves, behind a shadow of its second stage."""

    runs = {Mode.VU: Mode.VU, Mode.VS: Mode.VS}
    own = ["mode", *(name for _, name in VS_REGISTERS), "scounteren", "senvcfg.FIOM"]
    timing = ["mtime", "mcycle", "minstret"]

    def host(real, guest):
        return in_guest_of_guest(real, guest)

    def everywhere(real, guest, va):
        return shadowed(real, guest, va)

    def realise(real, guest, va):
        show_guest_page(real, guest, va)


@scenario("HS-mode guest of an HS-mode VMM")
class VirtualHypervisor(VirtualSupervisor):
    """A VMM as a guest, while it runs itself and not a guest of its own: HS-mode in VS-mode, U-mode in VU-mode."""

    search = []
    guests = GuestOfVirtualHypervisor

    def host(real, guest):
        return in_virtual_hypervisor(real, guest)
