"""The processing of a push: receive it, decode it, subtract the previous push's counts, add the rest to series."""
