"""The resource types of Amazon SQS and Amazon SNS.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SQS.html and AWS_SNS.html there
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Follow, Input, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.attached_policy import AttachedPolicyType, PolicyTargets
from moyai.stacks.types.rows.inputs import always, as_json, ids, prop
from moyai.stacks.types.rows.topic_subscriptions import SubscriptionsOfTopic, SubscriptionType
from moyai.stacks.types.tags import arn_tags, map_tags

_LONGEST_NAME: Final = 80
_LONGEST_TOPIC_NAME: Final = 256
_QUEUE_ATTRIBUTES: Final = frozenset(
    {
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "DelaySeconds",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "VisibilityTimeout",
    }
)
_TOPIC_ATTRIBUTES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "ArchivePolicy": {},
        "ContentBasedDeduplication": False,
        "DisplayName": "",
        "FifoThroughputScope": "Topic",
        "FifoTopic": False,
        "KmsMasterKeyId": "",
        "SignatureVersion": "1",
        "TracingConfig": "PassThrough",
    }
)
"""The defaults of a topic's attributes."""
_SUBSCRIPTION_ATTRIBUTES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "DeliveryPolicy": {},
        "FilterPolicy": {},
        "FilterPolicyScope": "MessageAttributes",
        "RawMessageDelivery": False,
        "RedrivePolicy": {},
        "ReplayPolicy": {},
        "SubscriptionRoleArn": "",
    }
)
"""The defaults of a subscription's attributes."""


def messaging_rows() -> Iterator[StackResourceType]:
    """The rows of the services ``sqs`` and ``sns``."""
    yield _queue()
    yield _queue_policy()
    yield _topic()
    yield _subscription()
    yield _topic_policy()


def _as_text(value: Any) -> Any:  # noqa: ANN401 (an attribute)
    return as_json(value) if isinstance(value, Mapping) else value


