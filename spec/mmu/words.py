"""The words in which a walk is told, with the steps and sections as each manual numbers them.

Each text stands with the number of its step or section (`numbered` says which). In a text `{level}` is the level of the table, `{index}`
the index into it, `{root}`, `{address}`, `{new}` and `{pa}` are addresses and words, `{bits}` names of bits.

- `begin`, `read`, `pointer`, `leaf`, `update`, `done`: what happens, in this order; `reasons`: why an access is refused. Those of
  `at_leaf` are found once a leaf is reached, the others in the entry that was read last.
- `flags`: the bits of an entry that are worth telling; `updated`: those that hardware sets.
- `code`: what the manual calls the code of a fault, how it is written (`form`), with the names of its values (`codes`) or of its bits
  (`bits`). `named` are the names of faults by their reason, and `fault` is the name where neither says; `faults`: the names of those that
  have no code.
- `told`: the registers that tell of a fault, with what they hold and by how many bits it is shifted to the right; `told_second`: those of
  a fault of the second stage.
"""

from vmproof.lang import *
from spec.mmu.result import Reason

AT_LEAF = (
    Reason.misaligned,
    Reason.user_page,
    Reason.supervisor_page,
    Reason.not_readable,
    Reason.not_writable,
    Reason.not_executable,
    Reason.not_accessed,
    Reason.not_dirty,
    Reason.protection_key,
)

RISCV_WORDS = {
    "numbered": "step",
    "at_leaf": AT_LEAF,
    "begin": ("1", "a = {root}, i = {level}"),
    "read": ("2", "pte at a + va.vpn[{level}] × PTESIZE, vpn {index}"),
    "pointer": ("4", "a pointer: a = {address}, i = {level}"),
    "leaf": ("5", "a leaf"),
    "update": ("9", "set {bits}: the pte becomes {new}"),
    "done": ("10", "pa = {pa}"),
    "flags": ((0, "V"), (1, "R"), (2, "W"), (3, "X"), (4, "U"), (5, "G"), (6, "A"), (7, "D")),
    "updated": ((6, "A"), (7, "D")),
    "reasons": {
        Reason.not_canonical: ("-", "the address is outside the range: its upper bits do not agree (4.4.1, 4.5.1, 4.6.1, 8.5.1)"),
        Reason.invalid: ("3", "pte.v = 0"),
        Reason.reserved: ("3", "reserved bits or a reserved encoding, such as pte.w = 1 with pte.r = 0"),
        Reason.no_leaf: ("4", "a pointer in the last table: i < 0"),
        Reason.misaligned: ("5", "a misaligned superpage: pte.ppn[i-1:0] is not zero"),
        Reason.user_page: ("6", "S-mode may not access a page with pte.u = 1: a fetch, or sstatus.SUM = 0"),
        Reason.supervisor_page: ("6", "U-mode, and every access of a second stage, needs pte.u = 1"),
        Reason.not_readable: ("8", "a load needs pte.r = 1, or pte.x = 1 with MXR = 1"),
        Reason.not_writable: ("8", "a store needs pte.w = 1"),
        Reason.not_executable: ("8", "a fetch needs pte.x = 1"),
        Reason.not_accessed: ("9", "pte.a = 0, which software sets (Svade)"),
        Reason.not_dirty: ("9", "a store with pte.d = 0, which software sets (Svade)"),
    },
    "code": "cause",
    "form": "d",
    "codes": {
        12: "instruction page fault",
        13: "load page fault",
        15: "store page fault",
        20: "instruction guest-page fault",
        21: "load guest-page fault",
        23: "store guest-page fault",
    },
    "bits": (),
    "fault": "",
    "named": {},
    "faults": {},
    "told_second": (("stval", "va", 0), ("htval", "gpa", 2)),
}

X86_FLAGS = ((0, "P"), (1, "R/W"), (2, "U/S"), (5, "A"), (6, "D"), (7, "PS/PAT"), (8, "G"))

