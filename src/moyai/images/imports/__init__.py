"""Images from files: what ``docker save`` writes, OCI layouts, and root file systems. All become ordinary images."""
