"""A WebSocket server of the `websockets` library, on asyncio."""

from collections.abc import Sequence

from websockets.asyncio.server import ServerConnection, serve

from .async_server import AsyncServer

PING_PAYLOAD = b"are you there?"


class WebSocketUpstream(AsyncServer):
    """Echoes messages. On /fields it says first what it was asked with; "ping me" is answered when the pong has come, and
    "close" by an end with a code. Of subprotocols it takes "chat.v1".
    """

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _listen(self):
        # Who is silent for minutes of a test is no fault: no pings but those that a test asks for.
        options = {"select_subprotocol": _choose, "max_size": None, "ping_interval": None}
        return await serve(self._echo, "127.0.0.1", 0, backlog=4096, **options)

    async def _echo(self, connection: ServerConnection):
        if connection.request.path == "/fields":
            fields = connection.request.headers.raw_items()
            await connection.send("\n".join(f"{name.lower()}: {value}" for name, value in fields))
        async for message in connection:
            if message == "close":
                return await connection.close(4001, "as you wish")
            if message == "ping me":
                await (await connection.ping(PING_PAYLOAD))
                message = "ponged"
            await connection.send(message)
        return None


def _choose(_, offered: Sequence[str]) -> str | None:
    return "chat.v1" if "chat.v1" in offered else None
