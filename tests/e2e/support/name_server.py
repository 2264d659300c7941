"""A name server for a Cardea of a test's own, and that Cardea in a mount namespace where it is the only one."""

import errno
import random
import select
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from cardea_stack import Cardea

_A, _HEADER = 1, struct.Struct("!HHHHHH")


class NameServer:
    """Answers A questions on port 53 of a loopback address of its own. `answers` maps a name to its addresses, or to
    None: then the question is never answered. Other names do not exist.
    """

    def __init__(self):
        self.answers: dict[str, list[str] | None] = {}
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self._bind()
        self._end, self._ended = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _bind(self) -> str:
        """The address that no other name server has taken."""
        while True:
            address = f"127.53.{random.randint(0, 255)}.{random.randint(1, 254)}"
            try:
                self._socket.bind((address, 53))
                return address
            except PermissionError:
                self._socket.close()
                pytest.skip("only root may listen on port 53 here")
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.close()
        self._thread.join()
        self._ended.close()
        self._socket.close()

    def _serve(self):
        while self._ended not in select.select([self._socket, self._ended], [], [])[0]:
            question, peer = self._socket.recvfrom(4096)
            if answer := self._answer(question):
                self._socket.sendto(answer, peer)

    def _answer(self, question: bytes) -> bytes | None:
        labels, at = [], _HEADER.size
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode())
            at += 1 + length
        name, kind = ".".join(labels).lower(), struct.unpack_from("!H", question, at + 1)[0]
        self.asked.append(name)
        addresses = self.answers.get(name, [])
        if addresses is None:
            return None
        found = [address for address in addresses if kind == _A]
        code = 0 if name in self.answers else 3  # NXDOMAIN
        head = _HEADER.pack(struct.unpack_from("!H", question)[0], 0x8180 | code, 1, len(found), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", _A, 1, 0, 4) + socket.inet_aton(a) for a in found)
        return head + question[_HEADER.size : at + 5] + records


class CardeaWithNames(Cardea):
    """Cardea that asks `names` alone. /etc/resolv.conf is another file to it and to nobody else."""

    def __init__(self, folder: Path, names: NameServer, **settings: str):
        super().__init__(folder, **settings)
        self.resolv_conf = self.folder / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {names.address}\noptions timeout:5 attempts:2\n")
        if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
            pytest.skip("no mount namespace can be made here")

    def command(self):
        script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        return ["unshare", "-rm", "sh", "-c", script, "sh", str(self.resolv_conf), *super().command()]
