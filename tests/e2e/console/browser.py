"""A person at the console: Debian's Chromium, which tests drive by the page's texts; it counts clicks and records
errors of the page.
"""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from tests.e2e.leftovers import processes
from tests.e2e.waiting import eventually

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 180_000
"""Milliseconds: far more than anything here takes on a busy machine."""
NOTICED = 1_500
"""Milliseconds within which a page that is busy shows what it was pointed at, or led to by a key."""
LAST = 6_000
"""Milliseconds after which a chart's point that no key leads on from is its last: a page may be that busy."""
READINGS = 5
"""Times that a chart may be drawn anew while it is read."""
AXE = Path(__file__).parents[3] / "web/node_modules/axe-core/axe.min.js"
ROWS = """
table => {
  const text = cell => cell.innerText.trim() || cell.textContent.trim();
  const heads = [...table.querySelectorAll("thead th")].map(text);
  const read = row => Object.fromEntries([...row.children].map((cell, n) => [heads[n], text(cell)]));
  return [...table.querySelectorAll("tbody tr")].map(read);
}
"""
FIND = """
(canvas, [r, g, b]) => {
  const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const scale = canvas.getBoundingClientRect().width / width;
  const found = [];
  for (let y = 0; y < height; y += 2) for (let x = 0; x < width; x += 2) {
    const at = 4 * (y * width + x);
    const away = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b);
    if (away < 40) found.push([x * scale, y * scale]);
  }
  return found.sort((one, other) => other[0] - one[0]);
}
"""
"""Where a canvas has this colour, or shines through it as lines do, from right to left."""
TRIES = 20
"""Places that are tried of all that have a colour."""
BAD = [0xC4, 0x32, 0x0A]
"""The colour of a line of the map on which much fails, by day."""
_WELL_KNOWN = ("Failed to load resource",)
"""What Chromium writes for each answer that is an error: the answers themselves are what tests look at."""


def number(text: str) -> float:
    """A number as the console writes it in English."""
    return float(text.replace(",", ""))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own. Nothing of it is there afterwards, also when it didn't end by itself."""
    binary = shutil.which("chromium")
    if binary is None and platform.freedesktop_os_release()["ID"] != "debian":
        pytest.skip("Chromium is set up on Debian alone")
    assert binary is not None, "run `make setup` as `make test` does: scripts/setup.sh --browser"
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory(prefix="moyai-") as folder:  # a short path: Chromium has a socket there
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", folder)
            playwright = sync_playwright().start()
        try:
            with closing(playwright.chromium.launch(executable_path=binary, args=list(FLAGS))) as browser:
                yield browser
        finally:
            playwright.stop()
        eventually(lambda: not [*processes(folder)], "the browser's processes have ended")


