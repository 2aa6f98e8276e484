"""Pairs of forwarders: one beside the caller, one beside the application, as a mesh has them. nginx and HAProxy from
Debian, and Envoys with what their documentation begins with.

Each program listens for every protocol, in plain text and for its peer with TLS. What ``ports`` returns is where the
caller's one listens. Retries are off in all of them, and HAProxy and nginx write no access log; the Envoys do.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from rig.peers import ENVOY, Placement, program

PROTOCOLS: Final = ("HTTP/1.1", "HTTP/2", "gRPC", "TCP")
_V3: Final = "type.googleapis.com/envoy.extensions"
_HTTP2: Final = ("HTTP/2", "gRPC")
_TLS_OFFSET, _FAR_OFFSET = 10, 100
_NGINX: Final = """
{modules}
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; {paths}
  {http}
}}
stream {{
  {stream}
}}
"""
_MODULES: Final = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


class Hop(NamedTuple):
    """A listener of a forwarder. ``to``: the address and port to which it forwards."""

    protocol: str
    port: int
    to: tuple[str, int]
    accepts_tls: bool = False
    connects_with_tls: bool = False


class Pair(NamedTuple):
    """The processes of both forwarders, and the ports of the caller's one by protocol and whether TLS is between."""

    processes: tuple[int, ...]
    ports: dict[tuple[str, bool], int]


class Ends(NamedTuple):
    """Where the two forwarders of a pair run, the address at which the far one is reached, and the application's port
    of each protocol. ``folder`` has a certificate and its key.
    """

    near: Placement
    far: Placement
    far_address: str
    application: dict[str, int]
    folder: Path


@contextmanager
def nginx_pair(ends: Ends) -> Iterator[Pair | None]:
    """A pair of nginx; it speaks HTTP/1.1 to the next one where the caller speaks HTTP/2. None where there is none."""
    if shutil.which("nginx", path="/usr/sbin:/usr/bin") is None or not _MODULES.exists():
        yield None
        return
    with _pair(ends, 9200, _nginx) as pair:
        yield pair


@contextmanager
def haproxy_pair(ends: Ends) -> Iterator[Pair | None]:
    """A pair of HAProxies; None where there is none."""
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None:
        yield None
        return
    with _pair(ends, 9400, _haproxy) as pair:
        yield pair


@contextmanager
def envoy_pair(ends: Ends) -> Iterator[Pair]:
    """A pair of Envoys with access logs, request ids, all statistics and outlier detection."""
    with _pair(ends, 9600, _envoy) as pair:
        yield pair


def _hops(ends: Ends, base: int) -> tuple[list[Hop], list[Hop]]:
    """The listeners of the near forwarder, and those of the far one."""
    near, far = [], []
    for number, protocol in enumerate(PROTOCOLS):
        for tls in (False, True):
            port = base + number + (_TLS_OFFSET if tls else 0)
            near.append(Hop(protocol, port, (ends.far_address, port + _FAR_OFFSET), connects_with_tls=tls))
            to = ("127.0.0.1", ends.application[protocol])
            far.append(Hop(protocol, port + _FAR_OFFSET, to, accepts_tls=tls))
    return near, far


@contextmanager
def _pair(ends: Ends, base: int, command: Any) -> Iterator[Pair]:  # noqa: ANN401 (a function of a folder and hops)
    near, far = _hops(ends, base)
    processes = []
    folders = [ends.folder / f"{base}-{name}" for name in ("near", "far")]
    for folder in folders:
        folder.mkdir()
        for file in ("chain.pem", "key.pem"):
            shutil.copy(ends.folder / file, folder)
    near_command, far_command = (command(folder, hops) for folder, hops in zip(folders, (near, far), strict=True))
    with (
        program(ends.far.command(*far_command), folders[1] / "output.log") as far_process,
        program(ends.near.command(*near_command), folders[0] / "output.log") as near_process,
    ):
        processes = [near_process, far_process]
        yield Pair(tuple(processes), {(hop.protocol, hop.connects_with_tls): hop.port for hop in near})


def _nginx(folder: Path, hops: list[Hop]) -> list[str]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    http = [_nginx_server(folder, hop) for hop in hops if hop.protocol != "TCP"]
    stream = [_nginx_server(folder, hop) for hop in hops if hop.protocol == "TCP"]
    modules = f"load_module {_MODULES};"
    text = _NGINX.format(folder=folder, modules=modules, paths=paths, http="\n".join(http), stream="\n".join(stream))
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def _nginx_server(folder: Path, hop: Hop) -> str:
    upstream = f"up{hop.port}"
    keepalive = "" if hop.protocol == "TCP" else "keepalive 256; keepalive_requests 1000000000;"
    tls = f"ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;" if hop.accepts_tls else ""
    listen = f"listen {hop.port}{' ssl' if hop.accepts_tls else ''}; {tls}"
    secure = "s" if hop.connects_with_tls else ""
    match hop.protocol:
        case "TCP":
            forward = f"proxy_pass {upstream};{' proxy_ssl on;' if secure else ''}"
        case "gRPC":
            forward = f"http2 on; location / {{ grpc_pass grpc{secure}://{upstream}; }}"
        case protocol:
            is_http2 = "http2 on;" if protocol == "HTTP/2" else ""
            one_version = 'proxy_http_version 1.1; proxy_set_header Connection "";'
            forward = f"{is_http2} location / {{ proxy_pass http{secure}://{upstream}; {one_version} }}"
    address, port = hop.to
    return f"upstream {upstream} {{ server {address}:{port}; {keepalive} }}\nserver {{ {listen} {forward} }}"


