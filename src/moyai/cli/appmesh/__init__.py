"""``moyai appmesh``: what App Mesh's users need beside its API."""
