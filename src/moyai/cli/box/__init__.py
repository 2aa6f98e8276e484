"""``moyai box``: moyai in one container of Docker or Podman."""
