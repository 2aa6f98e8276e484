"""What a proxy writes of traffic, in the words of a virtual node or a virtual gateway.

Promise: a line ends; the format is the user's otherwise.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-logs.html
"""

from __future__ import annotations

from moyai.domain.appmesh.access_log import Logging
from moyai.mesh.ir import FileLog


def access_log(logging: Logging | None) -> FileLog | None:
    """None = nothing is written."""
    asked = None if logging is None else logging.access_log
    if asked is None:
        return None
    line = asked.file.format
    text = None if line is None else line.text
    pairs = () if line is None else tuple((pair.key, pair.value) for pair in line.json or ())
    return FileLog(asked.file.path, text if text is None or text.endswith("\n") else f"{text}\n", pairs)
