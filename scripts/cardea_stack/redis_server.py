"""A real redis-server with its append-only file on, in a folder of its own."""

import socket
from pathlib import Path

from .ports import free_port
from .process import ManagedProcess


class RedisServer(ManagedProcess):
    """Redis on a loopback port and on a Unix socket at the same time; a restart keeps both and the data."""

    name = "redis"

    def __init__(self, folder: Path, password: str = ""):
        super().__init__(folder)
        self.port = free_port()
        self.socket_path = self.folder / "redis.sock"
        self.password = password

    def url(self, database: int = 0) -> str:
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/{database}"

    def unix_url(self, database: int = 0) -> str:
        return f"unix://{self.socket_path}?db={database}"

    def command(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", str(self.socket_path), "--dir", str(self.folder)]
        command += ["--appendonly", "yes", "--save", ""]
        if self.password:
            command += ["--requirepass", self.password]
        return command

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                if self.password:
                    connection.sendall(b"AUTH %s\r\n" % self.password.encode())
                    if not connection.recv(128).startswith(b"+OK"):
                        return False
                connection.sendall(b"PING\r\n")
                # While the append-only file is read, the answer is -LOADING.
                return connection.recv(128).startswith(b"+PONG")
        except OSError:
            return False
