"""Amazon S3's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_S3.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.stacks.types.calls import Follow, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, as_json, both, ids, prop

_SERVICE: Final = "s3"
_BUCKET: Final = ids("Bucket")
_MISSING: Final = frozenset({"NoSuchBucket", "404"})
_DEFAULT_REGION: Final = "us-east-1"
"""The region that the input of a creation must not name."""
_LONGEST: Final = 63
_EVENT_BRIDGE: Final = "EventBridgeConfiguration"
_RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CorsRules": "CORSRules",
        "DestinationBucketName": "TargetBucket",
        "Event": "Events",
        "ExpirationInDays": "Days",
        "ExposedHeaders": "ExposeHeaders",
        "Function": "LambdaFunctionArn",
        "Id": "ID",
        "LambdaConfigurations": "LambdaFunctionConfigurations",
        "LogFilePrefix": "TargetPrefix",
        "MaxAge": "MaxAgeSeconds",
        "Queue": "QueueArn",
        "QueueConfigurations": "QueueConfigurations",
        "RedirectRule": "Redirect",
        "RoutingRuleCondition": "Condition",
        "Rules": "Rules",
        "S3Key": "Key",
        "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
        "ServerSideEncryptionConfiguration": "Rules",
        "Topic": "TopicArn",
        "TopicConfigurations": "TopicConfigurations",
        "TransitionInDays": "Days",
    }
)
"""The members of S3's inputs, by their names in templates."""


def s3_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``s3``."""
    yield _bucket()
    yield StackResourceType(
        "AWS::S3::BucketPolicy",
        _SERVICE,
        "PutBucketPolicy",
        "Bucket",
        "DeleteBucketPolicy",
        _BUCKET,
        rename={"PolicyDocument": "Policy"},
        arrange=lambda values: {
            name: as_json(value) if name == "PolicyDocument" else value for name, value in values.items()
        },
        read_existing=lambda _: Read("GetBucketPolicy", _BUCKET, "Policy"),
        update="PutBucketPolicy",
        missing=frozenset({*_MISSING, "NoSuchBucketPolicy"}),
    )


def _bucket() -> StackResourceType:
    return StackResourceType(
        "AWS::S3::Bucket",
        _SERVICE,
        "CreateBucket",
        "BucketName",
        "DeleteBucket",
        _BUCKET,
        name_property="BucketName",
        longest_name=_LONGEST,
        lower_case=True,
        rename={"BucketName": "Bucket", "ObjectLockEnabled": "ObjectLockEnabledForBucket"},
        context_members=_location,
        follow=_bucket_calls(),
        read=Read("HeadBucket", _BUCKET, f"{{Name: '$id', Region: BucketRegion || '{_DEFAULT_REGION}'}}"),
        attributes={
            "Arn": "join('', ['arn:aws:s3:::', Name])",
            "DomainName": "join('', [Name, '.s3.amazonaws.com'])",
            "DualStackDomainName": "join('', [Name, '.s3.dualstack.', Region, '.amazonaws.com'])",
            "RegionalDomainName": "join('', [Name, '.s3.', Region, '.amazonaws.com'])",
            "WebsiteURL": "join('', ['http://', Name, '.s3-website-', Region, '.amazonaws.com'])",
        },
        missing=_MISSING,
    )


def _bucket_calls() -> dict[str, Follow]:
    """The calls that set properties of an existing bucket."""
    return {**_storage_calls(), **_access_calls()}


def _storage_calls() -> dict[str, Follow]:
    """The calls for the storage of objects, their encryption and lifecycle, and for logging."""
    return {
        "AccelerateConfiguration": _put(
            "AccelerateConfiguration",
            "",
            lambda value: {"Status": value["AccelerationStatus"]},
            default={"AccelerationStatus": "Suspended"},
        ),
        "AccessControl": Follow(
            "PutBucketAcl", both(_BUCKET, prop("ACL", "AccessControl", _canned_acl_name)), default=always("Private")
        ),
        "BucketEncryption": Follow(
            "PutBucketEncryption",
            both(_BUCKET, prop("ServerSideEncryptionConfiguration", "BucketEncryption", _rename_members)),
            reset="DeleteBucketEncryption",
        ),
        "CorsConfiguration": Follow(
            "PutBucketCors",
            both(_BUCKET, prop("CORSConfiguration", "CorsConfiguration", _rename_members)),
            reset="DeleteBucketCors",
        ),
        "LifecycleConfiguration": Follow(
            "PutBucketLifecycleConfiguration",
            both(_BUCKET, prop("LifecycleConfiguration", "LifecycleConfiguration", _lifecycle)),
            reset="DeleteBucketLifecycle",
        ),
        "LoggingConfiguration": Follow(
            "PutBucketLogging",
            both(
                _BUCKET,
                prop("BucketLoggingStatus", "LoggingConfiguration", _logging),
            ),
            default=always({}),
        ),
    }


def _access_calls() -> dict[str, Follow]:
    """The calls for a bucket's notifications, and for the access to its objects."""
    return {
        "NotificationConfiguration": Follow(
            "PutBucketNotificationConfiguration",
            both(_BUCKET, prop("NotificationConfiguration", "NotificationConfiguration", _notifications)),
            default=always({}),
        ),
        "OwnershipControls": Follow(
            "PutBucketOwnershipControls",
            both(_BUCKET, prop("OwnershipControls", "OwnershipControls")),
            reset="DeleteBucketOwnershipControls",
        ),
        "PublicAccessBlockConfiguration": Follow(
            "PutPublicAccessBlock",
            both(_BUCKET, prop("PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration")),
            reset="DeletePublicAccessBlock",
        ),
        "Tags": Follow(
            "PutBucketTagging",
            both(_BUCKET, prop("Tagging", "Tags", lambda tags: {"TagSet": tags})),
            reset="DeleteBucketTagging",
        ),
        "VersioningConfiguration": _put("VersioningConfiguration", "Versioning", default={"Status": "Suspended"}),
        "WebsiteConfiguration": Follow(
            "PutBucketWebsite",
            both(_BUCKET, prop("WebsiteConfiguration", "WebsiteConfiguration", _website)),
            reset="DeleteBucketWebsite",
        ),
    }


