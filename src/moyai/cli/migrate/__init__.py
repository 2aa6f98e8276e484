"""``moyai migrate``: from what AWS has ended to what it offers instead."""
