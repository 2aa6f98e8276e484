"""One field for all scenarios, and the table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.faults.field import Field, Row, table
from tests.e2e.installations import installations

RENEWAL = 10
"""Seconds after which a certificate is renewed."""

ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> list[Row]:
    """The rows of the scenarios, for the summary."""
    return request.config.stash.setdefault(ROWS, [])


@pytest.fixture(scope="session")
def field(
    tmp_path_factory: pytest.TempPathFactory, apps_folder: Path, topology: str, rows: list[Row]
) -> Iterator[Field]:
    """A control plane of its own, because it is going to be killed."""
    with installations(tmp_path_factory, apps_folder, topology) as make:
        installation = make("--certificate-renewal", str(RENEWAL))
        installation.up()
        yield Field(installation, rows)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("what the faults did to the load")
        terminalreporter.write_line(table(rows))
