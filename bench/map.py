"""How long a frame of the console's map takes with 200 services and 800 edges: left alone, its edges moving, and moved.

Run by `make bench`, or by hand: `.venv/bin/python bench/map.py`. A city of services plays its traffic in the runtime
`sim`; Chromium without a screen opens the map, all of it in view. It is looked at for some seconds, in which metrics
come in, or a pointer drags and zooms it. Counted are the time between two frames of the browser, at 60 a second 16.7
ms, how much of it the page's own script takes, and in how many of them the map is painted. Here a processor paints
what elsewhere a graphics card does. Every wait has an end. No number here is a test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, NamedTuple

import websockets
from rig.report import show
from rig.server import server, wait_until

from tests.e2e.console.city import city, fill

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
OPTIONS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
    "--window-size=1600,1000",
)
PATIENCE: Final = 120.0
STEP: Final = 0.5
ANSWER: Final = 60.0
LATE: Final = 1.5 * 1000 / 60
EDGES: Final = 700  # of some eight hundred: the others may not have been called yet
SETTLED: Final = 3.0
BUSY: Final = "partners/mail-cache"  # sixteen services call it
CLOCK: Final = """
(() => {
  const real = window.requestAnimationFrame.bind(window);
  [window.drawing, window.paints] = [0, 0];
  performance.setResourceTimingBufferSize(10000);
  window.requestAnimationFrame = (paint) => real((now) => {
    const before = performance.now();
    paint(now);
    window.drawing += performance.now() - before;
  });
  const fill = CanvasRenderingContext2D.prototype.fillRect;
  CanvasRenderingContext2D.prototype.fillRect = function (...where) {
    if (this.canvas.classList.contains("traffic-canvas")) window.paints += 1;
    fill.apply(this, where);
  };
})()
"""
"""Adds up the script's time in frames, and how often the map's ground is filled: once for each painting of it."""
RECORD: Final = """
(async (begin, step) => {
  const frame = () => new Promise((next) => { requestAnimationFrame(() => { next(); }); });
  await frame();
  begin();
  const frames = [];
  let [before, drawn, painted] = [performance.now(), window.drawing, window.paints];
  const start = before;
  for (let n = 0; before < start + 12000; n += 1) {
    step(n);
    await frame();
    const now = performance.now();
    frames.push([now, now - before, window.drawing - drawn, window.paints - painted]);
    [before, drawn, painted] = [now, window.drawing, window.paints];
  }
  const heard = performance.getEntriesByType("resource").map((answer) => answer.responseEnd);
  const isNew = (now) => heard.some((end) => end <= now && now < end + 300);
  return JSON.stringify(frames.map(([now, ...times]) => [...times, isNew(now)]));
})
"""
"""Each frame: how long, of it the script, whether the map was painted, and whether an answer came just before."""
LOOK: Final = "[() => undefined, () => undefined]"
DRAG: Final = """
((canvas) => {
  const box = canvas.getBoundingClientRect();
  const at = (n) => ({ clientX: box.left + box.width * (0.5 + 0.3 * Math.sin(n / 9)), bubbles: true, pointerId: 1,
                       clientY: box.top + box.height * (0.5 + 0.3 * Math.cos(n / 7)) });
  canvas.setPointerCapture = () => undefined;
  return [() => { canvas.dispatchEvent(new PointerEvent("pointerdown", at(0))); }, (n) => {
    canvas.dispatchEvent(new PointerEvent("pointermove", at(n)));
    const wheel = { ...at(n), deltaY: n % 60 < 30 ? -60 : 60, cancelable: true };
    if (n % 10 === 0) canvas.dispatchEvent(new WheelEvent("wheel", wheel));
  }];
})(document.querySelector("canvas.traffic-canvas"))
"""
ALL: Final = "/console/traffic"
ONE: Final = f"{ALL}?edge=%3A{BUSY.replace('/', '%2F')}"
CASES: Final = {
    "left alone": (ALL, LOOK),
    "one chosen, its edges moving": (ONE, LOOK),
    "dragged and zoomed": (ALL, DRAG),
    "dragged and zoomed, edges moving": (ONE, DRAG),
}


class Frame(NamedTuple):
    """One frame. ``apart``: ms since the one before; ``script``: ms; ``news``: metrics came in just before."""

    apart: float
    script: float
    paints: int
    news: bool


class Browser:
    """A page of a Chromium, over its debugging protocol."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def call(self, method: str, **params: object) -> Mapping[str, Any]:
        """One command's result."""
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(ANSWER):
            while True:
                said: Mapping[str, Any] = json.loads(await self._socket.recv())
                if said.get("id") == number:
                    result: Mapping[str, Any] = said["result"]
                    return result

    async def value(self, expression: str) -> Any:  # noqa: ANN401 (whatever the page says)
        """What an expression comes to."""
        found = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is so."""
        for _ in range(int(PATIENCE / STEP)):
            if await self.value(expression):
                return
            await asyncio.sleep(STEP)
        sys.exit(f"the page did not come to {expression}")


async def measure(port: int, url: str, hands: str) -> list[Frame]:
    """Every frame of some seconds. ``hands``: what they do at first, and before each frame."""
    async with websockets.connect(await _page(port), max_size=None, open_timeout=ANSWER) as socket:
        page = Browser(socket)
        await page.call("Page.enable")
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=CLOCK)
        await page.call("Page.navigate", url=url)
        await page.until(f"document.querySelector('canvas.traffic-canvas')?.dataset.lines >= {EDGES}")
        await asyncio.sleep(SETTLED)
        return [Frame(*frame) for frame in json.loads(await page.value(f"{RECORD}(...{hands})"))]


async def _page(port: int) -> str:
    async with asyncio.timeout(ANSWER):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /json/list HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % port)
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        pages = json.loads(await reader.readexactly(int(size.partition(b":")[2])))
        writer.close()
    return str(next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"))


@contextmanager
def chromium(program: str) -> Iterator[int]:
    """One without a screen; the port on which it is told what to do."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        quiet, around = subprocess.DEVNULL, {**os.environ, "TMPDIR": profile}  # it leaves a folder where that is
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=around)  # noqa: S603 (Debian's browser, on a page of ours)
        try:
            told = Path(profile) / "DevToolsActivePort"
            wait_until(lambda: told.exists() and "\n" in told.read_text(), "Chromium listens")
            yield int(told.read_text().splitlines()[0])
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def look(program: str, url: str) -> dict[str, list[Frame]]:
    """Each case in a browser of its own."""
    frames = {}
    for name, (path, hands) in CASES.items():
        with chromium(program) as port:
            frames[name] = asyncio.run(measure(port, url + path, hands))
    return frames


