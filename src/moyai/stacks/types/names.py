"""The names that CloudFormation draws for resources.

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
    """The context of a procedure: what it knows of the resource beside its properties. ``token`` is the resource's
    alone. ``is_repeated``: the control plane ended after the operation was sent, which may be done already.
    ``takes_tags``: its service accepts the tags that name the stack. ``api``: at which callers reach the API,
    ``name:port``.
    """

    stack: Stack
    logical_id: str
    token: str
    is_repeated: bool = False
    takes_tags: bool = True
    api: str = ""
    phase: str = ""
    """The resource's own: the stack's operation that concerns it."""
    creation_policy: Mapping[str, Any] = MappingProxyType({})
    update_policy: Mapping[str, Any] = MappingProxyType({})

    @property
    def goes_back(self) -> bool:
        """Whether the resource is to become again what it was before an update."""
        return self.stack.status is StackStatus.UPDATE_ROLLBACK_IN_PROGRESS

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags that name the stack and the resource."""
        if not self.takes_tags:
            return []
        members = {"stack-name": self.stack.name, "stack-id": self.stack.arn, "logical-id": self.logical_id}
        return [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in members.items()]

    def draw_name(self, longest: int, *, lower_case: bool = False, physical_id: str = "") -> str:
        """A physical name, ``{stack}-{logical id}-{random}``, of at most so many characters. It is equal for an equal
        token and an equal ``physical_id``: the resource to which what has the name belongs.
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
    """The context of a resource whose operation is under way."""
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
