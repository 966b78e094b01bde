"""`vmproof walk`: walk page tables in an image of memory."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from vmproof.cli.exits import Exit
from vmproof.cli.saving import write_file
from vmproof.errors import InputError
from vmproof.formats.memory_image import read_image
from vmproof.formats.walk_drawing import drawing
from vmproof.language.types import BoolType, EnumType
from vmproof.report import write
from vmproof.report.walk import walk_blocks, walk_document
from vmproof.simulate.walking import Asked, walk_memory
from vmproof.simulate.walks import Walks
from vmproof.terms import Term


def run(options: argparse.Namespace, command: str) -> Exit:
    """Walk, print the steps, and draw them if that was asked for. A fault is an answer like an address."""
    walks = Walks()
    words = walks.formats[_known(options.tables, list(walks.formats), "format")]
    second = _second(walks, options, words["seconds"])
    control = walks.with_control(options.tables, _controls(walks, options.tables, options.set))
    first = Asked(options.tables, options.root, control)
    if options.va >> words["width"]:
        raise InputError(f"--va {options.va:#x} has more than the {words['width']} bits of {words['title']}")
    if options.draw and not options.draw.endswith(".svg"):
        raise InputError(f"{options.draw} is no .svg file", hint="the drawing is written as SVG")
    image = read_image(options.memory, options.base)
    walked = walk_memory(walks, image.read, image.extent(), first, options.va, options.access, second, options.recursive)
    if options.draw:
        write_file(options.draw, drawing(walked, walks.reasons))
    if options.format == "json":
        sys.stdout.write(json.dumps(walk_document(walked, walks.reasons), indent=2) + "\n")
    else:
        write(walk_blocks(walked, walks.reasons), sys.stdout)
    return Exit.MET


def _known(name: str, names: Sequence[str], what: str) -> str:
    if name in names:
        return name
    near = get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"the {what}s are {', '.join(names)}"
    raise InputError(f'there is no {what} "{name}"', hint=hint)


def _second(walks: Walks, options: argparse.Namespace, fitting: Sequence[str]) -> Asked | None:
    name = options.nested
    if name is None:
        for option, given in (("--host-root", options.host_root), ("--host-set", options.host_set or None)):
            if given is not None:
                raise InputError(f"{option} is of a second stage, and there is none", hint="--nested FORMAT names it")
        return None
    _known(name, list(walks.seconds), "second stage")
    if name not in fitting:
        those = ", ".join(fitting)
        hint = f"the second stages of {options.tables} are {those}" if those else f"{options.tables} is walked alone"
        raise InputError(f"{name} is no second stage of {options.tables}", hint=hint)
    if options.host_root is None:
        raise InputError(f"--nested {name} needs --host-root, the address of its root table")
    control = walks.with_control(name, _controls(walks, name, options.host_set, second=True), second=True)
    return Asked(name, options.host_root, control)


def _controls(walks: Walks, name: str, given: Sequence[tuple[str, str]], second: bool = False) -> Mapping[str, Term]:
    """The control fields that were set, as terms."""
    kinds = walks.settings(name, second)
    made: dict[str, Term] = {}
    for field, text in given:
        if field not in kinds:
            near = get_close_matches(field, kinds, n=1) or [kind for kind in kinds if kind.lower() == field.lower()]
            hint = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(kinds)}" if kinds else ""
            raise InputError(f"{name} has no control `{field}`", hint=hint)
        kind = kinds[field]
        if isinstance(kind, EnumType):
            if text not in kind.members:
                raise InputError(f"{field} is one of {', '.join(kind.members)}, not {text}")
            made[field] = walks.pool.bv(kind.members[text], kind.width)
            continue
        width = 1 if isinstance(kind, BoolType) else kind.width
        try:
            number = int(text, 0)
        except ValueError:
            number = -1
        if not 0 <= number < 1 << width:
            wanted = "0 or 1" if isinstance(kind, BoolType) else f"a number of {width} bits"
            raise InputError(f"{field} is {wanted}, not {text}")
        made[field] = walks.pool.bool(bool(number)) if isinstance(kind, BoolType) else walks.pool.bv(number, width)
    return made
