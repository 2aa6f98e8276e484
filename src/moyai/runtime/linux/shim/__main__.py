"""The entry of what stays beside a container: ``python -I -S …/shim/__main__.py``, and then

- ``ORDER-FILE``: a keeper,
- ``--visit FD``: a session's keeper.

Isolated, so it finds moyai by its own path.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.insert(0, __file__.rsplit("/", 5)[0])
    if sys.argv[1] == "--visit":
        from moyai.runtime.linux.shim import visit

        visit.main(int(sys.argv[2]))
    else:
        from moyai.runtime.linux.shim import keeper

        keeper.main(sys.argv[1])
