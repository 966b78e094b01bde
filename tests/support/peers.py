"""Other explicit-state model checkers, run on the models of `peer_models`: rumur, and spin without partial-order reduction."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.peer_models import PeerModel

PEERS = ("rumur", "spin")


@dataclass(frozen=True)
class Count:
    """What a peer found: states, transitions, and the processor seconds of its search alone, not of compiling it."""

    states: int
    transitions: int
    seconds: float


def missing(peer: str) -> str:
    """What is not installed that running `peer` needs; "" if it can run."""
    return ", ".join(tool for tool in (peer, "gcc") if shutil.which(tool) is None)


def count(peer: str, model: PeerModel, folder: Path, fast: bool = True) -> Count:
    """Search a model with a peer, on one core, in `folder`. Raises CalledProcessError if it fails, ValueError if it finds an error.

    `fast`: let gcc optimize, which takes longer than the search of a small model.
    """
    flags = ["-O3", "-march=native"] if fast else ["-O0"]
    return _rumur(model, folder, flags) if peer == "rumur" else _spin(model, folder, flags)


def _rumur(model: PeerModel, folder: Path, flags: list[str]) -> Count:
    (folder / "model.m").write_text(model.murphi)
    settings = ["--threads", "1", "--deadlock-detection", "off", "--set-capacity", str(1 << 26)]
    _run(["rumur", *settings, "--output", "model.c", "model.m"], folder)
    _run(["gcc", *flags, "-o", "model", "model.c", "-lpthread", "-mcx16"], folder)
    text, seconds = _run(["./model"], folder)
    found = re.search(r"(\d+) states, (\d+) rules fired", text)
    if found is None or "No error found" not in text:
        raise ValueError(text[-1000:])
    return Count(int(found[1]), int(found[2]), seconds)


def _spin(model: PeerModel, folder: Path, flags: list[str]) -> Count:
    (folder / "model.pml").write_text(model.promela)
    _run(["spin", "-a", "model.pml"], folder)
    _run(["gcc", *flags, "-w", "-DNOREDUCE", "-DSAFETY", "-DNOFAIR", "-DMEMLIM=4096", "-o", "pan", "pan.c"], folder)
    text, seconds = _run(["./pan", "-m12000000", "-w24"], folder)
    states = re.search(r"(\d+) states, stored", text)
    transitions = re.search(r"(\d+) transitions", text)
    if states is None or transitions is None or "errors: 0" not in text or "max search depth too small" in text:
        raise ValueError(text[-1000:])
    return Count(int(states[1]), int(transitions[1]) - 1, seconds)  # spin counts the entry into the initial state


def _run(command: Sequence[str], folder: Path) -> tuple[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
