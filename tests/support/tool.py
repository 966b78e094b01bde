"""Running vmproof as a person does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.documentation import ROOT


def vmproof(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command line and return what it printed and its exit code; nothing of it is a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "vmproof", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "checker"), **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
