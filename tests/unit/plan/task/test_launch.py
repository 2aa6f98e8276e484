from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView, Offer, SeenName
from moyai.domain.ecs.account_setting import AccountSetting
from moyai.domain.ecs.environment import KeyValuePair
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import ContainerOverride, Task, TaskOverride, TaskStatus
from moyai.domain.ecs.task_definition import ContainerHealthCheck, PortMapping, UlimitDefinition
from moyai.domain.sandbox.network import AwsvpcNetwork, HostName, Intercept, SubnetAddress
from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.domain.sandbox.spec import Probe, Ulimit
from moyai.domain.sts.session import SessionRoot
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import DiscoveryServiceArn
from moyai.kernel.secret import Secret
from moyai.plan.network.published_ports import published_ports
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.plan.task.launch_interface import NoInterface
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.testing.world import SCOPE, Builder, container
from tests.unit.plan.nets import Nets
from tests.unit.plan.tasks import case_of, put

SUBNETS = tuple(s.id for s in default_vpc(SCOPE).subnets)
PUBLIC = AwsVpcConfiguration(SUBNETS[:1], assign_public_ip="ENABLED")


def new(build: Builder, batch=(), **request) -> Task:
    definition = request.pop("definition", None) or build.definition("web", container("web", port=8080))
    launch_request = LaunchRequest(build.cluster(), definition, "family:web", **request)
    return launch(build.world, launch_request, build.clock.now(), build.ids, batch)


def test_a_new_task_has_every_field():
    build = Builder()
    task = new(build, network=PUBLIC)
    assert re.fullmatch(r"arn:aws:ecs:us-east-1:123456789012:task/default/[0-9a-f]{32}", task.arn)
    assert task.arn.endswith(task.id)
    assert task.containers[0].arn.startswith(f"arn:aws:ecs:us-east-1:123456789012:container/default/{task.id}/")
    assert task.interface.address == "172.31.0.4"
    assert task.interface.private_dns_name == "ip-172-31-0-4.ec2.internal"
    assert re.fullmatch(r"127\.83\.[0-9]+\.[0-9]+", task.interface.public_address or "")
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", task.interface.mac)
    assert re.fullmatch(r"eni-[0-9a-f]{17}", task.interface.id)
    assert (task.version, task.last_status, task.platform_version) == (1, TaskStatus.PROVISIONING, "1.4.0")
    assert (task.cpu, task.memory, task.proxy, task.connect_attachment) == ("256", "512", None, None)


def test_a_task_in_an_ipv6_subnet_has_an_ipv6_address_unless_disabled():
    nets = Nets()
    nets.vpc("a", 1, ipv6=True)
    nets.subnet("old", "a", "10.1.2.0/24")
    first, second = nets.task("a"), nets.task("a")
    assert (first.interface.address, first.interface.ipv6_address) == ("10.1.1.4", "fd00::101:0:0:a01:104")
    assert second.interface.ipv6_address == "fd00::101:0:0:a01:105"
    assert nets.task("old").interface.ipv6_address is None
    network = sandbox_spec(nets.world, first, nets.world.task_definitions[first.task_definition]).network
    assert isinstance(network, AwsvpcNetwork)
    assert network.ipv6 == SubnetAddress("fd00::101:0:0:a01:104", "fd00:0:0:101::/64")
    nets.put(Put(AccountSetting(SCOPE, f"arn:aws:iam::{SCOPE.account}:root", "dualStackIPv6", "disabled")))
    assert nets.task("a").interface.ipv6_address is None


def test_a_task_with_a_view_has_a_proxy():
    build = Builder()
    task = new(build, view=ConnectView(build.namespace()))
    assert task.proxy is not None
    assert re.fullmatch(r"ecs-service-connect-[0-9a-z]{5}", task.proxy.name)
    assert task.connect_attachment is not None


def test_addresses_are_unique_in_the_world_and_in_a_batch():
    build = Builder()
    batch: list[Task] = []
    for _ in range(5):
        batch.append(new(build, batch, network=PUBLIC))
    build.book.apply([Put(t) for t in batch])
    batch.append(new(build, network=PUBLIC))
    assert len({t.interface.address for t in batch}) == 6
    assert len({t.interface.public_address for t in batch}) == 6


