"""A client that shakes hands with hosts all the time and trusts nobody but the CA."""

import hashlib
import socket
import ssl
import threading

PAUSE_SECONDS = 0.01  # between two handshakes: the machine has other things to do, too


class Handshakes:
    """A thread, while the context lasts. The handshake proves that the server has the key of what it shows, and OpenSSL
    that a trusted CA made it for that host: what is wrong with either ends up in `errors`.

    A host may show the self-signed fallback until it has had a certificate, never afterwards.
    """

    def __init__(self, port: int, root_pem: str):
        self.port = port
        self.errors: list[str] = []
        self.count = 0
        self._hosts: list[str] = []
        self._seen: dict[str, list[str]] = {}
        self._context = ssl.create_default_context(cadata=root_pem)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="handshakes", daemon=True)

    def watch(self, *hosts: str):
        self._hosts = [*self._hosts, *hosts]

    def seen(self, host: str) -> list[str]:
        """SHA-256 of the certificates that the host showed, each change once."""
        return list(self._seen.get(host, ()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        while not self._stopping.wait(PAUSE_SECONDS):
            for host in self._hosts:
                if self._stopping.wait(PAUSE_SECONDS):
                    return
                self._shake_hands(host)

    def _shake_hands(self, host: str):
        seen = self._seen.setdefault(host, [])
        try:
            with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
                with self._context.wrap_socket(connection, server_hostname=host) as session:
                    shown = hashlib.sha256(session.getpeercert(binary_form=True)).hexdigest()
        except ssl.SSLCertVerificationError as error:
            if seen or "self-signed" not in str(error):
                self.errors.append(f"{host}: {error}")
        except OSError as error:
            self.errors.append(f"{host}: {error}")
        else:
            self.count += 1
            if not seen or seen[-1] != shown:
                seen.append(shown)
