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


def _shape(form: str, members: str, otherwise: tuple[str, JsonShape] | None = None) -> JsonShape:
    return JsonShape(form, frozenset(members.split()), otherwise)


_SPAN: Final = "trace id parent name kind start duration is_error attributes resource"
_BOX: Final = "name engine image running url task_ports http_port https_port volume privileged health"

JSON_SHAPES: Final[Mapping[str, JsonShape]] = MappingProxyType(
    {
        "down": _shape(OBJECT, "state found forgotten"),
        "env": JsonShape(OBJECT),
        "status": _shape(OBJECT, "endpoint region clusters loadBalancers portFailures"),
        "events": _shape(LINES, "at cluster service id message"),
        "logs": _shape(LINES, "task container at stream text"),
        "doctor": _shape(OBJECT, "examined findings"),
        "explain": _shape(
            OBJECT,
            "verdict name reason remedy names target service candidates routes",
            otherwise=("of a request", _shape(LIST, _SPAN)),
        ),
        "analyze": _shape(OBJECT, "files findings"),
        "mesh": _shape(OBJECT, "start end seconds edges"),
        "top": _shape(LIST, "cluster service running desired rate success p50 p99 cpu memory"),
        "tap": _shape(LINES, f"{_SPAN} caller"),
        "trace": _shape("a list of traces, each a list of objects", _SPAN, otherwise=("with ID", _shape(LIST, _SPAN))),
        "dns": _shape(OBJECT, "address port answers domains"),
        "services": _shape(OBJECT, "services"),
        "reset": _shape(OBJECT, "endpoint"),
        "open": _shape(OBJECT, "url"),
        "exec": _shape(OBJECT, "task container exitCode error stdout stderr truncated"),
        "box up": _shape(OBJECT, f"{_BOX} seconds"),
        "box down": _shape(OBJECT, "name engine volume volume_deleted"),
        "box status": _shape(OBJECT, _BOX),
        "proxy clusters": JsonShape(
            LIST,
            frozenset(
                {"cluster", "statistics", "endpoints from", "connect timeout", "ejected", "health checks", "tls"}
            ),
        ),
        "proxy routes": _shape(LIST, "routes hosts match to timeout retries"),
        "proxy endpoints": _shape(LIST, "cluster endpoint state active connections requests errors"),
        "proxy stats": JsonShape(OBJECT),
        "image pull": _shape(LIST, "Name Digest Download"),
        "image load": _shape(LIST, "Name Digest"),
        "image import": _shape(LIST, "Name Digest"),
        "image list": _shape(LIST, "Name Digest Size Tasks"),
        "image inspect": _shape(LIST, "Name Digest Source Platform Size Layers OnHost Users Config"),
        "image rm": _shape(LIST, "Name Freed"),
        "image prune": _shape(OBJECT, "Names Layers Freed"),
        "secret put": _shape(OBJECT, "Name ValueFrom VersionId"),
        "secret list": _shape(LIST, "Name Kind ValueFrom"),
        "secret rm": _shape(OBJECT, "Name Kind"),
        "file put": _shape(OBJECT, "Name Arn Size LastModified"),
        "file list": _shape(LIST, "Name Arn Size LastModified"),
        "file rm": _shape(OBJECT, "Name"),
        "hook put": _shape(OBJECT, "name url"),
        "hook list": _shape(LIST, "name url"),
        "hook rm": _shape(OBJECT, "name"),
        "keys create": _shape(OBJECT, "AccessKeyId SecretAccessKey"),
        "keys list": _shape(LIST, "AccessKeyId CreateDate"),
        "keys revoke": _shape(OBJECT, "AccessKeyId"),
        "appmesh compare": _shape(LIST, "kind name path theirs ours"),
        "appmesh token issue": _shape(OBJECT, "Id Token"),
        "appmesh token list": _shape(LIST, "Id For CreateDate"),
        "appmesh token revoke": _shape(OBJECT, "Id"),
        "migrate appmesh": _shape(OBJECT, "mesh order exports moves stays fields"),
    }
)
"""The shapes by command. Errors are not JSON: they go to standard error, and the exit code is not 0."""
