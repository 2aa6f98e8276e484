"""Ingress paths: opened for a service, and closed when none of its deployments uses them any more.

Promise: a path is opened in one step with two target groups, a rule for its host name, a certificate of the
installation's own authority and a load balancer. All of these are deleted with the path, except for a load balancer
that other paths use.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedIngressPath.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate, ManagedKey
from moyai.domain.ecs.gateway import GatewayAssociation, GatewayAssociationStatus, association_key
from moyai.domain.ecs.ingress import AccessType, IngressPath
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.elb.attributes import DEREGISTRATION_DELAY
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import (
    Condition,
    ForwardAction,
    HeaderCondition,
    HostCondition,
    Listener,
    Rule,
    WeightedGroup,
)
from moyai.domain.elb.target_group import (
    ProtocolVersion,
    Target,
    TargetGroup,
    TargetHealthCheck,
    TargetProtocol,
    TargetType,
)
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.queries.ingress import routes_of_cluster
from moyai.domain.queries.load_balancing import rules_of_load_balancer
from moyai.domain.queries.vpc import interfaces_in
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import ListenerArn, ServiceRouteArn, TargetGroupArn
from moyai.plan.certificates.authority import built_in_authority, new_built_in_authority
from moyai.plan.certificates.managed_certificate import new_certificate_arn
from moyai.plan.elb.new_records import LOCALHOST, Creation, new_rule_arn, new_target_group_arn
from moyai.plan.ingress.shared_balancer import BalancerTemplate, share_balancer

_HOST_DIGITS: Final = 32
_PREFIX_LETTERS: Final = 2
_GROUP_DIGITS: Final = 16
_GROUPS: Final = 2


class PathTemplate(NamedTuple):
    """How a path is made."""

    service: Service
    access: AccessType
    port: int
    """The container's port that gets the requests."""
    health_check: TargetHealthCheck
    test_header: HeaderCondition | None = None
    """The header of test traffic, which goes to the new tasks of a deployment first."""
    deregistration_delay: int = 300
    version: ProtocolVersion = ProtocolVersion.HTTP1
    route: ServiceRouteArn | None = None
    port_name: str = ""


def open_path(
    world: World, creation: Creation, balancers: BalancerTemplate, template: PathTemplate
) -> tuple[IngressPath, tuple[Put, ...]]:
    """A new path, and the changes that store it with everything that it needs. Raises TooManyLoadBalancers and
    InvalidSubnet.
    """
    host = new_host(creation, template.service.name)
    certificate, certificate_changes = _new_certificate(world, creation, host)
    shared, shared_changes = share_balancer(world, creation, balancers, certificate.arn)
    groups = [_new_group(creation, balancers, template) for _ in range(_GROUPS)]
    first, alternate = (group.arn for group in groups)
    rules = tuple(_new_rules(world, creation, shared.listener.arn, host, template, (first, alternate)))
    path = IngressPath(
        service=template.service.arn,
        pool=balancers.pool,
        host=host,
        access=template.access,
        load_balancer=shared.balancer.arn,
        listener=shared.listener.arn,
        rule=rules[0].arn,
        target_groups=(first, alternate),
        certificate=certificate.arn,
        balancer_group=shared.group,
        created_at=creation.now,
        test_rule=rules[1].arn if rules[1:] else None,
        route=template.route,
        port_name=template.port_name,
    )
    records = (*groups, *rules, path)
    return path, (*certificate_changes, *shared_changes, *map(Put, records))


def close_unused_paths(world: World, service: Service) -> tuple[Change, ...]:
    """Changes that close the service's paths whose target groups no deployment uses; an INACTIVE service's are all
    closed. While a deployment is under way no path is closed, because it may be rolled back.
    """
    record = world.service_deployments.get(service.current_deployment)
    is_deploying = record is not None and not record.finished
    if is_deploying or not world.ingress_paths.count("service", service.arn):
        return ()
    deployments = () if service.status is ServiceStatus.INACTIVE else service.deployments
    in_use = {target.group for deployment in deployments for target in deployment.task_targets}
    paths = world.ingress_paths.by("service", service.arn)
    return close_paths(world, [path for path in paths if in_use.isdisjoint(path.target_groups)])


def close_paths(world: World, paths: Sequence[IngressPath]) -> tuple[Change, ...]:
    """Changes that delete these paths, of one service, with everything that only they need."""
    closed = (change for path in paths for change in _close(world, path))
    return (*closed, *_close_groups(world, paths), *_end_associations(world, paths))


def new_host(creation: Creation, name: str) -> str:
    """A new host name of a service with this name: ``<its first letters>-<32 hex digits>.ecs.<region>.localhost``."""
    letters = "".join(c for c in name.lower() if c.isascii() and c.isalnum())[:_PREFIX_LETTERS] or "ecs"
    return f"{letters}-{creation.ids.hex(_HOST_DIGITS)}.ecs.{creation.scope.region}.{LOCALHOST}"


def traffic_conditions(host: str, header: HeaderCondition) -> tuple[Condition, ...]:
    """The conditions of the rule of test traffic."""
    return HostCondition((host,)), header


