"""Installations that run the tests' applications, until no test uses them any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import APPS, HOST


@contextmanager
def installations(
    tmp_path_factory: pytest.TempPathFactory, apps_folder: Path, topology: str = "sidecar"
) -> Iterator[Callable[..., Installation]]:
    """Makes an installation with our applications' image (and options of `moyai up`), not yet up; at the end nothing of
    it may be left. ``topology``: of its proxies.
    """
    opened: list[Installation] = []

    def make(*options: str) -> Installation:
        installation = Installation(tmp_path_factory.mktemp("moyai"), "--proxy", topology, *options)
        base = ("--base", HOST)
        installation.moyai("image", "import", APPS, str(apps_folder), *base, "--state", str(installation.state))
        opened.append(installation)
        return installation

    yield make
    left = [line for installation in opened for line in installation.leave()]
    assert not left, left  # said here, because pytest explains the asserts of test modules alone
