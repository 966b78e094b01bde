"""What a VMM does with page tables of its own when it runs a guest's S-mode in U-mode: shadow page tables, Sv48, one page at a time.

The VMM's tables lie in pages of their own, above the guest's memory: the root, a page of entries for each index of the root, and so on.
"""

from vmproof.lang import *
from state import *
from memory import PMP_ENTRIES, effective_mode, in_storage
from spec.mmu.riscv import SV48, Control, Privilege, walk
from spec.mmu.tables import DIRECT

GUEST_PAGES = 1 << 34  # a guest has at most 2^46 bytes, so that Sv48 has a virtual address for each
TABLES = 1 << 42  # the first page that may hold a table
ROOT = 7 << 40
MEMORY_FAULTS = 0xB0A2  # access faults and page faults
ILLEGAL = 1 << 2  # and what a VMM must see in any case


def ordinary(guest):
    """A guest with S and U alone below its M-mode, and with no memory protection of its own."""
    return not guest.hypervisor and not guest.pmp and not guest.mstatus.MPRV


def as_asked(guest, real):
    """What the guest's M-mode wants to see of its S-mode (Priv. 3.1.6.5), the VMM sees: the arguments are (TVM, TW, TSR) of each."""
    return all(not mine or its for mine, its in zip(guest, real))


def in_supervisor(real, guest):
    """What a VMM in M-mode holds while the guest's S-mode runs in S-mode; its tables are in force when the guest's own are."""
    bare = guest.satp.MODE == BARE
    tables = real.satp.PPN == ROOT and real.satp.MODE == (0 if bare else bits[4](SV48_MODE))
    machine = not real.hypervisor and real.pmp and real.storage == (1 << 44) - 1 and not real.mstatus.MPRV
    delegated = real.medeleg & (~guest.medeleg | MEMORY_FAULTS | ILLEGAL) == 0 and real.mideleg == guest.mideleg
    mine, its = [(state.mstatus.TVM, state.mstatus.TW, state.mstatus.TSR) for state in (guest, real)]
    carried = ordinary(guest) and guest.storage <= GUEST_PAGES and as_asked(mine, its) and real.mcounteren == 0
    return machine and carried and tables and delegated and protecting(real, guest, bare)


def protecting(real, guest, bare):
    """Physical memory protection (Priv. 3.7.1): the guest's memory is open, then, for walks, the VMM's tables, and nothing else."""
    open_tables = 0 if bare else bits[8](0b00001001)
    tops = (cat(guest.storage, bits[10](0)), cat(bits[44](TABLES), bits[10](0)), ~bits[54](0))
    held = all(bits[8](real.pmpcfg[i]) == (0b00001111 if i == 0 else open_tables if i == 2 else 0) for i in range(PMP_ENTRIES))
    return held and all(real.pmpaddr[i] == top for i, top in enumerate(tops))


def guest_page(guest, va, access):
    """`(allowed, page)`: whether the guest may make an access in its present mode, and the page of its memory; without effects."""
    by = effective_mode(guest, access)
    if by == Mode.M:
        return in_storage(guest, va), va[55:12]
    return page_for(guest, va, access, Privilege.U if by == Mode.U else Privilege.S, guest.mstatus.SUM, guest.mstatus.MXR)


def page_for(guest, va, access, mode, user_pages, executables):
    """The same for one of the modes that satp is for.

    An access that would change the guest's tables is not allowed: the VMM has to see it.
    """
    if guest.satp.MODE == BARE:
        return in_storage(guest, va), va[55:12]

    control = Control(mode=mode, SUM=user_pages, MXR=executables, ADUE=guest.menvcfg.ADUE, PBMTE=False, HLVX=False)
    root = zext(cat(guest.satp.PPN, bits[12](0)), 64)
    return page_of_tables(guest, SV48, root, va, access, control, guest.satp.MODE == SV39_MODE)


