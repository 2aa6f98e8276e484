"""The processing of a push: receive, decode, subtract the counts of the push before, aggregate into series."""
