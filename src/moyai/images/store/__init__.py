"""The images of an installation on disk.

``image_store`` finds, adds and removes them; ``unpacking`` runs the confined process ``unpack_process``, in which
``extraction`` reads the archive of a layer, a stranger's file, through ``tar_reader`` and ``archive_stream``.
"""
