"""DELETE of a target with and without ?delete_certificate: what becomes of the certificate, and what the answer says."""

import pytest
from support.ca_faults import Fault, hold
from support.ca_stack import certificate, certificate_when, running_ca_stack, served_fingerprint
from support.names import certificate_name

ASKED_FOR = [
    "?delete_certificate=true",
    "?delete_certificate=1",
    "?delete_certificate",
    "?a=b&delete_certificate&c",
    "?delete_certificate=%74rue",
]
NOT_ASKED_FOR = [
    "",
    "?",
    "?delete_certificate=",
    "?delete_certificate=0",
    "?delete_certificate=false",
    "?delete_certificate=yes",
    "?delete_certificate=TRUE",
    "?delete_certificate=11",
    "?delete_certificate=true1",
    "?delete_certificate=true%20",
    "?delete_certificate2=true",
    "?Delete_Certificate=true",
    "?no_delete_certificate=true",
    "?x=delete_certificate",
]


@pytest.fixture(scope="module")
def stack(session_folder):
    # Names that were validated before are valid at once.
    with running_ca_stack(session_folder / "delete-with", pebble={"authz_reuse_percent": 100}) as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner()


@pytest.fixture(scope="module")
def other(stack):
    return stack.owner("somebody-else")


def delete(api, host: str, query: str = "") -> dict:
    answer = api.expect(200, "DELETE", f"/proxy/targets/{host}{query}")
    assert answer.pop("message") == f'Proxy target "{host}" is deleted'
    assert api.call("GET", f"/proxy/targets/{host}")[0] == 404
    return answer


def served(stack, host: str) -> str:
    return served_fingerprint(stack.cardea.https_port, host)


def test_the_certificate_goes_too_if_it_is_asked_for(stack, owner):
    hosts = [f"asked-{number}.cardea.test" for number in range(len(ASKED_FOR))]
    for host in hosts:
        owner.create_target(host, stack.nginx.url)
    for host, query in zip(hosts, ASKED_FOR, strict=True):
        owner.wait_for_certificate(certificate_name(host))
        shown = certificate(owner, certificate_name(host))["fingerprint"]
        assert served(stack, host) == shown
        assert delete(owner, host, query) == {"certificate": "deleted"}, query
        assert owner.call("GET", f"/certificates/{certificate_name(host)}")[0] == 404
        assert stack.database.exists(f"cert:{certificate_name(host)}") == 0
        assert served(stack, host) != shown, query


def test_an_order_under_way_goes_with_it(stack, owner):
    host = "ordering.cardea.test"
    gate = stack.proxy.add(Fault("new_order", hold(), when=lambda exchange: host in str(exchange.payload)))
    owner.create_target(host, stack.nginx.url)
    gate.wait_until_hit()
    assert delete(owner, host, "?delete_certificate=true") == {"certificate": "deleted"}
    gate.release()
    assert stack.database.exists(f"cert:{certificate_name(host)}", f"order:{certificate_name(host)}") == 0
    assert owner.call("GET", f"/certificates/{certificate_name(host)}")[0] == 404


def test_the_certificate_stays_if_it_is_not_asked_for(stack, owner):
    """Whatever else stands in the query; and the next target of that name uses it."""
    host = "not-asked.cardea.test"
    owner.create_target(host, stack.nginx.url)
    owner.wait_for_certificate(certificate_name(host))
    before = certificate(owner, certificate_name(host))
    for query in NOT_ASKED_FOR:
        assert delete(owner, host, query) == {}, query
        assert certificate(owner, certificate_name(host)) == before, query
        assert served(stack, host) == before["fingerprint"], query
        again = owner.create_target(host, stack.nginx.url)
        assert again["certificate_status"] == f'The certificate "{certificate_name(host)}" exists already and is used'
    assert delete(owner, host, "?delete_certificate=true") == {"certificate": "deleted"}


def test_a_certificate_of_somebody_else_stays(stack, owner, other):
    host = "borrowed.cardea.test"
    other.create_certificate(certificate_name(host), host)
    other.wait_for_certificate(certificate_name(host))
    owner.create_target(host, stack.nginx.url)
    before = certificate(other, certificate_name(host))
    assert delete(owner, host, "?delete_certificate=true") == {"certificate": "none of yours; kept"}
    assert certificate(other, certificate_name(host)) == before
    assert served(stack, host) == before["fingerprint"]


