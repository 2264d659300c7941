"""A proxy between Cardea and the CA that writes down every exchange and does what faults say (ca_faults.py).

Host passes unchanged: Pebble makes its URLs of it, so the directory as the proxy shows it leads to the proxy again, and
the signed `url` of a request is right.

    stack = Stack(folder)
    stack.pebble.nonce_reject_percent = 0    # else some requests come twice, and counting is in vain
    proxy = stack.enter_context(CaProxy(stack.pebble))
    stack.cardea.settings["ACME_DIRECTORY_URL"] = proxy.directory_url
    stack.start()
"""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from cardea_stack import Pebble, free_port

from .async_server import AsyncServer
from .ca_exchange import Exchange
from .ca_faults import Fault
from .ca_http import Answer, Request, read_answer, read_request
from .clock import Clock

ANSWER_SECONDS_MAX = 60


class CaProxy(AsyncServer):
    """Listens with Pebble's certificate: whoever trusts pebble.ca_path trusts it.

    Leaving it raises what went wrong in the proxy itself, such as in a function given to change().
    With a `clock` (that Cardea lives by), the dates of the CA are moved as far as the clock is: an order that expires
    in a day does so for Cardea too. Dates in certificates and renewal information are not.
    """

    def __init__(self, pebble: Pebble, clock: Clock | None = None):
        super().__init__()
        self.pebble = pebble
        self.clock = clock
        self.port = free_port()
        self.errors: list[Exception] = []
        self._changed = threading.Condition()  # guards the two lists
        self._exchanges: list[Exchange] = []
        self._faults: list[Fault] = []
        self._ca_context = ssl.create_default_context(cafile=str(pebble.ca_path))

    @property
    def directory_url(self) -> str:
        return f"https://127.0.0.1:{self.port}/dir"

    def __exit__(self, kind, *_):
        super().__exit__(kind, *_)
        if self.errors and kind is None:
            raise self.errors[0]

    def add(self, fault: Fault) -> Fault:
        """Of the faults that would take a request, the one that was added first gets it."""
        with self._changed:
            self._faults.append(fault)
        return fault

    def clear_faults(self):
        """Forgets all faults and lets go what they hold."""
        with self._changed:
            gone, self._faults = self._faults, []
        for fault in gone:
            fault.release()

    def exchanges(self, kind: str | None = None, **fields) -> list[Exchange]:
        """In the order in which the requests came. `fields` are attributes of Exchange: a value that they have, or a
        function that says yes to it: exchanges("order", status=200, payload=lambda payload: payload is None).
        """
        with self._changed:
            return [exchange for exchange in self._exchanges if exchange.matches(kind, fields)]

    def count(self, kind: str | None = None, **fields) -> int:
        return len(self.exchanges(kind, **fields))

    def wait_for(self, kind: str | None = None, count: int = 1, seconds: float = 30, **fields) -> list[Exchange]:
        """Those exchanges, once there are so many of them; TimeoutError if that does not come about."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.count(kind, **fields) >= count, seconds):
                seen = [(exchange.kind, exchange.status) for exchange in self._exchanges]
                raise TimeoutError(f"{count} exchanges {kind} {fields}: not within {seconds} s; there were {seen}")
            return self.exchanges(kind, **fields)

    def clear(self):
        """Forgets what was written down."""
        with self._changed:
            self._exchanges.clear()

    # In the proxy's thread.

    async def _listen(self) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pebble.certificate.certificate_path, self.pebble.certificate.key_path)
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        try:
            while request := await read_request(reader):
                passage = Passage(self, self._record(request), request, reader, writer)
                fault = self._fault_for(passage.exchange)
                await (fault.action(passage, fault) if fault else passage.pass_on())
                if not request.keeps_alive and not writer.is_closing():
                    writer.close()
                    await writer.wait_closed()
                if writer.is_closing():
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client or the CA has gone, as either may
        except Exception as error:
            self.errors.append(error)
        finally:
            writer.transport.abort()

    def _record(self, request: Request) -> Exchange:
        made = Exchange.of(request)
        with self._changed:
            self._exchanges.append(made)
            self._changed.notify_all()
        return made

    def note(self, exchange: Exchange, **fields):
        with self._changed:
            for name, value in fields.items():
                setattr(exchange, name, value)
            self._changed.notify_all()

    def _fault_for(self, exchange: Exchange) -> Fault | None:
        with self._changed:
            exchange.fault = next((fault for fault in self._faults if fault.takes(exchange)), None)
            return exchange.fault

    async def ask(self, request: Request) -> Answer:
        """What the CA answers, on a connection of its own; OSError if it is not there."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.pebble.port, ssl=self._ca_context, server_hostname="127.0.0.1"
            )
            try:
                writer.write(request.encoded())
                answer = await read_answer(reader, request.method)
            finally:
                writer.transport.abort()
        return _moved(answer, self.clock.offset) if self.clock else answer


class Passage:
    """One request on its way, as the actions see it. What raises OSError ends the connection."""

    def __init__(self, proxy: CaProxy, exchange: Exchange, request: Request, reader, writer):
        self.exchange = exchange
        self._proxy = proxy
        self._request = request
        self._reader = reader
        self._writer = writer

    async def ask_ca(self) -> Answer:
        answer = await self._proxy.ask(self._request)
        self._proxy.note(self.exchange, ca_answer=answer)
        return answer

    async def send(self, answer: Answer):
        await self._send(answer, answer.encoded(self._request.method))

    async def pass_on(self):
        await self.send(await self.ask_ca())

    async def send_part(self, answer: Answer, length: int):
        """The head, that much of the body, and the end of the connection."""
        part = replace(answer, body=answer.body[:length])
        await self._send(part, answer.encoded_head(self._request.method, len(answer.body)) + part.body)
        self._writer.close()
        await self._writer.wait_closed()

    async def send_endless(self, head: Answer, block: bytes, pause: float):
        await self._send(head, head.encoded_head(self._request.method, None))
        while not self.client_has_gone():
            self._writer.write(b"%x\r\n%s\r\n" % (len(block), block))
            await self._writer.drain()
            await asyncio.sleep(pause)

    async def make_nonce(self) -> str:
        """A nonce that the CA will accept; asked for without being written down."""
        headers = tuple(found for found in self._request.headers if found[0].lower() in ("host", "user-agent"))
        answer = await self._proxy.ask(Request("HEAD", "/nonce-plz", headers, b""))
        return answer.header("Replay-Nonce")

    def cut(self):
        """Ends the connection at once, without a goodbye of TLS."""
        self._writer.transport.abort()

    def client_has_gone(self) -> bool:
        return self._reader.at_eof() or self._reader.exception() is not None

    async def _send(self, noted: Answer, data: bytes):
        # Noted first: whoever has the answer may look here at once.
        self._proxy.note(self.exchange, sent=noted)
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            self._proxy.note(self.exchange, sent=None)
            raise


def _moved(answer: Answer, offset: timedelta) -> Answer:
    """The answer of a CA whose clock is that far from the real one."""
    for name in ("Date", "Retry-After"):
        value = answer.header(name)
        if value and not value.isdigit():
            answer = answer.with_header(name, format_datetime(parsedate_to_datetime(value) + offset, usegmt=True))
    with contextlib.suppress(ValueError):
        document = answer.json()
        if isinstance(document, dict) and "expires" in document:
            expires = datetime.fromisoformat(document["expires"]) + offset
            answer = answer.with_body(document | {"expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ")})
    return answer
