"""The kinds of arrays that figures are in: whole numbers, and sums of times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
