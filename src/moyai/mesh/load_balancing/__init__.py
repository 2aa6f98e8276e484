"""Compiles the load balancers of a VPC into the workload of its front proxy."""

from __future__ import annotations

from moyai.mesh.load_balancing.compile import compile_front, compile_load_balancer, join_parts

__all__ = ["compile_front", "compile_load_balancer", "join_parts"]
