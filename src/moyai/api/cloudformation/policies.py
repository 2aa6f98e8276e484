"""SetStackPolicy and GetStackPolicy.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.lookup import stack_of
from moyai.api.operation import Context
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.world import Put
from moyai.stacks.policy import parse_policy


class SetStackPolicyRequest(msgspec.Struct, frozen=True):
    stack_name: str
    stack_policy_body: str | None = None
    stack_policy_url: str | None = None


class GetStackPolicyRequest(msgspec.Struct, frozen=True):
    stack_name: str


def set_stack_policy(ctx: Context, request: SetStackPolicyRequest) -> None:
    """Set the policy of a stack, which applies to later updates, and can't be removed, as on AWS."""
    stack = stack_of(ctx, request.stack_name)
    policy = checked_policy(request.stack_policy_body)
    if policy is None:
        raise StackFault("StackPolicyBody must be specified.")
    ctx.store.apply([Put(replace(stack, policy=policy))])


def get_stack_policy(ctx: Context, request: GetStackPolicyRequest) -> dict[str, object]:
    """The policy of a stack, if it has one."""
    return {"stack_policy_body": stack_of(ctx, request.stack_name).policy}


def checked_policy(text: str | None) -> str | None:
    """The text of a policy, if there is one. Raises StackFault for an invalid one."""
    if text is not None:
        parse_policy(text)
    return text
