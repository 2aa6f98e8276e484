"""Metrics for other systems: Prometheus's text format, and OTLP for an OpenTelemetry collector."""
