"""The JSON that each command prints with ``--json``: the command line's reference shows it, and tests compare it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

OBJECT, LIST, LINES = "an object", "a list of objects", "lines, each an object"


class JsonShape(NamedTuple):
    """What a command prints: its form, and the members of its objects. Without members, the keys are names."""

    form: str
    members: frozenset[str] = frozenset()
    otherwise: tuple[str, JsonShape] | None = None
    """When the command prints another shape, and that shape."""

    @property
    def text(self) -> str:
        """The shape in words."""
        names = ", ".join(f"`{name}`" for name in sorted(self.members))
        text = f"{self.form} with {names}" if names else f"{self.form} of values by name"
        return text if self.otherwise is None else f"{text}; {self.otherwise[0]}, {self.otherwise[1].text}"


def _of(form: str, members: str, otherwise: tuple[str, JsonShape] | None = None) -> JsonShape:
    return JsonShape(form, frozenset(members.split()), otherwise)


_SPAN: Final = "trace id parent name kind start duration is_error attributes resource"
_BOX: Final = "name engine image running url task_ports http_port https_port volume privileged health"

JSON_SHAPES: Final[Mapping[str, JsonShape]] = MappingProxyType(
    {
        "down": _of(OBJECT, "state found forgotten"),
        "env": JsonShape(OBJECT),
        "status": _of(OBJECT, "endpoint region clusters loadBalancers"),
        "events": _of(LINES, "at cluster service id message"),
        "logs": _of(LINES, "task container at stream text"),
        "doctor": _of(OBJECT, "examined findings"),
        "explain": _of(
            OBJECT,
            "verdict name reason remedy names target service candidates",
            otherwise=("of a request", _of(LIST, _SPAN)),
        ),
        "analyze": _of(OBJECT, "files findings"),
        "mesh": _of(OBJECT, "start end seconds edges"),
        "top": _of(LIST, "cluster service running desired rate success p50 p99 cpu memory"),
        "tap": _of(LINES, f"{_SPAN} caller"),
        "trace": _of("a list of traces, each a list of objects", _SPAN, otherwise=("with ID", _of(LIST, _SPAN))),
        "dns": _of(OBJECT, "address port answers domains"),
        "services": _of(OBJECT, "services"),
        "reset": _of(OBJECT, "endpoint"),
        "open": _of(OBJECT, "url"),
        "exec": _of(OBJECT, "task container exitCode error stdout stderr truncated"),
        "box up": _of(OBJECT, f"{_BOX} seconds"),
        "box down": _of(OBJECT, "name engine volume volume_deleted"),
        "box status": _of(OBJECT, _BOX),
        "proxy clusters": JsonShape(
            LIST,
            frozenset(
                {"cluster", "statistics", "endpoints from", "connect timeout", "ejected", "health checks", "tls"}
            ),
        ),
        "proxy routes": _of(LIST, "routes hosts match to timeout retries"),
        "proxy endpoints": _of(LIST, "cluster endpoint state active connections requests errors"),
        "proxy stats": JsonShape(OBJECT),
        "image pull": _of(LIST, "Name Digest Download"),
        "image load": _of(LIST, "Name Digest"),
        "image import": _of(LIST, "Name Digest"),
        "image list": _of(LIST, "Name Digest Size Tasks"),
        "image rm": _of(LIST, "Name Freed"),
        "image prune": _of(OBJECT, "Names Layers Freed"),
        "secret put": _of(OBJECT, "Name ValueFrom VersionId"),
        "secret list": _of(LIST, "Name Kind ValueFrom"),
        "secret rm": _of(OBJECT, "Name Kind"),
        "file put": _of(OBJECT, "Name Arn Size LastModified"),
        "file list": _of(LIST, "Name Arn Size LastModified"),
        "file rm": _of(OBJECT, "Name"),
        "hook put": _of(OBJECT, "name url"),
        "hook list": _of(LIST, "name url"),
        "hook rm": _of(OBJECT, "name"),
        "keys create": _of(OBJECT, "AccessKeyId SecretAccessKey"),
        "keys list": _of(LIST, "AccessKeyId CreateDate"),
        "keys revoke": _of(OBJECT, "AccessKeyId"),
        "appmesh compare": _of(LIST, "kind name path theirs ours"),
        "appmesh token issue": _of(OBJECT, "Id Token"),
        "appmesh token list": _of(LIST, "Id For CreateDate"),
        "appmesh token revoke": _of(OBJECT, "Id"),
        "migrate appmesh": _of(OBJECT, "mesh order exports moves stays fields"),
    }
)
"""By command. Errors are not JSON: they go to standard error, and the exit code is not 0."""
