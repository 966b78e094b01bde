"""Explicit search counts as many states and transitions as rumur, and as spin without partial-order reduction."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.peer_models import PeerModel, filter_lock, grid, mesi
from tests.support.peers import PEERS, count, missing
from vmproof.engines.explicit import explore
from vmproof.engines.verdict import Verdict

MODELS = (grid(4, 5), filter_lock(2), filter_lock(3), mesi(2, 2))


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name.replace(" ", "_"))
def test_counts_are_equal(peer: str, model: PeerModel, tmp_path: Path) -> None:
    absent = missing(peer)
    if absent:
        pytest.skip(f"{absent}: not installed")
    theirs = count(peer, model, tmp_path, fast=False)
    found = explore(model.system, model.system.properties)
    assert all(answer.verdict is Verdict.PROVED for answer in found.answers)
    assert (found.states, found.transitions) == (theirs.states, theirs.transitions)
