"""moyai's networks in moto's tables, in regions that moto does not know, and accounts beyond those that it answers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.app.clock import SystemClock
from moyai.delegate.choice import Delegates
from moyai.delegate.embedded import EmbeddedServer
from moyai.delegate.moto_repairs import keep_target_groups
from moyai.delegate.network_tables import replace_networks
from moyai.delegate.networks import READER, NetworkGroup, Networks, NetworkSubnet, NetworkVpc
from moyai.delegate.settings import DelegateChoice
from moyai.domain.vpc.launch_template import LaunchTemplate, LaunchTemplateVersion
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, LaunchTemplateId, Region, VpcId
from moyai.kernel.scope import Scope
from moyai.ports.delegate import DelegatedRequest, NotDelegated
from moyai.store.memory import MemoryStore

SCOPE = Scope(AccountId("111122223333"), Region("eu-nowhere-1"))

pytest.importorskip("moto")
pytest.importorskip("flask_cors")


def test_a_subnet_is_in_the_zone_that_it_names(monkeypatch):
    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 (not installed everywhere)

    vpc = NetworkVpc("vpc-1", "10.0.0.0/16", is_default=True)
    subnets = (NetworkSubnet("subnet-1", "vpc-1", "10.0.1.0/24", "eu-nowhere-1z"),)
    group = NetworkGroup("sg-1", "vpc-1", "default", "default VPC security group")
    replace_networks(Networks(SCOPE, (vpc,), subnets, (group,)))
    default = ec2_backends[SCOPE.account][SCOPE.region].get_default_security_group()
    assert default is not None
    assert default.id == "sg-1"
    subnet = ec2_backends[SCOPE.account][SCOPE.region].get_subnet("subnet-1")
    assert subnet.availability_zone == "eu-nowhere-1z"


def test_requests_under_way_read_the_former_tables(monkeypatch):
    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 (not installed everywhere)

    networks = Networks(SCOPE, (NetworkVpc("vpc-1", "10.0.0.0/16", is_default=True),), (), ())
    replace_networks(networks)
    backend: Any = ec2_backends[SCOPE.account][SCOPE.region]
    names = ("vpcs", "subnets", "groups", "launch_templates", "launch_template_name_to_ids")
    former = {name: getattr(backend, name) for name in names}
    replace_networks(replace(networks, vpcs=()))
    assert list(former["vpcs"]) == ["vpc-1"]
    assert [name for name in names if getattr(backend, name) is former[name]] == []


async def test_accounts_beyond_the_most_are_refused(tmp_path):
    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    embedded = EmbeddedServer(tmp_path, SystemClock())
    delegates = Delegates(DelegateChoice(), embedded, MemoryStore(), most_scopes=1)
    async with await asyncio.start_unix_server(respond, embedded.address):
        request = DelegatedRequest("s3", SCOPE, "GET", "/", {"host": "localhost"}, None)
        assert [(await delegates.forward(request)).status for _ in range(2)] == [200, 200]
        other = Scope(AccountId("444455556666"), SCOPE.region)
        with pytest.raises(NotDelegated, match="until `moyai down`"):
            await delegates.forward(DelegatedRequest("s3", other, "GET", "/", {"host": "localhost"}, None))
        await delegates.close()


async def test_a_reset_leaves_the_requests_to_other_servers(tmp_path):
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        choice = DelegateChoice(urls={"sqs": f"http://127.0.0.1:{port}"})
        delegates = Delegates(choice, EmbeddedServer(tmp_path, SystemClock()), MemoryStore())
        request = DelegatedRequest("sqs", SCOPE, "GET", "/", {"host": "localhost"}, None)
        forwarding = asyncio.create_task(delegates.forward(request))
        await arrived.wait()
        await delegates.reset()
        go_on.set()
        assert (await forwarding).status == 200
        await delegates.close()


async def test_launch_templates_are_sent_before_services_that_look_them_up(tmp_path):
    sent: list[list[str]] = []

    async def respond(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("PUT "):
            length = next(int(line[16:]) for line in head.splitlines() if line.startswith("content-length: "))
            sent.append([template.name for template in READER.decode(await reader.readexactly(length)).templates])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def forward(service):
        await delegates.forward(DelegatedRequest(service, SCOPE, "GET", "/", {"host": "localhost"}, None))

    version = LaunchTemplateVersion(1, Instant(0.0), "me", {"image_id": "ami-1"})
    template = LaunchTemplate(LaunchTemplateId("lt-1"), SCOPE, "hosts", Instant(0.0), "me", (version,))
    store = MemoryStore()
    store.apply([Put(template)])
    embedded = EmbeddedServer(tmp_path, SystemClock())
    delegates = Delegates(DelegateChoice(), embedded, store)
    async with await asyncio.start_unix_server(respond, embedded.address):
        for service in ("lambda", "autoscaling", "rds", "batch"):
            await forward(service)
        assert sent == [[], ["hosts"]]
        store.apply([Put(replace(template, name="others"))])
        for service in ("lambda", "eks", "lambda"):
            await forward(service)
        assert sent == [[], ["hosts"], ["others"]]
        await delegates.close()


async def test_networks_arrive_in_the_order_of_their_changes(tmp_path):
    sent: list[int] = []
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def respond(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("PUT "):
            length = next(int(line[16:]) for line in head.splitlines() if line.startswith("content-length: "))
            networks = READER.decode(await reader.readexactly(length))
            if not arrived.is_set():
                arrived.set()
                await go_on.wait()
            sent.append(len(networks.vpcs))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    store, embedded = MemoryStore(), EmbeddedServer(tmp_path, SystemClock())
    delegates = Delegates(DelegateChoice(), embedded, store)
    request = DelegatedRequest("rds", SCOPE, "GET", "/", {"host": "localhost"}, None)
    async with await asyncio.start_unix_server(respond, embedded.address):
        first = asyncio.create_task(delegates.forward(request))
        await arrived.wait()
        store.apply([Put(Vpc(VpcId("vpc-2"), SCOPE, "10.2.0.0/16"))])
        second = asyncio.create_task(delegates.forward(request))
        await asyncio.wait({second}, timeout=0.2)  # without the order it would be sent by now
        go_on.set()
        await asyncio.gather(first, second)
        assert sent == [1, 2]
        await delegates.close()


def test_a_group_keeps_target_groups_that_moto_does_not_have(monkeypatch):
    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    from moto.autoscaling.models import AutoScalingBackend  # noqa: PLC0415 (not installed everywhere)

    for name in ("update_attached_target_groups", "detach_load_balancer_target_groups"):
        monkeypatch.setattr(AutoScalingBackend, name, getattr(AutoScalingBackend, name))  # it is restored afterwards
    keep_target_groups()
    backend = AutoScalingBackend(SCOPE.region, SCOPE.account)
    group: Any = SimpleNamespace(target_group_arns=["arn:one"], instance_states=[])
    group.append_target_groups = group.target_group_arns.extend
    backend.autoscaling_groups["hosts"] = group
    backend.attach_load_balancer_target_groups("hosts", ["arn:two"])
    assert backend.describe_load_balancer_target_groups("hosts") == ["arn:one", "arn:two"]
    backend.detach_load_balancer_target_groups("hosts", ["arn:one"])
    assert backend.describe_load_balancer_target_groups("hosts") == ["arn:two"]
