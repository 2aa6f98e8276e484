"""A VPC with IPv6 in the real loops: everything that needs a task's address gets the right one."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudmap.service import INSTANCE_IPV6, DnsConfig, DnsRecord, RecordType
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.vpc import Ipv6Range
from moyai.domain.world import Put
from moyai.testing.world import SCOPE


async def test_both_addresses_of_a_task_are_in_the_network_and_in_dns_until_it_stops(installation):
    build, own = installation.build, default_vpc(SCOPE)
    vpc = replace(own.vpc, ipv6=Ipv6Range("vpc-cidr-assoc-1", "fd00::/56"))
    parts = (
        (subnet, Ipv6Range(f"subnet-cidr-assoc-{n}", f"fd00:0:0:{n}::/64")) for n, subnet in enumerate(own.subnets)
    )
    installation.store.apply(
        [*store_default_vpc(build.world, SCOPE), Put(vpc), *(Put(replace(one, ipv6=part)) for one, part in parts)]
    )
    service, registry = build.service("back", build.definition("back"), 3), build.registry("back", 10)
    discovery_service = build.world.discovery_services[registry.registry_arn]
    dns = DnsConfig((DnsRecord(RecordType.A, 10), DnsRecord(RecordType.AAAA, 10)))
    installation.store.apply([Put(replace(discovery_service, dns=dns))])
    build.discover(service, registry)
    await installation.steady(service)

    def addresses() -> set[str | None]:
        return {task.interface.ipv6_address for task in build.tasks(service)}

    def network_addresses() -> set[str | None]:
        return {
            interface.ipv6_address for vpc in installation.runtime.network_spec.vpcs for interface in vpc.interfaces
        }

    def registered_addresses() -> set[str | None]:
        return {
            discovery_instance.attributes.get(INSTANCE_IPV6) for discovery_instance in build.world.discovery_instances
        }

    assert len(addresses() - {None}) == 3
    assert addresses() == network_addresses() == registered_addresses()
    victim = build.tasks(service)[0]
    installation.runtime.end_container(victim.id, "app", 3)
    await installation.until(lambda: build.world.tasks[victim.arn].stopped)
    await installation.steady(service)
    await installation.until(lambda: addresses() == network_addresses() == registered_addresses())
    assert victim.interface.ipv6_address not in registered_addresses()
