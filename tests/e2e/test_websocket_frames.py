"""WebSocket behind the 101, frame by frame: a proxy that joined, split or answered one would be seen here."""

import struct

import pytest
from support import raw
from support.sites import secure_sites
from support.websocket_handshake import SWITCH, handshake
from support.websocket_upstream import WebSocketUpstream
from websockets.sync.client import connect

MASK = bytes.fromhex("37fa213d")  # the one of RFC 6455 §5.7
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
DIRECTIONS = pytest.mark.parametrize(
    ("sender", "receiver", "mask"), [("client", "upstream", MASK), ("upstream", "client", b"")], ids=["up", "down"]
)


def frame(first: int, payload: bytes = b"", mask: bytes = b"") -> bytes:
    """RFC 6455 §5.2; `first` is the opcode with FIN and the reserved bits."""
    size, masked = len(payload), 0x80 if mask else 0
    if size < 126:
        head = bytes([first, masked | size])
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if mask:
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return head + mask + payload


def frames(mask: bytes, large_bytes: int) -> list[bytes]:
    """A message in four fragments, one of them empty, with control frames between them; a compressed one in two, whose
    reserved bit is the ends' business; all three forms of the length, one of them longer than it needs to be; a close.
    """
    return [
        frame(TEXT, b"in ", mask=mask),
        frame(FIN | PING, b"between fragments", mask=mask),
        frame(CONTINUATION, b"four ", mask=mask),
        frame(CONTINUATION, b"", mask=mask),
        frame(FIN | PONG, b"", mask=mask),
        frame(FIN | CONTINUATION, "früh".encode(), mask=mask),
        frame(RSV1 | TEXT, b"\xf2\x48", mask=mask),
        frame(FIN | CONTINUATION, b"\xcd\xc9\xc9\x07\x00", mask=mask),
        frame(FIN | BINARY, bytes(range(256)), mask=mask),
        frame(BINARY, b"x" * large_bytes, mask=mask),
        frame(FIN | CONTINUATION, b"\x00", mask=mask),
        b"\x82\x7f" + struct.pack("!Q", 2) + b"ab",
        frame(FIN | CLOSE, struct.pack("!H", 4001) + b"as you wish", mask=mask),
    ]


@pytest.fixture(scope="module")
def listener():
    with raw.Listener() as listening:
        yield listening


@pytest.fixture(scope="module")
def websocket_upstream():
    with WebSocketUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def hosts(api, listener, websocket_upstream):
    """By HTTP and HTTPS: "raw" leads to the listener, "library" to the server of the library."""
    hosts = {"raw": listener.url, "library": websocket_upstream.url}
    hosts = {f"frames-{name}.cardea.test": url for name, url in hosts.items()}
    with secure_sites(api, hosts):
        yield {host.split(".")[0].removeprefix("frames-"): host for host in hosts}


@pytest.fixture(params=["ws", "wss"])
def scheme(request):
    return request.param


@pytest.fixture
def open_connection(cardea, https, scheme):
    """A connection that speaks TLS with "wss"."""
    opened = []

    def connect_to(host: str):
        if scheme == "ws":
            opened.append(raw.connect(cardea.http_port))
        else:
            connection = https(host)
            connection.connect()
            opened.append(connection.sock)
        return opened[-1]

    yield connect_to
    for connection in opened:
        connection.close()


@pytest.fixture
def ends(hosts, listener, open_connection):
    """Client and upstream, both raw, after the 101."""
    client = open_connection(hosts["raw"])
    client.sendall(handshake(hosts["raw"]))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(SWITCH)
        assert raw.status_of(raw.receive_head(client)) == 101
        yield {"client": client, "upstream": upstream}


@pytest.mark.parametrize(
    ("piece_bytes", "large_bytes"), [(1 << 20, 77_000), (1000, 77_000), (1, 200)], ids=["at-once", "thousands", "bytes"]
)
@DIRECTIONS
def test_frames_pass_as_they_are(ends, sender, receiver, mask, piece_bytes, large_bytes):
    for each in frames(mask, large_bytes):
        for start in range(0, len(each), piece_bytes):
            ends[sender].sendall(each[start : start + piece_bytes])
        assert raw.receive_exactly(ends[receiver], len(each)) == each


@DIRECTIONS
def test_nobody_but_the_peer_answers_a_ping_or_a_close(ends, sender, receiver, mask):
    """What comes back first is the peer's own word, though a ping and a close were sent before it."""
    sent = frame(FIN | PING, b"?", mask=mask) + frame(FIN | CLOSE, b"", mask=mask)
    ends[sender].sendall(sent)
    assert raw.receive_exactly(ends[receiver], len(sent)) == sent
    word = frame(FIN | TEXT, b"my own word", mask=b"" if mask else MASK)
    ends[receiver].sendall(word)
    assert raw.receive_exactly(ends[sender], len(word)) == word


def test_a_ping_of_the_server_is_answered_by_the_client(hosts, open_connection, scheme):
    host = hosts["library"]
    with connect(f"ws://{host}/", sock=open_connection(host)) as websocket:
        for _ in range(3):
            websocket.send("ping me")
            assert websocket.recv(20) == "ponged", "the pong reached the server"
        assert websocket.ping().wait(20), "and the other way"


def test_the_upstream_is_told_how_the_client_came(hosts, open_connection, scheme, cardea):
    host = hosts["library"]
    forged = {"X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "1"}
    with connect(f"ws://{host}/fields", sock=open_connection(host), additional_headers=forged) as websocket:
        fields = [line.split(": ", 1) for line in websocket.recv(20).split("\n")]
        websocket.send("hello")
        assert websocket.recv(20) == "hello"
    by_name = {name: [value for other, value in fields if other == name] for name, _ in fields}
    secure = scheme == "wss"
    assert by_name["x-forwarded-proto"] == ["https" if secure else "http"]
    assert by_name["x-forwarded-port"] == [str(cardea.https_port if secure else cardea.http_port)]
    assert by_name["x-forwarded-host"] == by_name["host"] == [host]
