"""All formats by name, with what a reader of a walk wants to be told: what `vmproof walk` and the tests look up.

`formats` can be walked from a root, `seconds` are second stages (one that can be walked alone stands in both). Of each:

- `title` and `manual`; `levels`, from the root down, as the format has them; `digits` of an address; `aligned`, the bytes of a root table.
- `walk(root, va, access, control, read, tables)`, or `stage(root, control, read)`, and `control`, at its values by default.
- `words`: the words for what happens, each with the manual's number of the step or section.
- `code`, `codes`, `bits`: what a fault's code is called, the meaning of its values, and of its bits; `told`: the registers that tell of a
  fault, with what they hold and the shift to the right.
"""

from vmproof.lang import *
from spec.mmu.result import Reason
from spec.mmu.tables import DIRECT
from spec.mmu import riscv, x86, x86_ept
from spec.mmu.words import EPT_WORDS, RISCV_WORDS, X86_WORDS

RISCV_CONTROL = riscv.Control(mode=riscv.Privilege.S, SUM=False, MXR=False, ADUE=True, PBMTE=False, HLVX=False)
RISCV_MANUAL = "RISC-V Privileged Architecture 1.13"


def of_riscv(format, title, section):
    return {
        "title": title,
        "manual": f"{RISCV_MANUAL}, {section} and 4.3.2",
        "levels": format["levels"],
        "entry": format["entry"],
        "width": format["width"] if format["entry"] == 4 or format["second"] else 64,
        "aligned": 16384 if format["second"] else 4096,
        "control": RISCV_CONTROL,
        "walk": lambda root, va, access, control, read, tables: riscv.walk(format, root, va, access, control, read, tables),
        "stage": lambda root, control, read: riscv.second_stage(format, root, control, read),
        **RISCV_WORDS,
    }


X86_CONTROL = x86.Control(
    user=False, implicit=False, WP=True, PSE=True, SMEP=False, SMAP=False, AC=False, NXE=True, PKE=False, PKS=False, PKRU=0, PKRS=0
)


def of_x86(paging, title, section):
    return {
        "title": title,
        "manual": f"Intel SDM, volume 3A, {section}",
        "levels": paging["levels"],
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
        "manual": "Intel SDM, volume 3C, 28.3",
        "levels": ept["levels"],
        "entry": 8,
        "width": 64,
        "aligned": 4096,
        "control": x86_ept.Control(AD=False, execute_only=True),
        "stage": lambda root, control, read: x86_ept.second_stage(ept, root, control, read),
        **EPT_WORDS,
    }


riscv_seconds = {
    "sv32x4": of_riscv(riscv.SV32X4, "Sv32x4", "8.5.1"),
    "sv39x4": of_riscv(riscv.SV39X4, "Sv39x4", "8.5.1"),
    "sv48x4": of_riscv(riscv.SV48X4, "Sv48x4", "8.5.1"),
    "sv57x4": of_riscv(riscv.SV57X4, "Sv57x4", "8.5.1"),
}
epts = {"ept4": of_ept(x86_ept.EPT4, "EPT with four levels"), "ept5": of_ept(x86_ept.EPT5, "EPT with five levels")}
wide = {name: riscv_seconds[name] for name in ("sv39x4", "sv48x4", "sv57x4")}

formats = {
    "sv32": {**of_riscv(riscv.SV32, "Sv32", "4.3"), "seconds": ("sv32x4",)},
    "sv39": {**of_riscv(riscv.SV39, "Sv39", "4.4"), "seconds": tuple(wide)},
    "sv48": {**of_riscv(riscv.SV48, "Sv48", "4.5"), "seconds": tuple(wide)},
    "sv57": {**of_riscv(riscv.SV57, "Sv57", "4.6"), "seconds": tuple(wide)},
    **{name: {**second, "seconds": ()} for name, second in riscv_seconds.items()},
    "x86-32": {**of_x86(x86.TWO_LEVEL, "x86 32-bit paging", "4.3"), "seconds": tuple(epts)},
    "x86-pae": {**of_x86(x86.PAE, "x86 PAE paging", "4.4"), "seconds": tuple(epts)},
    "x86-4": {**of_x86(x86.FOUR_LEVEL, "x86 4-level paging", "4.5"), "seconds": tuple(epts)},
    "x86-5": {**of_x86(x86.FIVE_LEVEL, "x86 5-level paging", "4.5"), "seconds": tuple(epts)},
}
seconds = {**riscv_seconds, **epts}
