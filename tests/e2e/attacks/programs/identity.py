"""Who the program is: the gains that no container may have, whatever else it asks for."""

from __future__ import annotations

import os
import socket

from tests.e2e.attacks.attempts import attempt

attempt("sethostname", lambda: socket.sethostname("attacked"))
attempt("mknod(/dev/mem)", lambda: os.mknod("/tmp/mem", 0o020600, os.makedev(1, 1)))
