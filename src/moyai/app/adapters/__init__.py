"""Adapters: implementations of ports, and the servers of this process, each over one technology."""
