"""What every test run needs: an interrupt that is not ignored, examples without a deadline, and an order in which fast tests come first.

A shell that starts the tests in the background has SIGINT ignored, processes inherit that, and then Ctrl-C could not be tested.
What an example takes says more of what else the machine does than of the code.
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings


def pytest_configure() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked slow comes last, the slowest of it first: a mistake shows soon, and both cores are busy to the end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[bool, float]:
    marked = item.get_closest_marker("slow")
    return marked is not None, -float(marked.args[0]) if marked is not None else 0.0
