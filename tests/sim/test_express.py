"""Express services and gateways with simulated tasks and front proxies; the control plane dies after any action."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.api.ecs.express.requests import (
    ContainerRequest,
    CreateExpressGatewayServiceRequest,
    DeleteExpressGatewayServiceRequest,
    UpdateExpressGatewayServiceRequest,
)
from moyai.api.ecs.express.services import (
    create_express_gateway_service,
    delete_express_gateway_service,
    update_express_gateway_service,
)
from moyai.api.ecs.gateways.associations import (
    AssociationRequest,
    associate_gateway_with_cluster,
    disassociate_gateway_from_cluster,
)
from moyai.api.ecs.gateways.gateways import CreateGatewayRequest, UpdateGatewayRequest, create_gateway, update_gateway
from moyai.api.ecs.gateways.settings import (
    AlbRequest,
    ConfigurationRequest,
    UpdateAlbRequest,
    UpdateConfigurationRequest,
)
from moyai.api.ecs.services.requests import CreateServiceRequest, UpdateServiceRequest
from moyai.api.ecs.services.services import create_service, update_service
from moyai.api.operation import Context
from moyai.domain.ecs.gateway import GatewayConnector, GatewayStatus
from moyai.domain.ecs.ingress import RouteStatus
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.elb.front import front_sandbox
from moyai.domain.queries.ingress import route_status
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.ids import ServiceArn
from moyai.testing.world import NETWORK, SCOPE, container
from tests.sim.control import Installation

SEED = 11
ACTIONS = 120
STRIDE = 12
ROLE = "arn:aws:iam::123456789012:role/ecs"
WEB = ContainerRequest("moyai.local/host", 8080)
HOURS = 4 * 3600.0


def caller(installation: Installation) -> Context:
    """The caller of the API."""
    return Context(
        SCOPE,
        installation.clock.now(),
        installation.ids,
        installation.store,
        "arn:aws:iam::123456789012:root",
        "",
        "request",
    )


async def life_of_an_express_service(installation: Installation) -> None:
    """A service comes, is updated as a canary, and goes."""
    request = CreateExpressGatewayServiceRequest(
        infrastructure_role_arn=ROLE, execution_role_arn=ROLE, service_name="web", primary_container=WEB
    )
    create_express_gateway_service(caller(installation), request)
    [service] = installation.store.world.services
    await installation.until(lambda: is_deployed(installation, service.arn), HOURS)
    update_express_gateway_service(
        caller(installation), UpdateExpressGatewayServiceRequest(service_arn=service.arn, memory="1024")
    )
    await installation.until(
        lambda: installation.store.world.services[service.arn].primary.id != service.primary.id, HOURS
    )
    await installation.until(lambda: is_deployed(installation, service.arn), HOURS)
    delete_express_gateway_service(caller(installation), DeleteExpressGatewayServiceRequest(service.arn))
    await installation.until(
        lambda: installation.store.world.services[service.arn].status is ServiceStatus.INACTIVE, HOURS
    )


async def life_of_a_gateway(installation: Installation) -> None:
    """A service joins a gateway, which is updated and disassociated; a deployment leaves it."""
    definition = installation.build.definition("web", container("app", port=8080))
    installation.store.apply([Put(replace(definition, compatibilities=("FARGATE",)))])
    settings = ConfigurationRequest(AlbRequest())
    create_gateway(
        caller(installation), CreateGatewayRequest(name="edge", infrastructure_role_arn=ROLE, configuration=settings)
    )
    installation.build.cluster()
    associate_gateway_with_cluster(caller(installation), AssociationRequest("edge", "default"))
    request = CreateServiceRequest(
        service_name="web",
        task_definition="web",
        desired_count=1,
        launch_type="FARGATE",
        network_configuration=NETWORK,
        gateway_connectors=(GatewayConnector("app"),),
    )
    create_service(caller(installation), request)
    [service] = installation.store.world.services
    await installation.until(lambda: all_routes_are_active(installation), HOURS)
    await installation.until(lambda: is_deployed(installation, service.arn), HOURS)
    change = UpdateConfigurationRequest(UpdateAlbRequest(http_desync="strictest"))
    update_gateway(caller(installation), UpdateGatewayRequest(gateway="edge", configuration=change))
    await installation.until(
        lambda: [g.status for g in installation.store.world.service_gateways] == [GatewayStatus.UPDATE_COMPLETE], HOURS
    )
    disassociate_gateway_from_cluster(caller(installation), AssociationRequest("edge", "default"))
    update_service(caller(installation), UpdateServiceRequest(service="web", force_new_deployment=True))
    await installation.until(lambda: len(installation.store.world.gateway_associations) == 0, HOURS)


def is_deployed(installation: Installation, service: ServiceArn) -> bool:
    records = installation.store.world.service_deployments.by("service", service)
    return all(record.finished for record in records) and records[-1].status is ServiceDeploymentStatus.SUCCESSFUL


def all_routes_are_active(installation: Installation) -> bool:
    world = installation.store.world
    return {route_status(world, path) for path in world.ingress_paths} == {RouteStatus.ACTIVE}


def managed_records(installation: Installation) -> dict[str, int]:
    """How many records there are of what ECS manages."""
    world = installation.store.world
    elb = ("load_balancers", "listeners", "rules", "target_groups", "targets", "managed_certificates", "managed_keys")
    ecs = ("ingress_paths", "express_services", "scalable_targets", "scaling_policies", "log_groups")
    tables = (*elb, *ecs)
    return {name: count for name in tables if (count := len(getattr(world, name)))}


@pytest.mark.parametrize("life", [life_of_an_express_service, life_of_a_gateway])
@pytest.mark.parametrize("actions", range(0, ACTIONS, STRIDE))
async def test_a_control_plane_that_dies_leaves_nothing_behind(life, actions):
    installation = Installation(SEED)
    installation.start()
    installation.fuse.set(actions + 1)
    await life(installation)
    installation.fuse.mend()
    sandbox = front_sandbox(default_vpc(SCOPE).id)
    await installation.until(lambda: ("release", sandbox, "") in installation.runtime.history)
    await installation.clock.advance(60)
    assert managed_records(installation) == {}
    assert await installation.plans_left() == []
    await installation.crash()