X86_WORDS = {
    "numbered": "section",
    "at_leaf": AT_LEAF,
    "begin": ("4.2", "CR3 locates the first table at {root}"),
    "read": ("4.3-4.5", "entry {index} of the table of level {level}"),
    "pointer": ("4.3-4.5", "a table at {address}"),
    "leaf": ("4.3-4.5", "a page"),
    "update": ("4.8", "set {bits}: the entry becomes {new}"),
    "done": ("4.6", "allowed: physical address {pa}"),
    "flags": X86_FLAGS,
    "updated": ((5, "A"), (6, "D")),
    "reasons": {
        Reason.not_canonical: ("1:3.3.7", "the linear address is not canonical: #GP(0), or #SS(0) of a stack access"),
        Reason.invalid: ("4.7", "not present: P = 0"),
        Reason.reserved: ("4.7", "a reserved bit is set"),
        Reason.user_page: ("4.6.1", "a supervisor-mode access to a user-mode address: SMEP, or SMAP without EFLAGS.AC"),
        Reason.supervisor_page: ("4.6.1", "a user-mode access to a supervisor-mode address: U/S = 0 in some entry"),
        Reason.not_writable: ("4.6.1", "a write, and R/W = 0 in some entry"),
        Reason.not_executable: ("4.6.1", "a fetch, and XD = 1 in some entry"),
        Reason.protection_key: ("4.6.2", "the protection key forbids it"),
    },
    "code": "error code",
    "codes": {},
    "bits": ((0, "P"), (1, "W/R"), (2, "U/S"), (3, "RSVD"), (4, "I/D"), (5, "PK")),
    "fault": "page fault #PF",
    "named": {},
    "faults": {Reason.not_canonical: "general-protection fault #GP(0)"},
    "told": (("CR2", "va", 0),),
    "told_second": (("guest-physical address", "gpa", 0), ("guest-linear address", "va", 0)),
}

EPT_WORDS = {
    "numbered": "section",
    "at_leaf": AT_LEAF,
    "begin": ("28.3.2", "EPTP locates the first table at {root}"),
    "read": ("28.3.2", "entry {index} of the table of level {level}"),
    "pointer": ("28.3.2", "a table at {address}"),
    "leaf": ("28.3.2", "a page"),
    "update": ("28.3.5", "set {bits}: the entry becomes {new}"),
    "done": ("28.3.3", "allowed: physical address {pa}"),
    "flags": ((0, "R"), (1, "W"), (2, "X"), (7, "page"), (8, "A"), (9, "D")),
    "updated": ((8, "A"), (9, "D")),
    "reasons": {
        Reason.not_canonical: ("28.3.2", "the guest-physical address is beyond the width of the walk"),
        Reason.invalid: ("28.3.3.2", "not present: R = W = X = 0"),
        Reason.reserved: ("28.3.3.1", "a misconfiguration: reserved bits, a reserved memory type, or W without R"),
        Reason.not_readable: ("28.3.3.2", "a read, and R = 0 in some entry"),
        Reason.not_writable: ("28.3.3.2", "a write, or an access to a guest table with EPT's flags on, and W = 0 in some entry"),
        Reason.not_executable: ("28.3.3.2", "a fetch, and X = 0 in some entry"),
    },
    "code": "exit qualification",
    "codes": {},
    "bits": (
        (0, "read"),
        (1, "write"),
        (2, "fetch"),
        (3, "R allowed"),
        (4, "W allowed"),
        (5, "X allowed"),
        (7, "linear valid"),
        (8, "final"),
    ),
    "fault": "EPT violation",
    "named": {},
    "faults": {Reason.reserved: "EPT misconfiguration"},
    "told": (("guest-physical address", "va", 0),),
    "told_second": (),
}

