"""One field for all scenarios, and the table at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.faults.field import Field, Row, table
from tests.e2e.installation import Installation

LIFETIME = 28
"""Seconds of a certificate, which is renewed when five sevenths of them are over."""

ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> list[Row]:
    """What the scenarios add to, for the summary."""
    return request.config.stash.setdefault(ROWS, [])


@pytest.fixture(scope="session")
def field(installed: Callable[..., Installation], rows: list[Row]) -> Field:
    """A control plane of its own, because it is going to be killed."""
    installation = installed("--certificate-lifetime", str(LIFETIME))
    installation.up()
    return Field(installation, rows)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("what the faults did to the load")
        terminalreporter.write_line(table(rows))
