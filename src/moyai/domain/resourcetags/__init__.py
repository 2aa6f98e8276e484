"""The Resource Groups Tagging API: its errors."""
