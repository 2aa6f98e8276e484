"""What was asked for, compiled into the mesh that the proxies carry out. Pure: no clock, no socket."""