def _location(context: ResourceContext) -> Properties:
    region = context.stack.scope.region
    return {} if region == _DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _put(
    name: str, operation: str, arrange: Callable[[Any], Any] = lambda value: value, *, default: Properties
) -> Follow:
    """The call for a property that is the input's member of the same name, after ``arrange``."""
    members = both(_BUCKET, prop(name, name, arrange))
    return Follow(f"PutBucket{operation or name}", members, default=always(default))


def _logging(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {"LoggingEnabled": _rename_members(configuration)} if configuration else {}


def _canned_acl_name(name: str) -> str:
    """S3's name of a canned access control list: ``public-read`` for PublicRead."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _rename_members(value: Any) -> Any:  # noqa: ANN401 (a property)
    """The property with S3's names instead of CloudFormation's, at every level."""
    if isinstance(value, Mapping):
        return {_RENAMED.get(name, name): _rename_members(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_rename_members(element) for element in value]
    return value


def _notifications(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Notifications in S3's form, in which an empty member turns those to EventBridge on."""
    arranged: dict[str, Any] = _rename_members(
        {name: each for name, each in configuration.items() if name != _EVENT_BRIDGE}
    )
    bus = configuration.get(_EVENT_BRIDGE)
    is_on = bus is not None and bus.get("EventBridgeEnabled", True) in (True, "true")
    return {**arranged, **({_EVENT_BRIDGE: {}} if is_on else {})}


def _lifecycle(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(rule) for rule in configuration["Rules"]]}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A lifecycle rule in S3's form, which has the ages of objects one level deeper, and always a filter."""
    unchanged_names = ("Status", "AbortIncompleteMultipartUpload")
    arranged = {name: rule[name] for name in unchanged_names if name in rule}
    if "Id" in rule:
        arranged["ID"] = rule["Id"]
    arranged["Filter"] = {"Prefix": rule.get("Prefix", "")}
    expiration = {member: rule[name] for name, member in _EXPIRATION.items() if name in rule}
    if expiration:
        arranged["Expiration"] = expiration
    if "NoncurrentVersionExpiration" in rule:
        arranged["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    elif "NoncurrentVersionExpirationInDays" in rule:
        arranged["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "Transitions" in rule:
        arranged["Transitions"] = _rename_members(rule["Transitions"])
    unknown = rule.keys() - {*unchanged_names, *_EXPIRATION, *_LIFECYCLE}
    return arranged | {name: rule[name] for name in unknown}


_EXPIRATION: Final[Mapping[str, str]] = MappingProxyType(
    {"ExpirationInDays": "Days", "ExpirationDate": "Date", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
)
"""The members of Expiration in S3's rule, by property."""
_LIFECYCLE: Final = frozenset(
    {"Id", "Prefix", "NoncurrentVersionExpiration", "NoncurrentVersionExpirationInDays", "Transitions"}
)


def _website(configuration: Mapping[str, Any]) -> dict[str, Any]:
    arranged = dict(_rename_members(configuration))
    if "IndexDocument" in arranged:
        arranged["IndexDocument"] = {"Suffix": arranged["IndexDocument"]}
    if "ErrorDocument" in arranged:
        arranged["ErrorDocument"] = {"Key": arranged["ErrorDocument"]}
    return arranged
