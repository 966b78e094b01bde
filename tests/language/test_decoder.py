"""The generated decoder: it agrees with the assembler and with an independent disassembler, and finds ambiguous patterns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import capstone
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from vmproof.language.decoder import Decoded, Decoder, Overlap, check_units
from vmproof.language.encoding import Encoding, Forms, FormSpec, PatternError, make_forms, parse_encoding

EA = make_forms(
    "mode[3] reg[3]",
    {
        "dn": FormSpec("000 reg[3]"),
        "an": FormSpec("001 reg[3]"),
        "ind": FormSpec("010 reg[3]"),
        "post": FormSpec("011 reg[3]"),
        "pre": FormSpec("100 reg[3]"),
        "disp": FormSpec("101 reg[3] + d16[16]"),
        "index": FormSpec("110 reg[3] + ra[1] rx[3] wl[1] 000 d8[8]"),
        "abs_w": FormSpec("111 000 + w[16]"),
        "abs_l": FormSpec("111 001 + l[32]"),
        "pc_disp": FormSpec("111 010 + d16[16]"),
        "pc_index": FormSpec("111 011 + ra[1] rx[3] wl[1] 000 d8[8]"),
        "imm": FormSpec("111 100 + i[16]"),
    },
)
ALTERABLE = EA.without("pc_disp", "pc_index", "imm")
DATA_ALTERABLE = ALTERABLE.without("an")
M68K = [
    ("move", parse_encoding("0011 dst.reg dst.mode src + src.tail dst.tail", {"src": EA, "dst": DATA_ALTERABLE})),
    ("movea", parse_encoding("0011 reg[3] 001 src", {"src": EA})),
    ("movem_store", parse_encoding("0100 1000 10 ea + mask[16]", {"ea": ALTERABLE.without("dn", "an", "post")})),
    ("movem_load", parse_encoding("0100 1100 10 ea + mask[16]", {"ea": EA.without("dn", "an", "pre", "imm")})),
    ("addi", parse_encoding("0000 0110 01 ea + imm[16]", {"ea": DATA_ALTERABLE})),
    ("trap", parse_encoding("0100 1110 0100 vector[4]", {})),
    ("nop", parse_encoding("0100 1110 0111 0001", {})),
    ("bra_w", parse_encoding("0110 0000 0000 0000 + d16[16]", {})),
]

SIB = make_forms(
    "scale[2] index[3] base[3]",
    {"full": FormSpec("scale[2] index[3] base[3]"), "no_base": FormSpec("scale[2] index[3] 101 + disp[32 le]")},
)
RM = make_forms(
    "mod[2] rm[3]",
    {
        "ind": FormSpec("00 rm[3]"),
        "abs": FormSpec("00 101 + disp32[32 le]"),
        "sib": FormSpec("00 100 + sib", None, {"sib": SIB}),
        "ind8": FormSpec("01 rm[3] + disp8[8]"),
        "sib8": FormSpec("01 100 + scale[2] index[3] base[3] disp8[8]"),
        "ind32": FormSpec("10 rm[3] + disp32[32 le]"),
        "sib32": FormSpec("10 100 + scale[2] index[3] base[3] disp32[32 le]"),
        "reg": FormSpec("11 rm[3]"),
    },
)
IA32 = [
    ("mov_load", parse_encoding("1000 1011 + rm.mod reg[3] rm.rm", {"rm": RM})),
    ("mov_imm", parse_encoding("1100 0111 + rm.mod 000 rm.rm rm.tail imm[32 le]", {"rm": RM})),
    ("push", parse_encoding("01010 reg[3]", {})),
]

RISCV = [
    ("beq", parse_encoding("imm[12|10:5] rs2[5] rs1[5] 000 imm[4:1|11] 1100011", {})),
    ("jal", parse_encoding("imm[20|10:1|11|19:12] rd[5] 1101111", {})),
    ("sw", parse_encoding("imm[11:5] rs2[5] rs1[5] 010 imm[4:0] 0100011", {})),
    ("mret", parse_encoding("0011000 00010 00000 000 00000 1110011", {})),
    ("sfence_vma", parse_encoding("0001001 rs2[5] rs1[5] 000 00000 1110011", {})),
    ("csrrw", parse_encoding("csr[12] rs1[5] 001 rd[5] 1110011", {})),
]

PDP10 = [
    ("move", parse_encoding("010 000 000 ac[4] i[1] x[4] y[18]", {})),
    ("hrroi", parse_encoding("101 110 101 ac[4] i[1] x[4] y[18]", {})),
    ("blki", parse_encoding("111 dev[7] 000 i[1] x[4] y[18]", {})),
]

MACHINES = [(M68K, 16), (IA32, 8), (RISCV, 32), (PDP10, 36)]


def reader(units: Sequence[int], seen: list[int] | None = None) -> Callable[[int], int]:
    def read(index: int) -> int:
        if seen is not None:
            seen.append(index)
        return units[index]

    return read


def units_of(value: int, bits: int, unit_bits: int) -> list[int]:
    return [value >> low & (1 << unit_bits) - 1 for low in range(bits - unit_bits, -1, -unit_bits)]


def found(decoder: Decoder, *units: int) -> Decoded:
    decoded = decoder.decode(reader(units))
    assert decoded is not None
    return decoded


@st.composite
def instances(draw: st.DrawFn, encoding: Encoding) -> dict[str, int]:
    """Operands that can be encoded: random bits wherever a random shape holds an operand."""
    shape = draw(st.sampled_from(encoding.shapes()))
    word = draw(st.integers(0, (1 << shape.bits) - 1)) & ~shape.mask | shape.match
    assume(shape.matches(word))
    return encoding.disassemble(shape, word)


@settings(max_examples=300)
@given(st.data())
def test_decoding_reverses_assembling(data: st.DataObject) -> None:
    entries, unit_bits = data.draw(st.sampled_from(MACHINES))
    index = data.draw(st.integers(0, len(entries) - 1))
    encoding = entries[index][1]
    values = data.draw(instances(encoding))
    word, bits = encoding.assemble(values)
    seen: list[int] = []
    decoded = Decoder(entries, unit_bits).decode(reader(units_of(word, bits, unit_bits), seen))
    assert decoded == Decoded(index, values, bits, word)
    assert seen == list(range(bits // unit_bits))
    assert encoding.length(values) == bits


@settings(max_examples=300)
@given(st.data())
def test_assembling_reverses_decoding(data: st.DataObject) -> None:
    entries, unit_bits = data.draw(st.sampled_from(MACHINES))
    units = data.draw(st.lists(st.integers(0, (1 << unit_bits) - 1), min_size=12, max_size=12))
    # Random streams rarely begin with an opcode, so the fixed bits of one are written over them.
    first = data.draw(st.sampled_from(entries))[1].shapes()[0]
    mask, match = first.mask >> first.bits - unit_bits, first.match >> first.bits - unit_bits
    units[0] = units[0] & ~mask | match
    decoded = Decoder(entries, unit_bits).decode(reader(units))
    if decoded is not None:
        word, bits = entries[decoded.index][1].assemble(decoded.values)
        assert (word, bits) == (decoded.word, decoded.bits)
        assert units_of(word, bits, unit_bits) == units[: bits // unit_bits]


def test_a_stream_is_read_only_as_far_as_it_matters() -> None:
    decoder = Decoder(M68K, 16)
    seen: list[int] = []
    assert decoder.decode(reader([0x4E71], seen)) is not None  # nop
    assert seen == [0]
    assert decoder.decode(reader([0xFFFF])) is None
    with pytest.raises(IndexError):  # addi.w without its immediate
        decoder.decode(reader([0x0640]))


def test_extension_words_decide_what_they_must() -> None:
    decoder = Decoder(M68K, 16)
    assert found(decoder, 0x3030, 0x8004).values["src.d8"] == 4  # move.w 4(a0,a0.w), d0
    assert decoder.decode(reader([0x3030, 0x8104, 0, 0])) is None  # a bit that the 68000 wants to be zero


def test_values_of_an_instruction_with_two_addresses() -> None:
    decoded = found(Decoder(M68K, 16), 0x33F1, 0x5002, 0x0001, 0x2345)  # move.w 2(a1,d5.w), $12345
    values = {name: value for name, value in decoded.values.items() if value}
    assert M68K[decoded.index][0] == "move"
    assert values == {
        "src.form": EA.names.index("index"),
        "src.reg": 1,
        "src.rx": 5,
        "src.d8": 2,
        "dst.form": DATA_ALTERABLE.names.index("abs_l"),
        "dst.l": 0x12345,
    }


def test_nested_forms() -> None:
    decoded = found(Decoder(IA32, 8), *bytes.fromhex("8b047512000000"))  # mov eax, [esi*2+0x12]
    names = RM.names
    assert decoded.values["rm.form"] == names.index("sib")
    assert decoded.values["rm.sib.form"] == 1
    assert (decoded.values["rm.sib.scale"], decoded.values["rm.sib.index"], decoded.values["rm.sib.disp"]) == (1, 6, 0x12)
    assert decoded.bits == 56


X86_NAMES = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")


@settings(max_examples=400)
@given(st.integers(0, 255), st.binary(min_size=6, max_size=6))
@example(0x04, bytes.fromhex("250102030405"))
@example(0x44, bytes.fromhex("24fc00000000"))
def test_ia32_addresses_agree_with_capstone(modrm: int, rest: bytes) -> None:
    machine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_32)
    machine.detail = True
    stream = bytes([0x8B, modrm]) + rest
    theirs = next(machine.disasm(stream, 0))
    ours = found(Decoder(IA32, 8), *stream)
    values = ours.values
    assert theirs.size * 8 == ours.bits
    assert theirs.reg_name(theirs.operands[0].reg) == X86_NAMES[values["reg"]]
    form = RM.names[values["rm.form"]]
    if form == "reg":
        assert theirs.reg_name(theirs.operands[1].reg) == X86_NAMES[values["rm.rm"]]
        return
    part = "rm.sib" if form == "sib" else "rm"
    base = values[f"{part}.base" if form.startswith("sib") else "rm.rm"]
    has_base = form != "abs" and not (form == "sib" and values["rm.sib.form"] == SIB.names.index("no_base"))
    displacement = values["rm.disp32"] | values["rm.sib.disp"] | values["rm.disp8"]
    width = 8 if "8" in form else 32
    memory = theirs.operands[1].mem
    assert theirs.reg_name(memory.base) == (X86_NAMES[base] if has_base else None)
    assert memory.disp == displacement - ((displacement >> width - 1) << width)
    index = values[f"{part}.index"] if form.startswith("sib") else 4
    if index != 4:
        assert theirs.reg_name(memory.index) == X86_NAMES[index]
        assert memory.scale == 1 << values[f"{part}.scale"]


@settings(max_examples=200)
@given(st.data())
def test_lengths_of_the_68000_agree_with_capstone(data: st.DataObject) -> None:
    name, encoding = data.draw(st.sampled_from([entry for entry in M68K if entry[0] in ("move", "movea", "movem_store", "addi", "bra_w")]))
    word, bits = encoding.assemble(data.draw(instances(encoding)))
    machine = capstone.Cs(capstone.CS_ARCH_M68K, capstone.CS_MODE_M68K_000)
    theirs = next(machine.disasm(word.to_bytes(bits // 8, "big"), 0))
    assert theirs.size * 8 == bits
    assert theirs.mnemonic == {"move": "move.w", "movea": "movea.w", "movem_store": "movem.w", "addi": "addi.w", "bra_w": "bra.w"}[name]


@given(st.integers(0, 0xFFF), st.integers(0, 31), st.integers(0, 31))
def test_branches_of_risc_v_agree_with_capstone(offset: int, rs1: int, rs2: int) -> None:
    machine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32)
    machine.detail = True
    word, _ = RISCV[0][1].assemble({"imm": offset << 1, "rs1": rs1, "rs2": rs2})
    theirs = next(machine.disasm(word.to_bytes(4, "little"), 0))
    assert theirs.operands[-1].imm == (offset << 1) - (8192 if offset >> 11 else 0)


def decoder_of(*patterns: str, unit_bits: int = 8, **operands: Forms) -> Decoder:
    entries = []
    for pattern in patterns:
        used = {name: forms for name, forms in operands.items() if name in pattern.split()}
        entries.append((pattern, parse_encoding(pattern, used)))
    return Decoder(entries, unit_bits)


def test_real_instruction_sets_do_not_overlap() -> None:
    for entries, unit_bits in MACHINES:
        decoder = Decoder(entries, unit_bits)
        assert decoder.overlaps() == []
        assert decoder.unreachable() == []


def test_overlaps_have_an_example() -> None:
    decoder = decoder_of("0001 rd[2] --", "0001 0000", "1--- ----", "-0-- 1111", "01-- ----")
    assert decoder.overlaps() == [
        Overlap(0, 1, "00010000"),
        Overlap(0, 3, "00011111"),
        Overlap(2, 3, "10xx1111"),
    ]
    assert decoder.unreachable() == []
    assert found(decoder, 0b0001_0000).index == 1
    assert found(decoder, 0b0001_0001).index == 0


def test_overlaps_of_different_lengths_compare_what_both_have() -> None:
    assert decoder_of("0001 a[4]", "0001 0001 + b[8]").overlaps() == [Overlap(0, 1, "00010001xxxxxxxx")]
    assert decoder_of("0001 a[4] + 0000 0001", "0001 b[4] + 0000 0010").overlaps() == []


def test_encodings_that_another_form_owns_do_not_overlap() -> None:
    memory = make_forms("rm[3]", {"general": FormSpec("rm[3]"), "special": FormSpec("101 + d[8]")})
    general = memory.only("general")
    assert decoder_of("00000 m", "00000 101 + x[8]", m=general).overlaps() == []
    assert decoder_of("00000 m", "00000 110", m=general).overlaps() == [Overlap(0, 1, "00000110")]


def test_unreachable_entries() -> None:
    assert decoder_of("0000 a[4]", "0000 b[4]").unreachable() == [1]
    # Covered by two halves together, each more special.
    assert decoder_of("0000 a[4]", "0000 0 a[3]", "0000 1 a[3]").unreachable() == [0]
    assert decoder_of("0000 a[4]", "0000 0 a[3]", "0000 10 a[2]").unreachable() == []


def test_units_are_whole() -> None:
    with pytest.raises(PatternError) as caught:
        decoder_of("0000 a[3]")
    assert str(caught.value) == "the pattern has 7 bits, which is not a multiple of the 8 bits of a fetch unit"
    with pytest.raises(PatternError) as caught:
        check_units(parse_encoding("0000 0000 00 ea", {"ea": EA.only("dn", "disp")}), 32)
    assert str(caught.value) == "the pattern has 16 bits, which is not a multiple of the 32 bits of a fetch unit"
    odd = make_forms("k[4]", {"a": FormSpec("0000"), "b": FormSpec("0001 + x[4]")})
    with pytest.raises(PatternError) as caught:
        decoder_of("0000 k", k=odd)
    message = "the pattern has 4 bits after its own word with `k` in form `b`, which is not a multiple of the 8 bits of a fetch unit"
    assert str(caught.value) == message


def test_two_thousand_shapes_are_compared_quickly() -> None:
    operands = {"src": EA, "dst": DATA_ALTERABLE}
    entries = [(str(opcode), parse_encoding(f"{opcode:05b} 00000000000 0011 dst.reg dst.mode src", operands)) for opcode in range(21)]
    start = time.perf_counter()
    decoder = Decoder(entries, 16)
    assert decoder.overlaps() == []
    assert decoder.unreachable() == []
    assert time.perf_counter() - start < 3  # ten times what it takes
