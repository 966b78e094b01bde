"""Zicsr and Zicntr (Unpriv. chapters 9 and 10): CSRRW, CSRRS, CSRRC and their immediate forms, for each register that there is.

Other numbers are no instructions, and so illegal (Priv. 2.1).
"""

from vmproof.lang import *
from state import *
from csr import *

SOURCE = forms(
    "immediate[1] field[5]",
    register=form("0 rs1[5]", asm="x{rs1}"),
    immediate=form("1 uimm[5]", asm="{uimm}"),
)


def given(m, source):
    return m.x[source.rs1] if source.form == "register" else zext(source.uimm, 64)


def sets_bits(source):
    """CSRRS and CSRRC with x0, or with zero, do not write at all (table 9.1)."""
    return source.rs1 != 0 if source.form == "register" else source.uimm != 0


def nothing(m, value):
    """A register without a writable field."""


def no_check(m):
    """What Priv. 2.1 asks is all."""


def assign_stvec(m, value):
    if m.mode == Mode.VS:
        m.vstvec = vector(m.vstvec, value)
    else:
        m.stvec = vector(m.stvec, value)


def assign_sepc(m, value):
    if m.mode == Mode.VS:
        m.vsepc = even(value)
    else:
        m.sepc = even(value)


def assign_scause(m, value):
    if m.mode == Mode.VS:
        m.vscause = value
    else:
        m.scause = value


def assign_stval(m, value):
    if m.mode == Mode.VS:
        m.vstval = value
    else:
        m.stval = value


def assign_sscratch(m, value):
    if m.mode == Mode.VS:
        m.vsscratch = value
    else:
        m.sscratch = value


def assign_scounteren(m, value):
    m.scounteren = value[31:0]


def assign_mcounteren(m, value):
    m.mcounteren = value[31:0]


def assign_hcounteren(m, value):
    m.hcounteren = value[31:0]


def assign_mcountinhibit(m, value):
    m.mcountinhibit = value[31:0] & 0xFFFF_FFFD  # not TM (3.1.12)


def assign_senvcfg(m, value):
    m.senvcfg = Envcfg(value & 1)


def assign_menvcfg(m, value):
    m.menvcfg = environment(m, value, True)


def assign_henvcfg(m, value):
    m.henvcfg = environment(m, value, m.menvcfg.ADUE)


def assign_mtvec(m, value):
    m.mtvec = vector(m.mtvec, value)


def assign_mepc(m, value):
    m.mepc = even(value)


def assign_mcause(m, value):
    m.mcause = value


def assign_mtval(m, value):
    m.mtval = value


def assign_mscratch(m, value):
    m.mscratch = value


def assign_mtval2(m, value):
    m.mtval2 = value


def assign_mtinst(m, value):
    m.mtinst = value


def assign_mhpmcounter(m, n, value):
    m.mhpmcounter[n] = value


def assign_mcycle(m, value):
    m.mcycle = value


def assign_minstret(m, value):
    m.minstret = value


def assign_htimedelta(m, value):
    m.htimedelta = value


def assign_htval(m, value):
    m.htval = value


def assign_htinst(m, value):
    m.htinst = value


def assign_vstvec(m, value):
    m.vstvec = vector(m.vstvec, value)


def assign_vsepc(m, value):
    m.vsepc = even(value)


def assign_vscause(m, value):
    m.vscause = value


def assign_vstval(m, value):
    m.vstval = value


def assign_vsscratch(m, value):
    m.vsscratch = value


def assign_vsatp(m, value):
    """8.2.18."""
    m.vsatp = Atp(with_mode(value, m.vsatp.MODE))


def hypervisor_only(m):
    if not m.hypervisor:
        illegal(m)


def zero(m):
    return bits[64](0)


def both(own, guest):
    """A supervisor register, for which VS-mode has one of its own (8.2)."""
    return lambda m: guest(m) if m.mode == Mode.VS else own(m)


