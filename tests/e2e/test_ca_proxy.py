"""The proxy between Cardea and the CA, tried with Pebble and a client of our own."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from support.acme_client import AcmeClient, lone_pebble
from support.ca_faults import (
    Fault,
    answer,
    change,
    cut_body,
    delay,
    endless,
    hold,
    hold_answer,
    lose_answer,
    problem,
    refuse,
)
from support.ca_proxy import CaProxy
from support.clock import Clock

NO_ANSWER = (OSError, http.client.HTTPException)


@pytest.fixture(scope="module")
def ca(session_folder):
    with lone_pebble(session_folder / "ca-proxy") as running:
        yield running


@pytest.fixture
def proxy(ca):
    with CaProxy(ca) as running:
        yield running


@pytest.fixture
def client(proxy):
    """With an account; what made it is forgotten again."""
    with AcmeClient(proxy.directory_url, proxy.pebble.ca_path) as made:
        assert made.new_account().status == 201
        proxy.clear()
        yield made


# What is written down.


def test_every_exchange_is_written_down(proxy):
    with AcmeClient(proxy.directory_url, proxy.pebble.ca_path) as client:
        client.new_account()
        client.issue("a.cardea.test")
    kinds = [exchange.kind for exchange in proxy.exchanges()]
    assert kinds[:6] == ["directory", "new_nonce", "new_account", "new_order", "authz", "challenge"]
    assert kinds[-1] == "certificate"
    assert {"order", "finalize"} <= set(kinds)
    [order] = proxy.exchanges("new_order")
    assert (order.method, order.status, order.fault) == ("POST", 201, None)
    assert order.payload == {"identifiers": [{"type": "dns", "value": "a.cardea.test"}]}
    assert order.protected["url"] == client.directory["newOrder"] and "kid" in order.protected
    assert order.sent.json()["status"] == "pending"
    assert [exchange.at for exchange in proxy.exchanges()] == sorted(exchange.at for exchange in proxy.exchanges())
    assert proxy.exchanges("challenge")[0].payload == {}
    assert proxy.exchanges("authz")[0].payload is None, "a POST-as-GET"
    assert proxy.count("new_order", status=201) == 1 and proxy.count("new_order", status=400) == 0
    assert proxy.count(protected=lambda head: head and "jwk" in head) == 1, "only the new account names its key"
    assert proxy.count("unknown") == 0
    proxy.clear()
    assert proxy.count() == 0


def test_the_urls_that_the_ca_makes_lead_to_the_proxy(client, proxy):
    here = f"https://127.0.0.1:{proxy.port}/"
    assert all(url.startswith(here) for name, url in client.directory.items() if name != "meta")
    assert client.new_order("a.cardea.test").header("Location").startswith(f"{here}my-order/")


# What is done before the CA sees the request.


def test_a_refused_request_never_reaches_the_ca(client, proxy):
    fault = proxy.add(Fault("new_order", refuse()))
    with pytest.raises(NO_ANSWER):
        client.new_order("a.cardea.test")
    [exchange] = proxy.exchanges("new_order")
    assert (exchange.fault, exchange.ca_answer, exchange.sent) == (fault, None, None)
    assert client.new_order("a.cardea.test").status == 201, "one time only"
    assert fault.hits == 1


def test_a_delayed_request_arrives(client, proxy):
    fault = proxy.add(Fault("new_order", delay(0.1)))
    assert client.new_order("a.cardea.test").status == 201
    assert fault.hits == 1


def test_a_held_request_reaches_the_ca_when_it_is_released(client, proxy):
    fault = proxy.add(Fault("new_order", hold()))
    with ThreadPoolExecutor() as pool:
        order = pool.submit(client.new_order, "a.cardea.test")
        fault.wait_until_hit()
        assert proxy.exchanges("new_order")[0].ca_answer is None and not order.done()
        fault.release()
        assert order.result().status == 201


def test_a_held_request_is_dropped_when_its_client_goes(client, proxy):
    fault = proxy.add(Fault("new_order", hold()))
    with ThreadPoolExecutor() as pool:
        order = pool.submit(client.new_order, "a.cardea.test")
        fault.wait_until_hit()
        client.hang_up()
        with pytest.raises(NO_ANSWER):
            order.result()
    fault.release()
    assert client.new_order("b.cardea.test").status == 201
    assert [exchange.status for exchange in proxy.exchanges("new_order")] == [None, 201]
    assert proxy.exchanges("new_order")[0].ca_answer is None


# What is answered instead of the CA.


def test_a_problem_comes_with_a_nonce_that_the_ca_accepts(client, proxy):
    proxy.add(Fault("new_order", problem(429, "rateLimited", "too many", headers={"Retry-After": "120"}), times=2))
    for _ in range(2):
        refused = client.new_order("a.cardea.test")
        assert (refused.status, refused.header("Retry-After")) == (429, "120")
        assert refused.header("Content-Type") == "application/problem+json"
        assert refused.json()["type"] == "urn:ietf:params:acme:error:rateLimited"
    nonces = proxy.count("new_nonce")
    assert client.new_order("a.cardea.test").status == 201
    assert proxy.count("new_nonce") == nonces, "the nonce of the problem was good"
    assert [exchange.ca_answer is None for exchange in proxy.exchanges("new_order")] == [True, True, False]


def test_any_answer_can_be_given(client, proxy):
    page = "<html>Bad gateway</html>"
    proxy.add(Fault("directory", answer(502, page, {"Content-Type": "text/html"})))
    given = client.request("GET", proxy.directory_url)
    assert (given.status, given.body, given.header("Content-Type")) == (502, page.encode(), "text/html")
    proxy.add(Fault("directory", answer(200, b"x" * 20_000_000)))
    assert len(client.request("GET", proxy.directory_url).body) == 20_000_000
    proxy.add(Fault("directory", answer(200, b"x" * 20_000_000)))
    assert len(client.request("GET", proxy.directory_url, headers={"Connection": "close"}).body) == 20_000_000


def test_an_endless_body_goes_on_until_the_client_leaves(client, proxy):
    fault = proxy.add(Fault("directory", endless(block=b"x" * 100, pause=0.01)))
    received = client.receive_some(proxy.directory_url, 1000)
    assert received == b"x" * 1000
    assert fault.hits == 1
    assert client.request("GET", proxy.directory_url).status == 200


# What is done when the CA has acted.


def test_an_answer_can_get_lost_after_the_ca_has_acted(client, proxy):
    fault = proxy.add(Fault("new_order", lose_answer()))
    with pytest.raises(NO_ANSWER):
        client.new_order("a.cardea.test")
    [exchange] = proxy.exchanges("new_order")
    assert exchange.ca_answer.status == 201 and exchange.sent is None and fault.hits == 1
    assert client.post(exchange.ca_answer.header("Location")).json()["status"] == "pending", "the order is there"


def test_a_body_can_be_cut(client, proxy):
    proxy.add(Fault("new_order", cut_body()))
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.new_order("a.cardea.test")
    [exchange] = proxy.exchanges("new_order")
    assert cut.value.partial == exchange.response_body
    assert 0 < len(exchange.response_body) < len(exchange.ca_answer.body)


def test_an_answer_can_be_changed(client, proxy):
    proxy.add(Fault("new_order", change(lambda real: real.without("Replay-Nonce").with_header("Location", "nowhere"))))
    changed = client.new_order("a.cardea.test")
    assert changed.header("Replay-Nonce") is None and changed.header("Location") == "nowhere"
    assert proxy.exchanges("new_order")[0].ca_answer.header("Replay-Nonce")
    proxy.add(Fault("certificate", change(lambda real: real.with_status(203).with_body("no certificate"))))
    certificate = client.issue("a.cardea.test")
    assert (certificate.status, certificate.body) == (203, b"no certificate")


def test_an_answer_can_be_held(client, proxy):
    fault = proxy.add(Fault("new_order", hold_answer()))
    with ThreadPoolExecutor() as pool:
        order = pool.submit(client.new_order, "a.cardea.test")
        fault.wait_until_hit()
        exchange = proxy.exchanges("new_order")[0]
        assert exchange.ca_answer.status == 201 and exchange.sent is None and not order.done()
        fault.release()
        assert order.result().without("Content-Length") == exchange.ca_answer == exchange.sent


# Which requests are hit.


def test_faults_are_taken_in_their_order_and_as_often_as_they_say(client, proxy):
    first = proxy.add(Fault("new_order", answer(500), skip=1, times=2))
    second = proxy.add(Fault(None, answer(503), times=None, when=lambda exchange: "new" in exchange.kind))
    assert [client.request("POST", client.directory["newOrder"]).status for _ in range(4)] == [503, 500, 500, 503]
    assert client.request("GET", proxy.directory_url).status == 200
    assert (first.hits, second.hits) == (2, 2)
    proxy.clear_faults()
    assert client.new_order("a.cardea.test").status == 201


def test_clearing_the_faults_lets_go_what_they_hold(client, proxy):
    fault = proxy.add(Fault("new_order", hold()))
    with ThreadPoolExecutor() as pool:
        order = pool.submit(client.new_order, "a.cardea.test")
        fault.wait_until_hit()
        proxy.clear_faults()
        assert order.result().status == 201


# The proxy itself.


def test_exchanges_can_be_waited_for(client, proxy):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(proxy.wait_for, "new_order", count=2, status=201)
        client.new_order("a.cardea.test")
        client.new_order("b.cardea.test")
        names = [exchange.payload["identifiers"][0]["value"] for exchange in waiting.result()]
    assert names == ["a.cardea.test", "b.cardea.test"]
    with pytest.raises(TimeoutError, match=r"\('new_order', 201\)"):
        proxy.wait_for("revoke", seconds=0)


def test_a_ca_that_is_away_looks_so_through_the_proxy(folder):
    with lone_pebble(folder) as ca, CaProxy(ca) as proxy, AcmeClient(proxy.directory_url, ca.ca_path) as client:
        ca.stop()
        with pytest.raises(NO_ANSWER):
            client.request("GET", proxy.directory_url)
        ca.start()
        assert client.request("GET", proxy.directory_url).status == 200
        assert [exchange.status for exchange in proxy.exchanges()] == [200, None, 200]


def test_a_mistake_in_a_change_is_not_overlooked(ca):
    with pytest.raises(ZeroDivisionError), CaProxy(ca) as proxy:
        proxy.add(Fault("new_nonce", change(lambda _: 1 / 0)))
        with AcmeClient(proxy.directory_url, ca.ca_path) as client, pytest.raises(NO_ANSWER):
            client.new_nonce()


def test_with_a_clock_the_dates_of_the_ca_move_with_it(ca, folder):
    clock = Clock(folder / "clock")
    clock.set("+400d")
    with CaProxy(ca, clock) as proxy, AcmeClient(proxy.directory_url, ca.ca_path) as client:
        client.new_account()
        order = client.new_order("a.cardea.test")
    now = datetime.now(UTC)
    assert datetime.fromisoformat(order.json()["expires"]) > now + timedelta(days=400)
    assert parsedate_to_datetime(order.header("Date")) > now + timedelta(days=399)
