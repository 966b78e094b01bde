"""The back ends by name. A solver's library is imported when it is first asked, and only in the process that asks it."""

from __future__ import annotations

from importlib import import_module

from vmproof.solvers.elements import apart, together
from vmproof.solvers.interface import MEMORY, Backend, Problem, Reply, Status, Unsupported

BACKENDS = {
    "z3": ("vmproof.solvers.z3_backend", "Z3Backend"),
    "bitwuzla": ("vmproof.solvers.bitwuzla_backend", "BitwuzlaBackend"),
    "cvc5": ("vmproof.solvers.cvc5_backend", "Cvc5Backend"),
}
_OF_ARRAYS = frozenset({"z3"})  # a search of Z3 for a model may take twice as long where it does not see the arrays
_SHARE_OF_SOLVER = 0.85  # of the process's memory, what the solver may use; the rest holds the interpreter and the problem


def backend(name: str) -> Backend:
    """The back end of that name, its library imported now; raises KeyError for an unknown one, ImportError for a missing one."""
    module, cls = BACKENDS[name]
    made: Backend = getattr(import_module(module), cls)()
    return made


def solve(name: str, problem: Problem, timeout: float, memory_mb: int) -> Reply:
    """The back end's reply; its faults become UNKNOWN with a reason and are never raised."""
    try:
        separate, elements = (problem, []) if name in _OF_ARRAYS else apart(problem)
        return together(backend(name).solve(separate, timeout, int(memory_mb * _SHARE_OF_SOLVER)), elements)
    except MemoryError:
        return Reply(Status.UNKNOWN, None, MEMORY)
    except ImportError as error:
        return Reply(Status.UNKNOWN, None, f"solver: {name} is not installed ({error})")
    except Unsupported as error:
        return Reply(Status.UNKNOWN, None, f"solver: {error}")
    except Exception as error:  # whatever the library raises: the query is undecided, and the tool goes on
        text = " ".join(str(error).split()) or type(error).__name__
        if "bad_alloc" in text or "out of memory" in text or "memory exceeded" in text:
            return Reply(Status.UNKNOWN, None, MEMORY)
        return Reply(Status.UNKNOWN, None, f"solver: {text}")
