"""The registry's protocol at ``/v2/``: what ``docker push`` and ``docker pull`` speak."""
