"""The data channel between a session's client and its command, in the protocol of Session Manager's plugin.

``message`` (frames), ``payloads`` (their contents) and ``stream`` (order, acknowledgement, retransmission) do no I/O;
``relay`` connects a client's frames to a session of the runtime, and ``websocket`` serves it on ASGI.
Source: https://github.com/aws/session-manager-plugin (src/message, src/datachannel)
"""
