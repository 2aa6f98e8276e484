"""The images of an installation on disk.

``image_store`` finds, adds and removes images; ``unpacking`` runs ``unpack_process``, which forks a confined process
for each layer. In the confined process ``extraction`` reads the layer's archive, which is untrusted, through
``tar_reader`` and ``archive_stream``.
"""
