"""Shared by all tests: writing golden files anew, hypothesis without a clock, and what root is needed for."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what `make golden`, `make explore`, `make attacks` and `make screenshots` give."""
    parser.addoption("--golden-update", action="store_true", help="write expected outputs instead of comparing")
    parser.addoption("--proxy", default="sidecar", help="the topology of the proxies in e2e tests: sidecar or node")
    parser.addoption("--explore", action="store_true", help="draw other inputs each time")
    parser.addoption("--record-attacks", action="store_true", help="keep what came of attacks, for the reference")
    parser.addoption("--pictures", action="store_true", help="keep what the console looks like in docs/pictures")


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis judge by results, not by seconds: a busy machine must not fail a test.

    It draws the same each time, so that a change is judged by itself; `make explore` looks for what nobody has seen.
    """
    if not config.getoption("--explore"):
        # It also draws the constants of all modules that are imported so far: other tests in the process would change
        # what is drawn. No setting leaves them out.
        pytest.MonkeyPatch().setattr(providers, "_get_local_constants", Constants)
    settings.register_profile(
        "moyai",
        deadline=None,
        print_blob=True,
        derandomize=not config.getoption("--explore"),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("moyai")


@pytest.fixture(scope="session")
def golden_update(request: pytest.FixtureRequest) -> bool:
    """True when expected outputs are to be written anew."""
    return bool(request.config.getoption("--golden-update"))


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Skip what needs root when there is none; `make test` refuses to start then, so nothing is skipped there."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root for network namespaces"))
