"""The resource types of AWS KMS, Amazon DynamoDB and AWS Lambda.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_KMS.html, AWS_DynamoDB.html and
AWS_Lambda.html there
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Properties, Read, Stable
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, as_json, both, ids, prop
from moyai.stacks.types.tags import Tagging, arn_tags, map_tags

_KEY: Final = ids("KeyId")
_TABLE: Final = ids("TableName")
_FUNCTION: Final = ids("FunctionName")
_NOT_FOUND: Final = frozenset({"ResourceNotFoundException"})
_LONGEST_FUNCTION_NAME: Final = 64


def serverless_rows() -> Iterator[StackResourceType]:
    """The rows of the services ``kms``, ``dynamodb`` and ``lambda``."""
    yield _key()
    yield _alias()
    yield table_row()
    yield _function()
    yield _permission()
    yield _event_source_mapping()


def _key_tags(tags: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Tags": [{"TagKey": tag["Key"], "TagValue": tag.get("Value", "")} for tag in tags]}


def _default_key_policy(key: str) -> dict[str, Any]:
    """The policy of a key that is created without one: the account's IAM policies decide who may use it."""
    account = {"AWS": f"arn:aws:iam::{key.split(':')[4]}:root"}
    allowed = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [allowed]}


def _key_calls() -> dict[str, Follow]:
    """The calls that set properties of an existing key."""
    return {
        "Description": Follow(
            "UpdateKeyDescription",
            both(_KEY, prop("Description", "Description")),
            at_creation=False,
            default=always(""),
        ),
        "KeyPolicy": Follow(
            "PutKeyPolicy",
            lambda resource: {
                "KeyId": resource.id,
                "PolicyName": "default",
                "Policy": as_json(resource.properties["KeyPolicy"]),
            },
            at_creation=False,
            default=lambda resource, _: _default_key_policy(resource.attributes["Arn"]),
        ),
        "EnableKeyRotation": Follow("EnableKeyRotation", _KEY, "DisableKeyRotation", when_false="DisableKeyRotation"),
        "Enabled": Follow("EnableKey", _KEY, "EnableKey", when_false="DisableKey"),
        "PendingWindowInDays": Follow("DescribeKey", _KEY, "DescribeKey"),
    }


def _key() -> StackResourceType:
    return StackResourceType(
        "AWS::KMS::Key",
        "kms",
        "CreateKey",
        "KeyMetadata.KeyId",
        "ScheduleKeyDeletion",
        lambda resource: {
            "KeyId": resource.id,
            **{name: resource.properties[name] for name in ("PendingWindowInDays",) if name in resource.properties},
        },
        rename={"KeyPolicy": "Policy"},
        arrange=lambda values: {
            name: as_json(value) if name == "KeyPolicy" else value for name, value in values.items()
        },
        tagging=Tagging(
            _key_tags, "TagResource", "UntagResource", _KEY, _key_tags, lambda names: {"TagKeys": list(names)}
        ),
        follow=_key_calls(),
        read=Read("DescribeKey", _KEY, "KeyMetadata"),
        missing=frozenset({"NotFoundException", "KMSInvalidStateException"}),
    )


def _alias() -> StackResourceType:
    return StackResourceType(
        "AWS::KMS::Alias",
        "kms",
        "CreateAlias",
        "AliasName",
        "DeleteAlias",
        ids("AliasName"),
        update="UpdateAlias",
        update_by=ids("AliasName"),
        missing=frozenset({"NotFoundException"}),
    )


