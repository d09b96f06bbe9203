"""The runner: what must not run beside each other does not."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("one after the other")
def test_tests_of_a_group_share_a_worker(request: pytest.FixtureRequest) -> None:
    """Tests on the wall clock starve each other; pytest-xdist keeps them together by a suffix that a runner may lose without a word."""
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@one after the other")