def test_an_address_is_not_reused_while_its_last_task_is_stored():
    build = Builder()
    first = new(build, network=PUBLIC)
    build.book.apply([Put(replace(first, last_status=TaskStatus.STOPPED))])
    assert new(build, network=PUBLIC).interface.address == "172.31.0.5"
    build.book.apply([Delete(Task, first.key)])
    assert new(build, network=PUBLIC).interface.address == first.interface.address


def test_a_missing_subnet_has_no_address():
    with pytest.raises(NoInterface) as exc_info:
        new(Builder(), network=AwsVpcConfiguration(subnets=()))
    assert exc_info.value.reason == "RESOURCE:ENI"


def test_a_group_is_spread_over_zones():
    build = Builder()
    batch: list[Task] = []
    for _ in range(3):
        batch.append(new(build, batch))
    assert len({t.availability_zone for t in batch}) == 3


def test_the_default_for_open_files_is_fargates():
    build = Builder()
    task = new(build)
    on_instance = replace(task, launch_type="EC2")
    case = case_of(build.world, task)
    assert container_spec(case, task.containers[0]).open_files == 65535
    assert container_spec(replace(case, task=on_instance), task.containers[0]).open_files is None


def test_a_containers_environment():
    build = Builder()
    changed_container = replace(
        container("web", ("serve",), port=8080),
        environment=(KeyValuePair("COLOR", "red"), KeyValuePair("SIZE", "1"), KeyValuePair("AWS_REGION", "mars")),
        health_check=ContainerHealthCheck(("CMD", "check"), retries=5),
        stop_timeout=7,
        memory=64,
        cpu=32,
        ulimits=(UlimitDefinition("nofile", 10, 20),),
    )
    definition = build.definition("web", changed_container)
    override = ContainerOverride("web", command=("other",), environment=(KeyValuePair("COLOR", "blue"),), memory=128)
    task = new(build, definition=definition, overrides=TaskOverride((override,)))
    spec = container_spec(case_of(build.world, task), task.containers[0])
    identity = runtime_id(task.containers[0].arn)
    assert re.fullmatch(rf"{task.id}-\d{{10}}", identity)
    assert (spec.command, spec.stop_timeout, spec.cpu_units, spec.memory.limit) == (("other",), 7, 32, 128)
    assert spec.probe == Probe(("CMD", "check"), interval=30, timeout=5, retries=5, start_period=0)
    assert (spec.ulimits, spec.open_files) == ((Ulimit("nofile", 10, 20),), 65535)
    assert spec.environment == {
        "COLOR": "blue",
        "SIZE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": "mars",
        "ECS_AGENT_URI": f"http://169.254.170.2/api/{identity}",
        "ECS_CONTAINER_METADATA_URI": f"http://169.254.170.2/v3/{identity}",
        "ECS_CONTAINER_METADATA_URI_V4": f"http://169.254.170.2/v4/{identity}",
    }


def test_an_empty_command_and_entry_point_are_those_of_the_image():
    build = Builder()
    definition = build.definition("web", replace(container("web"), entry_point=(), command=()))
    override = TaskOverride((ContainerOverride("web", command=()),))
    task = new(build, definition=definition, overrides=override)
    spec = container_spec(case_of(build.world, task), task.containers[0])
    assert (spec.entry_point, spec.command) == (None, None)


def test_names_and_interception_follow_the_view():
    build = Builder()
    target = DiscoveryServiceArn("arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1")
    view = ConnectView(
        build.namespace(),
        names=(SeenName("back", 80, "127.255.0.1", target), SeenName("back", 81, "127.255.0.1", target)),
        offers=(Offer(target, "web", 8080), Offer(target, "admin", 9000, ingress_port=9001)),
    )
    ports = (PortMapping(8080, name="web"), PortMapping(15000, name="other"))
    definition = build.definition("web", replace(container("web"), port_mappings=ports))
    task = new(build, definition=definition, view=view)
    spec = sandbox_spec(build.world, task, definition)
    assert spec.hosts == (
        HostName("127.0.0.1", "localhost"),
        HostName("172.31.0.4", "ip-172-31-0-4.ec2.internal"),
        HostName("127.255.0.1", "back"),
    )
    assert spec.intercept == Intercept(
        "127.255.0.0/16", egress_port=15002, ingress_port=15001, inbound_ports=(8080,), opened_ports=(9001,)
    )
    assert (spec.cpu_units, spec.memory_mib) == (256, 512)
    network = spec.network
    assert isinstance(network, AwsvpcNetwork)
    assert (network.vpc_cidr, network.subnet_cidr) == ("172.31.0.0/16", "172.31.0.0/20")


