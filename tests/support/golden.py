"""Comparison with a file of expected output. Set VMPROOF_GOLDEN=write to rewrite the files after an intended change."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "report" / "golden"


def matches_golden(name: str, text: str) -> None:
    """Assert that `text` is what the golden file `name` holds."""
    path = GOLDEN / name
    if os.environ.get("VMPROOF_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing; VMPROOF_GOLDEN=write creates it"
    assert text == path.read_text(encoding="utf-8")
