"""RV64 with a candidate extension: the address-space identifier of satp, readable by user programs where the supervisor allows it.

As in `asid.py`, with a bit that gates it as scounteren gates the counters (Priv. 4.1.5): the CSR `scustomen`, number 0x5C0 in the custom
space of S-mode (Priv. table 2.1), has the bit ASID. Where that is zero, `asid` is illegal in U-mode and a virtual instruction in VU-mode.
In S-mode TVM makes it trap as it does satp, and in VS-mode VTVM (Priv. 3.1.6.5, 8.2.1).
"""

from vmproof.lang import *
from models.rv64 import *


class Scustomen(Layout[64]):
    ASID: 0 = role.control


class MachineWithScustomen(Machine):
    scustomen: Scustomen


def check_asid(m):
    if m.mode == Mode.U and not m.scustomen.ASID or m.mode == Mode.S and m.mstatus.TVM:
        illegal(m)
    if m.mode == Mode.VU and not m.scustomen.ASID or m.mode == Mode.VS and m.hstatus.VTVM:
        virtual_instruction(m)


def read_asid(m):
    return zext(m.vsatp.ASID if virtual(m.mode) else m.satp.ASID, 64)


def assign_scustomen(m, value):
    m.scustomen = Scustomen(value)


for register, number, check, value_of, assign in (
    ("asid", 0xCC0, check_asid, read_asid, nothing),
    ("scustomen", 0x5C0, no_check, lambda m: bits[64](m.scustomen), assign_scustomen),
):

    @instruction(
        f"{number:012b} source.field source.immediate 01 rd[5] 1110011",
        name=f"csrrw_{register}", mnemonic=register, asm=f"csrrw x{{rd}}, {register}, {{source}}", source=SOURCE,
    )  # fmt: skip
    def csrrw_custom(m, rd, source):
        exchange(m, rd, source, number, check, value_of, assign)

    for name, code, merged in CHANGES:

        @instruction(
            f"{number:012b} source.field source.immediate {code} rd[5] 1110011",
            name=f"{name}_{register}", mnemonic=register, asm=f"{name} x{{rd}}, {register}, {{source}}", source=SOURCE,
        )  # fmt: skip
        def csrr_custom(m, rd, source):
            change(m, rd, source, number, check, value_of, assign, merged)


@scenario("S-mode guest in U-mode, scustomen.ASID to be chosen")
class WithScustomen(SupervisorInUser):
    search = ["scustomen.ASID"]