@dataclass
class Person:
    """Somebody with one page of the console open."""

    page: Page
    url: str
    clicks: int = 0
    complaints: list[str] = field(default_factory=list)
    """What the page should never do: break its policy, fail in a script, ask another origin."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._record_error)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._look)

    def _record_error(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_WELL_KNOWN):
            self.complaints.append(message.text)

    def _look(self, request: Request) -> None:
        url_parts = urlsplit(request.url)
        if url_parts.scheme not in {"data", "blob"} and f"{url_parts.scheme}://{url_parts.netloc}" != self.url:
            self.complaints.append(f"asked {request.url}")

    # ------------------------------------------------------------------------------------------------ hands

    def open(self, path: str) -> None:
        """Go to an address of the console."""
        self.page.goto(f"{self.url}/console/{path}")

    def click(self, target: Locator) -> None:
        """One click, counted."""
        self.clicks += 1
        target.click()

    def press(self, name: str) -> None:
        """Click the button of this name."""
        self.click(self.page.get_by_role("button", name=name, exact=True).first)

    def follow(self, name: str) -> None:
        """Click the link of this name."""
        self.click(self.page.get_by_role("link", name=name, exact=True).first)

    def tab(self, name: str) -> None:
        """Click the tab of this name."""
        self.click(self.page.get_by_role("tab", name=name, exact=True))

    def fill(self, label: str, value: str) -> None:
        """Type into the field of this label."""
        self.page.get_by_label(label).first.fill(value)

    def types(self, line: str) -> None:
        """Type a line into what has the focus, and press Enter."""
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")

    def choose(self, label: str, option: str) -> None:
        """Open the list of this label, and click the option with this text. A column's headline has no list."""
        lists = self.page.locator("[aria-haspopup]")
        self.click(self.page.get_by_role("button", name=label).and_(lists).first)
        self.click(self.page.get_by_role("option").filter(has_text=option).first)

    def click_at(self, selector: str, spot: tuple[float, float]) -> None:
        """One click on a spot of an element, counted."""
        self.clicks += 1
        self.page.locator(selector).click(position={"x": spot[0], "y": spot[1]})

    # ------------------------------------------------------------------------------------------------- eyes

    def wait_until_loaded(self) -> None:
        """Wait until the page has its headline and loads nothing any more."""
        expect(self.page.get_by_role("heading", level=1).first).to_be_visible()
        expect(self.page.get_by_text("Loading", exact=True)).to_have_count(0)

    def calm(self) -> None:
        """Wait until nothing is on its way from one look to another."""
        self.page.evaluate("() => Promise.allSettled(document.getAnimations().map(one => one.finished))")

    def set_color_scheme(self, light: Literal["light", "dark"]) -> None:
        """Look at it with a system that prefers this, once the page has followed."""
        self.page.emulate_media(color_scheme=light)
        expect(self.page.locator("body.awsui-dark-mode")).to_have_count(int(light == "dark"))

    def wait_for_text(self, text: str | re.Pattern[str]) -> None:
        """Wait until this is on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def wait_for_title(self, name: str) -> None:
        """Wait until the page has this headline; a list's has its length behind it."""
        said = re.compile(rf"{re.escape(name)}( \(\d+\))?")
        expect(self.page.get_by_role("heading", level=1).first).to_have_text(said)

    def fact(self, label: str) -> Locator:
        """The text under a label."""
        return self.page.locator("dt").filter(has_text=re.compile(f"^{re.escape(label)}$")).locator("+ dd")

    def table(self, column: str) -> list[dict[str, str]]:
        """The rows of the table that has this column: what stands under each headline."""
        tables = self.page.locator("table").filter(has=self.page.locator("tbody"))
        found: list[dict[str, str]] = tables.filter(has_text=column).first.evaluate(ROWS)
        return found

    def chart(self, title: str) -> dict[str, dict[str, float]]:
        """The values of the chart with this title at each of its points, read by keyboard: by time, and by series.

        A chart that is drawn anew while it is read forgets the point one was at; it is read from the start again.
        """
        for _ in range(READINGS):
            with suppress(TooLate):
                return self._read(title)
        raise AssertionError(f"the chart {title} says nothing of its points")

    def _read(self, title: str) -> dict[str, dict[str, float]]:
        texts: dict[str, dict[str, float]] = {}
        chart = self.page.get_by_role("application", name=title, exact=True)
        chart.blur()
        chart.focus()
        self.page.keyboard.press("Enter")
        while (point := self._point()) and point[0] not in texts:
            texts[point[0]] = {name: number(value) for name, value in zip(point[1::2], point[2::2], strict=True)}
            self.page.keyboard.press("ArrowRight")
            with suppress(AssertionError):  # there may be no other point
                expect(self.page.get_by_role("tooltip")).not_to_contain_text(point[0], timeout=LAST)
        self.page.keyboard.press("Escape")
        return texts

    def _point(self) -> list[str]:
        return self.page.get_by_role("tooltip").inner_text(timeout=LAST).splitlines()

    def spot(self, colour: list[int]) -> tuple[float, float]:
        """Where a line of the map that has this colour can be clicked, as far right as may be: not at its words. Waits
        until there is one.
        """
        spots = partial(self._spots, colour)
        [spot] = eventually(lambda: [*islice(spots(), 1)], "a line of this colour can be clicked", PATIENCE / 1000)
        return spot

    def _spots(self, colour: list[int]) -> Iterator[tuple[float, float]]:
        canvas = self.page.locator("canvas[data-lines]")
        spots = canvas.evaluate(FIND, colour)
        for x, y in spots[:: len(spots) // TRIES + 1]:
            canvas.hover(position={"x": x, "y": y})
            with suppress(AssertionError):
                expect(canvas).to_have_class(re.compile(r"\btraffic-on\b"), timeout=NOTICED)
                yield x, y

    def violations(self, *rules: str) -> list[str]:
        """The violations that axe finds on this page, by all its rules or by these alone."""
        self.calm()
        self.page.evaluate(AXE.read_text())
        violations = self.page.evaluate(
            "rules => axe.run(document, {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})})",
            list(rules),
        )["violations"]
        return [f"{urlsplit(self.page.url).path}: {v['id']}: {node['html']}" for v in violations for node in v["nodes"]]
