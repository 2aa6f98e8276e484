"""Repairs of moto, in moto's process, where its answers differ from AWS's and clients depend on the difference.

Each repair imports moto's models itself, because the imports for some services take longer than all others together.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any, Final

_LINKED_ROLES: Final = MappingProxyType(
    {
        "ecs.amazonaws.com": "AWSServiceRoleForECS",
        "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
        "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "rds.amazonaws.com": "AWSServiceRoleForRDS",
    }
)
"""The names that AWS gives to the roles of services. Source: each service's guide, "Using service-linked roles"."""
_HOOK_ATTRIBUTES: Final = MappingProxyType(
    {
        "LifecycleTransition": "lifecycle_transition",
        "HeartbeatTimeout": "heartbeat_timeout",
        "DefaultResult": "default_result",
        "NotificationTargetARN": "notification_target_arn",
        "RoleARN": "role_arn",
        "NotificationMetadata": "notification_metadata",
    }
)
"""moto's names of a lifecycle hook's attributes, by AWS's names."""
_DIRECTIONS: Final = MappingProxyType(
    {
        "gov": "g",
        "north": "n",
        "south": "s",
        "east": "e",
        "west": "w",
        "central": "c",
        "northeast": "ne",
        "southeast": "se",
    }
)
"""The abbreviations in a cache's domain name for the parts of a region's name: ``euw1`` for eu-west-1."""
_MEMCACHED_PORT: Final = 11211


def repair_identities() -> None:
    """Have moto answer like AWS for roles and policies."""
    name_linked_roles()
    accept_older_policies()


def name_linked_roles() -> None:
    """Have moto give the service-linked roles of moyai's services AWS's names, refuse a second role as AWS does, and
    find a role before it was created, because AWS's services create their roles when they are first used.
    """
    from moto.iam.exceptions import InvalidInput  # noqa: PLC0415
    from moto.iam.models import IAMBackend  # noqa: PLC0415

    create, get = IAMBackend.create_service_linked_role, IAMBackend.get_role
    services = {name: service for service, name in _LINKED_ROLES.items()}

    def create_named(backend: Any, service_name: str, description: str, suffix: str) -> Any:  # noqa: ANN401 (moto's)
        name = _LINKED_ROLES.get(service_name)
        if name is None:
            return create(backend, service_name, description, suffix)
        if suffix:
            raise InvalidInput(f"Custom suffix is not allowed for {service_name}")
        if any(role.name == name for role in backend.roles.values()):
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different suffix."
            )
        role = create(backend, service_name, description, "")
        role.name = name
        return role

    def get_or_create(backend: Any, role_name: str) -> Any:  # noqa: ANN401 (moto's)
        service = services.get(role_name)
        if service is not None and all(role.name != role_name for role in backend.roles.values()):
            create_named(backend, service, "", "")
        return get(backend, role_name)

    IAMBackend.create_service_linked_role = create_named  # type: ignore[assignment,method-assign]
    IAMBackend.get_role = get_or_create  # type: ignore[assignment,method-assign]


def accept_older_policies() -> None:
    """Have moto accept inline policies and trust policies of the version 2008-10-17, which is also that of policies
    without a version. Managed policies must have the newer version.
    """
    from moto.iam.exceptions import MalformedPolicyDocument  # noqa: PLC0415
    from moto.iam.models import IAMBackend  # noqa: PLC0415
    from moto.iam.policy_validation import BaseIAMPolicyValidator  # noqa: PLC0415

    check_version = BaseIAMPolicyValidator._validate_version  # noqa: SLF001 (moto's)

    def with_check(operation: Any) -> Any:  # noqa: ANN401 (moto's)
        parameters = signature(operation)

        def operation_with_check(*values: Any, **members: Any) -> Any:  # noqa: ANN401 (moto's)
            validator = BaseIAMPolicyValidator(parameters.bind(*values, **members).arguments["policy_document"])
            validator.validate()
            try:
                check_version(validator)
            except (AssertionError, KeyError):
                raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.") from None
            return operation(*values, **members)

        return operation_with_check

    BaseIAMPolicyValidator._validate_version = lambda _: None  # type: ignore[assignment,method-assign]  # noqa: SLF001
    for name in ("create_policy", "create_policy_version"):
        setattr(IAMBackend, name, with_check(getattr(IAMBackend, name)))


