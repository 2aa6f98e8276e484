"""Pictures of the console for the documentation: what a browser shows of a running shop, each by day and by night, and
maps of meshes of several sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator

from tests.e2e.console.browser import Person

SIZE = {"width": 1400, "height": 860}
SHARP = 1.5
"""Pixels of a picture for one of the page."""
LARGEST, LARGEST_MAP = 300_000, 250_000
"""Bytes: a page of documentation should not be heavy, and one has several maps."""
LIGHTS: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True)
class Gallery:
    """The folder that pictures go to. ``kept``: it is the documentation's."""

    folder: Path
    kept: bool

    def save(self, person: Person, name: str) -> None:
        """NAME-light.png and NAME-dark.png of the page as it stands, without the navigation."""
        self.folder.mkdir(exist_ok=True)
        person.press("Close side navigation")
        for light in LIGHTS:
            person.set_color_scheme(light)
            person.calm()
            picture = person.page.screenshot(path=self.folder / f"{name}-{light}.png")
            assert len(picture) < LARGEST, f"{name}-{light}.png has {len(picture):,} bytes"

    def save_map(self, canvas: Locator, name: str) -> None:
        """NAME.png of a map by itself, as it stands."""
        self.folder.mkdir(exist_ok=True)
        picture = canvas.screenshot(path=self.folder / f"{name}.png")
        assert len(picture) < LARGEST_MAP, f"{name}.png has {len(picture):,} bytes"
