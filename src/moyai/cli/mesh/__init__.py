"""``moyai mesh``: the calls between services, as a live table."""
