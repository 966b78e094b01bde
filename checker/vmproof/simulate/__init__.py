"""The concrete reference simulator: the same descriptions, run on concrete states."""

from vmproof.simulate.memory import Device, SimulatedMemory
from vmproof.simulate.simulator import Simulator, Step, StepKind

__all__ = ["Device", "SimulatedMemory", "Simulator", "Step", "StepKind"]