def repair_groups() -> None:
    """Have moto answer like AWS for Auto Scaling groups."""
    name_policy_arns()
    keep_target_groups()
    keep_lifecycle_hooks()


def keep_target_groups() -> None:
    """Have moto keep the ARNs of a group's target groups, which moyai has. moto itself would look them up among its own
    target groups to register instances, but has none.
    """
    from moto.autoscaling.models import AutoScalingBackend  # noqa: PLC0415

    def attach(backend: Any, group_name: str, target_group_arns: list[str]) -> None:  # noqa: ANN401 (moto's)
        _group(backend, group_name).append_target_groups(target_group_arns)

    def detach(backend: Any, group_name: str, target_group_arns: list[str]) -> None:  # noqa: ANN401 (moto's)
        group = _group(backend, group_name)
        group.target_group_arns = [arn for arn in group.target_group_arns if arn not in target_group_arns]

    def describe(backend: Any, group_name: str) -> list[str]:  # noqa: ANN401 (moto's)
        arns: list[str] = _group(backend, group_name).target_group_arns
        return arns

    AutoScalingBackend.update_attached_target_groups = lambda *_: None  # type: ignore[method-assign]
    AutoScalingBackend.attach_load_balancer_target_groups = attach  # type: ignore[assignment,method-assign]
    AutoScalingBackend.detach_load_balancer_target_groups = detach  # type: ignore[assignment,method-assign]
    AutoScalingBackend.describe_load_balancer_target_groups = describe  # type: ignore[assignment,method-assign]


def _group(backend: Any, name: str) -> Any:  # noqa: ANN401 (moto's)
    """A group of moto's. Raises moto's ValidationError for an unknown name, as AWS does; moto itself would fail."""
    from moto.autoscaling.exceptions import ValidationError  # noqa: PLC0415

    if name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return backend.autoscaling_groups[name]


def keep_lifecycle_hooks() -> None:
    """Have moto keep the lifecycle hooks that a group is created with, until the group is deleted, with all their
    attributes; moto itself returns the same notification attributes for each hook. A change of a hook leaves attributes
    that it does not name.
    """
    from moto.autoscaling.models import AutoScalingBackend  # noqa: PLC0415
    from moto.autoscaling.responses import AutoScalingResponse  # noqa: PLC0415
    from moto.core.responses import EmptyResult  # noqa: PLC0415

    create, delete = AutoScalingResponse.create_auto_scaling_group, AutoScalingBackend.delete_auto_scaling_group

    def create_with_hooks(response: Any) -> Any:  # noqa: ANN401 (moto's)
        result, members = create(response), response._get_params()  # noqa: SLF001 (moto's)
        for hook in members.get("LifecycleHookSpecificationList", ()):
            _put_hook(response.autoscaling_backend, members["AutoScalingGroupName"], hook)
        return result

    def delete_with_hooks(backend: Any, group_name: str) -> None:  # noqa: ANN401 (moto's)
        delete(backend, group_name)
        for hook in backend.describe_lifecycle_hooks(group_name):
            backend.delete_lifecycle_hook(group_name, hook.name)

    def put_and_keep(response: Any) -> Any:  # noqa: ANN401 (moto's)
        members, backend = response._get_params(), response.autoscaling_backend  # noqa: SLF001 (moto's)
        _group(backend, members["AutoScalingGroupName"])
        _put_hook(backend, members["AutoScalingGroupName"], members)
        return EmptyResult()

    AutoScalingResponse.create_auto_scaling_group = create_with_hooks  # type: ignore[assignment,method-assign]
    AutoScalingBackend.delete_auto_scaling_group = delete_with_hooks  # type: ignore[assignment,method-assign]
    AutoScalingResponse.put_lifecycle_hook = put_and_keep  # type: ignore[assignment,method-assign]


def _put_hook(backend: Any, group: str, members: Mapping[str, Any]) -> None:  # noqa: ANN401 (moto's)
    """Create a hook of a group, or change the attributes that ``members`` has. An empty text removes an attribute."""
    name = members["LifecycleHookName"]
    hook = next((each for each in backend.describe_lifecycle_hooks(group) if each.name == name), None)
    if hook is None:
        hook = backend.create_lifecycle_hook(name, group, None, None, None)
        hook.notification_target_arn = hook.role_arn = hook.notification_metadata = None
    for member, attribute in _HOOK_ATTRIBUTES.items():
        if member in members:
            setattr(hook, attribute, members[member] or None)


