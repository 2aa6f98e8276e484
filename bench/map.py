"""How long a frame of the console's map takes with 200 services and 800 edges, while it is moved and zoomed.

Run by `make bench`, or by hand: `.venv/bin/python bench/map.py`. A city of services plays its traffic in the runtime
`sim`; Chromium without a screen opens the map, and a pointer drags and zooms it for some seconds. Counted are the time
between two frames of the browser, at 60 a second 16.7 ms, and how much of it the page's own drawing takes. Here a
processor paints what elsewhere a graphics card does. Every wait has an end. No number here is a test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import websockets
from rig.city import city, fill
from rig.report import show
from rig.server import server, wait_until

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
VIEWS: Final = {
    "all 200 services": ("/console/traffic", EDGES),
    "around one, its edges moving": ("/console/traffic?namespace=shop&edge=%3A{box}", 1),
}
CLOCK: Final = """
(() => {
  const real = window.requestAnimationFrame.bind(window);
  window.drawing = 0;
  window.requestAnimationFrame = (paint) => real((now) => {
    const before = performance.now();
    paint(now);
    window.drawing += performance.now() - before;
  });
})()
"""
DRAG: Final = """
(async () => {
  const canvas = document.querySelector("canvas.traffic-canvas");
  const box = canvas.getBoundingClientRect();
  const at = (n) => ({ clientX: box.left + box.width * (0.5 + 0.3 * Math.sin(n / 9)), bubbles: true, pointerId: 1,
                       clientY: box.top + box.height * (0.5 + 0.3 * Math.cos(n / 7)) });
  canvas.setPointerCapture = () => undefined;
  const frame = () => new Promise((next) => { requestAnimationFrame(() => { next(); }); });
  const [apart, drawing] = [[], []];
  await frame();
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(0)));
  let [before, drawn] = [performance.now(), window.drawing];
  const end = before + 6000;
  for (let n = 0; n < 300 && before < end; n += 1) {
    canvas.dispatchEvent(new PointerEvent("pointermove", at(n)));
    const wheel = { ...at(n), deltaY: n % 60 < 30 ? -60 : 60, cancelable: true };
    if (n % 10 === 0) canvas.dispatchEvent(new WheelEvent("wheel", wheel));
    await frame();
    const now = performance.now();
    apart.push(now - before);
    drawing.push(window.drawing - drawn);
    [before, drawn] = [now, window.drawing];
  }
  canvas.dispatchEvent(new PointerEvent("pointerup", at(300)));
  return JSON.stringify([apart, drawing]);
})()
"""


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


async def measure(port: int, url: str, lines: int) -> tuple[list[float], list[float]]:
    """Milliseconds from frame to frame, and of each how many the page's script drew."""
    async with websockets.connect(await _page(port), max_size=None, open_timeout=ANSWER) as socket:
        page = Browser(socket)
        await page.call("Page.enable")
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=CLOCK)
        await page.call("Page.navigate", url=url)
        await page.until(f"document.querySelector('canvas.traffic-canvas')?.dataset.lines >= {lines}")
        apart, drawing = json.loads(await page.value(DRAG))
        return apart, drawing


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
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603 (Debian's browser, on a page of ours)
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


def report(program: str, url: str) -> None:
    """Open, move, count."""
    shop = next(service for service in city() if service.namespace == "shop" and len(service.calls) > 1)
    apart, drawing = {}, {}
    for name, (path, lines) in VIEWS.items():
        with chromium(program) as port:
            address = url + path.format(box=f"{shop.cluster}%2F{shop.name}")
            apart[name], drawing[name] = asyncio.run(measure(port, address, lines))
    show("the map, while it is moved", "ms from frame to frame", apart)
    show("of which the page's script", "ms", drawing)
    late = {name: [100 * sum(ms > LATE for ms in found) / len(found)] for name, found in apart.items()}
    show("frames that came late", "% of all", late)


def main() -> None:
    """Fill a control plane and look at it."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        print("not measured: there is no Chromium here. `sudo apt-get install chromium` brings it")
        return
    with server("--runtime", "sim", "--dns-port", "0") as target:
        fill(target.client)
        report(program, f"http://127.0.0.1:{target.port}")


if __name__ == "__main__":
    main()
