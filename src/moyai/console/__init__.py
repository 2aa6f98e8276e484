"""The console: serves the build of ``web/``, and what a browser needs besides the public API."""
