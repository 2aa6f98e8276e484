"""The resource types of policies of AWS Identity and Access Management.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.attached_policy import AttachedPolicyType, PolicyTargets
from moyai.stacks.types.rows.inputs import as_json, both, ids, prop

SERVICE: Final = "iam"
MISSING: Final = frozenset({"NoSuchEntity"})
LONGEST_OF_MOST: Final = 128
"""Characters that most names may have; those of roles and users are shorter."""
PRINCIPALS: Final[Mapping[str, str]] = MappingProxyType({"Role": "Roles", "User": "Users", "Group": "Groups"})
"""The kinds of principals, with the properties that list them."""
_MOST_VERSIONS: Final = 5
"""Number of versions that a managed policy can have."""


def with_json(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An ``arrange`` that turns the documents in the properties ``names`` into texts."""
    return lambda values: {name: as_json(value) if name in names else value for name, value in values.items()}


def inline_policy() -> StackResourceType:
    """The row of inline policies in several roles, users and groups."""
    return AttachedPolicyType(
        "AWS::IAM::Policy",
        SERVICE,
        "PutRolePolicy",
        "Id",
        "DeleteRolePolicy",
        ids("PolicyName"),
        longest_name=LONGEST_OF_MOST,
        arranged=frozenset({"PolicyDocument", "PolicyName", *PRINCIPALS.values()}),
        update="PutRolePolicy",
        targets={property_name: _inline_on(kind) for kind, property_name in PRINCIPALS.items()},
        missing=MISSING,
    )


def _inline_on(kind: str) -> PolicyTargets:
    return PolicyTargets(
        f"Put{kind}Policy",
        lambda properties, target: {
            f"{kind}Name": target,
            "PolicyName": properties["PolicyName"],
            "PolicyDocument": as_json(properties["PolicyDocument"]),
        },
        f"Delete{kind}Policy",
        lambda properties, target: {f"{kind}Name": target, "PolicyName": properties["PolicyName"]},
    )


def policy_of(kind: str) -> StackResourceType:
    """The row of inline policies in one role, user or group."""
    identifiers = both(prop(f"{kind}Name", f"{kind}Name"), prop("PolicyName", "PolicyName"))
    return StackResourceType(
        f"AWS::IAM::{kind}Policy",
        SERVICE,
        f"Put{kind}Policy",
        f"join('|', [PolicyName, {kind}Name])",
        f"Delete{kind}Policy",
        identifiers,
        arrange=with_json("PolicyDocument"),
        read=Read(f"Get{kind}Policy", identifiers),
        update=f"Put{kind}Policy",
        missing=MISSING,
    )


def managed_policy() -> StackResourceType:
    """The row of managed policies and their attachments."""
    return ManagedPolicyType(
        "AWS::IAM::ManagedPolicy",
        SERVICE,
        "CreatePolicy",
        "Policy.Arn",
        "DeletePolicy",
        ids("PolicyArn"),
        name_property="ManagedPolicyName",
        longest_name=LONGEST_OF_MOST,
        rename={"ManagedPolicyName": "PolicyName"},
        arrange=with_json("PolicyDocument"),
        follow={
            "PolicyDocument": Follow(
                "CreatePolicyVersion",
                lambda resource: {
                    "PolicyArn": resource.id,
                    "PolicyDocument": as_json(resource.properties["PolicyDocument"]),
                    "SetAsDefault": True,
                },
                at_creation=False,
            )
        },
        children={
            property_name: Children(
                f"Attach{kind}Policy",
                f"Detach{kind}Policy",
                _attachment(kind),
                absent=MISSING,
                blocks_deletion=True,
            )
            for kind, property_name in PRINCIPALS.items()
        },
        read=Read("GetPolicy", ids("PolicyArn"), "Policy"),
        attributes={"PolicyArn": "Arn"},
        missing=MISSING,
    )


def _attachment(kind: str) -> Any:  # noqa: ANN401 (an input of children)
    return lambda resource, target: {f"{kind}Name": target, "PolicyArn": resource.id}


class ManagedPolicyType(StackResourceType, frozen=True):
    """A managed policy, which can have no more than five versions."""

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the policy. The oldest version is deleted when a new document would be one too many."""
        if after.get("PolicyDocument") != resource.properties.get("PolicyDocument"):
            yield from self._remove_versions(resource, _MOST_VERSIONS - 1)
        return (yield from super().update_steps(resource, after, context, attempted))

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Delete the policy after its versions."""
        yield from self._remove_versions(resource, 1)
        yield from super().delete_steps(resource)

    def _remove_versions(self, resource: PhysicalResource, remaining: int) -> Procedure[None]:
        """Delete the oldest versions until ``remaining`` are left, but not the default version."""
        answer = yield Call(self.service, "ListPolicyVersions", {"PolicyArn": resource.id})
        others = [version["VersionId"] for version in answer["Versions"] if not version["IsDefaultVersion"]]
        others.sort(key=lambda version: int(version[1:]))
        for version in others[: max(0, len(answer["Versions"]) - remaining)]:
            yield Call(self.service, "DeletePolicyVersion", {"PolicyArn": resource.id, "VersionId": version})