def report(frames_by_name: Mapping[str, Sequence[Frame]]) -> None:
    """Print what was counted."""
    rows = dict(frames_by_name) | {
        f"{name}, metrics coming in": [f for f in all_ if f.news] for name, all_ in frames_by_name.items()
    }
    apart = {name: [frame.apart for frame in frames] for name, frames in rows.items() if frames}
    show("the map of 200 services", "ms from frame to frame", apart)
    show("95 of 100 frames are within", "ms", {name: [quantiles(ms, n=20)[-1]] for name, ms in apart.items()})
    show(
        "frames that came late", "% of all", {name: [_share(ms > LATE for ms in each)] for name, each in apart.items()}
    )
    show(
        "of which the page's script",
        "ms",
        {name: [frame.script for frame in frames] for name, frames in frames_by_name.items()},
    )
    paints = {name: [_share(frame.paints > 0 for frame in frames)] for name, frames in frames_by_name.items()}
    show("frames in which the map was painted", "% of all", paints)


def _share(of: Iterable[bool]) -> float:
    every = list(of)
    return 100 * sum(every) / len(every)


def main() -> None:
    """Fill a control plane and look at it."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        print("not measured: there is no Chromium here. `sudo apt-get install chromium` brings it")
        return
    with server("--runtime", "sim", "--dns-port", "0") as target:
        fill(target.client, city())
        report(look(program, f"http://127.0.0.1:{target.port}"))


if __name__ == "__main__":
    main()
