"""``moyai demo``: the example application under traffic."""
