"""What a container's environment files hold at the moment it starts.

Promise: files are read when a container starts, and values stay ``Secret``. Between two files the first one that has
a variable wins. What stands in a file is taken as it is: no quotes are removed and nothing is put in for ``$``.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moyai.domain.ecs.environment import EnvironmentFile
from moyai.domain.world import World
from moyai.kernel.secret import Secret
from moyai.plan.secrets import Unresolved

_ABSENT = (
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: "
    "NoSuchKey: The specified key does not exist."
)
_BYTE_ORDER_MARK = "\ufeff"


def read_files(world: World, files: Iterable[EnvironmentFile]) -> Mapping[str, Secret]:
    """The variables of all files. Raises Unresolved."""
    found: dict[str, Secret] = {}
    for file in files:
        kept = world.env_files.get(file.value)
        if kept is None:
            raise Unresolved(f"{_ABSENT} ({file.value})")
        found = {**variables(kept.body), **found}
    return found


def variables(body: Secret) -> Mapping[str, Secret]:
    """``NAME=VALUE`` lines. Those that begin with ``#``, have no ``=`` or no name are left out; the last of a name
    wins.
    """
    lines = (line.removesuffix("\r") for line in body.reveal().removeprefix(_BYTE_ORDER_MARK).split("\n"))
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: Secret(value) for name, equals, value in pairs if name and equals}
