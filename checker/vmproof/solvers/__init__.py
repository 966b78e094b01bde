"""Solvers: what makes the assertions true, or a proof that nothing does, from processes whose limits hold."""

from __future__ import annotations

from vmproof.solvers.interface import Answer, Query, Status
from vmproof.solvers.pool import Handle, SolverPool
from vmproof.solvers.smtlib import smtlib

__all__ = ["Answer", "Handle", "Query", "SolverPool", "Status", "smtlib"]
