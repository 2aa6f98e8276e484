"""The control plane's resolvers: they follow the store, and answer this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from moyai.app.adapters import name_servers
from moyai.app.adapters.name_servers import NameServers, host_resolvers
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.world import Delete, Put
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from tests.unit.dns.cloud import TTL, instance, lines, namespace, service

HOST = "127.0.0.1"
SHOP = namespace("shop.local")
WEB = service("web", SHOP)
QUERY = dns.message.make_query("web.shop.local", "A")


@contextlib.asynccontextmanager
async def running(store, port=0):
    names = NameServers(store, SimRuntime(ManualClock()), port, ())
    work = asyncio.create_task(names.run())
    try:
        yield names
    finally:
        work.cancel()
        await asyncio.wait({work})
        await names.close()


async def ask(names):
    """The answer, as soon as a server answers at all."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(dns.exception.Timeout, OSError):
                return await dns.asyncquery.udp(QUERY, HOST, port=names.host_port or 0, timeout=0.2)


async def test_acknowledged_instances_are_answered_at_once():
    store = MemoryStore([SHOP, WEB])
    async with running(store) as names:
        assert (await ask(names)).rcode() == dns.rcode.NXDOMAIN
        for number in range(1, 20):
            store.apply([Put(instance(WEB, "i", INSTANCE_IPV4=f"10.0.0.{number}"))])
            await store.durable()
            assert list(lines(await ask(names))) == [f"web.shop.local. {TTL} A 10.0.0.{number}"]
        store.apply([Delete(DiscoveryInstance, instance(WEB, "i").key)])
        assert (await ask(names)).rcode() == dns.rcode.NXDOMAIN


async def test_names_are_answered_over_tcp():
    async with running(MemoryStore([SHOP, WEB])) as names:
        await ask(names)
        assert (await dns.asyncquery.tcp(QUERY, HOST, port=names.host_port, timeout=60)).rcode() == dns.rcode.NXDOMAIN


async def test_a_restarted_server_knows_only_current_records():
    store = MemoryStore([SHOP, WEB, instance(WEB, "i", INSTANCE_IPV4="10.0.0.1")])
    async with running(store) as names:
        assert len((await ask(names)).answer) == 1
        await names.close()
        assert names.host_port is None
        store.apply([Delete(type(record), record.key) for record in tuple(store.world.records())])
        again = asyncio.create_task(names.run())
        assert (await ask(names)).rcode() == dns.rcode.SERVFAIL
        again.cancel()
        await asyncio.wait({again})


async def test_an_occupied_port_is_reported_and_left_alone(caplog):
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        async with running(MemoryStore([SHOP]), port) as names, asyncio.timeout(30):
            while "this machine can't ask" not in caplog.text:  # noqa: ASYNC110 (a log notifies nobody)
                await asyncio.sleep(0)
        assert str(port) in caplog.text
        assert names.host_port is None


@pytest.mark.parametrize(
    ("resolv_conf", "behind_stub", "servers"),
    [
        pytest.param("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", None, ["192.0.2.1", "192.0.2.2"], id="as it says"),
        pytest.param("nameserver 127.0.0.53\n", "nameserver 192.0.2.3\n", ["192.0.2.3"], id="behind systemd's stub"),
        pytest.param("nameserver 127.0.0.53\n", None, ["127.0.0.53"], id="the stub, where nothing else is known"),
        pytest.param("search example.com\n", None, [], id="nobody"),
        pytest.param(
            "# nameserver 192.0.2.1\nnameserver\nnameserver host\n nameserver  2001:db8::1 # ours\n",
            None,
            ["2001:db8::1"],
            id="nothing but addresses",
        ),
        pytest.param(None, None, [], id="no file"),
    ],
)
def test_upstream_servers_are_read_from_resolv_conf(tmp_path, monkeypatch, resolv_conf, behind_stub, servers):
    for name, text in (("_RESOLV_CONF", resolv_conf), ("_BEHIND_STUB", behind_stub)):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(name_servers, name, path)
    assert list(host_resolvers()) == servers
