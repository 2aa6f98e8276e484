"""App Mesh, compiled into the mesh.

Promise: pure and total. Whatever the API has accepted, each virtual node and each virtual gateway becomes a part whose
every name is defined in it; what makes no sense is left out and reported as a Diagnostic, and blanks nothing else. The
parts share nothing: what two of them call, each has for itself, because how it is called is also the caller's to say.
"""

from __future__ import annotations

from moyai.mesh.app_mesh.compile import compile_workload, diagnostics, workloads
from moyai.mesh.app_mesh.settings import Settings

__all__ = ["Settings", "compile_workload", "diagnostics", "workloads"]
