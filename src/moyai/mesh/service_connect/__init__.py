"""Service Connect, compiled into the mesh.

Promise: pure and total. Whatever the world holds, the result is a mesh whose every name is defined; a
piece that makes no sense is left out and reported as a Diagnostic, so that one broken service never
blanks another. What a task can call is its deployment's frozen view; who answers is every instance
registered right now.
"""

from __future__ import annotations

from moyai.mesh.service_connect.compile import compile_mesh, compile_namespace, join

__all__ = ["compile_mesh", "compile_namespace", "join"]
