"""The subscriptions of SNS topics, as a property of the topic and as resources of their own.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType

_MOST_SUBSCRIPTIONS: Final = 10_000
"""Number of a topic's subscriptions that are read."""


class SubscriptionsOfTopic(Children, frozen=True):
    """The subscriptions in a topic's property. Their deletion needs their ARNs, which only the service knows."""

    def change(
        self, service: str, resource: PhysicalResource, former: Sequence[Sequence[Any]], after: Sequence[Any]
    ) -> Procedure[None]:
        """As ``Children``. A subscription that was never confirmed has no ARN, and is not deleted: it expires."""
        surplus = [each for elements in former for each in elements if each not in after]
        present = (yield from _subscriptions(service, resource.id)) if surplus else []
        for each in present:
            if each["SubscriptionArn"].startswith("arn:") and any(_is_like(each, other) for other in surplus):
                yield Call(service, self.remove, {"SubscriptionArn": each["SubscriptionArn"]})
        remaining = [[each for each in elements if each in after] for elements in former]
        yield from super().change(service, resource, remaining, after)


class SubscriptionType(StackResourceType, frozen=True):
    """A subscription. ``Subscribe`` would return an existing one with the same endpoint, whoever has created it."""

    def _refuse_taken_name(self, properties: Properties, context: ResourceContext) -> Procedure[None]:
        """Raise ResourceFailed when the topic has the subscription already."""
        if context.is_repeated:
            return
        for each in (yield from _subscriptions(self.service, str(properties["TopicArn"]))):
            if _is_like(each, properties):
                raise self.already_exists(each["SubscriptionArn"], context)


def _subscriptions(service: str, topic: str) -> Procedure[list[Mapping[str, Any]]]:
    """The subscriptions that a topic has."""
    subscriptions: list[Mapping[str, Any]] = []
    query = {"TopicArn": topic}
    while True:
        page = yield Call(service, "ListSubscriptionsByTopic", query)
        subscriptions += page["Subscriptions"]
        if not page.get("NextToken") or len(subscriptions) >= _MOST_SUBSCRIPTIONS:
            return subscriptions
        query = {"TopicArn": topic, "NextToken": page["NextToken"]}


def _is_like(subscription: Properties, other: Properties) -> bool:
    return all(subscription[name] == other.get(name) for name in ("Protocol", "Endpoint"))
