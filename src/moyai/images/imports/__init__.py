"""Imports images from files: archives of ``docker save``, OCI layouts, and root file systems."""
