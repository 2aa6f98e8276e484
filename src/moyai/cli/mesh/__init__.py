"""``moyai mesh``: who calls whom, as a table that is alive, from public APIs alone."""
