"""Other proxies in front of the same application, and the load that all of them get: nginx and wrk from Debian, and an
Envoy with nothing but what its documentation begins with.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from rig.tasks import processor_group

ENVOY: Final = Path(sys.executable).with_name("envoy")
_V3: Final = "type.googleapis.com/envoy.extensions"
_RETRIES: Final = {"retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"}
_NGINX: Final = """
daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  keepalive_requests 1000000000; {paths}
  {content}
}}
"""
_APPLICATION: Final = "access_log off; server {{ listen {port}; location / {{ return 200 '{body}'; }} }}"
_PROXY: Final = """
  access_log {folder}/access.log;
  upstream application {{ server {address}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen {http};
    listen {https} ssl;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
"""
_HAPROXY: Final = """
global
  nbthread 2
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option forwardfor
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend both
  bind *:{http}
  bind *:{https} ssl crt {folder}/haproxy.pem
  default_backend application
backend application
  http-reuse always
  server application {address}
"""
_ENTER: Final = 'echo $$ >"$0/cgroup.procs" && pid=$1 && shift && exec nsenter -t "$pid" -n "$@"'
_PATH: Final = "PATH=/usr/sbin:/usr/bin:/bin:/usr/local/bin"
_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Sample(NamedTuple):
    """What one run of wrk saw."""

    p50_ms: float
    requests: int
    rate: float


class Placement(NamedTuple):
    """Where a program runs: the network namespace of a process, and a cgroup for its share of the processors."""

    inside: int
    group: Path

    def command(self, *words: str) -> list[str]:
        """The command that runs another one there."""
        return ["sh", "-c", _ENTER, str(self.group), str(self.inside), "env", _PATH, *words]


@contextmanager
def placements(beside: int, *inside: int) -> Iterator[list[Placement]]:
    """A placement in the network namespace of each process, with a group as large as that of the task of ``beside``."""
    folder = processor_group(beside).parents[2]
    all_placements = [Placement(process, folder / f"bench-{process}") for process in inside]
    for placement in all_placements:
        placement.group.mkdir()
    try:
        yield all_placements
    finally:
        for placement in all_placements:
            placement.group.rmdir()


def available() -> bool:
    """Whether Debian's nginx and wrk are here; says so when they aren't."""
    is_here = all(shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin") for name in ("nginx", "wrk"))
    if not is_here:
        print("latency and CPU are left out: they need Debian's packages nginx-light and wrk")
    return is_here


def wrk(placement: Placement, url: str, connections: int, seconds: int) -> Sample:
    """Load on each connection that waits for its answer."""
    command = placement.command("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    if "Non-2xx" in text or re.search(r"(connect|read|write) [1-9]", text):
        sys.exit(text)
    p50 = re.search(r"50%\s+([\d.]+)(us|ms|s)", text)
    count, rate = re.search(r"(\d+) requests in", text), re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert p50 is not None  # noqa: S101
    assert count is not None  # noqa: S101
    assert rate is not None  # noqa: S101
    return Sample(float(p50[1]) * _UNITS[p50[2]], int(count[1]), float(rate[1]))


@contextmanager
def nginx_application(placement: Placement, folder: Path, port: int) -> Iterator[None]:
    """An nginx that answers with 1 KiB."""
    content = _APPLICATION.format(port=port, body="x" * 1024)
    with _nginx(placement, folder / "application", content, 1):
        yield


@contextmanager
def nginx_proxy(placement: Placement, folder: Path, address: str, http: int, https: int) -> Iterator[int]:
    """An nginx that forwards, with an access log; its process."""
    content = _PROXY.format(folder=folder, address=address, http=http, https=https)
    with _nginx(placement, folder / "proxy", content, 2) as process:
        yield process


@contextmanager
def haproxy(placement: Placement, folder: Path, address: str, http: int, https: int) -> Iterator[int | None]:
    """An HAProxy that forwards, with an access log; its process, or None where there is none."""
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/bin") is None:
        yield None
        return
    (folder / "haproxy.pem").write_bytes((folder / "chain.pem").read_bytes() + (folder / "key.pem").read_bytes())
    config = folder / "haproxy.cfg"
    config.write_text(_HAPROXY.format(folder=folder, address=address, http=http, https=https))
    with program(placement.command("haproxy", "-db", "-f", str(config)), folder / "haproxy.log") as process:
        yield process


@contextmanager
def untuned_envoy(placement: Placement, folder: Path, address: tuple[str, int], http: int, https: int) -> Iterator[int]:
    """An Envoy that forwards, with an access log, request ids, all statistics, retries and outlier detection."""
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_V3}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": f"{folder}/chain.pem"},
                        "private_key": {"filename": f"{folder}/key.pem"},
                    }
                ]
            },
        },
    }
    listeners = [_listener(folder, http, {}), _listener(folder, https, {"transport_socket": tls})]
    endpoint = {"endpoint": {"address": _address(*address)}}
    cluster = {
        "name": "application",
        "type": "STATIC",
        "outlier_detection": {},
        "load_assignment": {"cluster_name": "application", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {"listeners": listeners, "clusters": [cluster]}}))
    command = placement.command(str(ENVOY), "-c", str(config), "--concurrency", "2", "--disable-hot-restart")
    with program(command, folder / "envoy.log") as process:
        yield process


def _listener(folder: Path, port: int, more: dict[str, Any]) -> dict[str, Any]:
    log = {
        "name": "file",
        "typed_config": {
            "@type": f"{_V3}.access_loggers.file.v3.FileAccessLog",
            "path": str(folder / "envoy-access.log"),
        },
    }
    route = {"match": {"prefix": "/"}, "route": {"cluster": "application", "retry_policy": _RETRIES}}
    manager = {
        "@type": f"{_V3}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress_http",
        "access_log": [log],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_V3}.filters.http.router.v3.Router"}}
        ],
    }
    http = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {"address": _address("0.0.0.0", port), "filter_chains": [{"filters": [http], **more}]}  # noqa: S104


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


@contextmanager
def _nginx(placement: Placement, folder: Path, content: str, workers: int) -> Iterator[int]:
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, workers=workers, paths=paths, content=content))
    command = placement.command("nginx", "-c", str(config), "-e", str(folder / "error.log"))
    with program(command, folder / "nginx.log") as process:
        yield process


@contextmanager
def program(command: list[str], log: Path) -> Iterator[int]:
    """A program that runs until the end, with its output in a file; its process."""
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:  # noqa: S603
        try:
            yield process.pid
        finally:
            process.terminate()
