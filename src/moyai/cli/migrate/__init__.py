"""``moyai migrate``: from AWS App Mesh to Service Connect."""
