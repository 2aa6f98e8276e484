"""The host names of registries: which account and region a name means, and which name an account's registry has here.

Promise: ``ACCOUNT.dkr.ecr.REGION.`` before any domain means that account and region. Any other name or address of this
server means the installation's own. So the URI of a repository can be pushed to, and stands for the same repository in
a task definition (docs/decisions/registry-names.md).
Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from moyai.kernel.addresses import is_ip_address
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope

_REGISTRY: Final = re.compile(r"([0-9]{12})\.dkr[.-]ecr\.([a-z0-9-]{1,40})\.(.+)")
_AWS_DOMAINS: Final = frozenset({"amazonaws.com", "amazonaws.com.cn"})
_LOCALHOST: Final = "localhost"


def registry_in(host: str) -> tuple[Scope, str] | None:
    """The account and region in a host name without its port, and the domain after them; None if it names none."""
    match = _REGISTRY.fullmatch(host.lower())
    return None if match is None else (Scope(AccountId(match[1]), Region(match[2])), match[3])


def is_aws_registry(host: str) -> bool:
    """Whether a host name is the one that AWS gives a registry."""
    registry = registry_in(host)
    return registry is not None and registry[1] in _AWS_DOMAINS


def registry_host(scope: Scope, host: str) -> str:
    """The host, with its port, under which the caller of ``host`` reaches the registry of an account and region.

    ``host``: the Host header of the caller's request. The server's plain names are those of DEFAULT_SCOPE's registry.
    """
    if not host:
        return f"{scope.account}.dkr.ecr.{scope.region}.amazonaws.com"
    if scope == DEFAULT_SCOPE:
        return host
    name, port = split_host(host)
    registry = registry_in(name)
    domain = _LOCALHOST if is_ip_address(name) else name if registry is None else registry[1]
    return f"{scope.account}.dkr.ecr.{scope.region}.{domain}{'' if port is None else f':{port}'}"


def split_host(host: str) -> tuple[str, int | None]:
    """The name or address of a host, and its port; an empty name if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return "", None
    return name, port
