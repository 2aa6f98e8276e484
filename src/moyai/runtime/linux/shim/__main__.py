"""The keeper's entry: ``python -I -S …/shim/__main__.py ORDER-FILE``. Isolated, so it finds moyai by its own path."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.insert(0, __file__.rsplit("/", 5)[0])
    from moyai.runtime.linux.shim.keeper import main

    main(sys.argv[1])
