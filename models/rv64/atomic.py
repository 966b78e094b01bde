"""The A extension (Unpriv. chapter 8). One hart: each instruction is atomic, and aq and rl order nothing."""

from vmproof.lang import *
from state import *
from memory import effective_mode


def aligned(m, va, size, cause):
    """8.2, 8.4: addresses are naturally aligned; others raise an address-misaligned exception here."""
    if size == 4 and va[1:0] != 0 or size == 8 and va[2:0] != 0:
        trap(cause, report(va, virtual(effective_mode(m, Access.read))))


for suffix, funct3, size in (("w", "010", 4), ("d", "011", 8)):

    @instruction("00010 aq[1] rl[1] 00000 rs1[5] {funct3} rd[5] 0101111", name=f"lr_{suffix}", asm=f"lr.{suffix} x{{rd}}, (x{{rs1}})")
    def load_reserved(m, aq, rl, rs1, rd):
        """Reserves the bytes that it reads (8.2)."""
        va = m.x[rs1]
        aligned(m, va, size, Cause.load_address_misaligned)
        loaded = sext(m.load(va, size), 64)
        m.reserved, m.reservation = True, va
        put(m, rd, loaded)

    @instruction(
        "00011 aq[1] rl[1] rs2[5] rs1[5] {funct3} rd[5] 0101111",
        name=f"sc_{suffix}", asm=f"sc.{suffix} x{{rd}}, x{{rs2}}, (x{{rs1}})",
    )  # fmt: skip
    def store_conditional(m, aq, rl, rs2, rs1, rd):
        """Stores if the reservation is for this address; whether it does or not, the reservation is gone (8.2)."""
        va = m.x[rs1]
        aligned(m, va, size, Cause.store_address_misaligned)
        succeeds = m.reserved and m.reservation == va
        if succeeds:
            m.store(va, m.x[rs2][8 * size - 1 : 0])
        m.reserved = False
        put(m, rd, zext(bits[1](not succeeds), 64))

    for name, funct5, operation in (
        ("amoswap", "00001", lambda old, new: new),
        ("amoadd", "00000", lambda old, new: old + new),
        ("amoxor", "00100", lambda old, new: old ^ new),
        ("amoand", "01100", lambda old, new: old & new),
        ("amoor", "01000", lambda old, new: old | new),
        ("amomin", "10000", lambda old, new: old if signed(old) < signed(new) else new),
        ("amomax", "10100", lambda old, new: new if signed(old) < signed(new) else old),
        ("amominu", "11000", lambda old, new: old if old < new else new),
        ("amomaxu", "11100", lambda old, new: new if old < new else old),
    ):

        @instruction(
            "{funct5} aq[1] rl[1] rs2[5] rs1[5] {funct3} rd[5] 0101111",
            name=f"{name}_{suffix}", asm=f"{name}.{suffix} x{{rd}}, x{{rs2}}, (x{{rs1}})",
        )  # fmt: skip
        def atomic(m, aq, rl, rs2, rs1, rd):
            """The load needs what a store needs, and its exceptions are a store's (Priv. 3.1.15)."""
            va = m.x[rs1]
            aligned(m, va, size, Cause.store_address_misaligned)
            old = m.load(va, size, Access.write)
            m.store(va, operation(old, m.x[rs2][8 * size - 1 : 0]))
            put(m, rd, sext(old, 64))
