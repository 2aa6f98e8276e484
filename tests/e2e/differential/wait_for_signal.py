"""Says ``ready``, and ends with the number of the first signal it gets; ``ignore`` = it gets none but SIGKILL."""

from __future__ import annotations

import signal
import sys

ANY = {number for number in range(1, 65) if number not in {9, 17, 18, 19, 32, 33}}

if "ignore" in sys.argv:
    for number in ANY:
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        signal.pause()
signal.pthread_sigmask(signal.SIG_BLOCK, ANY)
sys.stdout.write("ready\n")
sys.stdout.flush()
received = signal.sigwait(ANY)
sys.stdout.write(f"signal {int(received)}\n")
sys.exit(int(received))
