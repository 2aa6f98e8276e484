"""The spans of proxies: decoded, named by OpenTelemetry's semantic conventions, kept for a while and passed on."""
