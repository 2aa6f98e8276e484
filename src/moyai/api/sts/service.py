"""The operation GetCallerIdentity of STS.

Promise: the account is the one whose resources the caller sees, and the ARN the one in errors and records.
Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.operation import ApiService, Context, operations


class GetCallerIdentityRequest(msgspec.Struct, frozen=True):
    """Input of GetCallerIdentity, which is empty."""


def get_caller_identity(ctx: Context, request: GetCallerIdentityRequest) -> dict[str, object]:
    """The caller's account and ARN; the user id is the access key's, or the account's for an unsigned request."""
    del request
    return {"user_id": ctx.user_id, "account": ctx.scope.account, "arn": ctx.principal}


STS: Final = ApiService(name="sts", operations=operations(get_caller_identity))
