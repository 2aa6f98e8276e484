"""A browser for all, and a person for each test, whose page must have had nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.console.browser import Person, chromium
from tests.e2e.console.pictures import Gallery
from tests.e2e.installation import Installation

PICTURES = Path(__file__).parents[3] / "docs/pictures"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, running."""
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Person]]:
    """Makes persons at an installation, each with cookies of their own; options are Playwright's of a context."""
    persons: list[Person] = []

    def make(at: Installation, **options: object) -> Person:
        view = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US", "reduced_motion": "reduce"}
        context = browser.new_context(**(view | options))  # type: ignore[arg-type]
        persons.append(Person(context.new_page(), at.url))
        return persons[-1]

    yield make
    complaints = [line for person in persons for line in person.complaints]
    for person in persons:
        person.page.context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def gallery(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Where pictures go: with --pictures, into the documentation."""
    kept = bool(request.config.getoption("--pictures"))
    return Gallery(PICTURES if kept else tmp_path_factory.mktemp("pictures"), kept=kept)
