"""AWS Identity and Access Management's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Input, Properties, Read, Stable
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.attached_policy import AttachedPolicyType, PolicyTargets
from moyai.stacks.types.rows.inputs import as_json, both, ids, prop
from moyai.stacks.types.tags import Tagging, arn_tags

_SERVICE: Final = "iam"
_MISSING: Final = frozenset({"NoSuchEntity"})
_LONGEST: Final = 64
_LONGEST_OF_MOST: Final = 128
_MOST_VERSIONS: Final = 5
"""Versions that a managed policy can have."""
_PRINCIPALS: Final[Mapping[str, str]] = MappingProxyType({"Roles": "Role", "Users": "User", "Groups": "Group"})
"""The kinds of what has policies, by the property that lists them."""


def iam_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``iam``."""
    yield _role()
    yield _user()
    yield _group()
    yield _inline_policy()
    yield from (_policy_of(kind) for kind in _PRINCIPALS.values())
    yield _managed_policy()
    yield _instance_profile()
    yield _service_linked_role()
    yield _access_key()


def _tags(kind: str, resource: Input) -> Tagging:
    return arn_tags(resource, f"Tag{kind}", f"Untag{kind}")


def _with_json(*names: str) -> Any:  # noqa: ANN401 (an arrangement)
    """An arrangement that makes texts of documents."""
    return lambda values: {name: as_json(value) if name in names else value for name, value in values.items()}


def _policies(kind: str) -> dict[str, Children]:
    """The policies of a role, user or group, which has to lose them before it is deleted."""
    name = ids(f"{kind}Name")
    return {
        "ManagedPolicyArns": Children(
            f"Attach{kind}Policy",
            f"Detach{kind}Policy",
            lambda resource, arn: {**name(resource), "PolicyArn": arn},
            absent=_MISSING,
            held=True,
        ),
        "Policies": Children(
            f"Put{kind}Policy",
            f"Delete{kind}Policy",
            lambda resource, policy: {
                **name(resource),
                "PolicyName": policy["PolicyName"],
                "PolicyDocument": as_json(policy["PolicyDocument"]),
            },
            absent=_MISSING,
            removed=lambda resource, policy: {**name(resource), "PolicyName": policy["PolicyName"]},
            held=True,
        ),
    }


def _boundary(kind: str) -> Follow:
    return Follow(
        f"Put{kind}PermissionsBoundary",
        both(ids(f"{kind}Name"), prop("PermissionsBoundary", "PermissionsBoundary")),
        reset=f"Delete{kind}PermissionsBoundary",
        at_creation=False,
    )


def _role() -> StackResourceType:
    name = ids("RoleName")
    return StackResourceType(
        "AWS::IAM::Role",
        _SERVICE,
        "CreateRole",
        "RoleName",
        "DeleteRole",
        name,
        drawn="RoleName",
        longest_name=_LONGEST,
        arrange=_with_json("AssumeRolePolicyDocument"),
        tagging=_tags("Role", name),
        follow={
            "AssumeRolePolicyDocument": Follow(
                "UpdateAssumeRolePolicy",
                both(name, prop("PolicyDocument", "AssumeRolePolicyDocument", as_json)),
                at_creation=False,
            ),
            "PermissionsBoundary": _boundary("Role"),
        },
        children=_policies("Role"),
        read=Read("GetRole", name, "Role"),
        update="UpdateRole",
        missing=_MISSING,
    )


def _user() -> StackResourceType:
    name = ids("UserName")
    return StackResourceType(
        "AWS::IAM::User",
        _SERVICE,
        "CreateUser",
        "UserName",
        "DeleteUser",
        name,
        drawn="UserName",
        longest_name=_LONGEST,
        tagging=_tags("User", name),
        follow={
            "PermissionsBoundary": _boundary("User"),
            "LoginProfile": Follow(
                "CreateLoginProfile",
                lambda resource: {"UserName": resource.id, **resource.properties["LoginProfile"]},
                reset="DeleteLoginProfile",
            ),
        },
        children={
            **_policies("User"),
            "Groups": Children(
                "AddUserToGroup",
                "RemoveUserFromGroup",
                lambda resource, group: {"UserName": resource.id, "GroupName": group},
                absent=_MISSING,
                held=True,
            ),
        },
        read=Read("GetUser", name, "User"),
        missing=_MISSING,
    )


def _group() -> StackResourceType:
    return StackResourceType(
        "AWS::IAM::Group",
        _SERVICE,
        "CreateGroup",
        "GroupName",
        "DeleteGroup",
        ids("GroupName"),
        drawn="GroupName",
        longest_name=_LONGEST_OF_MOST,
        children=_policies("Group"),
        read=Read("GetGroup", ids("GroupName"), "Group"),
        missing=_MISSING,
    )


