"""moyai's own few paths below ``/_moyai/``: what AWS has no API for."""
