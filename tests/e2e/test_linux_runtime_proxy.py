"""A task's Envoy: its rights, its files, and its connection to the control plane's socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import ProxySpec
from moyai.domain.sandbox.state import Health
from moyai.runtime.linux.launch.monitors import read_record
from moyai.runtime.linux.tasks.user_ids import first_id
from tests.contract.runtime.adapters import RUNS, TASK, LinuxAdapter, container_state, sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.root]

HTTP2 = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def talking_proxy() -> ProxySpec:
    """An Envoy that asks the control plane for its clusters."""
    xds = {
        "name": "xds",
        "type": "STATIC",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": HTTP2,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "xds",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": "{xds}"}}}}]}],
        },
    }
    service = {"envoy_grpc": {"cluster_name": "xds"}}
    bootstrap = {
        "node": {"id": TASK, "cluster": "test"},
        "admin": {"address": {"pipe": {"path": "{run}/admin.sock"}}},
        "static_resources": {"clusters": [xds]},
        "dynamic_resources": {
            "ads_config": {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [service]},
            "cds_config": {"ads": {}, "resource_api_version": "V3"},
        },
    }
    return ProxySpec(TASK, "proxy", json.dumps(bootstrap).encode(), stop_timeout=1)


async def wait_for_call(path: Path) -> None:
    """Listen where proxies call, as the control plane does, until one has called."""
    seen = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set()
        writer.close()

    server = await asyncio.start_unix_server(answer, path)
    os.chown(path, 0, 20000)
    os.chmod(path, 0o660)  # noqa: PTH101 - Path's would block the loop, says ruff
    try:
        async with asyncio.timeout(30):
            await seen.wait()
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):  # from Python 3.13 on the server has done it
            os.unlink(path)  # noqa: PTH108


async def test_a_proxy_reconnects_to_a_new_socket_of_the_control_plane(linux):
    await linux.runtime.prepare(sandbox())
    await linux.runtime.start_proxy(talking_proxy())
    await wait_for_call(linux.state / "run/xds.sock")
    await wait_for_call(linux.state / "run/xds.sock")


async def start_live_proxy(linux: LinuxAdapter) -> int:
    """Start a proxy, wait until it is live; its pid."""
    await linux.runtime.prepare(sandbox())
    bare = {"node": {"id": TASK, "cluster": "test"}, "admin": {"address": {"pipe": {"path": "{run}/admin.sock"}}}}
    await linux.runtime.start_proxy(ProxySpec(TASK, "proxy", json.dumps(bare).encode(), stop_timeout=1))

    async def healthy() -> bool:
        return (await container_state(linux.runtime, TASK, "proxy")).health is Health.HEALTHY

    await linux.until(healthy)
    kept = read_record(linux.state / "run/tasks" / TASK / "containers/proxy")
    assert kept is not None
    return kept.init


async def test_a_proxy_is_unprivileged_and_sees_nothing_of_the_host(linux):
    proc = Path("/proc", str(await start_live_proxy(linux)))
    await asyncio.to_thread(_expect_nobody, proc, first_id(linux.state / "run/tasks" / TASK) + 20000)
    assert (linux.state / "run/tasks" / TASK / "proxy/bootstrap.json").stat().st_mode & 0o777 == 0o600


def _expect_nobody(proc: Path, user: int) -> None:
    status = dict(line.split(":\t") for line in proc.joinpath("status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split() == status["Gid"].split() == [str(user)] * 4
    assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    root = proc / "root"
    assert sorted(path.name for path in root.iterdir()) == [
        *["dev", "envoy", "lib", "lib64", "proc", "run", "sys", "usr"]
    ]
    for hidden in ("tasks", "netns", "gone", "gateway"):
        assert [*(root / "run/moyai" / hidden).iterdir()] == []


async def test_applications_cannot_reach_a_proxys_sockets(linux):
    await start_live_proxy(linux)
    container = linux.container(RUNS)
    await linux.runtime.start(container)
    kept = read_record(linux.state / "run/tasks" / TASK / "containers/app")
    assert kept is not None
    assert await asyncio.to_thread(os.listdir, f"/proc/{kept.init}/root{linux.state}") == []
