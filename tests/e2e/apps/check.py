"""A health check: does something listen on this port of this task?"""

from __future__ import annotations

import socket
import sys

socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=50).close()