def _index_change(resource: PhysicalResource, kind: str, index: Mapping[str, Any]) -> Properties:
    definitions = resource.properties.get("AttributeDefinitions", [])
    change = {kind: {"IndexName": index["IndexName"]} if kind == "Delete" else index}
    return {"TableName": resource.id, "AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [change]}


def _table_calls() -> dict[str, Follow]:
    """The calls that set properties of an existing table."""
    return {
        # The call for an index has the definitions that it uses, so that a change of them alone needs no call.
        "AttributeDefinitions": Follow("DescribeTable", _TABLE, at_creation=False, default=always([])),
        "TimeToLiveSpecification": Follow(
            "UpdateTimeToLive",
            both(_TABLE, prop("TimeToLiveSpecification", "TimeToLiveSpecification")),
            default=lambda _, former: {**former, "Enabled": False},
        ),
        "PointInTimeRecoverySpecification": Follow(
            "UpdateContinuousBackups",
            both(_TABLE, prop("PointInTimeRecoverySpecification", "PointInTimeRecoverySpecification")),
            default=always({"PointInTimeRecoveryEnabled": False}),
        ),
    }


def table_row() -> StackResourceType:
    """The row of tables."""
    return StackResourceType(
        "AWS::DynamoDB::Table",
        "dynamodb",
        "CreateTable",
        "TableName",
        "DeleteTable",
        _TABLE,
        name_property="TableName",
        arrange=_arrange_table,
        tagging=arn_tags(lambda resource: {"ResourceArn": resource.attributes["Arn"]}),
        follow=_table_calls(),
        children={
            "GlobalSecondaryIndexes": Children(
                "UpdateTable",
                "UpdateTable",
                lambda resource, index: _index_change(resource, "Create", index),
                remove_input=lambda resource, index: _index_change(resource, "Delete", index),
                at_creation=False,
            )
        },
        read=Read("DescribeTable", _TABLE, "Table"),
        stable=Stable("TableStatus", frozenset({"ACTIVE"})),
        gone=Stable("TableStatus", frozenset()),
        attributes={"Arn": "TableArn", "StreamArn": "LatestStreamArn"},
        update="UpdateTable",
        update_whole=False,
        missing=_NOT_FOUND,
    )


def _arrange_table(values: dict[str, Any]) -> dict[str, Any]:
    arranged = dict(values)
    if "SSESpecification" in values:
        encryption = dict(values["SSESpecification"])
        encryption["Enabled"] = encryption.pop("SSEEnabled")
        arranged["SSESpecification"] = encryption
    if "StreamSpecification" in values:
        stream = {"StreamViewType": values["StreamSpecification"]["StreamViewType"]}
        arranged["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arranged


def _code(properties: Properties) -> dict[str, Any]:
    """The code of a function. Code that a template has as a text becomes the only file of an archive."""
    code = dict(properties["Code"])
    if isinstance(code.get("ZipFile"), str):
        suffix = "js" if str(properties.get("Runtime", "")).startswith("nodejs") else "py"
        code["ZipFile"] = _archive(f"index.{suffix}", code["ZipFile"])
    return code


def _archive(name: str, text: str) -> bytes:
    """A ZIP archive with one file, the same bytes for the same text."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def _function() -> StackResourceType:
    return StackResourceType(
        "AWS::Lambda::Function",
        "lambda",
        "CreateFunction",
        "FunctionName",
        "DeleteFunction",
        _FUNCTION,
        name_property="FunctionName",
        longest_name=_LONGEST_FUNCTION_NAME,
        arrange=lambda values: {**values, **({"Code": _code(values)} if "Code" in values else {})},
        tagging=map_tags(lambda resource: {"Resource": resource.attributes["Arn"]}),
        follow={
            "Code": Follow(
                "UpdateFunctionCode",
                lambda resource: {"FunctionName": resource.id, **_code(resource.properties)},
                at_creation=False,
            ),
            "ReservedConcurrentExecutions": Follow(
                "PutFunctionConcurrency",
                both(_FUNCTION, prop("ReservedConcurrentExecutions", "ReservedConcurrentExecutions")),
                reset="DeleteFunctionConcurrency",
            ),
        },
        read=Read("GetFunction", _FUNCTION, "Configuration"),
        stable=Stable("State", frozenset({"Active", None}), frozenset({"Failed"}), "StateReason"),
        attributes={"Arn": "FunctionArn"},
        update="UpdateFunctionConfiguration",
        missing=_NOT_FOUND,
    )


def _permission() -> StackResourceType:
    return StackResourceType(
        "AWS::Lambda::Permission",
        "lambda",
        "AddPermission",
        "StatementId",
        "RemovePermission",
        both(prop("FunctionName", "FunctionName"), ids("StatementId")),
        context_members=lambda context: {"StatementId": context.generate_name(100)},
        derive=lambda resource: {"Id": resource.id},
        missing=_NOT_FOUND,
    )


def _event_source_mapping() -> StackResourceType:
    return StackResourceType(
        "AWS::Lambda::EventSourceMapping",
        "lambda",
        "CreateEventSourceMapping",
        "UUID",
        "DeleteEventSourceMapping",
        ids("UUID"),
        tagging=map_tags(lambda resource: {"Resource": resource.attributes["EventSourceMappingArn"]}),
        read=Read("GetEventSourceMapping", ids("UUID")),
        derive=lambda resource: {"Id": resource.id},
        update="UpdateEventSourceMapping",
        missing=_NOT_FOUND,
    )
