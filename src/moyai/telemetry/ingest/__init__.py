"""The way of a push into the series: receive, decode, subtract what was counted before, aggregate."""
