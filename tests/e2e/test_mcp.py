"""MCP over streamable HTTP: its fields pass untouched, events pass at once, and closing the stream is cancelling."""

import json

import pytest
from support import raw

FIELDS = {
    "Mcp-Session-Id": "1868a90c-3f0b",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "weather, with a comma",
    "Mcp-Param-City": "Z\u00fcrich",
    "Last-Event-ID": "42/7",
    "Origin": "https://inspector.example",
    "Accept": "application/json, text/event-stream",
    "Authorization": "Bearer of-the-user",
}
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "weather"}}).encode()
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nX-Accel-Buffering: no\r\n"
STREAM += b"Mcp-Session-Id: 1868a90c-3f0b\r\nCache-Control: no-cache\r\n"


@pytest.fixture
def called(client, http_host, listener):
    """A client that has sent a call, the server that got it, and the head that it got."""
    fields = ["Content-Type: application/json", f"Content-Length: {len(CALL)}"]
    fields += [f"{name}: {value}" for name, value in FIELDS.items()]
    client.sendall(raw.request("POST /mcp", http_host(listener.url), *fields) + CALL)
    with listener.accept_request() as (server, head):
        assert raw.receive_until(server, CALL) == CALL
        yield client, server, head


def test_the_fields_of_the_protocol_pass_as_they_are(called):
    _, _, head = called
    for name, value in FIELDS.items():
        [line] = [line for line in head.split(b"\r\n") if line.startswith(f"{name}: ".encode())]
        assert line == f"{name}: {value}".encode()


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_each_event_passes_at_once(called, framing):
    client, server, _ = called
    chunked = framing == "chunked"
    server.sendall(STREAM + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Connection: close\r\n\r\n"))
    head = raw.receive_until(client, b"\r\n\r\n")
    assert raw.fields_of(head, "X-Accel-Buffering") == ["no"]
    assert raw.fields_of(head, "Mcp-Session-Id") == [FIELDS["Mcp-Session-Id"]]
    for number in range(3):
        event = b"id: %d\ndata: {}\n\n" % number
        server.sendall(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)
        # The server sends the next one only now: nothing may be kept back.
        assert event in raw.receive_until(client, event)
    server.sendall(b"0\r\n\r\n" if chunked else b"")
    server.shutdown(raw.socket.SHUT_WR)
    assert raw.receive_until(client, b"0\r\n\r\n").endswith(b"0\r\n\r\n"), "the stream is whole"


@pytest.mark.parametrize("begun", [False, True], ids=["before-the-answer", "in-the-stream"])
def test_closing_the_stream_cancels_the_call_at_the_server(called, begun):
    client, server, _ = called
    if begun:
        server.sendall(STREAM + b"\r\ndata: 1\n\n")
        raw.receive_until(client, b"data: 1\n\n")
    client.close()
    assert raw.receive_all(server) == b"", "the server's connection ends with the client's"


def test_a_server_that_breaks_off_is_seen_by_the_client(called):
    client, server, _ = called
    server.sendall(STREAM + b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")
    received = raw.receive_until(client, b"data: 1\n\n")
    server.close()
    assert not (received + raw.receive_all(client)).endswith(b"0\r\n\r\n")


def test_a_session_is_ended_by_the_client(client, http_host, listener):
    client.sendall(raw.request("DELETE /mcp", http_host(listener.url), "Mcp-Session-Id: 1"))
    with listener.accept_request() as (server, head):
        assert head.startswith(b"DELETE /mcp HTTP/1.1\r\n") and raw.fields_of(head, "Mcp-Session-Id") == ["1"]
        server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 204
