"""Whatever services come, change and go: an endpoint is one service's, and an address is one name's."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.ecs.service import ServiceStatus
from moyai.kernel.errors import ApiError
from tests.unit.api.ecs.client import EcsClient, connect, offer, service

NAMES = st.sampled_from(["a", "b", "c"])
ALIASES = st.none() | st.builds(
    lambda port, name: [{"port": port} | ({} if name is None else {"dnsName": name})],
    st.sampled_from([80, 8080]),
    st.none() | NAMES,
)
OFFERS = st.builds(lambda name, aliases: offer(discoveryName=name, clientAliases=aliases), NAMES, ALIASES)
STEPS = st.lists(
    st.tuples(st.sampled_from(["CreateService", "UpdateService", "DeleteService"]), NAMES, st.none() | OFFERS),
    max_size=12,
)


def _apply(bench: EcsClient, operation: str, name: str, asked: dict[str, object] | None) -> None:
    configuration = connect() if asked is None else connect(asked)
    params: dict[str, dict[str, object]] = {
        "CreateService": service(name, serviceConnectConfiguration=configuration),
        "UpdateService": {"service": name, "serviceConnectConfiguration": configuration},
        "DeleteService": {"service": name, "force": True},
    }
    try:
        bench.call(operation, **params[operation])
    except ApiError:
        return


@settings(max_examples=60)
@given(STEPS)
def test_endpoints_and_addresses_are_unique(steps):
    bench = EcsClient()
    bench.call("CreateCluster")
    bench.namespace()
    bench.definition()
    for step in steps:
        _apply(bench, *step)
        offered: list[tuple[str, int]] = []
        for each_service in bench.world.services:
            view = each_service.primary.view
            assert view is not None
            own = {o.discovery_service for o in view.offers}
            if each_service.status is ServiceStatus.ACTIVE:
                offered += [(n.dns_name, n.port) for n in view.names if n.target in own]
            addresses = {n.dns_name: n.address for n in view.names}
            assert len(set(addresses.values())) == len(addresses)
            assert all(n.address == addresses[n.dns_name] for n in view.names)
            assert own <= {n.target for n in view.names} <= set(bench.world.discovery_services.keys())
        assert len(offered) == len(set(offered))
