"""All formats by name, with what a reader of a walk wants to be told: what `vmproof walk` and the tests look up.

`formats` can be walked from a root, `seconds` are second stages (one that can be walked alone stands in both). Of each:

- `title`, `manual` and `section`; `levels`, from the root down, as the format has them (`radix` says that each indexes a table of its
  own); `entry`, the bytes of an entry; `width`, the bits of an address; `aligned`: a root table begins at a multiple of so many bytes.
- `walk(root, va, access, control, read, tables)`, or `stage(root, control, read)`, and `control`, at its values by default.
- `seconds`: the second stages that it can be walked behind, the usual one first.
- the words of words.py for what happens.
"""

from vmproof.lang import *
from spec.mmu.result import NO_UPDATE, Reason, marked
from spec.mmu.tables import DIRECT
from spec.mmu import arm, riscv, vax, x86, x86_ept
from spec.mmu.words import ARM_WORDS, EPT_WORDS, RISCV_WORDS, VAX_WORDS, X86_WORDS

reasons = Reason
direct = DIRECT
with_marks = marked
no_update = NO_UPDATE

RISCV_CONTROL = riscv.Control(mode=riscv.Privilege.S, SUM=False, MXR=False, ADUE=True, PBMTE=False, HLVX=False)
RISCV_MANUAL = "RISC-V Privileged Architecture 1.13"


def of_riscv(format, title, section):
    return {
        "title": title,
        "manual": RISCV_MANUAL,
        "section": f"{section}, 4.3.2",
        "levels": format["levels"],
        "radix": True,
        "entry": format["entry"],
        "width": format["width"] if format["entry"] == 4 or format["second"] else 64,
        "aligned": 16384 if format["second"] else 4096,
        "control": RISCV_CONTROL,
        "walk": lambda root, va, access, control, read, tables: riscv.walk(format, root, va, access, control, read, tables),
        "stage": lambda root, control, read: riscv.second_stage(format, root, control, read),
        **RISCV_WORDS,
        "told": (("htval", "va", 2),) if format["second"] else (("stval", "va", 0),),
    }


X86_CONTROL = x86.Control(
    user=False, implicit=False, WP=True, PSE=True, SMEP=False, SMAP=False, AC=False, NXE=True, PKE=False, PKS=False, PKRU=0, PKRS=0
)


def of_x86(paging, title, section):
    return {
        "title": title,
        "manual": "Intel SDM, volume 3",
        "section": f"{section}, 4.6 to 4.8",
        "levels": paging["levels"],
        "radix": True,
        "entry": paging["entry"],
        "width": 32 if paging["width"] == 32 else 64,
        "aligned": 32 if paging["entry"] == 8 and paging["width"] == 32 else 4096,
        "control": X86_CONTROL,
        "walk": lambda root, va, access, control, read, tables: x86.walk(paging, root, va, access, control, read, tables),
        **X86_WORDS,
    }


def of_ept(ept, title):
    return {
        "title": title,
        "manual": "Intel SDM, volume 3",
        "section": "28.3",
        "levels": ept["levels"],
        "radix": True,
        "entry": 8,
        "width": 64,
        "aligned": 4096,
        "control": x86_ept.Control(AD=False, execute_only=True),
        "walk": lambda root, va, access, control, read, tables: x86_ept.walk(ept, root, va, access, False, control, read),
        "stage": lambda root, control, read: x86_ept.second_stage(ept, root, control, read),
        **EPT_WORDS,
    }


ARM_CONTROL = arm.Control(EL=arm.Level.EL1, PAN=False, WXN=False, HA=True, HD=True, HPD=False)
ARM_CONTROL2 = arm.Control2(EL=arm.Level.EL1, XNX=False, HA=True, HD=True)


def of_arm(format, title, aligned):
    return {
        "title": title,
        "manual": "Arm Architecture Reference Manual DDI 0487",
        "section": "D8.2 to D8.5",
        "levels": format["levels"],
        "radix": True,
        "entry": 8,
        "width": 64,
        "aligned": aligned,
        "control": ARM_CONTROL2 if format["second"] else ARM_CONTROL,
        "walk": lambda root, va, access, control, read, tables: arm.walk(format, root, va, access, control, read, tables),
        "stage": lambda root, control, read: arm.second_stage(format, root, control, read),
        **ARM_WORDS,
        "told": (("HPFAR_EL2.FIPA", "va", 12),) if format["second"] else (("FAR_EL1", "va", 0),),
    }


VAX = {
    "title": "VAX",
    "manual": "VAX Architecture Reference Manual",
    "section": "chapter 4",
    "levels": ((0, 29, 9),),
    "radix": False,
    "entry": 4,
    "width": 32,
    "aligned": 4,
    "control": vax.Control(mode=vax.Mode.K, SLR=0x200000, P0BR=0x80000000, P0LR=0x200000, P1BR=0x80000000, P1LR=0),
    "walk": lambda root, va, access, control, read, tables: vax.walk(root, va, access, control, read),
    "seconds": (),
    **VAX_WORDS,
}


riscv_seconds = {
    "sv32x4": of_riscv(riscv.SV32X4, "Sv32x4", "8.5.1"),
    "sv39x4": of_riscv(riscv.SV39X4, "Sv39x4", "8.5.1"),
    "sv48x4": of_riscv(riscv.SV48X4, "Sv48x4", "8.5.1"),
    "sv57x4": of_riscv(riscv.SV57X4, "Sv57x4", "8.5.1"),
}
epts = {"ept4": of_ept(x86_ept.EPT4, "EPT with four levels"), "ept5": of_ept(x86_ept.EPT5, "EPT with five levels")}
arm_seconds = {
    "arm48-2": of_arm(arm.ARM48_2, "Arm stage 2 of 48 bits, 4 KiB granule", 4096),
    "arm40-2": of_arm(arm.ARM40_2, "Arm stage 2 of 40 bits, 4 KiB granule", 8192),
}
wide = {name: riscv_seconds[name] for name in ("sv39x4", "sv48x4", "sv57x4")}

formats = {
    "sv32": {**of_riscv(riscv.SV32, "Sv32", "4.3"), "seconds": ("sv32x4",)},
    "sv39": {**of_riscv(riscv.SV39, "Sv39", "4.4"), "seconds": tuple(wide)},
    "sv48": {**of_riscv(riscv.SV48, "Sv48", "4.5"), "seconds": tuple(wide)},
    "sv57": {**of_riscv(riscv.SV57, "Sv57", "4.6"), "seconds": tuple(wide)},
    **{name: {**second, "seconds": ()} for name, second in (*riscv_seconds.items(), *epts.items(), *arm_seconds.items())},
    "x86-32": {**of_x86(x86.TWO_LEVEL, "x86 32-bit paging", "4.3"), "seconds": tuple(epts)},
    "x86-pae": {**of_x86(x86.PAE, "x86 PAE paging", "4.4"), "seconds": tuple(epts)},
    "x86-4": {**of_x86(x86.FOUR_LEVEL, "x86 4-level paging", "4.5"), "seconds": tuple(epts)},
    "x86-5": {**of_x86(x86.FIVE_LEVEL, "x86 5-level paging", "4.5"), "seconds": tuple(epts)},
    "arm48": {**of_arm(arm.ARM48, "Arm stage 1 of 48 bits, 4 KiB granule", 4096), "seconds": tuple(arm_seconds)},
    "arm39": {**of_arm(arm.ARM39, "Arm stage 1 of 39 bits, 4 KiB granule", 4096), "seconds": tuple(arm_seconds)},
    "vax": VAX,
}
seconds = {**riscv_seconds, **epts, **arm_seconds}