def _as_attributes(values: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The input with the properties ``names`` in a map of attributes."""
    attributes = {name: _as_text(value) for name, value in values.items() if name in names}
    others = {name: value for name, value in values.items() if name not in names}
    return {**others, **({"Attributes": attributes} if attributes else {})}


def _one_attribute(operation: str, by_id: Input, name: str, default: object) -> Follow:
    """The call that sets one attribute of an existing topic or subscription."""

    def members(resource: PhysicalResource) -> Properties:
        value = resource.properties[name]
        text = ("true" if value else "false") if isinstance(value, bool) else _as_text(value)
        return {**by_id(resource), "AttributeName": name, "AttributeValue": text}

    return Follow(operation, members, at_creation=False, default=always(default))


def _fifo(name: str) -> Any:  # noqa: ANN401 (the end of a name)
    return lambda values: ".fifo" if values.get(name) in {True, "true"} else ""


def _queue() -> StackResourceType:
    return StackResourceType(
        "AWS::SQS::Queue",
        "sqs",
        "CreateQueue",
        "QueueUrl",
        "DeleteQueue",
        ids("QueueUrl"),
        name_property="QueueName",
        longest_name=_LONGEST_NAME,
        name_end=_fifo("FifoQueue"),
        arrange=lambda values: _as_attributes(values, _QUEUE_ATTRIBUTES),
        arranged=_QUEUE_ATTRIBUTES,
        tagging=map_tags(ids("QueueUrl"), "TagQueue", "UntagQueue"),
        read_existing=lambda _: Read("GetQueueUrl", ids("QueueName")),
        read_repeated=Read("GetQueueUrl", prop("QueueName", "QueueName")),
        read=Read(
            "GetQueueAttributes",
            lambda resource: {"QueueUrl": resource.id, "AttributeNames": ["All"]},
            "{Arn: Attributes.QueueArn, QueueUrl: '$id'}",
        ),
        attributes={"Arn": "Arn", "QueueName": "Arn"},
        derive=lambda resource: {"QueueName": resource.id.rpartition("/")[2]},
        update="SetQueueAttributes",
        missing=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
    )


def _queue_policy() -> StackResourceType:
    return AttachedPolicyType(
        "AWS::SQS::QueuePolicy",
        "sqs",
        "SetQueueAttributes",
        "Id",
        "SetQueueAttributes",
        ids("QueueUrl"),
        arranged=frozenset({"PolicyDocument", "Queues"}),
        update="SetQueueAttributes",
        targets={
            "Queues": PolicyTargets(
                "SetQueueAttributes",
                lambda properties, queue: {
                    "QueueUrl": queue,
                    "Attributes": {"Policy": as_json(properties["PolicyDocument"])},
                },
                "SetQueueAttributes",
                lambda _, queue: {"QueueUrl": queue, "Attributes": {"Policy": ""}},
            )
        },
        missing=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
    )


def _topic_of_name(context: ResourceContext) -> Read:
    scope = context.stack.scope
    arn = f"arn:aws:sns:{scope.region}:{scope.account}:"
    return Read("GetTopicAttributes", lambda resource: {"TopicArn": arn + resource.id}, "Attributes")


def _topic() -> StackResourceType:
    return StackResourceType(
        "AWS::SNS::Topic",
        "sns",
        "CreateTopic",
        "TopicArn",
        "DeleteTopic",
        ids("TopicArn"),
        name_property="TopicName",
        longest_name=_LONGEST_TOPIC_NAME,
        name_end=_fifo("FifoTopic"),
        rename={"TopicName": "Name"},
        arrange=lambda values: _as_attributes(values, _TOPIC_ATTRIBUTES),
        arranged=frozenset(_TOPIC_ATTRIBUTES),
        tagging=arn_tags(ids("ResourceArn")),
        follow={
            name: _one_attribute("SetTopicAttributes", ids("TopicArn"), name, default)
            for name, default in _TOPIC_ATTRIBUTES.items()
        },
        children={
            "Subscription": SubscriptionsOfTopic(
                "Subscribe",
                "Unsubscribe",
                lambda resource, subscription: {"TopicArn": resource.id, **subscription},
            )
        },
        read_existing=_topic_of_name,
        read=Read("GetTopicAttributes", ids("TopicArn"), "Attributes"),
        derive=lambda resource: {"TopicName": resource.id.rpartition(":")[2]},
        missing=frozenset({"NotFound", "NotFoundException"}),
    )


def _subscription() -> StackResourceType:
    by_id = ids("SubscriptionArn")
    return SubscriptionType(
        "AWS::SNS::Subscription",
        "sns",
        "Subscribe",
        "SubscriptionArn",
        "Unsubscribe",
        by_id,
        arrange=lambda values: {"ReturnSubscriptionArn": True, **_as_attributes(values, _SUBSCRIPTION_ATTRIBUTES)},
        arranged=frozenset(_SUBSCRIPTION_ATTRIBUTES),
        follow={
            name: _one_attribute("SetSubscriptionAttributes", by_id, name, default)
            for name, default in _SUBSCRIPTION_ATTRIBUTES.items()
        },
        read=Read("GetSubscriptionAttributes", by_id, "Attributes"),
        derive=lambda resource: {"Arn": resource.id},
        missing=frozenset({"NotFound", "NotFoundException"}),
    )


def _topic_policy() -> StackResourceType:
    def policy(topic: Any, text: str) -> Properties:  # noqa: ANN401 (a target)
        return {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": text}

    return AttachedPolicyType(
        "AWS::SNS::TopicPolicy",
        "sns",
        "SetTopicAttributes",
        "Id",
        "SetTopicAttributes",
        ids("TopicArn"),
        arranged=frozenset({"PolicyDocument", "Topics"}),
        update="SetTopicAttributes",
        targets={
            "Topics": PolicyTargets(
                "SetTopicAttributes",
                lambda properties, topic: policy(topic, as_json(properties["PolicyDocument"])),
                "SetTopicAttributes",
                lambda _, topic: policy(topic, '{"Version": "2012-10-17", "Statement": []}'),
            )
        },
        missing=frozenset({"NotFound", "NotFoundException"}),
    )
