"""The end of a gateway's update: when the front proxy has acknowledged it for each of the gateway's load balancers.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateGateway.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from moyai.domain.ecs.gateway import GatewayFailure, GatewayStatus, ServiceGateway
from moyai.domain.world import Put, World
from moyai.kernel.ids import LoadBalancerArn, VpcId


def finish_updates(
    world: World, vpc: VpcId, served: Collection[LoadBalancerArn], refused: Mapping[LoadBalancerArn, str]
) -> Iterator[Put]:
    """Changes of the VPC's gateways whose updates are under way. ``refused``: load balancers that can't be served as
    they are, with the reasons.
    """
    for gateway in world.service_gateways.by("vpc", vpc):
        if gateway.status is GatewayStatus.UPDATE_IN_PROGRESS:
            changed = _with_acknowledgements(world, gateway, served, refused)
            if changed != gateway:
                yield Put(changed)


def _with_acknowledgements(
    world: World,
    gateway: ServiceGateway,
    served: Collection[LoadBalancerArn],
    refused: Mapping[LoadBalancerArn, str],
) -> ServiceGateway:
    pending = [arn for arn in gateway.updating if arn in world.load_balancers and arn not in served]
    new_failures = (GatewayFailure(arn, refused[arn]) for arn in pending if arn in refused)
    failures = (*gateway.failures, *new_failures)
    updating = tuple(arn for arn in pending if arn not in refused)
    ended = GatewayStatus.UPDATE_FAILED if failures else GatewayStatus.UPDATE_COMPLETE
    status = GatewayStatus.UPDATE_IN_PROGRESS if updating else ended
    return replace(gateway, status=status, updating=updating, failures=failures)
