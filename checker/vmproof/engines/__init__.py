"""What engines answer. Each engine returns a verdict with evidence, never a solver's own objects."""

from vmproof.engines.verdict import Verdict, conjunction

__all__ = ["Verdict", "conjunction"]
