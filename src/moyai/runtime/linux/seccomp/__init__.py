"""Which system calls a container may make: Docker's default profile, compiled for a set of capabilities.

``profile`` says which rules count, ``libseccomp`` makes a program of them, ``unknown`` refuses what is newer than the
profile. The shim only loads the result.
"""
