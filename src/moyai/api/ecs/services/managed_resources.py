"""The resources that ECS manages for a service revision, as DescribeServiceRevisions shows them.

Promise: a status is that of the resource's own record; a resource without a record is DELETED.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ECSManagedResources.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.acm.certificate import CertificateStatus
from moyai.domain.ecs.express import ExpressService
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.ecs.service_deployment import ServiceRevision
from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.keys import scope_of
from moyai.domain.logs.group import group_name
from moyai.domain.queries.ingress import route_status
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.world import World
from moyai.kernel.arn import arn
from moyai.kernel.ids import SecurityGroupId, TargetGroupArn
from moyai.plan.ingress.express import METRIC_NAMES

ACTIVE, PROVISIONING, DELETED, FAILED = "ACTIVE", "PROVISIONING", "DELETED", "FAILED"
_BALANCER_STATES: Final[Mapping[LoadBalancerState, str]] = MappingProxyType(
    {
        LoadBalancerState.PROVISIONING: PROVISIONING,
        LoadBalancerState.ACTIVE: ACTIVE,
        LoadBalancerState.ACTIVE_IMPAIRED: ACTIVE,
        LoadBalancerState.FAILED: FAILED,
    }
)
_CERTIFICATE_STATES: Final[Mapping[CertificateStatus, str]] = MappingProxyType(
    {
        CertificateStatus.PENDING_VALIDATION: PROVISIONING,
        CertificateStatus.ISSUED: ACTIVE,
        CertificateStatus.EXPIRED: FAILED,
        CertificateStatus.FAILED: FAILED,
    }
)


def managed_resources(world: World, revision: ServiceRevision) -> dict[str, object] | None:
    """The resources that ECS manages for the revision; None if there are none."""
    express = world.express_services.get(revision.service)
    paths = world.ingress_paths.by("service", revision.service)
    if express is None:
        connections = [_connection(world, path, revision) for path in paths if _connects(path, revision)]
        return {"gateway_connections": connections} if connections else None
    return {
        "ingress_paths": [_path(world, path) for path in paths],
        "auto_scaling": _scaling(world, express),
        "metric_alarms": [_state(express.alarm, express.updated_at, exists=express.alarm in world.alarms)],
        "service_security_groups": [_group(world, revision, express.security_group, express.updated_at)],
        "log_groups": _log_groups(world, express),
    }


def _connects(path: IngressPath, revision: ServiceRevision) -> bool:
    """Whether the path is one of the revision's connections to gateways."""
    return any(balancer.target_group_arn in path.target_groups for balancer in revision.deployment.connections)


def _connection(world: World, path: IngressPath, revision: ServiceRevision) -> dict[str, object]:
    balancers = revision.deployment.connections
    balancer = next(balancer for balancer in balancers if balancer.target_group_arn in path.target_groups)
    advanced = balancer.advanced_configuration
    group = arn("ec2", scope_of(path.service), f"security-group/{path.balancer_group}")
    resources = {
        "acm_certificate_arn": path.certificate,
        "load_balancer_arn": path.load_balancer,
        "load_balancer_security_group_arns": [group],
        "listener_arn": path.listener,
        "listener_rule_arn": path.rule,
        "test_listener_rule_arn": path.test_rule,
        "target_group_arn": balancer.target_group_arn,
        "alternate_target_group_arn": None if advanced is None else advanced.alternate_target_group_arn,
    }
    return {
        "gateway_arn": path.pool,
        "gateway_route_arn": path.route,
        "port_name": path.port_name,
        "service_url": path.url,
        "access_type": path.access,
        "status": route_status(world, path),
        "resources": {"host_shared_alb": [resources]},
    }


def _path(world: World, path: IngressPath) -> dict[str, object]:
    return {
        "access_type": path.access,
        "endpoint": path.url,
        "load_balancer": _balancer(world, path),
        "load_balancer_security_groups": [_group(world, path, path.balancer_group, path.created_at)],
        "certificate": _certificate(world, path),
        "listener": _state(path.listener, path.created_at, exists=path.listener in world.listeners),
        "rule": _state(path.rule, path.created_at, exists=path.rule in world.rules),
        "target_groups": [_target_group(world, path, group) for group in path.target_groups],
    }


def _state(key: str, updated_at: float, *, exists: bool, **more: object) -> dict[str, object]:
    return {"arn": key, "status": ACTIVE if exists else DELETED, "updated_at": updated_at, **more}


def _balancer(world: World, path: IngressPath) -> dict[str, object]:
    balancer = world.load_balancers.get(path.load_balancer)
    scheme = path.access.scheme
    if balancer is None:
        return _state(path.load_balancer, path.created_at, exists=False, scheme=scheme)
    return {
        "arn": balancer.arn,
        "status": _BALANCER_STATES[balancer.state],
        "status_reason": balancer.state_reason or None,
        "updated_at": balancer.created_at,
        "scheme": scheme,
        "subnet_ids": [node.subnet for node in balancer.nodes],
        "security_group_ids": balancer.security_groups,
    }


def _certificate(world: World, path: IngressPath) -> dict[str, object]:
    certificate = world.managed_certificates.get(path.certificate)
    status = DELETED if certificate is None else _CERTIFICATE_STATES[certificate.status]
    return {
        "arn": path.certificate,
        "status": status,
        "status_reason": None if certificate is None else certificate.failure,
        "updated_at": path.created_at,
        "domain_name": path.host,
    }


def _target_group(world: World, path: IngressPath, key: TargetGroupArn) -> dict[str, object]:
    group = world.target_groups.get(key)
    if group is None:
        members: dict[str, object] = {"health_check_path": "", "health_check_port": 0, "port": 0}
    else:
        check = group.health_check
        port = group.port if check.port is None else check.port
        members = {"health_check_path": check.path or "/", "health_check_port": port, "port": group.port}
    return _state(key, path.created_at, exists=group is not None, **members)


def _scaling(world: World, express: ExpressService) -> dict[str, object]:
    target, policy = world.scalable_targets.get(express.service), world.scaling_policies.get(express.policy)
    scaling = express.newest.scaling
    tracked = None if policy is None else policy.tracking
    return {
        "scalable_target": None
        if target is None
        else _state(
            target.arn,
            target.created_at,
            exists=True,
            min_capacity=target.min_capacity,
            max_capacity=target.max_capacity,
        ),
        "application_auto_scaling_policies": [
            _state(
                express.policy,
                express.updated_at,
                exists=policy is not None,
                policy_type="TargetTrackingScaling",
                target_value=float(scaling.auto_scaling_target_value) if tracked is None else tracked.target_value,
                metric=METRIC_NAMES[scaling.auto_scaling_metric],
            )
        ],
    }


def _group(
    world: World, owner: IngressPath | ServiceRevision, group: SecurityGroupId, updated_at: float
) -> dict[str, object]:
    scope = scope_of(owner.service)
    exists = find_in_scope(world, SecurityGroup, scope, group) is not None
    return _state(arn("ec2", scope, f"security-group/{group}"), updated_at, exists=exists)


def _log_groups(world: World, express: ExpressService) -> list[dict[str, object]]:
    key = express.log_group
    if key is None:
        return []
    return [_state(key, express.updated_at, exists=key in world.log_groups, log_group_name=group_name(key))]
