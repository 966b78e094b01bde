"""Judging with the options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import replace

from vmproof.cli.reading import Read
from vmproof.cli.second_opinion import SecondOpinionPool
from vmproof.report.progress import Progress
from vmproof.solvers import SolverPool
from vmproof.virtualize import Judgement, judge


def judge_read(one: Read, options: argparse.Namespace, told: Progress, only: Collection[str] | None) -> Judgement:
    """Judge a machine, or only some of its instructions, in the scenario that was asked for. Raises InputError where there is none."""
    kind = SecondOpinionPool if options.second_opinion else SolverPool
    with kind(options.jobs, options.solver, options.timeout, options.memory) as solvers:
        judgement = judge(one.description, options.scenario, solver_pool=solvers, progress=told, only=only)
    return replace(judgement, solver=options.solver)
