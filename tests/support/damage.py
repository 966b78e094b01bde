"""Damaged descriptions: a small machine that is right, and what can be done to a text. The same seed gives the same text."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

SOUND = '''"""A machine that is right in all its parts."""

from vmproof.lang import *


class Mode(Enum):
    user = 0
    system = 1


class Cause(Enum):
    privileged = 0
    memory = 1


class Status(Layout[8]):
    C: 0
    IPM: (3, 1) = role.control


class Entry(Record):
    valid: bool
    frame: bits[4]


class Machine(State):
    pc: bits[8]
    r: array[bits[2], bits[8]]
    sr: Status
    table: array[bits[2], Entry] = role.control
    mode: Mode = role.mode(least=Mode.user)
    bound: bits[8] = role.control
    mem: memory[bits[8], bits[8]]


@legal
def first_is_zero(m):
    return m.r[0] == 0


@translation
def window(m: Machine, va: bits[8], access: Access) -> bits[8]:
    if va >= m.bound:
        trap(Cause.memory, va)
    return va


@fetch
def next_word(m):
    return m.load(m.pc)


@trap_entry
def enter(m, cause: Cause, value: bits[8]):
    m.pc, m.mode = 64, Mode.system


def system_only(m):
    if m.mode != Mode.system:
        trap(Cause.privileged, 0)


EA = forms("mode[1] reg[2]", direct=form("0 reg[2]"), far=form("1 reg[2] + d[8]"))

for name, code, taken in [("eq", "00", lambda a, b: a == b), ("lt", "01", lambda a, b: signed(a) < signed(b))]:
    @instruction("01 {code} rs[2] rt[2]", name=name)
    def branch(m, rs, rt):
        if taken(m.r[rs], m.r[rt]):
            m.pc = m.pc + 2


@instruction("0000 rd[2] rs[2]", asm="load r{rd}, r{rs}")
def load(m, rd, rs):
    if rd != 0:
        m.r[rd] = m.load(m.r[rs])


@instruction("0001 1 ea", ea=EA)
def take(m, ea):
    match ea.form:
        case "direct":
            value = m.r[ea.reg]
        case "far":
            value = m.load(ea.d)
    m.sr.C = value[7] and value != 0
    m.bound = m.bound if m.mode == Mode.user else value


@instruction("0010 rd[2] --")
def grant(m, rd):
    system_only(m)
    with kept():
        m.table[rd].valid = True
    total = sum([zext(m.r[i], 10) for i in range(4)])
    m.table[rd] = Entry(valid=total > 3, frame=total[3:0])


@scenario("a guest in user mode")
class Guest:
    runs = {Mode.user: Mode.user, Mode.system: Mode.user}
    search = ["sr.IPM"]

    def host(real, guest, start: bits[8]):
        return real.bound == guest.bound + start
'''

# Deep or long texts, which only a program writes.
_LONG = (
    *(f"X = {'(' * deep}1{')' * deep}" for deep in (90, 150, 300)),
    *(f"X = {prefix * 150}1" for prefix in ("-", "not ", "1 + ", "lambda: ", "1 if 1 else ")),
    *(f"X = m{suffix * 150}" for suffix in (".a", "[8]", "()", "[0:0]")),
    f"X = {'[' * 120}{']' * 120}",
    f"X = {'(1, ' * 150}{')' * 150}",
    f"X{' = X' * 200} = 1",
    f"X = 0x{'f' * 3000}",
    f"X = {'9' * 5000}",
    f"from {'a' * 400} import *",
    f"X = {'a' * 5000}",
)
NASTY: tuple[str, ...] = (*json.loads(Path(__file__).with_name("nasty.json").read_text(encoding="utf-8")), *_LONG)
"""What a text that means harm, or somebody who thinks it is Python, might contain; each stands in a module or a function."""

_NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "7",
    "8",
    "9",
    "16",
    "63",
    "64",
    "65",
    "4096",
    "4097",
    "10**40",
    "99999999999",
    "True",
    "None",
    "'8'",
    "1.5",
    "m",
    "()",
)
_CHARACTERS = "()[]{}:,.=<>+-*/%&|^~!@#'\"\\ \n\t0189azAZ_\0\x0c\r\x7f\xa0é\u2028\ufeff\U0001f600"
_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")


def texts(count: int) -> Iterator[bytes]:
    """Damaged descriptions: first everything nasty in a module and in an instruction, then random damage."""
    made = 0
    for nasty in NASTY:
        yield _in_module(nasty)
        yield _in_body(nasty)
        made += 2
    while made < count:
        chance = random.Random(made)
        text = SOUND
        for _ in range(chance.choice((1, 1, 2, 4, 12))):
            text = chance.choice(_DAMAGES)(chance, text)
        yield _encoded(chance, text)
        made += 1


# What the nasty texts refer to, without most instructions, so that reading takes little time.
_FIRST, _REST = SOUND.split("for name, code, taken", 1)
_GRANT = '@instruction("0010 rd[2] --")' + _REST.split('@instruction("0010 rd[2] --")')[1].split("@scenario")[0]


def _in_module(nasty: str) -> bytes:
    return f"{_FIRST}\n\n{nasty}\n".encode("utf-8", "surrogatepass")


def _in_body(nasty: str) -> bytes:
    inner = "\n".join("    " + line for line in nasty.split("\n"))
    return (_FIRST + _GRANT.replace("    system_only(m)\n", f"{inner}\n    system_only(m)\n")).encode("utf-8", "surrogatepass")


def _encoded(chance: random.Random, text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    match chance.randrange(20):
        case 0:
            return data.replace(b"\n", b"\r\n")
        case 1:
            return b"\xef\xbb\xbf" + data
        case 2:
            return text.encode("utf-16", "surrogatepass")
        case 3:
            at = chance.randrange(len(data) + 1)
            return data[:at] + chance.randbytes(8) + data[at:]
        case 4:
            return chance.randbytes(chance.randrange(400))
        case _:
            return data


def _cut(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _remove(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start + chance.randrange(40) :]


def _repeat(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    end = start + chance.randrange(200)
    return text[:end] + text[start:]


def _character(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_CHARACTERS) + text[at + chance.randrange(2) :]


def _lines(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    if chance.randrange(6) == 0:
        chance.shuffle(lines)
    else:
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _blocks(chance: random.Random, text: str) -> str:
    blocks = text.split("\n\n\n")
    chance.shuffle(blocks)
    return "\n\n\n".join(blocks[: chance.randrange(len(blocks)) + 1])


def _token(chance: random.Random, text: str) -> str:
    tokens = _TOKEN.findall(text)
    if not tokens:
        return text
    at = chance.randrange(len(tokens))
    tokens[at] = chance.choice(tokens)
    return "".join(tokens)


def _number(chance: random.Random, text: str) -> str:
    found = list(re.finditer(r"\b\d+\b", text))
    if not found:
        return text
    place = chance.choice(found)
    return text[: place.start()] + chance.choice(_NUMBERS) + text[place.end() :]


def _name(chance: random.Random, text: str) -> str:
    found = list(re.finditer(r"\b[A-Za-z_]\w*\b", text))
    if not found:
        return text
    place, other = chance.choice(found), chance.choice(found)
    return text[: place.start()] + other[0] + text[place.end() :]


def _insert(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines) + 1)
    indent = " " * chance.choice((0, 4, 4, 8))
    return "\n".join([*lines[:at], *(indent + line for line in chance.choice(NASTY).split("\n")), *lines[at:]])


_DAMAGES: tuple[Callable[[random.Random, str], str], ...] = (
    _cut, _remove, _repeat, _character, _lines, _blocks, _token, _token, _number, _number, _name, _name, _insert, _insert,
)  # fmt: skip
