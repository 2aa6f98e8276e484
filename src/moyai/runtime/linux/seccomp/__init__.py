"""The system calls that a container may make: Docker's default profile, compiled for a set of capabilities.

``profile`` selects the rules, ``libseccomp`` compiles them, ``filters`` adds the refusal of calls that are newer than
the profile. The shim only loads the result.
"""