@pytest.mark.parametrize(
    ("status", "answers"),
    [
        (TaskStatus.PROVISIONING, False),
        (TaskStatus.RUNNING, True),
        (TaskStatus.STOPPING, True),
        (TaskStatus.STOPPED, False),
    ],
)
def test_public_ports_are_published_while_the_sandbox_exists(status, answers):
    build = Builder()
    task = new(build, network=PUBLIC)
    build.book.apply([Put(task)])
    put(build, task.arn, last_status=status)
    port = PublishedPort(task.id, task.interface.public_address or "", task.interface.vpc, "172.31.0.4", 8080)
    assert published_ports(build.world) == ((port,) if answers else ())


def test_a_task_is_in_the_zone_and_vpc_of_its_subnet():
    nets = Nets()
    nets.vpc("a", 1)
    nets.put(Put(replace(nets.subnet("far", "a", "10.1.2.0/24"), zone="us-east-1c")))
    task = nets.task("far")
    assert (task.availability_zone, task.interface.vpc, task.interface.address) == ("us-east-1c", "vpc-a", "10.1.2.4")
    assert task.interface.private_dns_name == "ip-10-1-2-4.ec2.internal"
    assert task.interface.security_groups == ("sg-a",)
    spec = sandbox_spec(nets.world, task, nets.world.task_definitions[task.task_definition])
    network = spec.network
    assert isinstance(network, AwsvpcNetwork)
    assert (network.vpc, network.vpc_cidr, network.subnet_cidr) == (
        "vpc-a",
        "10.1.0.0/16",
        "10.1.2.0/24",
    )


def test_a_nat_gateways_address_is_not_assigned():
    nets = Nets()
    nets.vpc("a", 1)
    nets.nat("a", "a")
    gateway = nets.world.nat_gateways["nat-a"]
    nets.put(Put(replace(gateway, address="10.1.1.4")))
    assert nets.task("a").interface.address == "10.1.1.5"


def test_a_deleted_subnet_or_group_gives_no_interface():
    nets = Nets()
    nets.vpc("a", 1)
    nets.group("web", "a")
    nets.build.book.apply([Delete(SecurityGroup, "sg-web")])
    with pytest.raises(NoInterface, match="sg-web"):
        nets.task("a", "web")
    scope = nets.world.subnets["subnet-a"]
    nets.build.book.apply([Delete(Subnet, scope.id)])
    with pytest.raises(NoInterface):
        new(nets.build, network=AwsVpcConfiguration(subnets=(scope.id,)))


@pytest.mark.parametrize(
    ("role", "variables", "endpoint"),
    [
        ("arn:aws:iam::123456789012:role/app", {}, "http://169.254.170.2:4566"),
        (None, {}, None),
        ("arn:aws:iam::123456789012:role/app", {"AWS_ENDPOINT_URL": "http://other"}, "http://other"),
        ("arn:aws:iam::123456789012:role/app", {"AWS_ACCESS_KEY_ID": "AKIA"}, None),
    ],
    ids=["a role", "no role", "another endpoint", "keys of its own"],
)
def test_a_container_with_the_keys_of_a_role_knows_the_endpoint(role, variables, endpoint):
    build = Builder()
    build.book.apply([Put(SessionRoot(Secret("0" * 64)))])
    pairs = tuple(KeyValuePair(name, value) for name, value in variables.items())
    web = replace(container("web", ("serve",), port=8080), environment=pairs)
    definition = replace(build.definition("web", web), task_role_arn=role)
    build.book.apply([Put(definition)])
    task = new(build, definition=definition)
    environment = container_spec(case_of(build.world, task), task.containers[0]).environment
    assert environment.get("AWS_ENDPOINT_URL") == endpoint
    assert environment["AWS_REGION"] == "us-east-1"
