"""What all tests share."""

from __future__ import annotations

import signal
import threading

import pytest
from hypothesis import settings

# A shell that starts the tests in the background has SIGINT ignored, in every child as well.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline per example measures how busy the machine is, not whether the code is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist reads the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real engines stay in one process, beside the others: they need both cores."""
    for item in items:
        if item.get_closest_marker("engines"):
            item.add_marker(pytest.mark.xdist_group("engines"))
