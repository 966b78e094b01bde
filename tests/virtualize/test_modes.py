"""States that could differ in their modes alone do differ in them, where an instruction is asked whether it is mode-sensitive."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmproof.language import load
from vmproof.terms import substitute
from vmproof.virtualize.decide import answered_at_once
from vmproof.virtualize.definitions import Question
from vmproof.virtualize.runs import Executions
from vmproof.virtualize.setting import Setting
from vmproof.virtualize.tiers import Tier
from vmproof.virtualize.worlds import Worlds

PAPER = load(Path(__file__).parents[2] / "models" / "pg74.py")
SETTING = Setting(PAPER, PAPER.scenario(None))
EXECUTIONS = Executions(SETTING)


@pytest.mark.parametrize("name", [instruction.name for instruction in PAPER.instructions])
@pytest.mark.parametrize("names", [("g", "g2"), ("r", "r2")])
def test_states_with_equal_modes_are_no_reason(name: str, names: tuple[str, str]) -> None:
    instruction = PAPER.instruction(name)
    assert instruction is not None
    world = Worlds(SETTING).two_modes(*names)
    tier = Tier(EXECUTIONS, world, instruction, exact=False)
    formula = answered_at_once(Question("mode_sensitive", *names).definition(tier))
    assert formula is not None
    one, other = (world.body(which).state for which in names)
    alike = {other[path]: one[path] for path in SETTING.mode_paths}
    assert set(substitute(tier.pool, [part.term for part in formula.parts], alike)) <= {tier.pool.false}