def misa(m):
    """3.1.1: RV64IMAC with S and U, F and D, and H where it is."""
    return bits[64](0x8000_0000_0014_112D) | (bits[64](0x80) if m.hypervisor else bits[64](0))


def assign_fflags(m, value):
    m.fcsr = cat(m.fcsr[7:5], value[4:0])
    float_dirty(m)


def assign_frm(m, value):
    m.fcsr = cat(value[2:0], m.fcsr[4:0])
    float_dirty(m)


def assign_fcsr(m, value):
    m.fcsr = value[7:0]
    float_dirty(m)


# name, number, what may forbid the access beside Priv. 2.1, what a read gives, what a write does
REGISTERS = (
    ("fflags", 0x001, float_on, lambda m: zext(m.fcsr[4:0], 64), assign_fflags),
    ("frm", 0x002, float_on, lambda m: zext(m.fcsr[7:5], 64), assign_frm),
    ("fcsr", 0x003, float_on, lambda m: zext(m.fcsr, 64), assign_fcsr),
    ("cycle", 0xC00, lambda m: check_counter(m, 0), lambda m: m.mcycle, nothing),
    ("time", 0xC01, lambda m: check_counter(m, 1), read_time, nothing),
    ("instret", 0xC02, lambda m: check_counter(m, 2), lambda m: m.minstret, nothing),
    ("sstatus", 0x100, no_check, read_sstatus, write_sstatus),
    ("sie", 0x104, no_check, read_sie, write_sie),
    ("stvec", 0x105, no_check, both(lambda m: m.stvec, lambda m: m.vstvec), assign_stvec),
    ("scounteren", 0x106, no_check, lambda m: zext(m.scounteren, 64), assign_scounteren),
    ("senvcfg", 0x10A, no_check, lambda m: bits[64](m.senvcfg), assign_senvcfg),
    ("sscratch", 0x140, no_check, both(lambda m: m.sscratch, lambda m: m.vsscratch), assign_sscratch),
    ("sepc", 0x141, no_check, both(lambda m: m.sepc, lambda m: m.vsepc), assign_sepc),
    ("scause", 0x142, no_check, both(lambda m: m.scause, lambda m: m.vscause), assign_scause),
    ("stval", 0x143, no_check, both(lambda m: m.stval, lambda m: m.vstval), assign_stval),
    ("sip", 0x144, no_check, read_sip, write_sip),
    ("satp", 0x180, no_check, read_satp, write_satp),
    ("hstatus", 0x600, no_check, read_hstatus, write_hstatus),
    ("hedeleg", 0x602, no_check, lambda m: m.hedeleg, write_hedeleg),
    ("hideleg", 0x603, no_check, lambda m: zext(m.hideleg, 64), write_hideleg),
    ("hie", 0x604, no_check, read_hie, write_hie),
    ("htimedelta", 0x605, no_check, lambda m: m.htimedelta, assign_htimedelta),
    ("hcounteren", 0x606, no_check, lambda m: zext(m.hcounteren, 64), assign_hcounteren),
    ("hgeie", 0x607, no_check, zero, nothing),
    ("henvcfg", 0x60A, no_check, read_henvcfg, assign_henvcfg),
    ("htval", 0x643, no_check, lambda m: m.htval, assign_htval),
    ("hip", 0x644, no_check, read_hip, write_hip),
    ("hvip", 0x645, no_check, read_hip, write_hvip),
    ("htinst", 0x64A, no_check, lambda m: m.htinst, assign_htinst),
    ("hgatp", 0x680, no_check, read_hgatp, write_hgatp),
    ("hgeip", 0xE12, no_check, zero, nothing),
    ("vsstatus", 0x200, no_check, read_vsstatus, write_vsstatus),
    ("vsie", 0x204, no_check, read_vsie, write_vsie),
    ("vstvec", 0x205, no_check, lambda m: m.vstvec, assign_vstvec),
    ("vsscratch", 0x240, no_check, lambda m: m.vsscratch, assign_vsscratch),
    ("vsepc", 0x241, no_check, lambda m: m.vsepc, assign_vsepc),
    ("vscause", 0x242, no_check, lambda m: m.vscause, assign_vscause),
    ("vstval", 0x243, no_check, lambda m: m.vstval, assign_vstval),
    ("vsip", 0x244, no_check, read_vsip, write_vsip),
    ("vsatp", 0x280, no_check, lambda m: bits[64](m.vsatp), assign_vsatp),
    ("mvendorid", 0xF11, no_check, zero, nothing),
    ("marchid", 0xF12, no_check, zero, nothing),
    ("mimpid", 0xF13, no_check, zero, nothing),
    ("mhartid", 0xF14, no_check, lambda m: m.hart, nothing),
    ("mconfigptr", 0xF15, no_check, zero, nothing),
    ("mstatus", 0x300, no_check, read_mstatus, write_mstatus),
    ("misa", 0x301, no_check, misa, nothing),
    ("medeleg", 0x302, no_check, lambda m: m.medeleg, write_medeleg),
    ("mideleg", 0x303, no_check, read_mideleg, write_mideleg),
    ("mie", 0x304, no_check, lambda m: bits[64](m.mie), write_mie),
    ("mtvec", 0x305, no_check, lambda m: m.mtvec, assign_mtvec),
    ("mcounteren", 0x306, no_check, lambda m: zext(m.mcounteren, 64), assign_mcounteren),
    ("menvcfg", 0x30A, no_check, lambda m: bits[64](m.menvcfg), assign_menvcfg),
    ("mcountinhibit", 0x320, no_check, lambda m: zext(m.mcountinhibit, 64), assign_mcountinhibit),
    ("mscratch", 0x340, no_check, lambda m: m.mscratch, assign_mscratch),
    ("mepc", 0x341, no_check, lambda m: m.mepc, assign_mepc),
    ("mcause", 0x342, no_check, lambda m: m.mcause, assign_mcause),
    ("mtval", 0x343, no_check, lambda m: m.mtval, assign_mtval),
    ("mip", 0x344, no_check, pending, write_mip),
    ("mtinst", 0x34A, hypervisor_only, lambda m: m.mtinst, assign_mtinst),
    ("mtval2", 0x34B, hypervisor_only, lambda m: m.mtval2, assign_mtval2),
    ("pmpcfg0", 0x3A0, no_check, lambda m: read_pmpcfg(m, 0), lambda m, value: write_pmpcfg(m, value, 0)),
    ("pmpcfg2", 0x3A2, no_check, lambda m: read_pmpcfg(m, 8), lambda m, value: write_pmpcfg(m, value, 8)),
    ("mcycle", 0xB00, no_check, lambda m: m.mcycle, assign_mcycle),
    ("minstret", 0xB02, no_check, lambda m: m.minstret, assign_minstret),
    ("hpmcounter3", 0xC03, lambda m: check_counter(m, 3), lambda m: m.mhpmcounter[3], nothing),
    ("mhpmcounter3", 0xB03, no_check, lambda m: m.mhpmcounter[3], lambda m, value: assign_mhpmcounter(m, bits[5](3), value)),
    ("mhpmevent3", 0x323, no_check, zero, nothing),
)



