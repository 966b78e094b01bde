"""What every test run needs: an interrupt that is not ignored.

A shell that starts the tests in the background has SIGINT ignored, processes inherit that, and then Ctrl-C could not be tested.
"""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
