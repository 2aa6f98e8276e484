"""The target groups in which a service's tasks are registered.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
"""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import TargetGroupArn


class AdvancedConfiguration(msgspec.Struct, frozen=True):
    """How deployments other than rolling ones shift traffic between two target groups. A rule is a listener rule's ARN,
    or a listener's with a network load balancer.
    """

    alternate_target_group_arn: TargetGroupArn = TargetGroupArn("")
    production_listener_rule: str = ""
    test_listener_rule: str | None = None
    role_arn: str | None = None


class ServiceLoadBalancer(msgspec.Struct, frozen=True):
    """A target group of a service, and the container's port that is its target."""

    target_group_arn: TargetGroupArn = TargetGroupArn("")
    container_name: str = ""
    container_port: int = 0
    advanced_configuration: AdvancedConfiguration | None = None

    def group(self, *, alternate: bool) -> TargetGroupArn:
        """The target group, or the alternate one."""
        advanced = self.advanced_configuration
        return self.target_group_arn if advanced is None or not alternate else advanced.alternate_target_group_arn


class TaskTarget(msgspec.Struct, frozen=True):
    """A target group in which a task is registered while it is RUNNING, with its container's port."""

    group: TargetGroupArn
    container_name: str
    container_port: int
