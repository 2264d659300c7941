"""The proxies under test. Each one starts on the proxy core with the same certificate, protocol and backend.

A proxy has its two ports and one service: the process tree that is measured and, at the end, stopped.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from .backend import NGINX_TEMPORARY, SMALL_BODY, nginx_user_line
from .certificates import HOSTNAME, Certificate
from .errors import BenchError
from .processes import Service, free_port, run_tool

START_SECONDS = 15
CIPHER = "TLS_AES_128_GCM_SHA256"
GROUP = "X25519"


@dataclass(frozen=True)
class Setting:
    """What all proxies share."""

    folder: Path
    certificate: Certificate
    rsa_certificate: Certificate  # of a second host, for the cases that need a slow key
    backend_port: int
    core: int


@dataclass
class Proxy:
    name: str
    version: str
    http_port: int
    https_port: int
    service: Service

    def require_ready(self, certificate: Certificate) -> None:
        """Waits until HTTP and verified TLS 1.3 both answer 200 with the backend's body; BenchError after a while."""
        end = time.monotonic() + START_SECONDS
        while True:
            self.service.require_running()
            try:
                complaint = self._complaint(certificate)
            except (OSError, ssl.SSLError) as error:
                complaint = str(error)
            if not complaint:
                return
            if time.monotonic() > end:
                raise BenchError(f"{self.name} is not ready after {START_SECONDS} s: {complaint}\n"
                                 f"{self.service.log_tail()}")
            time.sleep(0.1)

    def _complaint(self, certificate: Certificate) -> str:
        context = ssl.create_default_context(cafile=str(certificate.root))
        with socket.create_connection(("127.0.0.1", self.https_port), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname=HOSTNAME) as tls:
                if tls.version() != "TLSv1.3":
                    return f"HTTPS speaks {tls.version()} instead of TLSv1.3"
                complaint = _check_answer(tls)
        if complaint:
            return f"HTTPS: {complaint}"
        with socket.create_connection(("127.0.0.1", self.http_port), timeout=5) as plain:
            complaint = _check_answer(plain)
        return f"HTTP: {complaint}" if complaint else ""


def _check_answer(connection: socket.socket) -> str:
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOSTNAME}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].decode(errors="replace")
    if not status.startswith("HTTP/1.1 200"):
        return f"the answer is {status!r}"
    return "" if body == SMALL_BODY.encode() else "the body is not the backend's"


# Both peers get larger buffers than their defaults: that is what makes each of them good at the download case, and it
# costs them nothing in the keep-alive cases.
NGINX_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
{user}
events {{ worker_connections 8192; }}
http {{
{temporary}  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 1000000000; }}
  ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites {cipher};
  ssl_conf_command NumTickets 1;
  ssl_ecdh_curve {group};
  server {{
    listen 127.0.0.1:{https} ssl;
    server_name {rsa_hostname};
    ssl_certificate {rsa_chain};
    ssl_certificate_key {rsa_key};
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }}
  }}
  server {{
    listen 127.0.0.1:{http};
    listen 127.0.0.1:{https} ssl default_server;
    server_name {hostname};
    ssl_certificate {chain};
    ssl_certificate_key {key};
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      client_max_body_size 0;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 16 32k;
      proxy_busy_buffers_size 256k;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""

HAPROXY_CONFIGURATION = """
global
  nbthread 1
  maxconn 8192
  tune.bufsize 32768
  ssl-default-bind-ciphersuites {cipher}
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  option http-keep-alive
frontend bench
  bind 127.0.0.1:{http}
  bind 127.0.0.1:{https} ssl crt {bundle} crt {rsa_bundle} curves {group} alpn http/1.1
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Proto http unless {{ ssl_fc }}
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:{backend}
"""

# HAProxy 2.6 has no setting for the number of tickets; OpenSSL takes it from its own configuration file.
OPENSSL_CONFIGURATION = """
openssl_conf = openssl_init
[openssl_init]
ssl_conf = ssl_section
[ssl_section]
system_default = system_default_section
[system_default_section]
NumTickets = 1
"""


def _fill(template: str, setting: Setting, folder: Path, http_port: int, https_port: int) -> str:
    return template.format(
        folder=folder, user=nginx_user_line(), temporary=NGINX_TEMPORARY.format(folder=folder), cipher=CIPHER,
        group=GROUP, hostname=HOSTNAME, rsa_hostname=setting.rsa_certificate.hostname,
        rsa_chain=setting.rsa_certificate.fullchain, rsa_key=setting.rsa_certificate.key,
        rsa_bundle=setting.rsa_certificate.bundle, http=http_port, https=https_port, backend=setting.backend_port,
        chain=setting.certificate.fullchain, key=setting.certificate.key, bundle=setting.certificate.bundle)


def start_nginx(setting: Setting) -> Proxy:
    folder = setting.folder / "nginx"
    folder.mkdir()
    http_port, https_port = free_port(), free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_fill(NGINX_CONFIGURATION, setting, folder, http_port, https_port))
    service = Service("nginx", ["nginx", "-e", "stderr", "-c", str(configuration)], setting.core, folder)
    return Proxy("nginx", nginx_version(), http_port, https_port, service)


def nginx_version() -> str:
    # nginx writes its version to stderr.
    return run_tool(["sh", "-c", "nginx -v 2>&1"]).strip().rpartition("/")[2]


def start_haproxy(setting: Setting) -> Proxy:
    folder = setting.folder / "haproxy"
    folder.mkdir()
    http_port, https_port = free_port(), free_port()
    configuration, openssl = folder / "haproxy.cfg", folder / "openssl.cnf"
    configuration.write_text(_fill(HAPROXY_CONFIGURATION, setting, folder, http_port, https_port))
    openssl.write_text(OPENSSL_CONFIGURATION)
    service = Service("haproxy", ["haproxy", "-db", "-f", str(configuration)], setting.core, folder,
                      os.environ | {"OPENSSL_CONF": str(openssl)})
    version = re.search(r"version (\S+)", run_tool(["haproxy", "-v"]))
    return Proxy("haproxy", version.group(1) if version else "unknown", http_port, https_port, service)
