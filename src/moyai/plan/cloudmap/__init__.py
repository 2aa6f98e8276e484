"""What Cloud Map makes of what it is asked: which services and instances are sound, how an operation is done, and
what a health check's outcome means.
"""
