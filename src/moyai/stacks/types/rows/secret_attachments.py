"""The resource types of AWS Secrets Manager that add to a secret: its policy, its rotation schedule, and the connection
data of a database.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SecretsManager.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import as_json, both, ids, prop

_SERVICE: Final = "secretsmanager"
_CONNECTION: Final = "Connection"
"""The attribute with the members that an attachment has written into the secret; templates can't read it."""
_NO_DATABASE: Final = re.compile("DB(?:Instance|Cluster)NotFound(?:Fault)?")
_MISSING: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class DatabaseKind(NamedTuple):
    """The operation that describes a kind of database; ``member`` is the input's member with the identifier.

    ``path``: the description's path in the answer; ``connection``: by the secret's members, their paths in the
    description. Both are JMESPath expressions.
    """

    service: str
    operation: str
    member: str
    path: str
    connection: Mapping[str, str]


_INSTANCE: Final = MappingProxyType(
    {
        "engine": "Engine",
        "host": "Endpoint.Address",
        "port": "Endpoint.Port",
        "dbname": "DBName",
        "dbInstanceIdentifier": "DBInstanceIdentifier",
    }
)
_CLUSTER: Final = MappingProxyType(
    {
        "engine": "Engine",
        "host": "Endpoint",
        "port": "Port",
        "dbname": "DatabaseName",
        "dbClusterIdentifier": "DBClusterIdentifier",
    }
)
_KINDS: Final[Mapping[str, DatabaseKind]] = MappingProxyType(
    {
        f"AWS::{name}::{kind}": DatabaseKind(
            service, f"Describe{kind}s", f"{kind}Identifier", f"{kind}s[0]", connection
        )
        for name, service in (("RDS", "rds"), ("DocDB", "docdb"))
        for kind, connection in (("DBInstance", _INSTANCE), ("DBCluster", _CLUSTER))
    }
)
"""The kinds of databases by TargetType."""


def secret_attachment_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``secretsmanager``."""
    yield _policy()
    yield _rotation_schedule()
    yield AttachmentType(
        "AWS::SecretsManager::SecretTargetAttachment",
        _SERVICE,
        "PutSecretValue",
        "SecretId",
        "PutSecretValue",
        both(prop("SecretId", "SecretId")),
        arranged=frozenset({"TargetId", "TargetType"}),
        update="PutSecretValue",
        missing=_MISSING,
    )


def _policy() -> StackResourceType:
    return StackResourceType(
        "AWS::SecretsManager::ResourcePolicy",
        _SERVICE,
        "PutResourcePolicy",
        "SecretId",
        "DeleteResourcePolicy",
        ids("SecretId"),
        arrange=lambda values: {
            name: as_json(value) if name == "ResourcePolicy" else value for name, value in values.items()
        },
        read=Read("GetResourcePolicy", ids("SecretId")),
        derive=lambda resource: {"Id": resource.id},
        update="PutResourcePolicy",
        update_by=ids("SecretId"),
        missing=_MISSING,
    )


def _rotation_schedule() -> StackResourceType:
    return RotationScheduleType(
        "AWS::SecretsManager::RotationSchedule",
        _SERVICE,
        "RotateSecret",
        "ARN",
        "CancelRotateSecret",
        ids("SecretId"),
        rename={"RotateImmediatelyOnUpdate": "RotateImmediately"},
        read=Read("DescribeSecret", ids("SecretId"), "[@][?RotationEnabled] | [0]"),
        derive=lambda resource: {"Id": resource.id},
        update="RotateSecret",
        update_by=ids("SecretId"),
        missing=_MISSING,
    )


class RotationScheduleType(StackResourceType, frozen=True):
    """A rotation schedule. A secret has at most one, which the creation of a second one would overwrite."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the schedule. Raises ResourceFailed when the secret already has one."""
        if existing is None and not context.is_repeated:
            secret = yield Call(self.service, "DescribeSecret", {"SecretId": properties["SecretId"]})
            if secret.get("RotationEnabled"):
                raise self.already_exists(str(properties["SecretId"]), context)
        return (yield from super().create_steps(properties, context, existing))


class AttachmentType(StackResourceType, frozen=True):
    """The connection data of a database, as members of a secret's value."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Add the connection data to the secret's value."""
        del context, existing
        secret = str(properties["SecretId"])
        connection = yield from self._connection(properties)
        yield Identified(secret)
        yield from self._set(secret, connection, {})
        return _physical_resource(secret, properties, connection)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Replace the connection data in the secret's value by that of another database."""
        del context, attempted
        connection = yield from self._connection(after)
        yield from self._set(resource.id, connection, resource.attributes.get(_CONNECTION) or {})
        return _physical_resource(resource.id, after, connection)

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Remove from the secret's value the members that are still as the attachment has written them."""
        connection = resource.attributes.get(_CONNECTION)
        try:
            if connection is None:  # the creation was interrupted or has failed
                connection = yield from self._connection(resource.properties)
            yield from self._set(resource.id, {}, connection)
        except AwsCallFailed as fault:
            if fault.code not in self.missing and not _NO_DATABASE.fullmatch(fault.code):
                raise

    def _connection(self, properties: Properties) -> Procedure[dict[str, Any]]:
        """The members of a secret's value that describe the database. Raises ResourceFailed for an unknown kind."""
        target, name = str(properties["TargetType"]), properties["TargetId"]
        kind = _KINDS.get(target)
        if kind is None:
            raise ResourceFailed(f"TargetType is one of {', '.join(_KINDS)} here, not {target[:100]}.")
        answer = yield Call(kind.service, kind.operation, {kind.member: name})
        connection = {
            member: Read(kind.operation, ids(""), f"{kind.path}.{path}").find(answer, PhysicalResource("", {}))
            for member, path in kind.connection.items()
        }
        return {member: value for member, value in connection.items() if value is not None}

    def _set(self, secret: str, connection: Mapping[str, Any], former: Mapping[str, Any]) -> Procedure[None]:
        """Replace the members ``former`` of the secret's value, where they are unchanged, by ``connection``."""
        text = (yield Call(self.service, "GetSecretValue", {"SecretId": secret})).get("SecretString")
        try:
            value = json.loads(text or "")
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ResourceFailed("The value of the secret must be a JSON object.")
        others = {name: each for name, each in value.items() if name not in former or each != former[name]}
        if {**others, **connection} != value:
            members = {"SecretId": secret, "SecretString": json.dumps({**others, **connection})}
            yield Call(self.service, "PutSecretValue", members)


def _physical_resource(secret: str, properties: Properties, connection: Mapping[str, Any]) -> PhysicalResource:
    return PhysicalResource(secret, properties, secret, {**properties, "Id": secret, _CONNECTION: connection})
