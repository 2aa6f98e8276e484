"""The entry point of processes that stay beside a container: ``python -I -S …/shim/__main__.py``, and then

- ``--server RUN-DIRECTORY``: what container monitors are forked from,
- ``--exec-session FD``: the helper of an exec session.

Isolated mode has no search path, so this file adds the directory that has the package moyai.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.insert(0, __file__.rsplit("/", 5)[0])
    if sys.argv[1] == "--exec-session":
        from moyai.runtime.linux.shim import exec_session

        exec_session.main(int(sys.argv[2]))
    else:
        from moyai.runtime.linux.shim import server

        server.main()
