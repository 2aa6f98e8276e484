"""Network ACLs hold at the borders of subnets: packets of a connection, and responses to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.network_spec import AclRule, NetworkSpec, SubnetAcl
from tests.contract.runtime.adapters import OTHER, TASK, network_of, sandbox
from tests.e2e.test_linux_runtime_network import ask, serve

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NEAR = "172.31.0.0/20"
ALL = "0.0.0.0/0"
EVERYTHING = (AclRule(allow=True, protocol="-1", cidr=ALL),)


def ports(first: int, last: int) -> AclRule:
    return AclRule(allow=True, protocol="6", cidr="172.31.16.0/20", from_port=first, to_port=last)


def with_acl(spec: NetworkSpec, *acls: SubnetAcl) -> NetworkSpec:
    return replace(spec, vpcs=tuple(replace(vpc, acls=acls) for vpc in spec.vpcs))


async def test_acls_stop_packets_at_the_border_of_a_subnet(linux):
    near, far = sandbox(1), sandbox(2)
    far = replace(far, network=replace(far.network, subnet_cidr="172.31.16.0/20", address="172.31.16.12"))
    spec = network_of(near, far)
    await linux.runtime.apply_network(with_acl(spec, SubnetAcl((NEAR,), (ports(8080, 8080),), EVERYTHING)))
    for one in (near, far):
        await linux.runtime.prepare(one)
    await serve(linux, TASK, 8080, 8081)
    assert await ask(linux, OTHER, "172.31.0.11", 8080) == "8080"
    assert await ask(linux, OTHER, "172.31.0.11", 8081) == "TimeoutError"
    await linux.runtime.apply_network(with_acl(spec, SubnetAcl((NEAR,), (ports(8080, 8081),))))
    assert await ask(linux, OTHER, "172.31.0.11", 8081, time=2) == "TimeoutError", "no response leaves the subnet"
    await linux.runtime.apply_network(spec)
    assert await ask(linux, OTHER, "172.31.0.11", 8081, time=3) == "8081"
