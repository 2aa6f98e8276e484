"""The resource types of AWS Secrets Manager.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SecretsManager.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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


def secret_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``secretsmanager``."""
    yield SecretResourceType(
        "AWS::SecretsManager::Secret",
        "secretsmanager",
        "CreateSecret",
        "ARN",
        "DeleteSecret",
        lambda resource: {"SecretId": resource.id, "ForceDeleteWithoutRecovery": True},
        drawn="Name",
        idempotency_member="ClientRequestToken",
        tagging=arn_tags(ids("SecretId")),
        repeated=Read("DescribeSecret", lambda resource: {"SecretId": resource.properties["Name"]}),
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
    """A secret, whose value may be generated. The stack does not record what was."""

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
        """Change the secret; its value anew when the way in which it is generated has changed."""
        is_new = after.get(_GENERATE) != resource.properties.get(_GENERATE)
        values = (yield from self._with_value(after)) if is_new else after
        described = yield from super().update_steps(resource, values, context, attempted)
        return PhysicalResource(described.id, after, described.ref, described.attributes)

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
        return {**properties, _VALUE: password if key is None else _filled(template, str(key), password)}


def _filled(template: Any, key: str, password: str) -> str:  # noqa: ANN401 (a property)
    """The template's object with the password as one of its members."""
    try:
        value = json.loads(template)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise ResourceFailed("SecretStringTemplate must be a JSON object.")
    return json.dumps({**value, key: password})
