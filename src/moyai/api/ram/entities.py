"""What can be in a share: namespaces of the caller's own, and other accounts.

Refuses: other resources than Cloud Map's namespaces, organizations and their units, IAM's roles and users; and other
accounts where the share takes nobody from outside, since every account is outside: there is no organization here.
Source: https://docs.aws.amazon.com/ram/latest/userguide/shareable.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.api.operation import Context
from moyai.domain.keys import scope_of
from moyai.domain.ram.errors import InvalidParameter, MalformedArn, OperationNotPermitted, UnknownResource
from moyai.domain.ram.permission import PERMISSION
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import is_account


def checked_resources(ctx: Context, arns: Iterable[str]) -> tuple[str, ...]:
    """The namespaces with these ARNs, each once. Raises MalformedArn, InvalidParameter or UnknownResource."""
    asked = tuple(dict.fromkeys(arns))
    for arn in asked:
        parsed = parse_arn(arn)
        if parsed is None:
            raise MalformedArn(f"The specified resource ARN {arn[:200]} is not valid.")
        if (parsed.service, parsed.kind) != ("servicediscovery", "namespace"):
            raise InvalidParameter(f"{arn[:200]} can't be shared here: only namespaces of Cloud Map can.")
        found = ctx.store.world.namespaces.get(arn)
        if found is None or scope_of(found.arn) != ctx.scope:
            raise UnknownResource(f"Resource {arn[:200]} could not be found. You can share what you own yourself.")
    return asked


def checked_principals(ctx: Context, names: Iterable[str], *, external: bool) -> tuple[AccountId, ...]:
    """The accounts, each once. Raises InvalidParameter or OperationNotPermitted."""
    asked = tuple(dict.fromkeys(names))
    for name in asked:
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
    return tuple(map(AccountId, asked))


def checked_permissions(arns: Iterable[str]) -> tuple[str, ...]:
    """The permissions of a share: there is one. Raises UnknownResource."""
    for arn in arns:
        if arn != PERMISSION:
            raise UnknownResource(f"There is no permission {arn[:200]}. Namespaces are shared with {PERMISSION}.")
    return (PERMISSION,)
