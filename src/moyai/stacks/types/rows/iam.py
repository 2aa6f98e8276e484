"""AWS Identity and Access Management's resource types.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Children, Follow, Input, Properties, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Identified, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.iam_policies import (
    LONGEST_OF_MOST,
    MISSING,
    PRINCIPALS,
    SERVICE,
    inline_policy,
    managed_policy,
    policy_of,
    with_json,
)
from moyai.stacks.types.rows.inputs import always, as_json, both, ids, prop
from moyai.stacks.types.tags import Tagging, arn_tags

_LONGEST: Final = 64
_SECRET: Final = "SecretAccessKey"  # noqa: S105 (the attribute's name)


def iam_rows() -> Iterator[StackResourceType]:
    """The rows of the service ``iam``."""
    yield _role()
    yield _user()
    yield _group()
    yield inline_policy()
    yield from (policy_of(kind) for kind in PRINCIPALS)
    yield managed_policy()
    yield _instance_profile()
    yield _service_linked_role()
    yield _access_key()


def _tags(kind: str, resource: Input) -> Tagging:
    return arn_tags(resource, f"Tag{kind}", f"Untag{kind}")


def _policies(kind: str) -> dict[str, Children]:
    """The policies of a role, user or group, which are removed from it before its deletion."""
    name = ids(f"{kind}Name")
    return {
        "ManagedPolicyArns": Children(
            f"Attach{kind}Policy",
            f"Detach{kind}Policy",
            lambda resource, arn: {**name(resource), "PolicyArn": arn},
            absent=MISSING,
            blocks_deletion=True,
        ),
        "Policies": Children(
            f"Put{kind}Policy",
            f"Delete{kind}Policy",
            lambda resource, policy: {
                **name(resource),
                "PolicyName": policy["PolicyName"],
                "PolicyDocument": as_json(policy["PolicyDocument"]),
            },
            absent=MISSING,
            remove_input=lambda resource, policy: {**name(resource), "PolicyName": policy["PolicyName"]},
            blocks_deletion=True,
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
        SERVICE,
        "CreateRole",
        "RoleName",
        "DeleteRole",
        name,
        name_property="RoleName",
        longest_name=_LONGEST,
        arrange=with_json("AssumeRolePolicyDocument"),
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
        missing=MISSING,
    )


def _user() -> StackResourceType:
    name = ids("UserName")
    return StackResourceType(
        "AWS::IAM::User",
        SERVICE,
        "CreateUser",
        "UserName",
        "DeleteUser",
        name,
        name_property="UserName",
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
                absent=MISSING,
                blocks_deletion=True,
            ),
        },
        read=Read("GetUser", name, "User"),
        missing=MISSING,
    )


def _group() -> StackResourceType:
    return StackResourceType(
        "AWS::IAM::Group",
        SERVICE,
        "CreateGroup",
        "GroupName",
        "DeleteGroup",
        ids("GroupName"),
        name_property="GroupName",
        longest_name=LONGEST_OF_MOST,
        children=_policies("Group"),
        read=Read("GetGroup", ids("GroupName"), "Group"),
        missing=MISSING,
    )


def _instance_profile() -> StackResourceType:
    name = ids("InstanceProfileName")
    return StackResourceType(
        "AWS::IAM::InstanceProfile",
        SERVICE,
        "CreateInstanceProfile",
        "InstanceProfileName",
        "DeleteInstanceProfile",
        name,
        name_property="InstanceProfileName",
        longest_name=LONGEST_OF_MOST,
        children={
            "Roles": Children(
                "AddRoleToInstanceProfile",
                "RemoveRoleFromInstanceProfile",
                lambda resource, role: {"InstanceProfileName": resource.id, "RoleName": role},
                absent=MISSING,
                blocks_deletion=True,
            )
        },
        read=Read("GetInstanceProfile", name, "InstanceProfile"),
        missing=MISSING,
    )


def _service_linked_role() -> StackResourceType:
    return StackResourceType(
        "AWS::IAM::ServiceLinkedRole",
        SERVICE,
        "CreateServiceLinkedRole",
        "Role.RoleName",
        "DeleteServiceLinkedRole",
        ids("RoleName"),
        read=Read("GetRole", ids("RoleName"), "Role"),
        update="UpdateRole",
        missing=MISSING,
    )


def _access_key() -> StackResourceType:
    return AccessKeyType(
        "AWS::IAM::AccessKey",
        SERVICE,
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
                default=always("Active"),
            )
        },
        read=Read("ListAccessKeys", prop("UserName", "UserName"), "AccessKeyMetadata[?AccessKeyId=='$id'] | [0]"),
        derive=lambda resource: {"Id": resource.id},
        missing=MISSING,
    )


class AccessKeyType(StackResourceType, frozen=True):
    """An access key. Only the answer to its creation has the secret, which is recorded as an attribute."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the key. A key whose creation was interrupted is deleted first, because its secret is lost."""
        del context
        if existing is not None:
            yield from self.delete_steps(PhysicalResource(existing, properties))
        key = (yield Call(self.service, self.create, {"UserName": properties["UserName"]}))["AccessKey"]
        yield Identified(key["AccessKeyId"])
        resource = PhysicalResource(key["AccessKeyId"], properties)
        if "Status" in properties:
            yield self.follow["Status"].call(self.service, "Status", resource)
        described = yield from self.describe(resource)
        return replace(described, attributes={**described.attributes, _SECRET: key[_SECRET]})

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the key's status."""
        described = yield from super().update_steps(resource, after, context, attempted)
        return replace(described, attributes={**described.attributes, _SECRET: resource.attributes.get(_SECRET)})
