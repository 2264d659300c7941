"""A CA of a test's own, and an nginx that speaks TLS with what it signs, and plain HTTP on a Unix socket."""

import datetime
import http.client
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cardea_stack import NginxProcess, free_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass
class Leaf:
    certificate_pem: str
    key_pem: str

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """For a server of the test's own process; OpenSSL reads the leaf from a file in `folder`."""
        path = folder / "leaf.pem"
        path.write_text(self.certificate_pem + self.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _key_pem(key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _pem(certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class TestCa:
    __test__ = False  # no test for pytest

    def __init__(self, name: str):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(True, None), [], 10 * _DAY)
        self.pem = _pem(self._certificate)

    def _sign(self, subject, key, constraints, names, valid_for):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * _DAY)
            .not_valid_after(now + valid_for)
            .add_extension(constraints, critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def leaf(self, *names: str, valid_for=_DAY) -> Leaf:
        """For host names and IP addresses; `valid_for` may lie in the past."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        general = [
            x509.IPAddress(ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
            for name in names
        ]
        certificate = self._sign(subject, key, x509.BasicConstraints(False, None), general, valid_for)
        return Leaf(_pem(certificate), _key_pem(key))


_SEEN = "uri: $request_uri\\nhost: $http_host\\nsni: $ssl_server_name\\nalpn: $ssl_alpn_protocol\\nconnection: $connection\\nresumed: $ssl_session_reused\\n"

_SERVER = """
  server {{
    listen {listen};
    {tls}
    location / {{ return 200 "{seen}"; }}
    location /bytes/ {{ root {folder}/files; default_type application/octet-stream; }}
    location /close/ {{ keepalive_timeout 0; return 200 "{seen}"; }}
  }}
"""


class SecureNginx(NginxProcess):
    """One server per leaf: ports[name] is its port on 127.0.0.1 and ::1 is nobody's. `socket_path` is plain HTTP."""

    def __init__(self, folder: Path, leaves: dict[str, Leaf]):
        super().__init__(folder)
        self.socket_path = self.folder / "app.sock"
        self.ports = {name: free_port() for name in leaves}
        self.big = bytes(range(256)) * 20_000
        (self.folder / "files" / "bytes").mkdir(parents=True, exist_ok=True)
        (self.folder / "files" / "bytes" / "big").write_bytes(self.big)
        for name, leaf in leaves.items():
            (self.folder / f"{name}.pem").write_text(leaf.certificate_pem)
            (self.folder / f"{name}.key").write_text(leaf.key_pem)

    def servers(self):
        def server(listen: str, tls: str) -> str:
            return _SERVER.format(listen=listen, tls=tls, seen=_SEEN, folder=self.folder)

        servers = [server(f"unix:{self.socket_path}", "")]
        for name, port in self.ports.items():
            tls = f"ssl_certificate {self.folder}/{name}.pem; ssl_certificate_key {self.folder}/{name}.key;"
            servers.append(server(f"127.0.0.1:{port} ssl", tls))
        return "".join(servers)

    def is_ready(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            for port in self.ports.values():
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=1, context=context)
                connection.request("GET", "/")
                connection.getresponse().read()
                connection.close()
            return True
        except OSError:
            return False
