"""Adapters: implementations of ports, and the servers of this process, each for one technology."""
