"""The records of the world and their transition tables: frozen values, without a clock or a socket."""
