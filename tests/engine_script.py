"""A shell script in place of the command ``docker``, for the commands that start moyai's container."""

from __future__ import annotations

from pathlib import Path


def write_docker(folder: Path) -> None:
    """Write the script. It has the container of container.json and the image of image.json, if there are such files;
    ``run`` starts the container of running.json. It writes its arguments into the file calls.
    """
    (folder / "docker").write_text(f"""#!/bin/sh
cd {folder} || exit
echo "$@" >>calls
case "$1 $2" in
  "info "*) echo '{{"SecurityOptions": []}}' ;;
  "context "*) echo unix:///run/engine.sock ;;
  *" inspect") cat "$1.json" ;;
  "run "*) cp running.json container.json ;;
esac
""")
    (folder / "docker").chmod(0o755)
