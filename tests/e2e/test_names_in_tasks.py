"""Inside a task names resolve: Cloud Map's by its VPC's resolver, with the C library's own means."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from moyai.app.adapters.name_servers import NameServers
from moyai.domain.ecs.task import Task
from moyai.domain.record import StoredRecord
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE, Builder
from tests.contract.runtime.adapters import LinuxAdapter
from tests.e2e.linux_tasks import run, shell
from tests.unit.dns.cloud import instance, namespace, service

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SHOP, ELSEWHERE = namespace("shop.local", vpc=default_vpc(SCOPE).id), namespace("private.local")
WEB, JOB, HIDDEN = service("web", SHOP), service("job", SHOP, "SRV"), service("web", ELSEWHERE)
RECORDS: list[StoredRecord] = [
    *(SHOP, ELSEWHERE, WEB, JOB, HIDDEN),
    instance(WEB, "i", INSTANCE_IPV4="10.0.0.1"),
    instance(HIDDEN, "i", INSTANCE_IPV4="10.0.0.2"),
    *(instance(JOB, f"{n:060}", INSTANCE_IPV4=f"10.0.1.{n}", INSTANCE_PORT=80) for n in range(8)),
]
ADDRESS = """
import socket, sys
try:
    print(sorted({entry[4][0] for entry in socket.getaddrinfo(sys.argv[1], 80)}))
except OSError as error:
    print(error)
"""

WHO = """
import socket, sys
print(socket.gethostbyaddr(sys.argv[1])[0])
"""


@contextlib.asynccontextmanager
async def names_of(place: LinuxAdapter, store: MemoryStore):
    """The VPCs' resolvers, as the control plane runs them."""
    names = NameServers(store, place.runtime, 0, ())
    work = asyncio.create_task(names.run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait({work})
        await names.close()


@contextlib.asynccontextmanager
async def task_with_names(linux: LinuxAdapter) -> AsyncIterator[tuple[MemoryStore, Task]]:
    """A store with RECORDS, and a task whose sandbox is there; the resolvers of its VPC answer."""
    store = MemoryStore(RECORDS)
    build = Builder(store)
    definition = build.definition("client")
    task = store.world.tasks[build.run(definition)]
    async with names_of(linux, store):
        await linux.runtime.prepare(sandbox_spec(store.world, task, definition))
        yield store, task


async def test_a_task_resolves_the_names_of_its_vpc_and_no_others(linux):
    async with task_with_names(linux) as (store, task):

        async def ask(number: int, *command: str) -> str:
            _, lines = await run(linux, shell("", name=f"ask-{number}", task=task.id, command=command))
            return "\n".join(lines)

        python = ("python3", "-c")
        assert await ask(1, *python, ADDRESS, "web.shop.local") == "['10.0.0.1']"
        assert await ask(2, *python, ADDRESS, "WEB.shop.local.") == "['10.0.0.1']"
        assert "not known" in await ask(3, *python, ADDRESS, "no.shop.local")
        assert "10.0.0.2" not in await ask(4, *python, ADDRESS, "web.private.local")
        assert await ask(5, *python, ADDRESS, task.interface.private_dns_name) == f"['{task.interface.address}']"
        assert await ask(8, *python, ADDRESS, "ip-172-31-9-9") == "['172.31.9.9']"
        assert await ask(9, *python, WHO, "172.31.9.9") == "ip-172-31-9-9.ec2.internal"
        store.apply([Put(instance(WEB, "j", INSTANCE_IPV4="10.0.0.9"))])
        assert await ask(6, *python, ADDRESS, "web.shop.local") == "['10.0.0.1', '10.0.0.9']"
        assert await ask(7, "cat", "/etc/resolv.conf") == (
            "nameserver 172.31.0.2\nsearch ec2.internal\noptions attempts:2 timeout:2"
        )


ALL_OF_IT = """
import socket, struct
question = b'\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3job\\4shop\\5local\\0\\0\\x21\\0\\1'
for address in ('172.31.0.2', '169.254.169.253'):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(question, (address, 53))
        said = sock.recv(4096)
        print('cut' if said[2] & 2 else 'whole', len(said) <= 512)
    with socket.create_connection((address, 53), timeout=10) as sock:
        sock.sendall(struct.pack('!H', len(question)) + question)
        said = sock.makefile('rb').read(2 + 8)
        print('cut' if said[4] & 2 else 'whole', said[9])
"""


async def test_both_resolver_addresses_answer_over_udp_and_tcp(linux):
    async with task_with_names(linux) as (_, task):
        asking = shell("", task=task.id, command=("python3", "-c", ALL_OF_IT))
        assert (await run(linux, asking))[1] == ["cut True", "whole 8"] * 2
