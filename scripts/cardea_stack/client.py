"""A client that names a host as a browser would but always connects to loopback."""

import http.client
import socket
import ssl


def https_context(root_pem: str | None) -> ssl.SSLContext:
    """Trusts only `root_pem`; with None nothing is verified (for the self-signed fallback)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root_pem is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=root_pem)
    context.set_alpn_protocols(["http/1.1"])
    return context


class HostConnection(http.client.HTTPConnection):
    """One connection for `host`, by HTTPS if a context is given. The Host header is the bare name."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None, address="127.0.0.1", timeout=20):
        super().__init__(host, port, timeout=timeout)
        self.address = address
        self.context = context
        self.default_port = port  # leaves the port out of the Host header

    def connect(self):
        self.sock = socket.create_connection((self.address, self.port), self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and the whole body."""
        self.request("GET", path, headers=headers or {})
        response = self.getresponse()
        return response.status, response.headers, response.read()

    def certificate_pem(self) -> str:
        """The certificate that the server showed."""
        if self.sock is None:
            self.connect()
        return ssl.DER_cert_to_PEM_cert(self.sock.getpeercert(binary_form=True))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
