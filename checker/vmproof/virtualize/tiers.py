"""How the runs of a question are made: over the shared view, exactly, or in states of constants."""

from __future__ import annotations

from vmproof.language import Instruction
from vmproof.terms import Term
from vmproof.virtualize.cases import Case
from vmproof.virtualize.runs import Executions, Run
from vmproof.virtualize.world import Body, World


class Tier:
    """How the runs of a question are made: over the shared view (fast, over-approximating) or exactly."""

    def __init__(self, executions: Executions, world: World, instruction: Instruction, exact: bool, case: Case | None = None) -> None:
        self.executions = executions
        self.setting = executions.setting
        self.pool = executions.setting.pool
        self.world = world
        self.instruction = instruction
        self.exact = exact
        self.case = case
        self.used: dict[str, Run] = {}

    def run(self, name: str) -> Run:
        """The run of the instruction in the state of that name."""
        if name not in self.used:
            self.used[name] = self._make(self.world.body(name))
        return self.used[name]

    def _make(self, body: Body) -> Run:
        return self.executions.run(self.instruction, body, self.exact, self.case)

    def assumptions(self) -> list[Term]:
        """What follows from the view for the runs made so far, and that the encoding exists."""
        return [self.executions.valid(self.instruction), *(link for run in self.used.values() for link in run.links)]

    def same_word(self) -> bool:
        """Whether all runs made so far execute one word."""
        return len({run.decoded for run in self.used.values()}) <= 1


class ConcreteTier(Tier):
    """Runs of constant states, executed anew without any variable but the choices."""

    def __init__(self, executions: Executions, world: World, instruction: Instruction, operands: dict[str, Term]) -> None:
        super().__init__(executions, world, instruction, exact=True)
        self._operand_values = operands

    def _make(self, body: Body) -> Run:
        return self.executions.concrete(self.instruction, body, self._operand_values)

    def assumptions(self) -> list[Term]:
        return [self.setting.description.valid(self.instruction, self._operand_values)]
