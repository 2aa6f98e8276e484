"""Envoy's configuration: ``translate`` turns the mesh IR into Envoy's messages, and ``server`` is the ADS server."""
