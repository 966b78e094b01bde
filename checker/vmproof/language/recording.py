"""An evaluator that notes what it evaluates: of a text that is partially evaluated, the part that decides anything."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from vmproof.language.budget import Budget
from vmproof.language.interpreter import Interpreter
from vmproof.language.machine import Machine
from vmproof.language.memory import MemoryModel
from vmproof.language.module import Module
from vmproof.language.values import Value
from vmproof.terms import Pool, Term


class Recording(Interpreter):
    """Adds each statement and expression that it evaluates to `evaluated`; a branch that is not taken while reading is not there."""

    def __init__(
        self,
        pool: Pool,
        budget: Budget,
        module: Module,
        machine: Machine | None,
        state: Mapping[str, Term],
        memory: MemoryModel | None,
        evaluated: set[ast.AST],
    ) -> None:
        super().__init__(pool, budget, module, machine, dict(state), memory)
        self._evaluated = evaluated

    def statement(self, node: ast.stmt) -> None:
        self._evaluated.add(node)
        super().statement(node)

    def eval(self, node: ast.expr) -> Value:
        self._evaluated.add(node)
        return super().eval(node)
