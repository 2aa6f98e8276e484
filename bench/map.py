"""How long a frame of the console's map takes with 200 services and 800 edges, while it is moved and zoomed.

Run by `make bench`, or by hand: `.venv/bin/python bench/map.py`. A city of services plays its traffic in the runtime
`sim`; Chromium without a screen opens the map, and a pointer drags and zooms it for some seconds. What is counted is
the time between two frames of the browser; at 60 a second that is 16.7 ms. No number here is a test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import websockets
from rig.city import fill
from rig.report import show
from rig.server import server

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
SIZE: Final = "1600,1000"
PATIENCE: Final = 120.0
LATE: Final = 1.5 * 1000 / 60
VIEWS: Final = {
    "all 200 services": "/console/traffic",
    "around one, its edges moving": "/console/traffic?namespace=shop&edge=%3A{box}",
}
DRAG: Final = """
(async () => {
  const canvas = document.querySelector("canvas.traffic-canvas");
  const box = canvas.getBoundingClientRect();
  const at = (n) => ({ clientX: box.left + box.width * (0.5 + 0.3 * Math.sin(n / 9)), bubbles: true, pointerId: 1,
                       clientY: box.top + box.height * (0.5 + 0.3 * Math.cos(n / 7)) });
  canvas.setPointerCapture = () => undefined;
  const frame = () => new Promise(requestAnimationFrame);
  const frames = [];
  await frame();
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(0)));
  let before = performance.now();
  for (let n = 0; n < 300; n += 1) {
    canvas.dispatchEvent(new PointerEvent("pointermove", at(n)));
    const wheel = { ...at(n), deltaY: n % 60 < 30 ? -60 : 60, cancelable: true };
    if (n % 10 === 0) canvas.dispatchEvent(new WheelEvent("wheel", wheel));
    await frame();
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  canvas.dispatchEvent(new PointerEvent("pointerup", at(300)));
  return JSON.stringify(frames);
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
        for _ in range(int(PATIENCE * 2)):
            if await self.value(expression):
                return
            await asyncio.sleep(0.5)
        sys.exit(f"the page never came to {expression}")


async def measure(port: int, url: str, path: str) -> list[float]:
    """Milliseconds from frame to frame."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /json/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    pages = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
    writer.close()
    address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
    async with websockets.connect(address, max_size=None) as socket:
        page = Browser(socket)
        await page.call("Page.enable")
        await page.call("Page.navigate", url=url + path)
        await page.until("document.querySelector('canvas.traffic-canvas')?.dataset.lines > 0")
        found: list[float] = json.loads(await page.value(DRAG))
        return found


def chromium(program: str, profile: Path) -> tuple[subprocess.Popen[bytes], int]:
    """One without a screen, and the port on which it is told what to do."""
    options = ("--headless=new", "--no-sandbox", "--remote-debugging-port=0", f"--window-size={SIZE}")
    command = [program, *options, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)  # noqa: S603 (Debian's browser, on a page of ours)
    for line in process.stderr or ():
        if b"DevTools listening on" in line:
            return process, int(line.split(b":")[-1].split(b"/")[0])
    sys.exit("Chromium did not start")


def main() -> None:
    """Fill, open, move, count."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        print("no Chromium here: `apt-get install chromium`")
        return
    with server("--runtime", "sim", "--dns-port", "0") as target, tempfile.TemporaryDirectory() as profile:
        fill(target.client)
        services = target.client("ecs").list_services(cluster="core", maxResults=1)["serviceArns"]
        browser, port = chromium(program, Path(profile))
        try:
            box, url = "%2F".join(services[0].split("/")[-2:]), f"http://127.0.0.1:{target.port}"
            times = {name: asyncio.run(measure(port, url, path.format(box=box))) for name, path in VIEWS.items()}
            show("the map, while it is moved", "ms from frame to frame", times)
            late = {name: [100 * sum(ms > LATE for ms in found) / len(found)] for name, found in times.items()}
            show("frames that came late", "% of all", late)
        finally:
            browser.terminate()
            browser.wait()


if __name__ == "__main__":
    main()
