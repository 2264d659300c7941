"""Cardea's REST API, as a client sees it."""

import http.client
import json
import time


class ApiError(Exception):
    """An answer that was not the one expected; the text holds status and body."""


class Api:
    """Calls to the API on an admin host; `token` may be empty for public reads."""

    def __init__(self, port: int, token: str = "", host: str = "127.0.0.1"):
        self.port = port
        self.token = token
        self.host = host

    def call(self, method: str, path: str, body=None, headers: dict[str, str] | None = None):
        """(status, headers, JSON or text). `body` is sent as JSON, or as it is if it is bytes."""
        sent = {"Host": f"{self.host}:{self.port}"} | (headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        try:
            return response.status, response.headers, json.loads(text)
        except ValueError:
            return response.status, response.headers, text

    def expect(self, status: int, method: str, path: str, body=None):
        """The JSON of the answer; ApiError if its status is another one."""
        got, _, answer = self.call(method, path, body)
        if got != status:
            raise ApiError(f"{method} {path} answered {got} instead of {status}: {answer}")
        return answer

    def create_target(self, hostname: str, target_url: str, **fields):
        return self.expect(201, "POST", "/proxy/targets", {"hostname": hostname, "target_url": target_url} | fields)

    def create_certificate(self, cert_name: str, *domains: str, **fields):
        named = {"domain": domains[0]} if len(domains) == 1 else {"domains": list(domains)}
        return self.expect(202, "POST", "/certificates", {"cert_name": cert_name} | named | fields)

    def status(self, cert_name: str) -> dict:
        """The status object; a certificate that does not exist has one too, whose "status" is "not_found"."""
        code, _, answer = self.call("GET", f"/certificates/{cert_name}/status")
        if code not in (200, 404) or not isinstance(answer, dict) or "status" not in answer:
            raise ApiError(f"the status of {cert_name} was answered with {code}: {answer}")
        return answer

    def wait_for_certificate(self, cert_name: str, wanted: str = "completed", seconds: float = 60, on_change=None):
        """Polls the status until it is `wanted`; calls on_change(status) whenever it differs from the one before."""
        deadline = time.monotonic() + seconds
        last = None
        while time.monotonic() < deadline:
            status = self.status(cert_name)
            if status != last and on_change:
                on_change(status)
            last = status
            if status["status"] == wanted:
                return status
            if status["status"] in ("completed", "failed"):
                break
            time.sleep(0.05)
        raise ApiError(f"certificate {cert_name} is not {wanted}: {last}")
