"""A real nginx as the upstream."""

import http.client
import os
from pathlib import Path

from .ports import free_port
from .process import ManagedProcess

# The response of /headers: one line per request field that says what the proxy did to the request. $connection is
# nginx's own number of the connection: the same number twice means that the connection was used again.
_ECHOED = {
    "method": "$request_method",
    "uri": "$request_uri",
    "protocol": "$server_protocol",
    "host": "$http_host",
    "connection": "$http_connection",
    "keep-alive": "$http_keep_alive",
    "te": "$http_te",
    "upgrade": "$http_upgrade",
    "proxy-connection": "$http_proxy_connection",
    "proxy-authorization": "$http_proxy_authorization",
    "x-forwarded-for": "$http_x_forwarded_for",
    "x-forwarded-proto": "$http_x_forwarded_proto",
    "x-forwarded-host": "$http_x_forwarded_host",
    "x-forwarded-port": "$http_x_forwarded_port",
    "x-custom": "$http_x_custom",
    "x-nominated": "$http_x_nominated",
    "connection-number": "$connection",
}

_CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  keepalive_timeout 30s;
  keepalive_requests 1000000;
  {servers}
}}
"""

_SERVER = """
  server {{
    listen 127.0.0.1:{port};
    location = / {{ return 200 "hello from nginx, asked for $http_host\\n"; }}
    location = /headers {{ return 200 "{echoed}"; }}
    location = /redirect {{ return 302 /elsewhere; }}
    location = /cookies {{
      add_header Set-Cookie "first=1; Path=/";
      add_header Set-Cookie "second=2; Path=/";
      return 200 "two cookies\\n";
    }}
    location /bytes/ {{ root {folder}/files; default_type application/octet-stream; }}
    location = /health {{ return 200 "the upstream's own health\\n"; }}
    location = /certificates {{ return 200 "the upstream's own certificates\\n"; }}
  }}
"""


class NginxProcess(ManagedProcess):
    """nginx with the servers that a subclass gives it: servers() is their part of the configuration."""

    name = "nginx"

    def servers(self) -> str:
        raise NotImplementedError

    def command(self):
        # Started by root, nginx would give its workers to a user that cannot read our private folder.
        user = "user root;" if os.geteuid() == 0 else ""
        path = self.folder / "nginx.conf"
        path.write_text(_CONFIG.format(user=user, folder=self.folder, servers=self.servers()))
        return ["nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(path)]

    def environment(self):
        environment = super().environment()
        environment["PATH"] = environment.get("PATH", "") + ":/usr/sbin"
        return environment


class Nginx(NginxProcess):
    """Paths: / · /headers · /redirect · /cookies · /bytes/N for the sizes given · /health and /certificates."""

    def __init__(self, folder: Path, file_sizes: tuple[int, ...] = (1024, 10 * 1024 * 1024)):
        super().__init__(folder)
        self.port = free_port()
        files = self.folder / "files" / "bytes"
        files.mkdir(parents=True, exist_ok=True)
        for size in file_sizes:
            # Not zeros: a byte lost or swapped must show.
            (files / str(size)).write_bytes((bytes(range(256)) * (size // 256 + 1))[:size])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def servers(self):
        echoed = "".join(f"{name}: {variable}\\n" for name, variable in _ECHOED.items())
        return _SERVER.format(port=self.port, echoed=echoed, folder=self.folder)

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False


def echoed_fields(body: bytes) -> dict[str, str]:
    """What an nginx says in lines of `name: value`, such as /headers."""
    return dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in body.decode().splitlines())
