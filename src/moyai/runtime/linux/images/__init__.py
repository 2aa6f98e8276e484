"""Images: ``store`` finds and imports them, ``archive`` unpacks untrusted tar files, ``digest`` hashes the content."""
