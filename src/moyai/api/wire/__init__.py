"""AWS's protocols as pure functions of botocore's service models: bytes to parameters and back.

Inside moyai a member is called by its snake_case name (``botocore.xform_name``), a timestamp is seconds
since the epoch, a blob is bytes. Nothing outside of this package sees AWS's forms (camelCase, base64, XML, CBOR).
"""
