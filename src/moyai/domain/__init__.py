"""Frozen nouns and transition tables of what moyai speaks about; no behaviour that needs a clock or a socket."""