def _haproxy(folder: Path, hops: list[Hop]) -> list[str]:
    (folder / "both.pem").write_bytes((folder / "chain.pem").read_bytes() + (folder / "key.pem").read_bytes())
    lines = ["global", "  nbthread 2", "defaults", *(f"  timeout {of} 1m" for of in ("connect", "client", "server"))]
    for hop in hops:
        is_http2, address = hop.protocol in _HTTP2, f"{hop.to[0]}:{hop.to[1]}"
        bind = f"ssl crt {folder}/both.pem{' alpn h2' if is_http2 else ''}" if hop.accepts_tls else ""
        server = f"ssl verify none{' alpn h2' if is_http2 else ''}" if hop.connects_with_tls else ""
        proto = "proto h2" if is_http2 else ""
        lines += [
            f"listen l{hop.port}",
            f"  mode {'tcp' if hop.protocol == 'TCP' else 'http'}",
            f"  bind *:{hop.port} {bind or proto}",
            *(() if hop.protocol == "TCP" else ("  http-reuse always",)),
            f"  server next {address} {server or proto}",
        ]
    (folder / "haproxy.cfg").write_text("\n".join(lines) + "\n")
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


def _envoy(folder: Path, hops: list[Hop]) -> list[str]:
    resources = {
        "listeners": [_listener(folder, hop) for hop in hops],
        "clusters": [_cluster(hop) for hop in hops],
    }
    (folder / "envoy.json").write_text(json.dumps({"static_resources": resources}))
    return [str(ENVOY), "-c", str(folder / "envoy.json"), "--concurrency", "2", "--disable-hot-restart"]


def _listener(folder: Path, hop: Hop) -> dict[str, Any]:
    log = {"@type": f"{_V3}.access_loggers.file.v3.FileAccessLog", "path": str(folder / "access.log")}
    logs = [{"name": "file", "typed_config": log}]
    if hop.protocol == "TCP":
        name, kind = "envoy.filters.network.tcp_proxy", f"{_V3}.filters.network.tcp_proxy.v3.TcpProxy"
        config: dict[str, Any] = {"stat_prefix": "tcp", "cluster": str(hop.port), "access_log": logs}
    else:
        name = "envoy.filters.network.http_connection_manager"
        kind = f"{_V3}.filters.network.http_connection_manager.v3.HttpConnectionManager"
        router = {"@type": f"{_V3}.filters.http.router.v3.Router"}
        route = {"match": {"prefix": "/"}, "route": {"cluster": str(hop.port)}}
        config = {
            "stat_prefix": "ingress_http",
            "access_log": logs,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        }
    chain: dict[str, Any] = {"filters": [{"name": name, "typed_config": {"@type": kind, **config}}]}
    if hop.accepts_tls:
        files = {"certificate_chain": {"filename": f"{folder}/chain.pem"}}
        files["private_key"] = {"filename": f"{folder}/key.pem"}
        common: dict[str, Any] = {"tls_certificates": [files]}
        if hop.protocol in _HTTP2:
            common["alpn_protocols"] = ["h2"]
        chain["transport_socket"] = _tls("Downstream", common)
    return {"address": _address("0.0.0.0", hop.port), "filter_chains": [chain]}  # noqa: S104


def _cluster(hop: Hop) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(*hop.to)}}
    cluster: dict[str, Any] = {
        "name": str(hop.port),
        "type": "STATIC",
        "outlier_detection": {},
        "load_assignment": {"cluster_name": str(hop.port), "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if hop.protocol in _HTTP2:
        kind = f"{_V3}.upstreams.http.v3.HttpProtocolOptions"
        options = {"@type": kind, "explicit_http_config": {"http2_protocol_options": {}}}
        cluster["typed_extension_protocol_options"] = {f"{kind.removeprefix('type.googleapis.com/')}": options}
    if hop.connects_with_tls:
        cluster["transport_socket"] = _tls("Upstream", {})
    return cluster


def _tls(side: str, common: dict[str, Any]) -> dict[str, Any]:
    kind = f"{_V3}.transport_sockets.tls.v3.{side}TlsContext"
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": kind, "common_tls_context": common},
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
