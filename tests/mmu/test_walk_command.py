"""`vmproof walk`: what it prints, and what it says about wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.golden import matches_golden
from vmproof.cli import main
from vmproof.report.document import schema_path

IMAGES = Path("tests/mmu/images")
SV39 = f"sv39 --root 0x80001000 --memory {IMAGES}/sv39.mem"
NESTED = f"sv39 --root 0x1000 --memory {IMAGES}/nested.mem --nested sv39x4 --host-root 0x80000000 --set mode=U"
X86 = f"x86-4 --root 0x1000 --memory {IMAGES}/x86.mem"
EPT = f"x86-4 --root 0x1000 --memory {IMAGES}/ept.mem --nested ept4 --host-root 0x10000"
ARM = f"arm48 --root 0x40001000 --memory {IMAGES}/arm.mem"
VAX = f"vax --root 0x1000 --memory {IMAGES}/vax.mem --set P0BR=0x80000200"

TOLD = {
    "sv39": f"{SV39} --va 0x40201234 --access fetch",
    "sv39-superpage": f"{SV39} --va 0x40404234 --access write --set mode=U",
    "sv39-no-leaf": f"{SV39} --va 0x40202000",
    "sv39-range": f"{SV39} --va 0x8000000000",
    "sv39-nested": f"{NESTED} --va 0x40201234",
    "sv39-nested-fault": f"{NESTED} --va 0x40201234 --access fetch",
    "sv39-guest-page-fault": f"sv39 --root 0x10000 --memory {IMAGES}/nested.mem --nested sv39x4 --host-root 0x80000000 --va 0",
    "x86": f"{X86} --va 0x401010 --set user=1",
    "x86-write": f"{X86} --va 0x401010 --access write --set user=1",
    "x86-canonical": f"{X86} --va 0x800000000000",
    "x86-fetch": f"{X86} --va 0x600010 --access fetch",
    "x86-ept": f"{EPT} --va 0x401010 --host-set AD=1",
    "arm": f"{ARM} --va 0x40201008 --access write --set EL=EL0",
    "arm-access-flag": f"{ARM} --va 0x40400000 --set HA=0",
    "vax": f"{VAX} --va 0x34 --access write --set mode=U",
    "vax-not-valid": f"{VAX} --va 0x234 --set mode=U",
}


def walk(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["walk", *arguments.split()])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize("name", TOLD)
def test_a_walk_is_told_step_by_step(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = walk(TOLD[name], capsys)
    assert (code, err) == (0, "")
    matches_golden(f"walk-{name}.txt", out)


@pytest.mark.parametrize("name", TOLD)
def test_the_document_follows_its_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(walk(f"{TOLD[name]} --format json", capsys)[1])
    schema = json.loads(schema_path("walk").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    references = [step["reference"] for step in document["steps"] if step["reference"] is not None]
    assert references == list(range(1, document["counts"]["references"] + document["counts"]["to_change"] + 1))


def test_references_of_a_two_dimensional_walk(capsys: pytest.CaptureFixture[str]) -> None:
    """(n + 1)(m + 1) - 1 of n guest and m host levels, where no superpage ends a walk early."""
    document = json.loads(walk(f"{NESTED} --va 0x40201234 --format json", capsys)[1])
    assert document["counts"] == {"references": 15, "to_change": 3, "changes": 1}


def test_a_raw_image_is_read_from_its_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = bytearray(0x3000)
    for place, entry in ((0x8, 0x20000801), (0x1008, 0x20000C01), (0x2008, 0x2000104B)):
        image[place : place + 8] = entry.to_bytes(8, "little")
    raw = tmp_path / "image.bin"
    raw.write_bytes(image)
    arguments = "--root 0x80001000 --va 0x40201234 --access fetch"
    text = walk(f"sv39 {arguments} --memory {IMAGES}/sv39.mem", capsys)
    assert walk(f"sv39 {arguments} --memory {raw} --base 0x80001000", capsys) == text


@pytest.mark.parametrize("name", ["sv39", "sv39-nested", "sv39-nested-fault", "x86-ept", "vax", "sv39-range"])
def test_a_walk_is_drawn(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = tmp_path / "walk.svg"
    assert walk(f"{TOLD[name]} --draw {drawn}", capsys)[0] == 0
    matches_golden(f"walk-{name}.svg", drawn.read_text(encoding="utf-8"))


WRONG = {
    "sv38 --root 0 --va 0 --memory m": 'there is no format "sv38"; did you mean `sv48`?',
    "radix --root 0 --va 0 --memory m": 'there is no format "radix"; the formats are sv32, sv39',
    "sv39 --va 0 --memory m": "the following arguments are required: --root",
    "sv39 --root 0 --memory m": "the following arguments are required: --va",
    "sv39 --root 0 --va 0": "the following arguments are required: --memory",
    "sv39 --root here --va 0 --memory m": "argument --root: 'here' is no address, such as 0x80001000",
    "sv39 --root 0x1 --va 0 --memory missing.mem": "missing.mem cannot be read: No such file or directory",
    f"{SV39} --va 0 --root 0x80001008": "--root 0x80001008 is not aligned: a root table of Sv39 begins at a multiple of 0x1000",
    f"{SV39} --va 0 --root 0x90000000": (
        "the root table's entry at 0x90000000, where there is no memory; the image holds 0x80001000 to 0x80003fff"
    ),
    f"{NESTED} --va 0 --host-root 0x80001000": (
        "--host-root 0x80001000 is not aligned: a root table of Sv39x4 begins at a multiple of 0x4000"
    ),
    f"sv39 --root 0x80001000 --va 0x40200000 --memory {IMAGES}/loop.mem": (
        "the tables form a loop: the table at 0x80001000 is used at level 2 and again at level 1; "
        "--recursive walks on, if the mapping is meant to be recursive"
    ),
    f"sv39 --root 0x80001000 --va 0x80000000 --memory {IMAGES}/loop.mem": (
        "the entry at 0x80001010 leads to a table entry at 0x280000000, where there is no memory; the image holds 0x80001000 to 0x80001fff"
    ),
    f"sv32 --root 0x80001000 --va 0x100000000 --memory {IMAGES}/sv39.mem": "--va 0x100000000 has more than the 32 bits of Sv32",
    f"{SV39} --va 0 --set SOM=1": "sv39 has no control `SOM`; did you mean `SUM`?",
    f"{SV39} --va 0 --set SUM=2": "SUM is 0 or 1, not 2",
    f"{SV39} --va 0 --set mode=M": "mode is one of U, S, not M",
    f"{SV39} --va 0 --set SUM": "argument --set: 'SUM' is not a name and a value, such as SUM=1",
    f"{X86} --va 0 --set PKRU=0x100000000": "PKRU is a number of 32 bits, not 0x100000000",
    f"{SV39} --va 0 --nested sv39x4": "--nested sv39x4 needs --host-root, the address of its root table",
    f"{SV39} --va 0 --nested ept4 --host-root 0": "ept4 is no second stage of sv39; the second stages of sv39 are sv39x4, sv48x4, sv57x4",
    f"{SV39} --va 0 --nested sv39x5 --host-root 0": 'there is no second stage "sv39x5"; did you mean `sv39x4`?',
    f"{SV39} --va 0 --host-root 0": "--host-root is of a second stage, and there is none; --nested FORMAT names it",
    f"{SV39} --va 0 --draw walk.png": "walk.png is no .svg file; the drawing is written as SVG",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_input_gets_one_sentence(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = walk(arguments, capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"vmproof: {WRONG[arguments]}")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("80001000 0000000020000801\n", "1:1", "a line is an address, a colon and words, such as `80001000: 0000000020000801`"),
        ("# words\n  zz: 00\n", "2:3", "a line is an address, a colon and words, such as `80001000: 0000000020000801`"),
        ("80001000: 0000000020000801 123\n", "1:28", "`123` is no word: a word has 2, 4, 8 or 16 hexadecimal digits"),
        ("80001000:\n", "1:9", "no word stands after the address 0x80001000"),
        ("1000: 0000 00\n1001: 00\n", "2:7", "the byte at 0x1001 is given twice"),
        ("ffffffffffffffff: 0000\n", "1:19", "an address has at most 64 bits"),
    ],
)
def test_a_malformed_image_is_told_with_its_place(
    text: str, place: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "wrong.mem"
    image.write_text(text, encoding="utf-8")
    code, out, err = walk(f"sv39 --root 0x80001000 --va 0 --memory {image}", capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"{image}:{place}: {message}\n")


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"# nothing\n", "holds no word")])
def test_an_image_without_memory(content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "empty.mem"
    image.write_bytes(content)
    code, _, err = walk(f"sv39 --root 0 --va 0 --memory {image}", capsys)
    assert code == 2
    assert err == f"vmproof: {image} {message}, so there is no memory in it\n"


def test_a_recursive_mapping_is_walked_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = walk(f"sv39 --root 0x80001000 --va 0x40201000 --memory {IMAGES}/loop.mem --recursive", capsys)
    assert code == 0
    assert "a pointer in the last table" in out
