"""The resources and principals that a share can have: namespaces, meshes and accounts.

Refuses: resources other than Cloud Map's namespaces and App Mesh's meshes; organizations and their units, IAM roles and
users; and other accounts in a share without external principals, because there is no organization that an account could
be in.
Source: https://docs.aws.amazon.com/ram/latest/userguide/shareable.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.api.operation import Context
from moyai.domain.ram.errors import InvalidParameter, MalformedArn, OperationNotPermitted, UnknownResource
from moyai.domain.ram.permission import PERMISSIONS, permission_for
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import is_account


def checked_resources(ctx: Context, arns: Iterable[str]) -> tuple[str, ...]:
    """The resources with these ARNs, each once. Raises MalformedArn, InvalidParameter or UnknownResource."""
    resources = tuple(dict.fromkeys(arns))
    for arn in resources:
        resource_arn = parse_arn(arn)
        if resource_arn is None:
            raise MalformedArn(f"The specified resource ARN {arn[:200]} is not valid.")
        if permission_for(arn) is None:
            types = " and ".join(permission.resource_type for permission in PERMISSIONS)
            raise InvalidParameter(f"{arn[:200]} can't be shared here: only {types} can.")
        world = ctx.store.world
        if resource_arn.scope != ctx.scope or not (arn in world.namespaces or arn in world.meshes):
            raise UnknownResource(f"Resource {arn[:200]} could not be found. You can share only what you own.")
    return resources


def checked_principals(ctx: Context, names: Iterable[str], *, external: bool) -> tuple[AccountId, ...]:
    """The accounts with these numbers, each once. Raises InvalidParameter or OperationNotPermitted."""
    accounts = tuple(dict.fromkeys(names))
    for name in accounts:
        if name.startswith("arn:aws:organizations:"):
            raise OperationNotPermitted(f"{name[:200]}: there are no organizations here; name an account.")
        if not is_account(name):
            raise InvalidParameter(f"The principal {name[:200]!r} is not an account's number of twelve digits.")
        if name == ctx.scope.account:
            raise InvalidParameter(f"The principal {name} is the account that shares.")
        if not external:
            raise OperationNotPermitted(
                f"The account {name} is not in your organization, and allowExternalPrincipals is false."
            )
    return tuple(map(AccountId, accounts))


def checked_permissions(arns: Iterable[str]) -> tuple[str, ...]:
    """The managed permissions with these ARNs, each once. Raises UnknownResource."""
    permission_arns = tuple(dict.fromkeys(arns))
    for arn in permission_arns:
        if arn not in {permission.arn for permission in PERMISSIONS}:
            known = " or ".join(permission.arn for permission in PERMISSIONS)
            raise UnknownResource(f"There is no permission {arn[:200]}. Use {known}.")
    return permission_arns


def permissions_with(current: Iterable[str], resources: Iterable[str]) -> tuple[str, ...]:
    """The permissions of a share with these resources in it: each kind has one."""
    needed = (permission.arn for arn in resources if (permission := permission_for(arn)) is not None)
    return tuple(dict.fromkeys((*current, *needed)))
