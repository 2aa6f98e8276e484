"""The images of an installation on disk.

``image_store`` finds, adds and removes them; ``unpacking`` runs ``unpack_process``, which forks a confined process for
each layer. In that one ``extraction`` reads the layer's archive, a stranger's file, through ``tar_reader`` and
``archive_stream``.
"""
