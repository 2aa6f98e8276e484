"""The subscriptions that an SNS topic has as a property.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Properties
from moyai.stacks.types.procedure import Call, Procedure


class SubscriptionsOfTopic(Children, frozen=True):
    """The subscriptions that a topic has as a property. Their end needs their ARNs, which only the service knows."""

    def change(
        self, service: str, resource: PhysicalResource, former: Sequence[Sequence[Any]], after: Sequence[Any]
    ) -> Procedure[None]:
        """As Children: end and begin what differs. A subscription that was never confirmed ends by itself."""
        unwanted = [each for elements in former for each in elements if each not in after]
        query = {"TopicArn": resource.id}
        while unwanted:
            page = yield Call(service, "ListSubscriptionsByTopic", query)
            for each in page["Subscriptions"]:
                if each["SubscriptionArn"].startswith("arn:") and any(_is_like(each, other) for other in unwanted):
                    yield Call(service, self.remove, {"SubscriptionArn": each["SubscriptionArn"]})
            if not page.get("NextToken"):
                break
            query = {"TopicArn": resource.id, "NextToken": page["NextToken"]}
        remaining = [[each for each in elements if each in after] for elements in former]
        yield from super().change(service, resource, remaining, after)


def _is_like(subscription: Properties, other: Properties) -> bool:
    return all(subscription[name] == other.get(name) for name in ("Protocol", "Endpoint"))
