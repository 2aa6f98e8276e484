"""Debian's Prometheus, scraping one installation every half second."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.installation import GRACE
from tests.e2e.ports import free_port
from tests.e2e.waiting import eventually

CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: moyai
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
  - job_name: mesh
    metrics_path: /metrics/mesh
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """A server on a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        binary = shutil.which("prometheus")
        if binary is None and shutil.which("apt-get") is None:
            pytest.skip("there is no Prometheus for this system")
        assert binary is not None, "run `make setup` as `make test` does: scripts/setup.sh --prometheus"
        (folder / "prometheus.yml").write_text(CONFIG.format(port=port))
        self._port = free_port()
        listen = f"--web.listen-address=127.0.0.1:{self._port}"
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", listen],
                stdout=log,
                stderr=log,
            )
        eventually(self._ready, "Prometheus is ready")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(GRACE)

    def ask(self, query: str) -> Mapping[str, float]:
        """The result of a query, by the label ``service`` (or ``job``, or nothing)."""
        result = json.loads(self._get(f"/api/v1/query?query={quote(query)}"))["data"]["result"]
        names = (one["metric"].get("service", one["metric"].get("job", "")) for one in result)
        return dict(zip(names, (float(one["value"][1]) for one in result), strict=True))

    def _ready(self) -> bool:
        try:
            return b"Ready" in self._get("/-/ready")
        except OSError:
            return False

    def _get(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=GRACE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()