def _inline_policy() -> StackResourceType:
    return AttachedPolicyType(
        "AWS::IAM::Policy",
        _SERVICE,
        "PutRolePolicy",
        "",
        "DeleteRolePolicy",
        ids("PolicyName"),
        longest_name=_LONGEST_OF_MOST,
        arranged=frozenset({"PolicyDocument", "PolicyName", *_PRINCIPALS}),
        update="PutRolePolicy",
        targets={property_name: _inline_on(kind) for property_name, kind in _PRINCIPALS.items()},
        missing=_MISSING,
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


def _policy_of(kind: str) -> StackResourceType:
    named = both(prop(f"{kind}Name", f"{kind}Name"), prop("PolicyName", "PolicyName"))
    return StackResourceType(
        f"AWS::IAM::{kind}Policy",
        _SERVICE,
        f"Put{kind}Policy",
        f"join('|', [PolicyName, {kind}Name])",
        f"Delete{kind}Policy",
        named,
        arrange=_with_json("PolicyDocument"),
        read=Read(f"Get{kind}Policy", named),
        update=f"Put{kind}Policy",
        missing=_MISSING,
    )


def _managed_policy() -> StackResourceType:
    return ManagedPolicyType(
        "AWS::IAM::ManagedPolicy",
        _SERVICE,
        "CreatePolicy",
        "Policy.Arn",
        "DeletePolicy",
        ids("PolicyArn"),
        drawn="ManagedPolicyName",
        longest_name=_LONGEST_OF_MOST,
        rename={"ManagedPolicyName": "PolicyName"},
        arrange=_with_json("PolicyDocument"),
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
                absent=_MISSING,
                held=True,
            )
            for property_name, kind in _PRINCIPALS.items()
        },
        read=Read("GetPolicy", ids("PolicyArn"), "Policy"),
        attributes={"PolicyArn": "Arn"},
        missing=_MISSING,
    )


def _attachment(kind: str) -> Any:  # noqa: ANN401 (an input of children)
    return lambda resource, target: {f"{kind}Name": target, "PolicyArn": resource.id}


class ManagedPolicyType(StackResourceType, frozen=True):
    """A managed policy, of which only so many versions are kept."""

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the policy, the oldest version making room for a new document."""
        if after.get("PolicyDocument") != resource.properties.get("PolicyDocument"):
            yield from self._remove_versions(resource, _MOST_VERSIONS - 1)
        return (yield from super().update_steps(resource, after, context, attempted))

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Delete the policy after its versions."""
        yield from self._remove_versions(resource, 1)
        yield from super().delete_steps(resource)

    def _remove_versions(self, resource: PhysicalResource, remaining: int) -> Procedure[None]:
        """Delete the oldest versions, but not the one that applies."""
        answer = yield Call(self.service, "ListPolicyVersions", {"PolicyArn": resource.id})
        others = [version["VersionId"] for version in answer["Versions"] if not version["IsDefaultVersion"]]
        others.sort(key=lambda version: int(version[1:]))
        for version in others[: max(0, len(answer["Versions"]) - remaining)]:
            yield Call(self.service, "DeletePolicyVersion", {"PolicyArn": resource.id, "VersionId": version})


def _instance_profile() -> StackResourceType:
    name = ids("InstanceProfileName")
    return StackResourceType(
        "AWS::IAM::InstanceProfile",
        _SERVICE,
        "CreateInstanceProfile",
        "InstanceProfileName",
        "DeleteInstanceProfile",
        name,
        drawn="InstanceProfileName",
        longest_name=_LONGEST_OF_MOST,
        children={
            "Roles": Children(
                "AddRoleToInstanceProfile",
                "RemoveRoleFromInstanceProfile",
                lambda resource, role: {"InstanceProfileName": resource.id, "RoleName": role},
                absent=_MISSING,
                held=True,
            )
        },
        read=Read("GetInstanceProfile", name, "InstanceProfile"),
        missing=_MISSING,
    )


def _service_linked_role() -> StackResourceType:
    return StackResourceType(
        "AWS::IAM::ServiceLinkedRole",
        _SERVICE,
        "CreateServiceLinkedRole",
        "Role.RoleName",
        "DeleteServiceLinkedRole",
        ids("RoleName"),
        read=Read("GetRole", ids("RoleName"), "Role"),
        update="UpdateRole",
        missing=_MISSING,
    )


def _access_key() -> StackResourceType:
    return AccessKeyType(
        "AWS::IAM::AccessKey",
        _SERVICE,
        "CreateAccessKey",
        "AccessKey.AccessKeyId",
        "DeleteAccessKey",
        lambda resource: {"UserName": resource.properties["UserName"], "AccessKeyId": resource.id},
        arrange=lambda values: {name: value for name, value in values.items() if name != "Serial"},
        arranged=frozenset({"Serial"}),
        follow={
            "Status": Follow(
                "UpdateAccessKey",
                lambda resource: {
                    "UserName": resource.properties["UserName"],
                    "AccessKeyId": resource.id,
                    "Status": resource.properties["Status"],
                },
            )
        },
        read=Read("ListAccessKeys", prop("UserName", "UserName"), "AccessKeyMetadata[?AccessKeyId=='$id'] | [0]"),
        stable=Stable("Status", frozenset({"Active", "Inactive"})),
        derive=lambda resource: {"Id": resource.id},
        missing=_MISSING,
    )


class AccessKeyType(StackResourceType, frozen=True):
    """An access key, whose secret only the answer to its creation has."""

    secret: str = "AccessKey.SecretAccessKey"
