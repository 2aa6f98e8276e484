"""The console: ``web/``'s build, and the little that a browser needs besides the public API."""
