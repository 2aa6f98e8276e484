"""The resource types of AWS Secrets Manager.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SecretsManager.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import ids
from moyai.stacks.types.tags import arn_tags

_GENERATE: Final = "GenerateSecretString"
_VALUE: Final = "SecretString"
_CURRENT: Final = "AWSCURRENT"
_PREVIOUS: Final = "AWSPREVIOUS"


def secret_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``secretsmanager``."""
    yield SecretResourceType(
        "AWS::SecretsManager::Secret",
        "secretsmanager",
        "CreateSecret",
        "ARN",
        "DeleteSecret",
        lambda resource: {"SecretId": resource.id, "ForceDeleteWithoutRecovery": True},
        name_property="Name",
        idempotency_member="ClientRequestToken",
        tagging=arn_tags(ids("SecretId")),
        read_repeated=Read("DescribeSecret", lambda resource: {"SecretId": resource.properties["Name"]}),
        read=Read("DescribeSecret", ids("SecretId")),
        arrange=lambda values: {name: value for name, value in values.items() if name != _GENERATE},
        arranged=frozenset({_GENERATE}),
        attributes={"Id": "ARN"},
        update="UpdateSecret",
        update_by=ids("SecretId"),
        update_whole=False,
        missing=frozenset({"ResourceNotFoundException"}),
    )


class SecretResourceType(StackResourceType, frozen=True):
    """A secret, whose value may be generated. The stack does not record a generated value."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the secret with its value."""
        values = properties if existing else (yield from self._with_value(properties))
        described = yield from super().create_steps(values, context, existing)
        return PhysicalResource(described.id, properties, described.ref, described.attributes)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the secret, and its value if the template's settings for it have changed.

        A rollback restores a generated value: the previous version becomes the current one again.
        """
        before, last = _value_settings(resource.properties), _value_settings(attempted or resource.properties)
        settings = _value_settings(after)
        is_restored = context.goes_back and (yield from self._restore_version(resource.id, context))
        if not is_restored and (settings != before or (settings != last and not context.goes_back)):
            yield from self._set_value(resource.id, after, context)
        possible = resource.properties if attempted is None else attempted
        described = yield from super().update_steps(
            PhysicalResource(resource.id, _without_value(resource.properties), resource.ref, resource.attributes),
            _without_value(after),
            context,
            _without_value(possible),
        )
        return PhysicalResource(described.id, after, described.ref, described.attributes)

    def _set_value(self, secret: str, properties: Properties, context: ResourceContext) -> Procedure[None]:
        """Set the value that the properties describe, if they do, once in an operation of the stack."""
        stages = yield from self._stages(secret)
        current, previous = stages.get(_CURRENT, ""), stages.get(_PREVIOUS, "")
        if current == _version_id(context, previous):
            return  # the procedure had set the value before it was interrupted
        values = yield from self._with_value(properties)
        if _VALUE in values:
            version = _version_id(context, current)
            members = {"SecretId": secret, _VALUE: values[_VALUE], "ClientRequestToken": version}
            yield Call(self.service, "UpdateSecret", members)

    def _restore_version(self, secret: str, context: ResourceContext) -> Procedure[bool]:
        """Make the previous version the current one again, if the update that is rolled back has replaced it. Returns
        whether it has.
        """
        stages = yield from self._stages(secret)
        current, previous = stages.get(_CURRENT, ""), stages.get(_PREVIOUS)
        if previous is None or current != _version_id(context, previous):
            return False
        yield Call(
            self.service,
            "UpdateSecretVersionStage",
            {
                "SecretId": secret,
                "VersionStage": _CURRENT,
                "MoveToVersionId": previous,
                "RemoveFromVersionId": current,
            },
        )
        return True

    def _stages(self, secret: str) -> Procedure[dict[str, str]]:
        """The ids of a secret's versions by their stages."""
        answer = yield Call(self.service, "DescribeSecret", {"SecretId": secret})
        versions = answer.get("VersionIdsToStages") or {}
        return {stage: version for version, stages in versions.items() for stage in stages}

    def _with_value(self, properties: Properties) -> Procedure[Properties]:
        """The properties with the value that ``GenerateSecretString`` describes."""
        generate = properties.get(_GENERATE)
        if not isinstance(generate, Mapping):
            return properties
        if _VALUE in properties:
            raise ResourceFailed(f"You can't specify both {_VALUE} and {_GENERATE}.")
        members = dict(generate)
        template, key = members.pop("SecretStringTemplate", None), members.pop("GenerateStringKey", None)
        password = (yield Call(self.service, "GetRandomPassword", members))["RandomPassword"]
        if (template is None) != (key is None):
            raise ResourceFailed("SecretStringTemplate and GenerateStringKey must be set together.")
        return {**properties, _VALUE: password if key is None else _with_password(template, str(key), password)}


def _value_settings(properties: Properties) -> str:
    """The properties that determine a secret's value, as a text for comparisons."""
    return json.dumps([properties.get(_GENERATE), properties.get(_VALUE)], sort_keys=True, default=str)


def _without_value(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in {_GENERATE, _VALUE}}


def _version_id(context: ResourceContext, former: str) -> str:
    """The id of the version with which an update of the stack replaces the version ``former``."""
    template = context.stack.former if context.goes_back else context.stack.target
    return sha256(f"{context.token} {template} {former}".encode()).hexdigest()


def _with_password(template: Any, key: str, password: str) -> str:  # noqa: ANN401 (a property)
    """The text of the template's object with the password as the member ``key``. Raises ResourceFailed."""
    try:
        value = json.loads(template)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise ResourceFailed("SecretStringTemplate must be a JSON object.")
    return json.dumps({**value, key: password})
