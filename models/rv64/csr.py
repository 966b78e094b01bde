"""Control and status registers: who may access which (Priv. 2.1), what reads give, and what writes leave (WARL fields, Priv. 2.3)."""

from vmproof.lang import *
from state import *

def check_access(m, number, writes):
    """Priv. 2.1: bits 11:10 of the number say whether it is read-only, bits 9:8 the least mode. 8.6.1: illegal or virtual instruction.

    `number` is known while reading.
    """
    level = number >> 8 & 3
    if number >> 10 == 3 and writes:
        illegal(m)
    match level:
        case 3:
            if m.mode != Mode.M:
                illegal(m)
        case 2:
            if m.mode == Mode.U or not m.hypervisor:
                illegal(m)
            if virtual(m.mode):
                virtual_instruction(m)
        case 1:
            if m.mode == Mode.U:
                illegal(m)
            if m.mode == Mode.VU:
                virtual_instruction(m)


# mstatus and its views


FIXED = 0x2_0000_0000  # UXL, and VSXL likewise: U-mode has 64 bits
SSTATUS = 0xC6122  # SIE SPIE SPP FS SUM MXR


def with_dirty(word, fs):
    """SD says that FS is dirty (3.1.6.6)."""
    return word | cat(bits[1](fs == 3), bits[63](0))


def read_mstatus(m):
    """UXL and SXL are 2 (3.1.6.2)."""
    return with_dirty(bits[64](m.mstatus), m.mstatus.FS) | 0xA_0000_0000


def write_mstatus(m, value):
    """MPP holds a mode that there is (3.1.6.1); MPV and GVA exist with the H extension (8.4.1)."""
    new = Mstatus(value)
    if new.MPP == 2:
        new = Mstatus((value & ~bits[64](0x1800)) | (bits[64](m.mstatus) & 0x1800))
    m.mstatus = Mstatus(bits[64](new) if m.hypervisor else bits[64](new) & ~bits[64](0xC0_0000_0000))


def read_sstatus(m):
    """4.1.1; in VS-mode it is vsstatus (8.2.11)."""
    return read_vsstatus(m) if m.mode == Mode.VS else with_dirty(bits[64](m.mstatus) & SSTATUS, m.mstatus.FS) | FIXED


def write_sstatus(m, value):
    if m.mode == Mode.VS:
        m.vsstatus = Vsstatus(value)
    else:
        m.mstatus = Mstatus((bits[64](m.mstatus) & ~bits[64](SSTATUS)) | (value & SSTATUS))


def read_vsstatus(m):
    return with_dirty(bits[64](m.vsstatus), m.vsstatus.FS) | FIXED


def write_vsstatus(m, value):
    m.vsstatus = Vsstatus(value)


def read_hstatus(m):
    """VSXL is 2 (8.2.1)."""
    return bits[64](m.hstatus) | FIXED


def write_hstatus(m, value):
    m.hstatus = Hstatus(value)


# Trap vectors, exception program counters, delegation


def vector(old, value):
    """xtvec: MODE is direct or vectored, other values are not taken (3.1.7)."""
    return old if value[1] else value


def even(value):
    """xepc: the lowest bit is zero (3.1.14)."""
    return cat(value[63:1], bits[1](0))


def address_translation(old, value):
    """satp, vsatp: a write with a mode that is not there changes nothing (4.1.11)."""
    return Atp(value) if has_mode(value) else old


def has_mode(value):
    """Whether the MODE that is written is one of those that there are."""
    mode = value[63:60]
    return mode == BARE or mode == SV39_MODE or mode == SV48_MODE


def with_mode(value, held):
    """vsatp by its own number, and hgatp: a mode that is not there leaves the mode as it is, for the fields are WARL each (8.2.10)."""
    return value if has_mode(value) else cat(held, value[59:0])


VS_EXCEPTIONS = 0xB1FE  # table 8.2: others only HS-mode can handle


def delegable(m):
    """All exceptions of lower modes; calls from M-mode never (3.1.8), those of the H extension where it is (8.4.2)."""
    return bits[64](0xF0B7FE) if m.hypervisor else bits[64](0xB3FE)


def write_medeleg(m, value):
    m.medeleg = value & delegable(m)


def read_mideleg(m):
    """Interrupts of VS-mode are delegated always (8.4.2)."""
    return zext(m.mideleg, 64) | (bits[64](VS_INTERRUPTS) if m.hypervisor else bits[64](0))


def write_mideleg(m, value):
    m.mideleg = value[11:0] & S_INTERRUPTS


def write_hedeleg(m, value):
    """What only HS-mode can handle is read-only zero."""
    m.hedeleg = value & VS_EXCEPTIONS


def write_hideleg(m, value):
    m.hideleg = value[11:0] & VS_INTERRUPTS


# Interrupts. Fields of mip and mie that an extension lacks are zero.


def pending(m):
    return bits[64](m.mip)


def here(m):
    """The interrupts that the machine has."""
    return bits[64](0xEEE) if m.hypervisor else bits[64](0xAAA)


def masked(old, value, mask):
    return (old & ~mask) | (value & mask)


def write_mip(m, value):
    """SSIP, STIP and SEIP, and VSSIP, an alias of hvip's; lines from outside are not written (3.1.9, 8.2.3)."""
    m.mip = Interrupts(masked(pending(m), value, bits[64](0x226) & here(m)))


def write_mie(m, value):
    m.mie = Enables(value & here(m))


