"""The upstream of every proxy: an nginx of its own that returns a small body, a large file and its request count."""

from __future__ import annotations

import http.client
import os
import time
from pathlib import Path

from .errors import BenchError
from .processes import Service, free_port

SMALL_BODY = "The quick brown fox jumps over the lazy dog. " * 6 + "Thirty more bytes are all ours"
LARGE_BYTES = 10_000_000
START_SECONDS = 10
NGINX_TEMPORARY = "".join(
    f"  {kind}_temp_path {{folder}}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
{user}
events {{ worker_connections 8192; }}
http {{
{temporary}  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 300s;
  default_type text/plain;
  server {{
    listen 127.0.0.1:{port};
    location = / {{ return 200 "{body}"; }}
    location = /10m {{ alias {folder}/10m; }}
    # Reads the whole body into memory before it answers: an early answer would measure something else.
    location = /upload {{
      client_max_body_size 0; client_body_buffer_size 16m;
      proxy_pass http://127.0.0.1:{port}/; proxy_method GET; proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}
  server {{ listen 127.0.0.1:{count_port}; location / {{ stub_status; }} }}
}}
"""


def nginx_user_line() -> str:
    # A worker of another user could not read the run's private folder; without root the directive only warns.
    return "user root;" if os.geteuid() == 0 else ""


class Backend:
    """Runs on the load core. `count_requests` lets a measurement begin and end while requests are flowing."""

    def __init__(self, folder: Path, core: int):
        folder.mkdir()
        self.port = free_port()
        self._count_port = free_port()
        self.large_file = folder / "10m"
        with self.large_file.open("wb") as large:
            large.write(os.urandom(1_000_000) * (LARGE_BYTES // 1_000_000))
        (folder / "nginx.conf").write_text(CONFIGURATION.format(
            folder=folder, user=nginx_user_line(), port=self.port, count_port=self._count_port, body=SMALL_BODY,
            temporary=NGINX_TEMPORARY.format(folder=folder)))
        self.service = Service("backend", ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")], core, folder)
        self._counter = http.client.HTTPConnection("127.0.0.1", self._count_port, timeout=10)
        self._own_requests = 0
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            self.service.require_running()
            try:
                self.count_requests()
                return
            except OSError:
                self._counter.close()
                if time.monotonic() > end:
                    raise BenchError(f"The backend did not start.\n{self.service.log_tail()}") from None
                time.sleep(0.05)

    def count_requests(self) -> int:
        """Requests begun so far, without those of this counter itself."""
        self._counter.request("GET", "/")
        lines = self._counter.getresponse().read().decode().splitlines()
        self._own_requests += 1
        return int(lines[2].split()[2]) - self._own_requests
