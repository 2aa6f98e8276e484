"""The names that CloudFormation generates for resources, and the context of a procedure, which they depend on.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import msgspec

from moyai.domain.cloudformation.stack import Stack, StackResource, StackStatus

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_RANDOM: Final = 12
"""Characters of the random end of a name."""
_DASHES: Final = 2


class ResourceContext(msgspec.Struct, frozen=True):
    """What a procedure knows of its resource apart from the properties.

    ``token``: unique to the resource. ``is_repeated``: the control plane ended after the procedure had begun, so that
    its calls may have been made already. ``takes_tags``: the service accepts the tags that name the stack. ``api``: the
    address of the API for callers, ``name:port``.
    """

    stack: Stack
    logical_id: str
    token: str
    is_repeated: bool = False
    takes_tags: bool = True
    api: str = ""
    phase: str = ""
    """The phase of the stack's operation in which the resource's operation began."""
    creation_policy: Mapping[str, Any] = MappingProxyType({})
    update_policy: Mapping[str, Any] = MappingProxyType({})

    @property
    def goes_back(self) -> bool:
        """Whether the stack is rolling back an update, so that the resource gets its former properties again."""
        return self.stack.status is StackStatus.UPDATE_ROLLBACK_IN_PROGRESS

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags that name the stack and the resource."""
        if not self.takes_tags:
            return []
        members = {"stack-name": self.stack.name, "stack-id": self.stack.arn, "logical-id": self.logical_id}
        return [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in members.items()]

    def generate_name(self, longest: int, *, lower_case: bool = False, physical_id: str = "") -> str:
        """A physical name, ``{stack}-{logical id}-{random}``, of at most ``longest`` characters. The name is the same
        for the same token and ``physical_id``, the id of the resource if the name is for its snapshot.
        """
        digest = sha256((self.token + physical_id).encode()).digest()
        random = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:_RANDOM])
        room = longest - _RANDOM - _DASHES
        stack, logical = self.stack.name, self.logical_id
        if len(stack) + len(logical) > room:
            logical = logical[: max(room // 2, room - len(stack))]
            stack = stack[: room - len(logical)]
        name = f"{stack}-{logical}-{random}"
        return name.lower() if lower_case else name


def context_of(
    stack: Stack, resource: StackResource, *, is_repeated: bool, api: str, takes_tags: bool
) -> ResourceContext:
    """The context of a resource whose operation is in progress."""
    return ResourceContext(
        stack,
        resource.logical_id,
        resource.token,
        is_repeated=is_repeated,
        takes_tags=takes_tags,
        api=api,
        phase=resource.phase,
        creation_policy=resource.creation_policy,
        update_policy=resource.update_policy,
    )
