"""moyai's own paths below ``/_moyai/``, for which AWS has no API."""
