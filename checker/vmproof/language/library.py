"""Functions of the library, called from Python on terms: how the tool itself runs what the descriptions import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vmproof.errors import InputError
from vmproof.language.budget import Budget
from vmproof.language.convert import from_leaves
from vmproof.language.interpreter import Interpreter
from vmproof.language.loader import Loader
from vmproof.language.memory import Physical
from vmproof.language.run import Dead
from vmproof.language.types import RecordType, leaves
from vmproof.language.values import Builtin, Fields, Function, Value
from vmproof.terms import Pool, Term


class Library:
    """A file of functions, types and tables: `names` are what it has, `pool` holds its terms.

    Raises `InputError` where the file is wrong. The functions neither trap nor choose; they may call functions of Python (`foreign`).
    """

    def __init__(self, path: Path) -> None:
        self._budget = Budget()
        loader = Loader(path, self._budget)
        self._machine = loader.machine
        self._module = loader.library(loader.read(path))
        self.pool: Pool = loader.pool
        self.names: Mapping[str, Value] = self._module.names

    def call(self, function: Function, arguments: Sequence[Value]) -> Value:
        """What a function gives. Raises `InputError` for arguments that do not fit."""
        run = Interpreter(self.pool, self._budget, function.module, self._machine, {}, Physical(""))
        try:
            with self._budget.running():
                return run.invoke(function, list(arguments), {}, function.node)
        except (Dead, RecursionError):
            raise InputError(f"`{function.name}` comes to no end", function.module.source.place(function.node)) from None

    def foreign(self, name: str, function: Callable[..., Value]) -> Builtin:
        """A function of Python as one of the language; it takes and gives values of the language."""
        return Builtin(name, lambda run, node, args, kwargs: function(*args, **kwargs))

    def record(self, kind: RecordType, terms: Mapping[str, Term]) -> Fields:
        """A record whose leaves are given by path."""
        made = from_leaves(kind, terms.__getitem__)
        assert isinstance(made, Fields)
        return made

    def variables(self, kind: RecordType, prefix: str) -> Fields:
        """A record of variables, named after their paths: an arbitrary value."""
        return self.record(kind, {leaf.path: self.pool.var(f"{prefix}{leaf.path}", leaf.sort) for leaf in leaves(kind)})


__all__ = ["Library"]
