"""pytest-xdist forgets groups without a word under a pytest that it does not know."""

from __future__ import annotations

import pytest


@pytest.mark.engines
def test_tests_on_engines_stay_in_one_process(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("tests are not distributed over processes")
    assert request.node.nodeid.endswith("@engines"), "install pytest<9.2"
