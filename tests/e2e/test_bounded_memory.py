"""Whoever does not read makes the sender wait: what is on its way is not held here."""

import socket
import threading
from itertools import chain, repeat
from pathlib import Path

import pytest
from cardea_stack import https_context
from support import raw
from support.async_upstream import BLOCK, SOCKET_BUFFER_BYTES, AsyncUpstream
from support.sites import secure_sites
from support.transfers import Receiver, Sender, resident_kib, wait_until_stuck

CONNECTIONS = 8
# Two streams with 64 KiB (kStreamBufferBytesMax) for each direction, the smaller buffers that they had before, and TLS:
# some hundred KiB, and twice as much with a sanitizer, which keeps for a while what was freed.
GROWTH_KIB_MAX = CONNECTIONS * 1536


def largest_socket_buffers() -> int:
    """What the kernel may take of one body on its way through Cardea's two sockets."""
    names = ("tcp_rmem", "tcp_wmem")
    return sum(int(Path("/proc/sys/net/ipv4", name).read_text().split()[2]) for name in names)


# Of each body. Nobody would be stuck with one that the kernel can hold.
BLOCKS = 2 * largest_socket_buffers() // len(BLOCK)
BODY_BYTES = BLOCKS * len(BLOCK)


@pytest.fixture(scope="module")
def upstream():
    with AsyncUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def host(api, upstream):
    hostname = "bounded.cardea.test"
    with secure_sites(api, {hostname: upstream.url}):
        yield hostname


@pytest.fixture(params=["http", "https"])
def open_client(request, cardea, root_pem, host):
    """Connections that take little from the kernel."""
    opened = []
    context = https_context(root_pem)

    def connect() -> socket.socket:
        client = socket.socket()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            client.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        client.settimeout(60)
        secure = request.param == "https"
        client.connect(("127.0.0.1", cardea.https_port if secure else cardea.http_port))
        opened.append(context.wrap_socket(client, server_hostname=host) if secure else client)
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def join(transfers: list[threading.Thread]):
    for transfer in transfers:
        transfer.join(60)
        assert not transfer.is_alive()


def test_a_client_that_reads_nothing_stops_its_upstream(cardea, host, upstream, open_client):
    request = raw.request(f"GET /bytes/{BODY_BYTES}", host, "Connection: close")
    client = open_client()
    client.sendall(request)
    first = Receiver(client)  # what the first one needs stays
    first.run()
    before, sent_before = resident_kib(cardea), upstream.sent
    clients = [open_client() for _ in range(CONNECTIONS)]
    for client in clients:
        client.sendall(request)
    sent = wait_until_stuck(lambda: upstream.sent) - sent_before
    grown = resident_kib(cardea) - before
    assert CONNECTIONS * len(BLOCK) < sent < CONNECTIONS * BODY_BYTES, "all are under way and none has ended"
    assert grown < GROWTH_KIB_MAX, f"{grown} KiB for {CONNECTIONS} stalled downloads"
    assert raw.status_of(raw.get(cardea.http_port, host, "/bytes/1")) == 200, "nobody else is held up"
    downloads = [Receiver(client) for client in clients]
    for download in downloads:
        download.start()
    join(downloads)
    assert {download.count for download in downloads} == {first.count}


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_upstream_that_reads_nothing_stops_its_client(cardea, host, upstream, open_client, framing):
    if framing == "length":
        field, piece, end = f"Content-Length: {BODY_BYTES}", BLOCK, b""
    else:
        field, piece, end = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK), b"0\r\n\r\n"

    def upload(path: str) -> tuple[socket.socket, Sender]:
        head = raw.request(f"POST {path}", host, "Connection: close", field)
        client = open_client()
        return client, Sender(client, chain([head], repeat(piece, BLOCKS), [end]))

    client, first = upload("/upload")  # what the first one needs stays
    first.run()
    raw.receive_all(client)
    before = resident_kib(cardea)
    uploads = [upload("/held") for _ in range(CONNECTIONS)]
    for _, sender in uploads:
        sender.start()
    sent = wait_until_stuck(lambda: sum(sender.count for _, sender in uploads))
    grown = resident_kib(cardea) - before
    assert CONNECTIONS * len(BLOCK) < sent < CONNECTIONS * BODY_BYTES, "all are under way and none has ended"
    assert grown < GROWTH_KIB_MAX, f"{grown} KiB for {CONNECTIONS} stalled uploads"
    assert raw.status_of(raw.get(cardea.http_port, host, "/bytes/1")) == 200, "nobody else is held up"
    upstream.proceed()
    join([sender for _, sender in uploads])
    for client, _ in uploads:
        answer = raw.receive_all(client)
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n%d" % BODY_BYTES)
