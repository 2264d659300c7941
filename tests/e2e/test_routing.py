"""Which host answers what: by Host on HTTP, by SNI and Host on HTTPS, however the bytes arrive."""

import socket
import ssl

import pytest
from cardea_stack import HostConnection, https_context, loopback_addresses, wait_until
from support import raw
from support.names import certificate_name


def test_an_unknown_host_is_404(http):
    assert http("nobody.cardea.test").get("/")[0] == 404


@pytest.mark.parametrize("address", loopback_addresses())
def test_every_address_is_served(cardea, http_host, nginx, address):
    response = raw.get(cardea.http_port, http_host(nginx.url), address=address)
    assert raw.status_of(response) == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:{port}"])
def test_the_api_answers_on_admin_hosts(cardea, host):
    response = raw.get(cardea.http_port, host.format(port=cardea.http_port), "/health")
    assert raw.status_of(response) == 200
    assert b'"scheduler"' in response


@pytest.mark.parametrize("path", ["/health", "/certificates"])
def test_a_proxied_host_keeps_its_own_paths(http, http_host, nginx, path):
    status, _, body = http(http_host(nginx.url)).get(path)
    assert status == 200
    assert b"the upstream's own" in body


@pytest.mark.parametrize("path", ["/health", "/certificates", "/proxy/targets"])
def test_the_api_answers_nowhere_else(http, path):
    assert http("nobody.cardea.test").get(path)[0] == 404


@pytest.mark.parametrize("change", [str.upper, str.title, lambda name: name + ".", lambda name: name + ":8080"])
def test_host_names_compare_without_case_trailing_dot_and_port(cardea, http_host, nginx, change):
    response = raw.get(cardea.http_port, change(http_host(nginx.url)))
    assert raw.status_of(response) == 200
    assert b"hello from nginx" in response


def test_keep_alive_requests_are_routed_anew_by_their_own_host(cardea, http_host, nginx, upstream):
    first, second = http_host(nginx.url), http_host(upstream.url)
    hosts = [(first, b"hello from nginx"), (second, b"no such path"), ("nobody.cardea.test", b""), (first, b"hello")]
    with HostConnection("127.0.0.1", cardea.http_port) as connection:
        connection.connect()
        used = connection.sock
        statuses = []
        for host, expected in hosts:
            connection.request("GET", "/", headers={"Host": host})
            response = connection.getresponse()
            statuses.append(response.status)
            assert expected in response.read()
        assert connection.sock is used, "all four went over one connection"
    assert statuses == [200, 404, 404, 200]


def test_pipelined_requests_are_answered_in_order(cardea, http_host, nginx, upstream):
    first, second = http_host(nginx.url), http_host(upstream.url)
    requests = raw.request("GET /", first) + raw.request("GET /chunked", second, "Connection: close")
    response = raw.exchange(cardea.http_port, requests)
    assert response.count(b"HTTP/1.1 200") == 2
    assert response.index(b"hello from nginx") < response.index(b"block 199")


def test_a_host_header_in_many_segments(cardea, http_host, nginx):
    host = http_host(nginx.url)
    assert raw.status_of(raw.get(cardea.http_port, host, segments=1000)) == 200


