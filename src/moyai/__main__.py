"""``python -m moyai`` is the command ``moyai``."""

from __future__ import annotations

from moyai.cli.main import main

if __name__ == "__main__":
    main()