def name_policy_arns() -> None:
    """Have moto return the ARN of a scaling policy under the model's name, ``PolicyARN``."""
    from moto.autoscaling.responses import AutoScalingResponse  # noqa: PLC0415
    from moto.core.responses import ActionResult  # noqa: PLC0415

    put = AutoScalingResponse.put_scaling_policy

    def put_and_rename(response: Any) -> Any:  # noqa: ANN401 (moto's)
        result: Any = put(response).result
        return ActionResult({"PolicyARN": result["PolicyArn"]})

    AutoScalingResponse.put_scaling_policy = put_and_rename  # type: ignore[assignment,method-assign]


def keep_changed_subnet_groups() -> None:
    """Have moto keep a subnet group of RDS when it is changed; moto itself removes it from its records."""
    from moto.rds.models import RDSBackend  # noqa: PLC0415

    modify = RDSBackend.modify_db_subnet_group

    def modify_and_keep(backend: Any, subnet_name: str, *members: Any) -> Any:  # noqa: ANN401 (moto's)
        group = modify(backend, subnet_name, *members)
        backend.subnet_groups[subnet_name] = group
        return group

    RDSBackend.modify_db_subnet_group = modify_and_keep  # type: ignore[assignment,method-assign]


def describe_cache_nodes() -> None:
    """Have moto describe the nodes of a cache cluster, which it only counts, and the configuration endpoint, to which
    clients of memcached connect first.
    """
    from moto.elasticache.models import CacheCluster  # noqa: PLC0415

    initialize = CacheCluster.__init__

    def initialize_as_aws(cluster: Any, **members: Any) -> None:  # noqa: ANN401 (moto's)
        if members["engine"] == "memcached" and not members["port"]:
            members["port"] = _MEMCACHED_PORT
        cluster.num_cache_nodes = 1  # moto sets it for two engines only
        initialize(cluster, **members)

    def endpoint(cluster: Any, part: str) -> dict[str, object]:  # noqa: ANN401 (moto's)
        region = "".join(_DIRECTIONS.get(each, each) for each in cluster.arn.split(":")[3].split("-"))
        domain = f"{cluster.cache_node_id[:6]}.{part}.{region}.cache.amazonaws.com"
        return {"Address": f"{cluster.cache_cluster_id}.{domain}", "Port": cluster.port}

    def nodes(cluster: Any) -> list[dict[str, object]]:  # noqa: ANN401 (moto's)
        numbers = [f"{number:04}" for number in range(1, cluster.num_cache_nodes + 1)]
        return [
            {"CacheNodeId": each, "CacheNodeStatus": "available", "Endpoint": endpoint(cluster, each)}
            for each in numbers
        ]

    def configuration_endpoint(cluster: Any) -> dict[str, object] | None:  # noqa: ANN401 (moto's)
        return endpoint(cluster, "cfg") if cluster.engine == "memcached" else None

    CacheCluster.__init__ = initialize_as_aws  # type: ignore[assignment,method-assign]
    CacheCluster.cache_nodes = property(nodes)  # type: ignore[attr-defined]
    CacheCluster.configuration_endpoint = property(configuration_endpoint)  # type: ignore[attr-defined]


def ignore_conditional_denials() -> None:
    """Have moto ignore Deny statements with a condition. moto evaluates no conditions, and would apply the denial of
    requests without TLS, which most buckets of CDK have, to all requests.
    """
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult  # noqa: PLC0415

    class UnconditionalStatement(IAMPolicyStatement):
        """A statement that denies only without a condition."""

        def is_action_permitted(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (moto's)
            """The statement's effect on an action."""
            if self._statement.get("Effect") == "Deny" and self._statement.get("Condition"):
                return PermissionResult.NEUTRAL
            return super().is_action_permitted(*args, **kwargs)

    sys.modules["moto.iam.access_control"].IAMPolicyStatement = UnconditionalStatement  # type: ignore[attr-defined]
