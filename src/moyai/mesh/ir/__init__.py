"""MeshIR: the one form between what AWS's APIs say and what Envoy is told. One file a noun."""

from __future__ import annotations

from moyai.mesh.ir.mesh import Mesh

__all__ = ["Mesh"]
