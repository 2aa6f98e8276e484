"""Compiles Service Connect into the mesh IR.

Promise: pure and total. Whatever the world contains, every name in the result is defined; a part that can't work is
left out and reported as a Diagnostic, so that a broken service never affects another. A task can call the names that
its deployment has recorded; the endpoints behind a name are the instances that are registered now.
"""

from __future__ import annotations

from moyai.mesh.service_connect.compile import (
    CallersPart,
    EndpointsPart,
    compile_callers,
    compile_endpoints,
    compile_mesh,
    compile_namespace,
    join,
    join_endpoints,
)

__all__ = [
    "CallersPart",
    "EndpointsPart",
    "compile_callers",
    "compile_endpoints",
    "compile_mesh",
    "compile_namespace",
    "join",
    "join_endpoints",
]
