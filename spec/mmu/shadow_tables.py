"""What the VMM of `shadow.py` knows of the guest's tables: of RISC-V's by `shadow_walk.py`, of x86's by `shadow_walk_x86.py`.

Tables are listed from the root down. A walk that ends early repeats its last step, so the last one is always the leaf's.
"""

from vmproof.lang import *
from spec.mmu.guest_interface import FORMAT, PPN, RISCV, RiscvKey, X86Key
from spec.mmu import shadow_walk, shadow_walk_x86

LEVELS = 4 if FORMAT == 4 else 3
PAE = FORMAT == 3
ACCESSED, DIRTY = (0x40, 0x80) if RISCV else (0x20, 0x40)


def key_of(root, user, controls):
    """The key of certain registers: `controls` are the control bits in the order of the record, the first one lowest."""
    if RISCV:
        return RiscvKey(root=root, user=user, SUM=controls[0], MXR=controls[1])
    return X86Key(root=root, user=user, WP=controls[0], SMEP=controls[1], SMAP=controls[2], AC=controls[3], NXE=controls[4])


def root_page(key):
    return zext(key.root[26:7], PPN) if PAE else key.root


def indices(key, vpn):
    """Which entry of each table translates a page. PAE's top table has four, anywhere in its page."""
    below = vpn[17:9], vpn[8:0]
    if PAE:
        return (cat(key.root[6:0], vpn[19:18]), *below)
    return (vpn[26:18], *below) if RISCV else (vpn[35:27], vpn[26:18], *below)


def frame(entry):
    return entry[53:10] if RISCV else entry[51:12]


def meaning(entry, level, key):
    """Whether an entry is present and whether it is of use, and whether it is a leaf. `level` is counted from the last table, 0."""
    if RISCV:
        leaf = not shadow_walk.pointer(entry)
        aligned = level == 0 or frame(entry)[max(9 * level, 1) - 1 : 0] == 0
        return True, not shadow_walk.unusable(entry) and (aligned if leaf else level != 0), leaf
    present = bool(entry[0])
    return present, present and not shadow_walk_x86.has_reserved(entry, level, PAE, key.NXE), shadow_walk_x86.large(entry, level, PAE)


def repeated(items, last):
    """As many as there are tables."""
    return (*items, *(last for _ in range(LEVELS - len(items))))


def sees(look, key, vpn):
    """The walk for a page: `(present, useful, depth, steps, ppn)`. `look(ppn, index)` gives an entry, and where its table is.

    `present`, `useful`: the last entry is; `depth`: how many tables it took; `steps`: `(table, index, entry)` of each; `ppn`: the page that
    the leaf leads to.
    """
    page, tables, places, entries = root_page(key), (), (), ()
    present, useful, depth, ppn = False, False, bits[3](0), bits[PPN](0)
    for number, index in enumerate(indices(key, vpn)):
        level, depth = LEVELS - 1 - number, bits[3](number + 1)
        entry, table = look(page, index)
        tables, places, entries = repeated(tables[:number], table), repeated(places[:number], index), repeated(entries[:number], entry)
        present, useful, leaf = meaning(entry, level, key)
        if not useful:
            break
        if leaf:
            ppn = frame(entry) if level == 0 else cat(frame(entry)[PPN - 1 : 9 * level], vpn[9 * level - 1 : 0])
            break
        page = frame(entry)
    return present, useful, depth, tuple(zip(tables, places, entries)), ppn


def rights(entries, key):
    """What the entries of a walk that ends well let a program do, `(read, write, execute)`, accessed and dirty bits aside."""
    return shadow_walk.rights(entries[LEVELS - 1], key) if RISCV else shadow_walk_x86.key_rights(entries, key, PAE)


def marks(depth, storing):
    """The bits that an access wants set in the entry of each step: RISC-V only in the leaf, the last one; PAE not in the top table."""
    leaf = bits[64](ACCESSED | DIRTY if storing else ACCESSED)
    if RISCV:
        return bits[64](0), bits[64](0), leaf
    masks = tuple(leaf if depth <= number + 1 else bits[64](ACCESSED) for number in range(LEVELS))
    return (bits[64](0), *masks[1:]) if PAE else masks


def fault_code(present, useful, key, access):
    """What the guest is told of a fault: its cause, or the error code."""
    if RISCV:
        return shadow_walk.fault_cause(access)
    return shadow_walk_x86.page_fault(present, present and not useful, key, access)
