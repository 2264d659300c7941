"""Whose certificate may have which name: not those of hosts that another token proxies, and not the API's own key."""

import pytest
from support.ca_faults import Fault, hold
from support.ca_stack import certificate, certificate_when, running_ca_stack, served_fingerprint
from support.names import certificate_name

ADMIN = "admin.cardea.test"
ELSEWHERE = "https://127.0.0.1:1/dir"


@pytest.fixture(scope="module")
def stack(session_folder):
    # Names that were validated before are valid at once.
    admin_hosts = f"localhost,127.0.0.1,::1,{ADMIN}"
    options = {"pebble": {"authz_reuse_percent": 100}, "ADMIN_HOSTS": admin_hosts}
    with running_ca_stack(session_folder / "name-rights", **options) as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner()


@pytest.fixture(scope="module")
def other(stack):
    return stack.owner("somebody-else")


def refused(api, method: str, path: str, body=None) -> str:
    return api.expect(403, method, path, body)["detail"]


def test_nobody_orders_for_a_host_that_another_token_proxies(stack, owner, other):
    host = "proxied.cardea.test"
    owner.create_target(host, stack.nginx.url, enable_https=False)
    wanted = {"domains": ["theirs.cardea.test", host.upper()], "cert_name": "theirs"}
    assert f'"{host}" is proxied by a target of another token' in refused(other, "POST", "/certificates", wanted)
    assert stack.database.exists("cert:theirs") == 0
    owner.create_certificate("mine", host)
    owner.wait_for_certificate("mine")


def test_a_certificate_that_was_there_first_gives_its_key_to_nobody_else(stack, owner, other):
    host = "first.cardea.test"
    other.create_certificate("was-first", host)
    other.wait_for_certificate("was-first")
    path = "/certificates/was-first"
    assert "PRIVATE KEY" in other.expect(200, "GET", f"{path}?private_key=true")["private_key_pem"]
    owner.create_target(host, stack.nginx.url, enable_https=False)
    for method, wanted in (("GET", f"{path}?private_key=true"), ("POST", f"{path}/renew")):
        assert host in refused(other, method, wanted)
    owner.expect(200, "DELETE", f"/proxy/targets/{host}")
    other.expect(202, "POST", f"{path}/renew")


def test_the_key_of_the_api_stays_on_the_server(stack, owner):
    owner.create_certificate("api", ADMIN)
    owner.wait_for_certificate("api")
    assert served_fingerprint(stack.cardea.https_port, ADMIN) == certificate(owner, "api")["fingerprint"]
    assert ADMIN in refused(owner, "GET", "/certificates/api?private_key=true")
    owner.expect(200, "POST", "/certificates/api/renew?wait=60")


def test_another_ca_certifies_no_name_of_the_api(stack, owner):
    wanted = {"domain": ADMIN, "cert_name": "elsewhere", "acme_directory_url": ELSEWHERE}
    assert ADMIN in refused(owner, "POST", "/certificates", wanted)
    wanted = {"domain": ADMIN, "cert_name": "elsewhere", "acme_directory_urls": [stack.proxy.directory_url, ELSEWHERE]}
    assert ADMIN in refused(owner, "POST", "/certificates", wanted)
    assert stack.database.exists("cert:elsewhere") == 0
    owner.create_certificate("at-home", ADMIN)
    owner.wait_for_certificate("at-home")
    before = certificate(owner, "at-home")["acme_directory_urls"]
    assert ADMIN in refused(owner, "POST", "/certificates/at-home/renew", {"acme_directory_url": ELSEWHERE})
    assert certificate(owner, "at-home")["acme_directory_urls"] == before


def test_a_name_that_was_taken_off_still_guards_the_key_that_is_served(stack, owner):
    kept = "kept.cardea.test"
    owner.create_certificate("both", kept, ADMIN)
    owner.wait_for_certificate("both")
    before = certificate(owner, "both")["fingerprint"]
    gate = stack.proxy.add(Fault("new_order", hold(), when=lambda exchange: kept in str(exchange.payload)))
    owner.expect(202, "DELETE", f"/certificates/both/domains/{ADMIN}")
    gate.wait_until_hit()
    assert certificate(owner, "both")["domains"] == [kept]
    assert ADMIN in refused(owner, "GET", "/certificates/both?private_key=true")
    gate.release()
    certificate_when(owner, "both", lambda found: found["fingerprint"] != before, "is for one name")
    assert "PRIVATE KEY" in owner.expect(200, "GET", "/certificates/both?private_key=true")["private_key_pem"]


def test_what_is_said_of_a_taken_name_can_be_followed(stack, owner, other):
    host = "taken.name.cardea.test"
    name = certificate_name(host)
    other.create_certificate(name, "something-else.cardea.test")
    target = {"hostname": host, "target_url": stack.nginx.url}
    for api, says, says_not in ((owner, "another token", "Delete"), (other, f"DELETE /certificates/{name}", "token")):
        detail = api.expect(409, "POST", "/proxy/targets", target)["detail"]
        assert says in detail and says_not not in detail
    for api, says in ((owner, "another token"), (other, "renew that one")):
        assert says in api.expect(409, "POST", "/certificates", {"domain": host, "cert_name": name})["detail"]
