"""The command line: `main` is what `vmproof` runs."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Sequence

from vmproof.cli.errors import show_bug, show_input_error
from vmproof.cli.exits import Exit
from vmproof.cli.parser import parse
from vmproof.errors import InputError

__all__ = ["main"]

_MODULES = {
    "check": "check",
    "explain": "explain",
    "replay": "replaying",
    "lint": "linting",
    "list": "listing",
    "mc": "modelling",
    "prove": "proving",
    "mutate": "mutating",
    "walk": "walking",
    "paging": "paging",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `arguments` are those of the process unless given."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = shlex.join(["vmproof", *given])
    try:
        options = parse(given)
        # Loaded here, not above: `--help` and a mistyped option answer at once.
        code: Exit = importlib.import_module(f"vmproof.cli.{_MODULES[options.command]}").run(options, command)
        sys.stdout.flush()
        return code
    except InputError as error:
        show_input_error(error, sys.stderr)
        return Exit.INPUT
    except KeyboardInterrupt:
        sys.stderr.write("\nvmproof: interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone; what Python still wants to flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.PIPE_CLOSED
    except Exception as error:
        show_bug(error, command, sys.stderr)
        return Exit.BUG