def _new_certificate(world: World, creation: Creation, host: str) -> tuple[ManagedCertificate, tuple[Put, ...]]:
    """A certificate for the host name that is not signed yet, and the changes that store it."""
    scope, now, ids, tags = creation
    known_authority = built_in_authority(world, scope)
    authority = known_authority or new_built_in_authority(scope, now, ids)
    certificate = ManagedCertificate(
        arn=new_certificate_arn(scope, ids),
        type=CertificateType.PRIVATE,
        domain_name=host,
        names=(host,),
        key_algorithm=KeyAlgorithm.EC_prime256v1,
        created_at=now,
        status=CertificateStatus.PENDING_VALIDATION,
        authority=authority.arn,
        tags=tags,
    )
    return certificate, (*(() if known_authority is not None else (Put(authority),)), Put(certificate))


def _new_group(creation: Creation, balancers: BalancerTemplate, template: PathTemplate) -> TargetGroup:
    name = f"ecs-gateway-tg-{creation.ids.hex(_GROUP_DIGITS)}"
    return TargetGroup(
        arn=new_target_group_arn(creation.scope, name, creation.ids),
        name=name,
        target_type=TargetType.IP,
        protocol=TargetProtocol.HTTP,
        port=template.port,
        vpc=balancers.vpc.id,
        health_check=template.health_check,
        created_at=creation.now,
        protocol_version=template.version,
        attributes={DEREGISTRATION_DELAY.key: str(template.deregistration_delay)},
        tags=creation.tags,
    )


def _new_rules(
    world: World,
    creation: Creation,
    listener: ListenerArn,
    host: str,
    template: PathTemplate,
    groups: tuple[TargetGroupArn, TargetGroupArn],
) -> Iterator[Rule]:
    """The rule of the host name, and the rule of its test traffic, if any, whose priority is one higher."""
    taken = {rule.priority for rule in world.rules.each("listener", listener)}
    priority = next(even for even in count(2, 2) if even not in taken and even - 1 not in taken)
    forward = ForwardAction((WeightedGroup(groups[0], 100), WeightedGroup(groups[1], 0)))
    conditions: tuple[Condition, ...] = (HostCondition((host,)),)
    arn = new_rule_arn(listener, creation.ids)
    yield Rule(arn, listener, forward, priority, conditions, tags=creation.tags)
    if template.test_header is not None:
        conditions = traffic_conditions(host, template.test_header)
        arn = new_rule_arn(listener, creation.ids)
        yield Rule(arn, listener, forward, priority - 1, conditions, tags=creation.tags)


def _close(world: World, path: IngressPath) -> Iterator[Change]:
    for rule in (path.rule, path.test_rule):
        if rule is not None:
            yield Delete(Rule, rule)
    for group in path.target_groups:
        yield from (Delete(Target, target.key) for target in world.targets.each("group", group))
        yield Delete(TargetGroup, group)
    if world.ingress_paths.count("load_balancer", path.load_balancer) == 1:
        yield from _delete_balancer(world, path)
    else:
        listener = world.listeners.get(path.listener)
        if listener is not None:
            remaining = tuple(arn for arn in listener.certificates if arn != path.certificate)
            yield Put(replace(listener, certificates=remaining))
    yield Delete(ManagedCertificate, path.certificate)
    yield Delete(ManagedKey, path.certificate)
    yield Delete(IngressPath, path.key)


def _close_groups(world: World, paths: Sequence[IngressPath]) -> Iterator[Change]:
    """Changes by which the services' security groups no longer let the load balancers of these paths in, unless another
    path needs that.
    """
    closing = {path.key for path in paths}
    for identity in sorted({group for path in paths for group in path.service_groups}):
        group = world.security_groups.get(identity)
        own = {path.balancer_group for path in paths if identity in path.service_groups}
        others = (path for peer in own for path in world.ingress_paths.each("resource", peer))
        remaining = (path for path in others if path.key not in closing and identity in path.service_groups)
        removed = own - {path.balancer_group for path in remaining}
        if group is not None:
            rules = tuple(rule for rule in group.rules if rule.group is None or rule.group.id not in removed)
            yield Put(replace(group, rules=rules))


def _end_associations(world: World, paths: Sequence[IngressPath]) -> Iterator[Change]:
    """Changes that end the associations that waited for the last of these routes."""
    closing = {path.key for path in paths}
    for path in paths:
        cluster = world.services[path.service].cluster
        association = world.gateway_associations.get(association_key(path.pool, cluster))
        is_ending = association is not None and association.status is GatewayAssociationStatus.DISASSOCIATING
        if is_ending and all(other.key in closing for other in routes_of_cluster(world, path.pool, cluster)):
            yield Delete(GatewayAssociation, association_key(path.pool, cluster))


def _delete_balancer(world: World, path: IngressPath) -> Iterator[Change]:
    """Changes that delete a load balancer with its listeners, their rules, and its security group, which stays if
    another interface uses it.
    """
    yield from (Delete(Rule, rule.arn) for rule in rules_of_load_balancer(world, path.load_balancer))
    yield from (
        Delete(Listener, listener.arn) for listener in world.listeners.each("load_balancer", path.load_balancer)
    )
    yield Delete(LoadBalancer, path.load_balancer)
    balancer, group = world.load_balancers.get(path.load_balancer), world.security_groups.get(path.balancer_group)
    own = set() if balancer is None else {node.interface.id for node in balancer.nodes}
    if group is not None and own.issuperset(interfaces_in(world, group)):
        yield Delete(SecurityGroup, group.id)