def test_a_certificate_that_another_target_uses_stays(stack, owner):
    """Two host names whose certificate has the same name, because dots and dashes are the same in it."""
    first, second = "x.shared.cardea.test", "x-shared.cardea.test"
    owner.create_certificate(certificate_name(first), first, second)
    owner.wait_for_certificate(certificate_name(first))
    before = certificate(owner, certificate_name(first))
    for host in (first, second):
        assert "exists already and is used" in owner.create_target(host, stack.nginx.url)["certificate_status"]
        assert served(stack, host) == before["fingerprint"]
    answer = delete(owner, first, "?delete_certificate=true")["certificate"]
    assert answer == f'kept: the proxy target "{second}" uses it too'
    assert certificate(owner, certificate_name(first)) == before
    assert served(stack, second) == before["fingerprint"]
    assert delete(owner, second, "?delete_certificate=true") == {"certificate": "deleted"}


def test_a_certificate_that_another_target_has_for_want_of_its_own_stays(stack, owner):
    first, second, third = (f"{name}.covered.cardea.test" for name in ("a", "b", "c"))
    owner.create_certificate(certificate_name(first), first, second, third)
    owner.wait_for_certificate(certificate_name(first))
    owner.create_target(first, stack.nginx.url)
    owner.create_target(third, stack.nginx.url, enable_https=False)
    gate = stack.proxy.add(Fault("new_order", hold(), when=lambda exchange: second in str(exchange.payload)))
    owner.create_target(second, stack.nginx.url)
    gate.wait_until_hit()
    kept = {"certificate": f'kept: the proxy target "{second}" uses it too'}
    assert delete(owner, first, "?delete_certificate=true") == kept
    gate.release()
    certificate_when(owner, certificate_name(second), lambda found: found["fingerprint"], "is issued")
    owner.create_target(first, stack.nginx.url)
    assert delete(owner, first, "?delete_certificate=true") == {"certificate": "deleted"}


def test_what_cannot_be_deleted_is_said_although_the_target_is_gone(stack, owner):
    """Nobody could ask for it again: there is no such target any more."""
    host = "half.cardea.test"
    owner.create_target(host, stack.nginx.url, enable_https=False)
    stack.database.set(f"cert:{certificate_name(host)}", "{")
    answer = delete(owner, host, "?delete_certificate=true")["certificate"]
    assert answer.startswith("kept: ") and answer.endswith(f"; DELETE /certificates/{certificate_name(host)} deletes it")
    stack.database.delete(f"cert:{certificate_name(host)}")


def test_there_may_be_no_certificate(stack, owner):
    host = "without.cardea.test"
    owner.create_target(host, stack.nginx.url, enable_https=False)
    assert delete(owner, host, "?delete_certificate=true") == {"certificate": "none of yours; kept"}


def test_a_certificate_that_is_to_be_revoked_stays_until_it_is(stack, owner):
    host = "revoking.cardea.test"
    owner.create_target(host, stack.nginx.url)
    owner.wait_for_certificate(certificate_name(host))
    gate = stack.proxy.add(Fault("revoke", hold()))
    owner.expect(202, "POST", f"/certificates/{certificate_name(host)}/revoke", {"reason": "cessationOfOperation"})
    gate.wait_until_hit()
    assert delete(owner, host, "?delete_certificate=true") == {"certificate": "kept: a revocation of it is not done yet"}
    assert len(certificate(owner, certificate_name(host))["revocations"]) == 1
    gate.release()
    certificate_when(owner, certificate_name(host), lambda found: not found["revocations"], "is revoked")


def test_who_may_not_delete_the_target_deletes_no_certificate(stack, owner, other):
    host = "not-theirs.cardea.test"
    owner.create_target(host, stack.nginx.url)
    owner.wait_for_certificate(certificate_name(host))
    before = certificate(owner, certificate_name(host))
    path = f"/proxy/targets/{host}?delete_certificate=true"
    assert other.call("DELETE", path)[0] == 403
    assert stack.api().call("DELETE", path)[0] == 401
    assert owner.call("DELETE", "/proxy/targets/nobody.cardea.test?delete_certificate=true")[0] == 404
    assert owner.call("GET", f"/proxy/targets/{host}")[0] == 200
    assert certificate(owner, certificate_name(host)) == before
    assert served(stack, host) == before["fingerprint"]
