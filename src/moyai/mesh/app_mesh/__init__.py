"""Compiles App Mesh into the mesh IR.

Promise: pure and total. Whatever the API has accepted, each virtual node and each virtual gateway becomes a shard in
which every name is defined; a part that can't work is left out and reported as a Diagnostic, and affects nothing else.
Shards share nothing: each has its own copy of a destination, because a destination includes the caller's policies.
"""

from __future__ import annotations

from moyai.mesh.app_mesh.compile import compile_workload, diagnostics, workloads
from moyai.mesh.app_mesh.outbound import AppMeshOptions

__all__ = ["AppMeshOptions", "compile_workload", "diagnostics", "workloads"]