def page_of_tables(guest, format, root, va, access, control, shallow):
    """The same for tables of the guest's from a root on."""

    def read(place, size):
        return guest.mem.read(place[55:0], size)

    found, references, updates = walk(format, root, va, access, control, read, DIRECT, shallow)
    there = all(not step.done or in_storage(guest, step.place) for _, _, step in references)
    unchanged = all(not step.done for _, _, step in updates)
    return found.ok and there and unchanged and in_storage(guest, found.pa), found.pa[55:12]


def table_page(level, index):
    """Where the tables of a level below the root are: of level 2 one for each vpn[3], of level 0 one for each vpn[3:1]."""
    return cat(bits[2](1), bits[2](level), zext(index, 40))


def write_entry(real, page, index, entry):
    real.mem.write(cat(page, index, bits[3](0)), entry)


def show(real, guest, va):
    """Enter the page of a virtual address into the tables, with the permissions that the guest has there, as a page of U-mode."""
    enter_page(real, va, leaf(guest, sext(va[47:0], 64)))


def show_both(real, guest, va):
    """The same for a guest whose S-mode is the real one: the page is of U-mode where the guest's U-mode may use it."""
    enter_page(real, va, leaf_of_both(guest, sext(va[47:0], 64)))


def enter_page(real, va, entry):
    """What is no address of Sv48 is none of a guest's memory either (GUEST_PAGES), and shares its entry with one that is."""
    vpn3, vpn2, vpn1, vpn0 = va[47:39], va[38:30], va[29:21], va[20:12]
    write_entry(real, real.satp.PPN, vpn3, pointer(table_page(2, vpn3)))
    write_entry(real, table_page(2, vpn3), vpn2, pointer(table_page(1, va[47:30])))
    write_entry(real, table_page(1, va[47:30]), vpn1, pointer(table_page(0, va[47:21])))
    write_entry(real, table_page(0, va[47:21]), vpn0, entry)


def pointer(page):
    return cat(bits[10](0), page, bits[10](1))


def page_entry(frame, user, execute, write, read):
    """D A G U X W R V (Priv. 4.4): accessed and dirty, so that the walker changes nothing."""
    valid = read or write or execute
    rights = cat(bits[1](user), bits[1](execute), bits[1](write), bits[1](read), bits[1](valid))
    return cat(bits[10](0), frame, bits[2](0), bits[3](0b110), rights)


def leaf(guest, va):
    """Where fetches lead elsewhere than loads (MPRV), one page cannot show both: the VMM gives up the fetch."""
    readable, page = guest_page(guest, va, Access.read)
    writable, _ = guest_page(guest, va, Access.write)
    executable, to = guest_page(guest, va, Access.fetch)
    frame = page if readable else to
    return page_entry(frame, True, executable and to == frame, writable, readable)


def leaf_of_both(guest, va):
    """What the guest's entry grants, whatever its mode, SUM and MXR are: these are left to the hardware."""
    found = {
        mode: [page_for(guest, va, access, mode, False, False) for access in (Access.fetch, Access.write, Access.read)]
        for mode in (Privilege.U, Privilege.S)
    }
    user = any(allowed for allowed, _ in found[Privilege.U])
    fetched, written, loaded = [
        (mine if user else its, page if user else other) for (mine, page), (its, other) in zip(found[Privilege.U], found[Privilege.S])
    ]
    return page_entry(loaded[1] if loaded[0] else fetched[1], user, fetched[0], written[0], loaded[0])


def confined(real, guest, va):
    """Whatever a walk reads is a table of the VMM's, and wherever it leads is the guest's memory.

    What any access may do a load may in S-mode under SUM and MXR (Priv. 4.3.2): a page that can be written or executed can be read so.
    """

    def read(place, size):
        return real.mem.read(place[55:0], size)

    control = Control(mode=Privilege.S, SUM=True, MXR=True, ADUE=real.menvcfg.ADUE, PBMTE=False, HLVX=False)
    root = zext(cat(real.satp.PPN, bits[12](0)), 64)
    found, references, _ = walk(SV48, root, va, Access.read, control, read, DIRECT, False)
    tables = all(not step.done or step.place[55:12] >= TABLES for _, _, step in references)
    return tables and (not found.ok or found.pa[55:12] < guest.storage)
