"""vmproof: a formal specification language and model checker for instruction sets, memory management and virtual machine monitors."""

__version__ = "0.1.0"