def exchange(m, rd, source, number, check, value_of, assign):
    """CSRRW."""
    check_access(m, number, True)
    check(m)
    old, new = value_of(m), given(m, source)
    assign(m, new)
    put(m, rd, old)


def change(m, rd, source, number, check, value_of, assign, merged):
    """CSRRS and CSRRC."""
    check_access(m, number, sets_bits(source))
    check(m)
    old, new = value_of(m), given(m, source)
    if sets_bits(source):
        assign(m, merged(old, new))
    put(m, rd, old)


CHANGES = (("csrrs", "10", lambda old, new: old | new), ("csrrc", "11", lambda old, new: old & ~new))

for register, number, check, value_of, assign in REGISTERS:

    @instruction(
        f"{number:012b} source.field source.immediate 01 rd[5] 1110011",
        name=f"csrrw_{register}", mnemonic=register, asm=f"csrrw x{{rd}}, {register}, {{source}}", source=SOURCE,
    )  # fmt: skip
    def csrrw(m, rd, source):
        exchange(m, rd, source, number, check, value_of, assign)

    for name, code, merged in CHANGES:

        @instruction(
            f"{number:012b} source.field source.immediate {code} rd[5] 1110011",
            name=f"{name}_{register}", mnemonic=register, asm=f"{name} x{{rd}}, {register}, {{source}}", source=SOURCE,
        )  # fmt: skip
        def csrr(m, rd, source):
            change(m, rd, source, number, check, value_of, assign, merged)


