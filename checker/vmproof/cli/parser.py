"""The command line: commands, options and their help."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from vmproof import __version__
from vmproof.errors import InputError

COMMANDS = {
    "check": "judge machines: are they virtualizable, and if not, why?",
    "explain": "tell the story of one instruction",
    "replay": "execute a saved witness again",
    "lint": "report all that is wrong with a description at once",
    "list": "list models, scenarios or instructions",
    "mc": "check the properties of a transition system",
    "prove": "prove theorems, each against its expectation",
    "mutate": "change what theorems are about, and see whether their proofs notice",
    "walk": "walk page tables in an image of memory, step by step",
    "paging": "say what native, nested and shadow paging cost",
}

EXPECTATIONS = ("virtualizable", "not-virtualizable")
ENGINES = ("auto", "explicit", "induction", "k-induction", "bmc", "liveness")
SOLVERS = ("z3", "bitwuzla", "cvc5")
LEAST_MEMORY = 128
"""Megabytes: a solver's library alone takes about a hundred."""

_EXITS = """\
exit status:
  0  every claim met its expectation
  1  a claim did not meet its expectation
  2  the input or the command line is wrong
  3  a claim could not be decided
  4  the premise of a claim cannot happen
 70  a bug in vmproof
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message, hint=f"`{self.prog} --help` shows the usage")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command line; `command` is one of COMMANDS.

    Raises InputError for a wrong one, and SystemExit once it has printed the help or the version that was asked for.
    """
    first = arguments[0] if arguments else ""
    if first and not first.startswith("-") and first not in COMMANDS:
        near = get_close_matches(first, COMMANDS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the commands are {', '.join(COMMANDS)}"
        raise InputError(f'there is no command "{first}"', hint=hint)
    return parser().parse_args(arguments)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = _Parser(
        prog="vmproof",
        description="Decides whether instruction sets can be virtualized and systems are safe, with proofs and replayed counterexamples.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"vmproof {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made = {
        name: commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}{'' if text.endswith('?') else '.'}", allow_abbrev=False
        )
        for name, text in COMMANDS.items()
    }
    _check(made["check"])
    _explain(made["explain"])
    _replay(made["replay"])
    made["lint"].add_argument("files", nargs="+", metavar="FILE", help=_FILE)
    _list(made["list"])
    _mc(made["mc"])
    _prove(made["prove"])
    _mutate(made["mutate"])
    _walk(made["walk"])
    _paging(made["paging"])
    return top


_FILE = "a description, or the name of a model (`vmproof list models`)"


def _check(check: argparse.ArgumentParser) -> None:
    check.add_argument("files", nargs="+", metavar="FILE", help=f"{_FILE}; several are compared side by side")
    _add_judged(check)
    check.add_argument(
        "--expect",
        action="append",
        choices=EXPECTATIONS,
        help="the answer that is no error (default: virtualizable); once for all files, or once for each, in their order",
    )
    check.add_argument("--format", choices=("text", "json"), default="text", help="json follows check.schema.json (default: text)")
    check.add_argument("--save", metavar="DIR", help="keep every witness as JSON in this folder")
    check.add_argument("--timings", action="store_true", help="say where the time went")
    _add_solving(check)


def _explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("file", metavar="FILE", help=_FILE)
    explain.add_argument("instruction", metavar="INSTRUCTION", help="its name or its published mnemonic")
    _add_judged(explain)
    _add_solving(explain)


def _replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("witness", metavar="WITNESS", help="a file that `vmproof check --save` wrote")
    replay.add_argument("--machine", metavar="FILE", help="the description, if it is no longer where it was")


def _list(listing: argparse.ArgumentParser) -> None:
    listing.add_argument("what", nargs="?", choices=("models", "scenarios", "instructions"), default="models", help="default: models")
    listing.add_argument("file", nargs="?", metavar="FILE", help=f"{_FILE}; not for models")


def _mc(mc: argparse.ArgumentParser) -> None:
    mc.add_argument("file", metavar="FILE", help="a system, or the path of one in the library")
    mc.add_argument("--engine", choices=ENGINES, default="auto", help="how to decide (default: auto, which tries several)")
    mc.add_argument("--bound", type=_natural, metavar="K", help="steps for bmc and k-induction (default: 20)")
    mc.add_argument("--property", action="append", metavar="NAME", help="check this one only; may be given several times")
    mc.add_argument("--size", action="append", type=_setting, default=[], metavar="TYPE=N", help="how many elements an unsized type has")
    mc.add_argument("--set", action="append", type=_setting, default=[], metavar="NAME=N", help="the value of a parameter")
    mc.add_argument("--trace", metavar="FILE", help="write a trace, as JSON (.json) or for waveform viewers (.vcd)")
    mc.add_argument("--graph", metavar="FILE", help="write the graph of all states for Graphviz (.dot); for small systems")
    mc.add_argument("--format", choices=("text", "json"), default="text", help="json follows mc.schema.json (default: text)")
    _add_solving(mc, "seconds for the whole question (default: 60)")


def _prove(prove: argparse.ArgumentParser) -> None:
    prove.add_argument("names", nargs="*", metavar="NAME", help="theorems, files of theorems, or their names (default: all)")
    prove.add_argument(
        "--format",
        choices=("text", "json", "junit", "github"),
        default="text",
        help="json follows prove.schema.json; junit and github are for continuous integration (default: text)",
    )
    _add_theorems(prove)


def _mutate(mutate: argparse.ArgumentParser) -> None:
    mutate.add_argument("names", nargs="*", metavar="NAME", help="theorems, or a machine (default: all theorems expected to be proved)")
    mutate.add_argument("--scenario", action="append", default=[], metavar="NAME", help="try a machine in this one first, then in the next")
    mutate.add_argument("--format", choices=("text", "json"), default="text", help="json follows mutate.schema.json (default: text)")
    mutate.add_argument("--survivors", metavar="FILE", help="mutants that may survive, each with a reason; only others count")
    mutate.add_argument("--limit", type=_natural, metavar="N", help="try only so many mutants, drawn at random")
    mutate.add_argument("--seed", type=int, default=1, metavar="N", help="of what is drawn (default: 1)")
    _add_theorems(mutate)


def _walk(walk: argparse.ArgumentParser) -> None:
    formats = "sv32 sv39 sv48 sv57 x86-32 x86-pae x86-4 x86-5 arm48 arm39 vax, or a second stage"
    walk.add_argument("tables", metavar="FORMAT", help=f"{formats} (spec/mmu/README.md)")
    walk.add_argument("--root", type=_address, required=True, metavar="ADDR", help="where the root table is")
    walk.add_argument("--va", type=_address, required=True, metavar="ADDR", help="the virtual address to be translated")
    walk.add_argument("--memory", required=True, metavar="FILE", help="a raw image, or lines of `address: word word ...`")
    walk.add_argument("--base", type=_address, metavar="ADDR", help="the address of a raw image's first byte (default: 0)")
    walk.add_argument("--access", choices=("read", "write", "fetch"), default="read", help="what is tried (default: read)")
    walk.add_argument("--set", action="append", type=_control, default=[], metavar="NAME=VALUE", help="a control, such as SUM=1 or mode=U")
    walk.add_argument("--nested", metavar="FORMAT", help="a second stage that translates the tables and the result")
    walk.add_argument("--host-root", type=_address, metavar="ADDR", help="where the second stage's root table is")
    walk.add_argument("--host-set", action="append", type=_control, default=[], metavar="NAME=VALUE", help="a control of the second stage")
    walk.add_argument("--recursive", action="store_true", help="allow tables that contain themselves")
    walk.add_argument("--draw", metavar="FILE.svg", help="draw the walk, levels across and the second stage's down")
    walk.add_argument("--format", choices=("text", "json"), default="text", help="json follows walk.schema.json (default: text)")


def _paging(paging: argparse.ArgumentParser) -> None:
    paging.add_argument("--format", choices=("text", "json"), default="text", help="json follows paging.schema.json (default: text)")
    _add_cache(paging)


def _address(text: str) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no address, such as 0x80001000")
    return value


def _control(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not a name and a value, such as SUM=1")
    return name, value


def _add_theorems(command: argparse.ArgumentParser) -> None:
    command.add_argument("--proofs", metavar="DIR", help="where the theorem files are (default: ./proofs, else the library's)")
    command.add_argument("--jobs", type=_count, default=2, metavar="N", help="theorems at once (default: 2)")
    command.add_argument("--timeout", type=_seconds, metavar="S", help="seconds for one theorem (default: what the theorem says, else 120)")
    command.add_argument("--solver", choices=SOLVERS, default="z3", help="who decides (default: z3)")
    command.add_argument("--memory", type=_megabytes, default=2048, metavar="MB", help="memory of one solver process (default: 2048)")
    _add_cache(command)


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("--no-cache", action="store_true", help="prove everything again, and remember nothing")
    command.add_argument("--cache", metavar="DIR", help="where results are remembered (default: the user's cache folder)")


def _add_judged(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scenario", metavar="NAME", help="how the guest is run (default: the description's first scenario)")
    command.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        default=[],
        help="judge this instruction only, by its name or its published mnemonic; may be given several times",
    )
    command.add_argument("--added", action="store_true", help="judge only what the file itself describes, not what it imports")


def _add_solving(command: argparse.ArgumentParser, timeout: str = "seconds for one query (default: 60)") -> None:
    command.add_argument("--solver", choices=SOLVERS, default="z3", help="who decides (default: z3)")
    command.add_argument("--second-opinion", action="store_true", help="let another solver confirm every proof")
    command.add_argument("--timeout", type=_seconds, default=60.0, metavar="S", help=timeout)
    command.add_argument("--memory", type=_megabytes, default=2048, metavar="MB", help="memory of one solver process (default: 2048)")
    command.add_argument("--jobs", type=_count, default=2, metavar="N", help="processes at once (default: 2)")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0 or math.isinf(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _megabytes(text: str) -> int:
    value = _count(text)
    if value < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"a solver needs at least {LEAST_MEMORY} MB")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return value


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _setting(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    try:
        number = int(value, 0)
    except ValueError:
        equals = ""
        number = 0
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name and a number, such as Process=3")
    return name, number
