"""What a guest's architecture allows, for claims about shadow paging: the walks of `riscv.py` and `x86.py`, which the VMM does not use."""

from vmproof.lang import *
from spec.mmu import x86
from spec.mmu.guest_interface import FORMAT, RISCV, RiscvKey, X86Key
from spec.mmu.result import Reason
from spec.mmu.riscv import SV39, Control, Privilege, decode, may, walk


def register_file(root, user, controls):
    """The guest's registers: `controls` are the bits of the control registers, in the order of the record from the lowest up."""
    if RISCV:
        return RiscvKey(root=root, user=user, SUM=controls[0], MXR=controls[1])
    wp, smep, smap, ac, nxe = (controls[number] for number in range(5))
    return X86Key(root=root, user=user, WP=wp, SMEP=smep, SMAP=smap, AC=ac, NXE=nxe)


def registers(key, adue):
    """What RISC-V makes of the guest's registers."""
    return Control(mode=Privilege.U if key.user else Privilege.S, SUM=key.SUM, MXR=key.MXR, ADUE=adue, PBMTE=False, HLVX=False)


def x86_registers(key):
    """What x86 makes of them. An access is explicit, and protection keys are off."""
    return x86.Control(
        user=key.user,
        implicit=False,
        WP=key.WP,
        PSE=False,
        SMEP=key.SMEP,
        SMAP=key.SMAP,
        AC=key.AC,
        NXE=key.NXE,
        PKE=False,
        PKS=False,
        PKRU=0,
        PKRS=0,
    )


def architecture(key, vpn, access, adue, read):
    """The guest's own walk for the first byte of a page: `(result, updates)`. ADUE is RISC-V's."""
    page, root = cat(vpn, bits[12](0)), zext(cat(key.root, bits[5 if FORMAT == 3 else 12](0)), 64)
    if RISCV:
        found, _, updates = walk(SV39, root, sext(page, 64), access, registers(key, adue), read)
    else:
        paging, address = (x86.PAE, zext(page, 64)) if FORMAT == 3 else (x86.FOUR_LEVEL, sext(page, 64))
        found, _, updates = x86.walk(paging, root, address, access, x86_registers(key), read)
    return found, updates


def permits(entry, access):
    return entry.valid and (entry.x if access == Access.fetch else entry.w if access == Access.write else entry.r)


def grant(key, vpn, access, depth, entries, ppn):
    """The entries of a walk of this depth grant an access to a page, and accessed and dirty bits are set as it needs them."""
    return riscv_grant(key, vpn, access, depth, entries, ppn) if RISCV else x86_grant(key, vpn, access, depth, entries, ppn)


def riscv_grant(key, vpn, access, depth, entries, ppn):
    """By steps 3 to 9 of the walk."""
    e2, e1, e0 = entries
    control = registers(key, False)
    leaf = e2 if depth == 1 else e1 if depth == 2 else e0
    page = cat(leaf[53:28], vpn[17:0]) if depth == 1 else cat(leaf[53:19], vpn[8:0]) if depth == 2 else leaf[53:10]
    return (
        fine(e2, 2, 30, depth == 1, control)
        and implies(depth > 1, fine(e1, 1, 21, depth == 2, control))
        and implies(depth > 2, fine(e0, 0, 12, True, control))
        and may(SV39, leaf, access, control) == Reason.none
        and leaf[6] == 1
        and implies(access == Access.write, leaf[7] == 1)
        and page == ppn
    )


def fine(pte, level, low, last, control):
    """An entry that leads on, or is the leaf if it is the `last` one."""
    reason, _, _ = decode(SV39, pte, level, low, control)
    return reason == Reason.none and (pte[3:1] != 0) == last


def x86_grant(key, vpn, access, depth, entries, ppn):
    """By 4.5 to 4.8; of the entries those from `depth` on are not looked at."""
    paging, control, rights = (x86.PAE if FORMAT == 3 else x86.FOUR_LEVEL), x86_registers(key), (True, True, True)
    granted = True
    for number, (entry, (level, _, low)) in enumerate(zip(entries, paging["levels"])):
        reason, leaf, address = x86.decode(paging, entry, level, control)
        here = reason == Reason.none and leaf == (depth == number + 1)
        if not x86.is_pdpte(paging, level):
            here = here and entry[5] == 1
        rights = x86.gather(paging, rights, entry, level)
        page = address[51:12] if level == 1 else cat(address[51:low], vpn[low - 13 : 0])
        last = x86.may(rights, access, control) == Reason.none and page == ppn and (entry[6] == 1 or access != Access.write)
        granted = granted and implies(depth > number, here) and implies(depth == number + 1, last)
    return granted


def pointer(entry, level):
    """An entry that is of use leads to another table. `level` is counted from the last table, 0."""
    if RISCV:
        return entry[3:1] == 0
    paging = x86.PAE if FORMAT == 3 else x86.FOUR_LEVEL
    return level > 0 and not (level + 1 in paging["large"] and entry[7])
