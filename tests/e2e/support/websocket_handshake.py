"""The opening handshake of a WebSocket by hand, with the key of RFC 6455 §1.3."""

from . import raw

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
SWITCH += ACCEPT + b"\r\n\r\n"


def handshake(host: str, *lines: str, connection="Upgrade", upgrade="websocket", version="1.1") -> bytes:
    fields = [f"Connection: {connection}", f"Upgrade: {upgrade}"]
    fields += [f"Sec-WebSocket-Key: {KEY.decode()}", "Sec-WebSocket-Version: 13", *lines]
    return raw.request("GET /chat", host, *fields, version=version)
