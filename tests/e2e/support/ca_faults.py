"""What can go wrong between Cardea and its CA: faults for CaProxy, and the actions they are made of.

    proxy.add(Fault("new_order", problem(429, "rateLimited", headers={"Retry-After": "120"}), times=3))
    proxy.add(Fault("certificate", change(lambda answer: answer.without("Replay-Nonce"))))
    fault = proxy.add(Fault("finalize", hold_answer()))
    fault.wait_until_hit(30)    # the CA has issued, and nobody has been told
    fault.release()
"""

import asyncio
import contextlib
import threading

from .ca_http import Answer, encode_body


class Fault:
    """Does `action` to the requests of a kind (any if None) for which when(exchange) holds: the first `skip` of them
    pass, the next `times` are hit (all of them if None), the rest pass.

    Thread-safe, but a fault belongs to one proxy and is used once.
    """

    def __init__(self, kind: str | None, action, skip: int = 0, times: int | None = 1, when=None):
        self.kind = kind
        self.action = action
        self.when = when
        self.hits = 0
        self._skip = skip
        self._left = times
        self._changed = threading.Condition()
        self._gate = asyncio.Event()
        self._loop = None  # the proxy's, from the first request that is taken on

    def wait_until_hit(self, seconds: float = 30, hits: int = 1):
        """Until that many requests were hit. The CA has acted by then if the action is one that lets it act first
        (lose_answer, hold_answer, cut_body, change).
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.hits >= hits, seconds):
                raise TimeoutError(f"the fault for {self.kind} was hit {self.hits} times in {seconds} s, not {hits}")

    def release(self):
        """Lets go what is held, and holds nothing any more."""
        with self._changed:
            if self._loop is None:
                self._gate.set()
                return
            with contextlib.suppress(RuntimeError):  # the proxy has ended
                self._loop.call_soon_threadsafe(self._gate.set)

    def stop_taking(self):
        """Later requests pass; what is held stays so."""
        with self._changed:
            self._left = 0

    # For the proxy and the actions, in the proxy's thread.

    def takes(self, exchange) -> bool:
        if self._left == 0 or self.kind not in (None, exchange.kind) or (self.when and not self.when(exchange)):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        with self._changed:
            self._loop = asyncio.get_running_loop()
        return True

    def hit(self):
        with self._changed:
            self.hits += 1
            self._changed.notify_all()

    async def released(self):
        await self._gate.wait()


# An action is a coroutine function of a passage (ca_proxy.Passage) and the fault. Each of these makes one.


def refuse():
    """The connection ends before the CA sees the request."""

    async def action(passage, fault):
        fault.hit()
        passage.cut()

    return action


def lose_answer():
    """The CA acts and answers; the client gets the end of the connection instead."""

    async def action(passage, fault):
        await passage.ask_ca()
        fault.hit()
        passage.cut()

    return action


def cut_body():
    """The head of the CA's answer and half of the body, then the end of the connection."""

    async def action(passage, fault):
        answer = await passage.ask_ca()
        fault.hit()
        await passage.send_part(answer, len(answer.body) // 2)

    return action


def delay(seconds: float):
    """The CA gets the request that much later."""

    async def action(passage, fault):
        fault.hit()
        await asyncio.sleep(seconds)
        await passage.pass_on()

    return action


def answer(status: int, body=b"", headers: dict[str, str] | None = None, fresh_nonce: bool = False):
    """This instead of asking the CA. `body` is bytes, a text, or an object to be written as JSON; `fresh_nonce` adds
    a Replay-Nonce that the CA will accept.
    """
    made = Answer(status, tuple((headers or {}).items()), encode_body(body))

    async def action(passage, fault):
        sent = made.with_header("Replay-Nonce", await passage.make_nonce()) if fresh_nonce else made
        fault.hit()
        await passage.send(sent)

    return action


def problem(status: int, kind: str, detail: str = "", headers: dict[str, str] | None = None, **members):
    """A problem document of type urn:ietf:params:acme:error:KIND instead of asking the CA, with a fresh nonce."""
    document = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail or kind, "status": status} | members
    fields = {"Content-Type": "application/problem+json"} | (headers or {})
    return answer(status, document, fields, fresh_nonce=True)


def endless(status: int = 200, headers: dict[str, str] | None = None, block: bytes = b" " * 1000, pause: float = 0.05):
    """Instead of asking the CA, a body that never ends: a block, a pause, and so on until the client leaves."""
    head = Answer(status, tuple((headers or {}).items()))

    async def action(passage, fault):
        fault.hit()
        await passage.send_endless(head, block, pause)

    return action


def change(function):
    """The client gets function(the CA's answer): an Answer for an Answer."""

    async def action(passage, fault):
        changed = function(await passage.ask_ca())
        fault.hit()
        await passage.send(changed)

    return action


def hold():
    """The CA does not see the request before fault.release(); not at all if its client has gone by then."""

    async def action(passage, fault):
        fault.hit()
        await fault.released()
        if not passage.client_has_gone():
            await passage.pass_on()

    return action


def hold_then(action):
    """What `action` does, but not before fault.release()."""

    async def held(passage, fault):
        fault.hit()
        await fault.released()
        await action(passage, fault)

    return held


def hold_answer():
    """The CA acts; its answer is kept back until fault.release()."""

    async def action(passage, fault):
        kept = await passage.ask_ca()
        fault.hit()
        await fault.released()
        await passage.send(kept)

    return action
