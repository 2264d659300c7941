"""Node as an upstream: the server that many sites run, with its own ideas of keep-alive, 100 and chunks."""

from pathlib import Path

from cardea_stack import ManagedProcess, free_port, wait_until


class NodeUpstream(ManagedProcess):
    """node_upstream.mjs. Its connections are closed after `keep_alive_ms` without a request; recent versions add a second."""

    name = "node"

    def __init__(self, folder: Path, keep_alive_ms: int = 5000):
        super().__init__(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._keep_alive_ms = keep_alive_ms

    def command(self):
        return ["node", str(Path(__file__).with_suffix(".mjs")), str(self.port), str(self._keep_alive_ms)]

    def is_ready(self):
        return "ready" in self.said()

    def said(self) -> list[str]:
        """What it has told of so far, a line each."""
        return self.log().splitlines()

    def wait_for(self, line: str):
        wait_until(lambda: line in self.said(), 20, f"node says: {line}")
