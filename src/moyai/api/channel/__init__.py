"""The data channel between a session's client and its command, as Session Manager's plugin speaks it.

``message`` (the frames), ``payloads`` (what is in them) and ``stream`` (order, acknowledgement, sending again) do no
I/O; ``relay`` stands between a WebSocket and a runtime's session, ``tickets`` says who may open which.
Source: https://github.com/aws/session-manager-plugin (src/message, src/datachannel)
"""
