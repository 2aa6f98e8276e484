"""The transforms that moyai applies to a template's plain values, before its sections are parsed."""
