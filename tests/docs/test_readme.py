"""Every command in the README is run, and its output is what the README shows.

VMPROOF_GOLDEN=write, without `-n`, puts the present output there instead; what is shown shortened, with a line `...`, stays.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

import pytest

from tests.support.documentation import ROOT, fences
from tests.support.tool import vmproof

README = ROOT / "README.md"


@dataclass(frozen=True)
class Shown:
    """A command in a `console` block, and the lines that the README shows below it; a line `...` stands for any lines."""

    command: str
    lines: tuple[str, ...]
    line: int


def shown() -> list[Shown]:
    found: list[Shown] = []
    for block in fences(README):
        if block.info != "console":
            continue
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Shown(command, tuple(output.rstrip().splitlines()), block.line))
    return found


COMMANDS = shown()


def test_the_readme_shows_the_tool_at_work() -> None:
    assert any(one.command.startswith("vmproof check") and one.lines for one in COMMANDS)


@pytest.mark.parametrize("one", [one for one in COMMANDS if one.command.startswith("vmproof")], ids=lambda one: one.command)
def test_output_is_what_the_readme_shows(one: Shown) -> None:
    done = vmproof(*shlex.split(one.command)[1:], timeout=300)
    assert "internal error" not in done.stderr
    printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).rstrip().splitlines())
    if os.environ.get("VMPROOF_GOLDEN") == "write" and "..." not in one.lines:
        before, after = ("\n".join((f"$ {one.command}", *lines)) + "\n" for lines in (one.lines, [printed]))
        README.write_text(README.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
        return
    pattern = "\n".join(r"(.*\n)*?.*" if line == "..." else re.escape(line.rstrip()) for line in one.lines)
    assert re.fullmatch(pattern, printed), f"README.md:{one.line} shows another output than:\n{printed}"


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake ([a-z-]+)\b", "\n".join(block.text for block in fences(README)))
    assert {"demo", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