ARM_WORDS = {
    "numbered": "section",
    "at_leaf": AT_LEAF,
    "begin": ("D8.2", "TTBR locates the first table at {root}, level {level}"),
    "read": ("D8.2", "descriptor {index} of the table of level {level}"),
    "pointer": ("D8.3", "a table at {address}"),
    "leaf": ("D8.3", "a block or a page"),
    "update": ("D8.5", "change {bits}: the descriptor becomes {new}"),
    "done": ("D8.4", "allowed: output address {pa}"),
    "flags": ((0, "valid"), (1, "table/page"), (6, "AP1"), (7, "AP2"), (10, "AF"), (51, "DBM"), (53, "PXN"), (54, "UXN")),
    "updated": ((7, "AP[2] or S2AP[1]"), (10, "AF")),
    "reasons": {
        Reason.not_canonical: ("D8.2", "the address is outside the range that the tables cover"),
        Reason.invalid: ("D8.3", "not valid: bit 0 is clear, or the kind of descriptor cannot stand at this level"),
        Reason.address_size: ("D8.2", "the address in the descriptor has more bits than an output address"),
        Reason.not_accessed: ("D8.5", "the access flag is clear, and hardware does not set it"),
        Reason.user_page: ("D8.4", "PSTATE.PAN forbids EL1 to access what EL0 can"),
        Reason.supervisor_page: ("D8.4", "EL0 may not access it: AP[1] = 0, or APTable[0] in a table above"),
        Reason.not_readable: ("D8.4", "S2AP[0] = 0"),
        Reason.not_writable: ("D8.4", "read-only: AP[2] = 1, APTable[1] in a table above, or S2AP[1] = 0"),
        Reason.not_executable: ("D8.4", "execute-never: UXN, PXN or XN, a table above, WXN, or writable by EL0"),
    },
    "code": "fault status",
    "form": "#08b",
    "codes": {},
    "bits": (),
    "fault": "",
    "named": {
        Reason.not_canonical: "translation fault, level {level}",
        Reason.invalid: "translation fault, level {level}",
        Reason.address_size: "address size fault, level {level}",
        Reason.not_accessed: "access flag fault, level {level}",
        **{
            reason: "permission fault, level {level}"
            for reason in (
                Reason.user_page,
                Reason.supervisor_page,
                Reason.not_readable,
                Reason.not_writable,
                Reason.not_executable,
            )
        },
    },
    "faults": {},
    "told_second": (("HPFAR_EL2.FIPA", "gpa", 12), ("FAR_EL2", "va", 0)),
}

VAX_WORDS = {
    "numbered": "chapter",
    "at_leaf": (),
    "begin": ("4", "SBR locates the system page table at {root}"),
    "read": ("4", "the page table entry of the {level}"),
    "pointer": ("4", "the process's entry is at {address}"),
    "leaf": ("4", "valid"),
    "update": ("4", "set {bits}: the entry becomes {new}"),
    "done": ("4", "physical address {pa}"),
    "flags": ((31, "V"), (26, "M")),
    "updated": ((26, "M"),),
    "reasons": {
        Reason.length: ("4", "beyond the length register of the region"),
        Reason.table_length: ("4", "the process's entry is beyond the system page table"),
        Reason.table_invalid: ("4", "the page that holds the process's entry is not valid"),
        Reason.not_readable: ("4", "the protection code forbids the mode to read"),
        Reason.not_writable: ("4", "the protection code forbids the mode to write"),
        Reason.invalid: ("4", "not valid: V = 0"),
    },
    "code": "parameter",
    "codes": {},
    "bits": ((0, "length"), (1, "page table"), (2, "write")),
    "fault": "access control violation, vector 0x20",
    "named": {
        Reason.invalid: "translation not valid, vector 0x24",
        Reason.table_invalid: "translation not valid, vector 0x24",
    },
    "faults": {},
    "told": (("virtual address", "va", 0),),
    "told_second": (),
}