# Event counters and their events, 29 registers each (3.1.10), gated as the other counters are (3.1.11). There is only the event 0, which
# is none, so a counter holds what was written to it.
for register, base, check, value_of, assign in (
    ("hpmcounter", 0xC00, check_counter, lambda m, n: m.mhpmcounter[n], lambda m, n, value: nothing(m, value)),
    ("mhpmcounter", 0xB00, lambda m, n: no_check(m), lambda m, n: m.mhpmcounter[n], assign_mhpmcounter),
    ("mhpmevent", 0x320, lambda m, n: no_check(m), lambda m, n: zero(m), lambda m, n, value: nothing(m, value)),
):
    for first, lead, width in ((4, "001", 2), (8, "01", 3), (16, "1", 4)):

        @instruction(
            f"{base >> 5:07b} {lead} low[{width}] source.field source.immediate 01 rd[5] 1110011",
            name=f"csrrw_{register}{first}", mnemonic=register, asm=f"csrrw x{{rd}}, {register}{first}+{{low}}, {{source}}", source=SOURCE,
        )  # fmt: skip
        def csrrw_event(m, rd, source, low):
            n = zext(low, 5) + first
            exchange(m, rd, source, base, lambda m: check(m, n), lambda m: value_of(m, n), lambda m, value: assign(m, n, value))

        for name, code, merged in CHANGES:

            @instruction(
                f"{base >> 5:07b} {lead} low[{width}] source.field source.immediate {code} rd[5] 1110011",
                name=f"{name}_{register}{first}", mnemonic=register, asm=f"{name} x{{rd}}, {register}{first}+{{low}}, {{source}}",
                source=SOURCE,
            )  # fmt: skip
            def csrr_event(m, rd, source, low):
                n = zext(low, 5) + first
                change(m, rd, source, base, lambda m: check(m, n), lambda m: value_of(m, n), lambda m, value: assign(m, n, value), merged)


@instruction(
    "00111011 entry[4] source.field source.immediate 01 rd[5] 1110011",
    name="csrrw_pmpaddr", mnemonic="pmpaddr", asm="csrrw x{rd}, pmpaddr{entry}, {source}", source=SOURCE,
)  # fmt: skip
def csrrw_pmpaddr(m, rd, source, entry):
    exchange(m, rd, source, 0x3B0, no_check, lambda m: read_pmpaddr(m, entry), lambda m, value: write_pmpaddr(m, entry, value))


for name, code, merged in CHANGES:

    @instruction(
        f"00111011 entry[4] source.field source.immediate {code} rd[5] 1110011",
        name=f"{name}_pmpaddr", mnemonic="pmpaddr", asm=f"{name} x{{rd}}, pmpaddr{{entry}}, {{source}}", source=SOURCE,
    )  # fmt: skip
    def csrr_pmpaddr(m, rd, source, entry):
        change(
            m, rd, source, 0x3B0, no_check, lambda m: read_pmpaddr(m, entry), lambda m, value: write_pmpaddr(m, entry, value), merged
        )  # fmt: skip