def read_sie(m):
    """The bits of mie that are delegated (4.1.3); in VS-mode those of VS-mode, one place lower (8.2.13)."""
    if m.mode == Mode.VS:
        return read_vsie(m)
    return bits[64](m.mie) & zext(m.mideleg, 64)


def write_sie(m, value):
    if m.mode == Mode.VS:
        write_vsie(m, value)
    else:
        m.mie = Enables(masked(bits[64](m.mie), value, zext(m.mideleg, 64)))


def read_vsie(m):
    return (bits[64](m.mie) & zext(m.hideleg, 64)) >> 1


def write_vsie(m, value):
    m.mie = Enables(masked(bits[64](m.mie), value << 1, zext(m.hideleg, 64)))


def read_sip(m):
    if m.mode == Mode.VS:
        return read_vsip(m)
    return pending(m) & zext(m.mideleg, 64)


def write_sip(m, value):
    """Only SSIP can be written (4.1.3), in VS-mode VSSIP (8.2.13)."""
    if m.mode == Mode.VS:
        write_vsip(m, value)
    else:
        m.mip = Interrupts(masked(pending(m), value, zext(m.mideleg, 64) & 2))


def read_vsip(m):
    return (pending(m) & zext(m.hideleg, 64)) >> 1


def write_vsip(m, value):
    m.mip = Interrupts(masked(pending(m), value << 1, zext(m.hideleg, 64) & 4))


def read_hie(m):
    return bits[64](m.mie) & VS_INTERRUPTS


def write_hie(m, value):
    m.mie = Enables(masked(bits[64](m.mie), value, bits[64](VS_INTERRUPTS)))


def read_hip(m):
    return pending(m) & VS_INTERRUPTS


def write_hip(m, value):
    """8.2.3: of hip only VSSIP can be written."""
    m.mip = Interrupts(masked(pending(m), value, bits[64](4)))


def write_hvip(m, value):
    m.mip = Interrupts(masked(pending(m), value, bits[64](VS_INTERRUPTS)))


# Address translation


def write_satp(m, value):
    if m.mode == Mode.VS:
        m.vsatp = address_translation(m.vsatp, value)
    else:
        m.satp = address_translation(m.satp, value)


def read_satp(m):
    """4.1.11, 3.1.6.5: TVM and VTVM make it trap."""
    if m.mode == Mode.S and m.mstatus.TVM:
        illegal(m)
    if m.mode == Mode.VS and m.hstatus.VTVM:
        virtual_instruction(m)
    return bits[64](m.vsatp) if m.mode == Mode.VS else bits[64](m.satp)


def read_hgatp(m):
    """8.2.10: TVM makes it trap in HS-mode."""
    if m.mode == Mode.S and m.mstatus.TVM:
        illegal(m)
    return bits[64](m.hgatp)


def write_hgatp(m, value):
    m.hgatp = Hgatp(with_mode(value, m.hgatp.MODE))


def environment(m, value, above):
    """FIOM, and ADUE where the register above grants it (8.2.5)."""
    return Envcfg(value & (bits[64](0x2000_0000_0000_0001) if above else bits[64](1)))


def read_henvcfg(m):
    """8.2.5: ADUE is read-only zero where menvcfg.ADUE is zero."""
    word = bits[64](m.henvcfg)
    return word if m.menvcfg.ADUE else word & 1


# Counters (3.1.10, 3.1.11, 4.1.5, 8.2.6)


def check_counter(m, n):
    """`n`: 0 for cycle, 1 for time, 2 for instret, 3 to 31 for the others."""
    if m.mode != Mode.M and not m.mcounteren[n]:
        illegal(m)
    if virtual(m.mode) and not m.hcounteren[n] or m.mode == Mode.VU and not m.scounteren[n]:
        virtual_instruction(m)
    if m.mode == Mode.U and not m.scounteren[n]:
        illegal(m)


def read_time(m):
    """In a virtual machine htimedelta is added (8.2.7)."""
    return m.mtime + (m.htimedelta if virtual(m.mode) else bits[64](0))


# Physical memory protection (3.7.1)


def read_pmpcfg(m, first):
    return cat(*[bits[8](m.pmpcfg[first + i]) for i in reversed(range(8))])


def write_pmpcfg(m, value, first):
    """A locked entry stays; R = 0 with W = 1 is reserved, A = 2 (four bytes) is less than the grain: neither is taken."""
    for i in range(8):
        new = Pmpcfg(value[8 * i + 7 : 8 * i])
        if not m.pmpcfg[first + i].L and (new.R or not new.W) and new.A != 2:
            m.pmpcfg[first + i] = new


def read_pmpaddr(m, i):
    """With a grain of 4 KiB the low bits read as ones for a power of two, else as zeros; what they hold stays."""
    held = m.pmpaddr[i]
    return zext(held | 0x1FF if m.pmpcfg[i].A[1] else held & ~bits[54](0x3FF), 64)


def write_pmpaddr(m, i, value):
    """Locked by its own entry, or by the next one, if that is a locked top of range."""
    below = m.pmpcfg[i + 1].L and m.pmpcfg[i + 1].A == 1 if i < 15 else False
    if not m.pmpcfg[i].L and not below:
        m.pmpaddr[i] = value[53:0]


# Floating point (3.1.6.6; Unpriv. 11.2)


def float_on(m):
    """Off in mstatus, or in a virtual machine in vsstatus, makes it illegal."""
    if m.mstatus.FS == 0 or virtual(m.mode) and m.vsstatus.FS == 0:
        illegal(m)


def float_dirty(m):
    m.mstatus.FS = 3
    if virtual(m.mode):
        m.vsstatus.FS = 3
