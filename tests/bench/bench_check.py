"""Where the time of `vmproof check` goes: reading, building, solving, replaying, each run in a process of its own, from cold.

    python tests/bench/bench_check.py [--runs N] [MODEL | MODEL:SCENARIO ...]

Prints the least and the median time over the runs, and the peak of the memory that the process and its solvers held together. Exit code 1
if a model is over its limits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHASES = ("reading", "building", "solving", "replaying")


@dataclass(frozen=True)
class Limits:
    """What a check may take: seconds in all, seconds before the first query, megabytes."""

    seconds: float
    before_solving: float = 3.0
    memory_mb: float = 1024.0


OF_MODES = ("SupervisorInUser", "MachineInUser", "SupervisorInSupervisor", "SupervisorSeen")
SCENARIOS = (*OF_MODES, "VirtualSupervisor", "GuestOfVirtualHypervisor", "VirtualHypervisor")
RV64 = tuple(f"rv64:{scenario}" for scenario in SCENARIOS)

LIMITS = {
    "pg74": Limits(3.0),
    "m68000": Limits(15.0),
    **dict.fromkeys(RV64, Limits(60.0, 60.0, 2048.0)),
    "rv64:SupervisorInUser": Limits(20.0, 20.0, 2048.0),
}
"""For two cores. Models that are not named here are timed only."""

MODELS = ("pg74", "pdp10", "m68000", "m68010", *RV64)


@dataclass(frozen=True)
class Run:
    """One run: seconds by phase, seconds of the whole process, its start included, and peak memory in megabytes."""

    phases: dict[str, float]
    seconds: float
    memory_mb: float


def measure(model: str) -> Run:
    """Check one model, in its first scenario or the one named, in a new process. Raises RuntimeError if there is no verdict."""
    began = time.perf_counter()
    name, _, scenario = model.partition(":")
    command = [sys.executable, "-m", "vmproof", "check", name, "--format", "json", "--timings"]
    command += ["--scenario", scenario] if scenario else []
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=errors)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            time.sleep(0.1)  # looking takes time itself, of which there is none to spare on two cores
        seconds = time.perf_counter() - began
        output.seek(0)
        errors.seek(0)
        if process.returncode not in (0, 1, 3):
            raise RuntimeError(f"checking {model} ended with exit code {process.returncode}: {errors.read().strip()}")
        return Run(json.load(output)["timings"], seconds, peak)


def _resident_mb(pid: int) -> float:
    """Resident memory of a process and all that it started; pages that they share count once for each."""
    total, waiting = 0.0, [pid]
    while waiting:
        current = waiting.pop()
        try:
            status = Path(f"/proc/{current}/status").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text()
        except OSError:
            continue  # it ended meanwhile
        waiting += map(int, children.split())
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) / 1024
    return total


def report(model: str, runs: list[Run]) -> list[str]:
    """Print one model's row, and return what is over its limits."""
    columns = []
    for phase in PHASES:
        columns.append([run.phases.get(phase, 0.0) for run in runs])
    columns.append([run.seconds for run in runs])
    cells = [f"{min(column):6.2f} {statistics.median(column):6.2f}" for column in columns]
    memory = max(run.memory_mb for run in runs)
    print(f"{model:28}" + "  ".join(cells) + f"  {memory:7.0f}")
    limits = LIMITS.get(model)
    if limits is None:
        return []
    before = statistics.median(run.phases.get("reading", 0.0) + run.phases.get("building", 0.0) for run in runs)
    found = (
        ("seconds in all", statistics.median(columns[-1]), limits.seconds),
        ("seconds of reading and building", before, limits.before_solving),
        ("megabytes", memory, limits.memory_mb),
    )
    return [f"{model}: {value:.1f} {what}, over the limit of {limit:g}" for what, value, limit in found if value > limit]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    options = parser.parse_args()
    print(f"seconds, least and median of {options.runs} runs")
    print(f"{'model':28}" + "  ".join(f"{name:>13}" for name in (*PHASES, "in all")) + "   peak MB")
    over = []
    for model in options.models:
        try:
            over += report(model, [measure(model) for _ in range(options.runs)])
        except RuntimeError as error:
            over.append(str(error))
    for line in over:
        print(line)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
