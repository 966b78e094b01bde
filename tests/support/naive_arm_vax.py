"""Straightforward walkers on numbers, as naive_walks.py: Arm's long descriptors with the 4 KiB granule, and the VAX."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.naive_walks import Fault, Found, Memory, Stage, nothing, ones

ARM = {"arm48": (0, 48, False), "arm39": (1, 39, False), "arm48-2": (0, 48, True), "arm40-2": (1, 40, True)}


def arm(
    name: str, root: int, va: int, access: str, control: Mapping[str, int], memory: Memory, stage: Stage = nothing
) -> Found:
    """Levels are the manual's, `control` has the names of the specification's records; the output size is 48 bits."""
    start, bits, second = ARM[name]

    def ask(level: int, address: int, how: str, implicit: bool, writing: bool) -> int:
        try:
            return stage(address, how, implicit)
        except Fault as below:
            raise Fault(below.reason, level, below.code, True, implicit, writing, below.gpa) from None

    top = va >> bits
    if top != 0 and (second or top != ones(64 - bits)):
        raise Fault("not_canonical", 0, 4)
    table = root
    no_write = no_user = no_execute_user = no_execute = False
    for level in range(start, 4):
        low = 39 - 9 * level
        width = 9 + (1 if bits == 40 and level == 1 else 0)
        table &= ~ones(width + 3)
        address = table | (va >> low & ones(width)) << 3
        descriptor = memory.read(ask(level, address, "read", True, False), "second" if second else "first")
        kind = descriptor & 3
        if kind in (0, 2) or (kind == 1 and level in (0, 3)):
            raise Fault("invalid", level, 4 | level)
        if kind == 1 or level == 3:
            break
        if not second:
            no_write |= bool(descriptor >> 62 & 1)
            no_user |= bool(descriptor >> 61 & 1)
            no_execute_user |= bool(descriptor >> 60 & 1)
            no_execute |= bool(descriptor >> 59 & 1)
        table = descriptor & ones(48)
    if not descriptor >> 10 & 1 and not control["HA"]:
        raise Fault("not_accessed", level, 8 | level)

    def deny(reason: str) -> Fault:
        return Fault(reason, level, 12 | level)

    dirty = bool(descriptor >> 51 & 1) and bool(control["HD"]) and bool(control["HA"])
    el0 = control["EL"] == 0
    if second:
        xn = descriptor >> 53 & 3
        if access == "fetch":
            allowed = xn in ((0, 1) if el0 else (0, 3)) if control["XNX"] else xn < 2
            if not allowed:
                raise deny("not_executable")
        if access == "write" and not (descriptor & 0x80 or dirty):
            raise deny("not_writable")
        if access == "read" and not descriptor & 0x40:
            raise deny("not_readable")
    else:
        if control["HPD"]:
            no_write = no_user = no_execute_user = no_execute = False
        user = bool(descriptor & 0x40) and not no_user
        write = (not descriptor & 0x80 or dirty) and not no_write
        if access == "fetch":
            if el0:
                never = bool(descriptor >> 54 & 1) or no_execute_user or (control["WXN"] and user and write)
            else:
                never = bool(descriptor >> 53 & 1) or no_execute or (user and write) or (control["WXN"] and write)
            if never:
                raise deny("not_executable")
        else:
            if el0 and not user:
                raise deny("supervisor_page")
            if not el0 and user and control["PAN"]:
                raise deny("user_page")
            if access == "write" and not write:
                raise deny("not_writable")
    new = descriptor | 1 << 10
    if access == "write" and dirty:
        new = new | 0x80 if second else new & ~0x80
    if new != descriptor:
        memory.update(ask(level, address, "write", True, True), descriptor, new)
    gpa = (descriptor & ones(48)) >> low << low | va & ones(low)
    return Found(ask(level, gpa, access, False, access == "write"), level, gpa)


def arm_stage(name: str, root: int, control: Mapping[str, int], memory: Memory) -> Stage:
    """A stage 2."""

    def stage(address: int, access: str, implicit: bool) -> int:
        try:
            return arm(name, root, address, access, control, memory).pa
        except Fault as fault:
            fault.gpa = address
            raise

    return stage


# Who may read and write, by protection code, as the manual's table spells it.
PROTECTION = ("none", "none", "KW", "KR", "UW", "EW", "ERKW", "ER", "SW", "SREW", "SRKW", "SR", "URSW", "UREW", "URKW", "UR")


def permits(code: int, mode: int, write: bool) -> bool:
    """A mode may do what is named for it or for a less privileged one; who may write may read."""
    text = PROTECTION[code]
    if text == "none":
        return False
    rights = {text[at + 1]: "KESU".index(text[at]) for at in range(0, len(text), 2)}
    least = rights.get("W", -1) if write else max(rights.values())
    return mode <= least


def vax(sbr: int, va: int, access: str, control: Mapping[str, int], memory: Memory) -> Found:
    write = access == "write"

    def fault(reason: str, length: int, table: int) -> Fault:
        return Fault(reason, 0, length | table << 1 | write << 2)

    page = va >> 9 & ones(21)
    if va >> 30 == 3:
        raise fault("length", 1, 0)
    if va >> 30 == 2:
        if page >= control["SLR"]:
            raise fault("length", 1, 0)
        place = sbr + 4 * page
    else:
        second = va >> 30 == 1
        if page < control["P1LR"] if second else page >= control["P0LR"]:
            raise fault("length", 1, 0)
        entry_va = (control["P1BR" if second else "P0BR"] + 4 * page) & ones(32)
        if entry_va >> 30 != 2 or (entry_va >> 9 & ones(21)) >= control["SLR"]:
            raise fault("table_length", 1, 1)
        system = memory.read(sbr + 4 * (entry_va >> 9 & ones(21)))
        if not system >> 31:
            raise fault("table_invalid", 0, 1)
        place = (system & ones(21)) << 9 | entry_va & 511
    entry = memory.read(place)
    if not permits(entry >> 27 & 15, control["mode"], write):
        raise fault("not_writable" if write else "not_readable", 0, 0)
    if not entry >> 31:
        raise fault("invalid", 0, 0)
    if write and not entry >> 26 & 1:
        memory.update(place, entry, entry | 1 << 26)
    pa = (entry & ones(21)) << 9 | va & 511
    return Found(pa, 0, pa)