def hello_in_segments(port: int, hostname: str, context: ssl.SSLContext, size: int) -> bytes:
    """A TLS request whose own bytes leave in segments of `size`."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=hostname)
    with raw.connect(port) as connection:

        def send():
            data = outgoing.read()
            for start in range(0, len(data), size):
                connection.sendall(data[start : start + size])

        def until_done(operation):
            while True:
                try:
                    result = operation()
                    send()
                    return result
                except ssl.SSLWantReadError:
                    send()
                    data = connection.recv(65536)
                    assert data, "the server closed"
                    incoming.write(data)

        until_done(session.do_handshake)
        session.write(raw.request("GET /", hostname, "Connection: close"))
        send()
        return until_done(lambda: session.read(65536))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_client_hello_in_many_segments(cardea, site, root_pem, size):
    assert raw.status_of(hello_in_segments(cardea.https_port, site, https_context(root_pem), size)) == 200


def test_sni_compares_without_case(cardea, site, root_pem):
    assert raw.status_of(hello_in_segments(cardea.https_port, site.upper(), https_context(root_pem), 1000)) == 200


def test_a_host_that_the_certificate_does_not_cover_is_421(https, site, http_host, nginx):
    other = http_host(nginx.url)
    connection = https(site)
    assert connection.get("/", {"Host": other})[0] == 421
    assert connection.get("/", {"Host": "nobody.cardea.test"})[0] == 421
    assert connection.get("/")[0] == 200, "the connection itself stays good"


def test_a_connection_is_judged_by_the_certificate_that_it_was_made_with(api, https, nginx, new_host):
    first, second = new_host("first"), new_host("second")
    name = certificate_name(first)
    api.create_certificate(name, first, second)
    api.wait_for_certificate(name)
    for host in (first, second):
        api.create_target(host, nginx.url)
    connection = https(first)
    assert connection.get("/", {"Host": second})[0] == 200
    api.expect(200, "DELETE", f"/certificates/{name}")
    wait_until(lambda: api.call("GET", f"/certificates/{name}")[0] == 404, 20, "the certificate is gone")
    assert connection.get("/", {"Host": second})[0] == 200
    for host in (first, second):
        api.expect(200, "DELETE", f"/proxy/targets/{host}?delete_certificate=true")


def test_an_unknown_name_gets_the_self_signed_fallback(cardea):
    with HostConnection("nobody.cardea.test", cardea.https_port, https_context(None)) as connection:
        connection.connect()
        assert connection.get("/")[0] == 404
        assert connection.get("/", {"Host": "localhost"})[0] == 421, "nor is it the API's"


def test_a_client_without_sni_is_answered(cardea):
    context = https_context(None)
    with socket.create_connection(("127.0.0.1", cardea.https_port), 20) as plain:
        with context.wrap_socket(plain) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: nobody.cardea.test\r\nConnection: close\r\n\r\n")
            assert raw.status_of(raw.receive_until(connection, b"\r\n\r\n")) == 404


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_and_session_resumption(cardea, site, root_pem, version):
    context = https_context(root_pem)
    context.minimum_version = context.maximum_version = version

    def request(session):
        with socket.create_connection(("127.0.0.1", cardea.https_port), 20) as plain:
            with context.wrap_socket(plain, server_hostname=site, session=session) as connection:
                connection.sendall(raw.request("GET /", site, "Connection: close"))
                assert raw.status_of(raw.receive_until(connection, b"nginx")) == 200
                return connection.session, connection.session_reused

    session, reused = request(None)
    assert not reused
    # Any worker may get the second connection; the ticket must be good at each.
    assert all(request(session)[1] for _ in range(8))


def test_the_challenge_path_is_answered_on_every_host(cardea, database, http_host, nginx, site):
    database.set("challenge:e2e-token-of-22-characters", "e2e-token-of-22-characters.thumbprint", ex=60)
    for host in ("nobody.cardea.test", http_host(nginx.url), site, "localhost"):
        response = raw.get(cardea.http_port, host, "/.well-known/acme-challenge/e2e-token-of-22-characters")
        assert raw.status_of(response) == 200, host
        assert response.endswith(b"e2e-token-of-22-characters.thumbprint")
        missing = raw.get(cardea.http_port, host, "/.well-known/acme-challenge/unknown")
        assert raw.status_of(missing) == 404, host
    database.delete("challenge:e2e-token-of-22-characters")


def test_a_deleted_target_is_gone_at_once(api, http, nginx, new_host):
    hostname = new_host("deleted")
    api.create_target(hostname, nginx.url, enable_https=False)
    connection = http(hostname)
    assert connection.get("/")[0] == 200
    api.expect(200, "DELETE", f"/proxy/targets/{hostname}")
    assert connection.get("/")[0] == 404
    assert api.call("GET", f"/proxy/targets/{hostname}")[0] == 404


def test_enable_http_false_is_404_on_http_only(stack, api, http, https, new_host):
    hostname = new_host("secure")
    api.create_target(hostname, stack.nginx.url, enable_http=False)
    api.wait_for_certificate(certificate_name(hostname))
    assert http(hostname).get("/")[0] == 404
    assert https(hostname).get("/")[0] == 200
