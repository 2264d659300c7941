"""The REST API's answers to good and bad requests."""

import urllib.parse

import pytest
from support import raw
from support.names import certificate_name


def sentence(answer) -> str:
    """The text that tells a person what is wrong; every refusal is JSON and has one."""
    assert isinstance(answer, dict), answer
    text = answer.get("detail") or answer.get("message") or answer.get("error")
    assert isinstance(text, str) and len(text) > 5, answer
    return text


WRITES = [
    ("POST", "/certificates", {"domain": "a.cardea.test", "email": "a@cardea.test", "cert_name": "unauthorised"}),
    ("POST", "/certificates/unauthorised/renew", None),
    ("POST", "/proxy/targets", {"hostname": "a.cardea.test", "target_url": "http://127.0.0.1:1"}),
    ("DELETE", "/proxy/targets/a.cardea.test", None),
]


@pytest.mark.parametrize("authorization", [None, "Bearer acm_wrong", "Bearer ", "Basic YTpi", "acm_wrong"])
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_writes_need_a_valid_token(public_api, method, path, body, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    status, answered, answer = public_api.call(method, path, body, headers)
    assert status == 401
    assert answered["WWW-Authenticate"].startswith("Bearer")
    sentence(answer)


@pytest.mark.parametrize("path", ["/certificates", "/proxy/targets"])
def test_an_invalid_token_is_never_silently_anonymous(public_api, path):
    assert public_api.call("GET", path)[0] == 200
    assert public_api.call("GET", path, headers={"Authorization": "Bearer acm_wrong"})[0] == 401


BAD_TARGETS = {
    "not an object": [],
    "no hostname": {"target_url": "http://127.0.0.1:1"},
    "a hostname that is null": {"hostname": None, "target_url": "http://127.0.0.1:1", "enable_https": False},
    "no target_url": {"hostname": "bad.cardea.test"},
    "a target_url that is null": {"hostname": "bad.cardea.test", "target_url": None},
    "hostname of a wrong type": {"hostname": 7, "target_url": "http://127.0.0.1:1"},
    "hostname with a space": {"hostname": "bad host", "target_url": "http://127.0.0.1:1"},
    "hostname that is an address": {"hostname": "127.0.0.2", "target_url": "http://127.0.0.1:1"},
    "target_url without a scheme": {"hostname": "bad.cardea.test", "target_url": "127.0.0.1:1"},
    "target_url of another scheme": {"hostname": "bad.cardea.test", "target_url": "ftp://127.0.0.1"},
    "a flag that is text": {"hostname": "bad.cardea.test", "target_url": "http://127.0.0.1:1", "enable_http": "yes"},
    "custom_headers that are a list": {
        "hostname": "bad.cardea.test",
        "target_url": "http://127.0.0.1:1",
        "custom_headers": ["X-A"],
    },
    "a custom header that would split the response": {
        "hostname": "bad.cardea.test",
        "target_url": "http://127.0.0.1:1",
        "custom_headers": {"X-A": "a\r\nX-B: b"},
    },
}


@pytest.mark.parametrize("body", BAD_TARGETS.values(), ids=BAD_TARGETS.keys())
def test_a_bad_target_is_400_with_a_sentence_and_stores_nothing(api, database, body):
    status, _, answer = api.call("POST", "/proxy/targets", body)
    assert status == 400, answer
    sentence(answer)
    assert database.exists("proxy:bad.cardea.test", "proxy:") == 0


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"hostname": "a"} x', b"\xff\xfe", b"[" * 10000])
def test_bad_json_is_400_with_a_sentence(api, body):
    status, _, answer = api.call("POST", "/proxy/targets", body, {"Content-Type": "application/json"})
    assert status == 400
    sentence(answer)


BAD_CERTIFICATES = {
    "no domain": {"email": "a@cardea.test", "cert_name": "bad"},
    "both domain and an empty list": {"domains": [], "email": "a@cardea.test", "cert_name": "bad"},
    "cert_name with a slash": {"domain": "bad.cardea.test", "email": "a@cardea.test", "cert_name": "a/b"},
    "not a domain": {"domain": "bad..test", "email": "a@cardea.test", "cert_name": "bad"},
    "not an e-mail": {"domain": "bad.cardea.test", "email": "nobody", "cert_name": "bad"},
    "directory without https": {
        "domain": "bad.cardea.test",
        "email": "a@cardea.test",
        "cert_name": "bad",
        "acme_directory_url": "http://127.0.0.1/dir",
    },
}


@pytest.mark.parametrize("body", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
def test_a_bad_certificate_request_is_400_and_stores_nothing(api, database, body):
    status, _, answer = api.call("POST", "/certificates", body)
    assert status == 400, answer
    sentence(answer)
    assert database.get("cert:bad") is None


# What no CA can certify, and a word of the sentence that says so.
BAD_NAMES = {
    "127.0.0.1": "IP address",
    "[::1]": "IP address",
    "10.0.0.256": "number",
    "*.cardea.test": "dns-01",
    "*.*": "'*'",
    "a_b.cardea.test": "underscore",
    "com": "public suffix",
    "co.uk": "www.example.co.uk",
    "localhost": "has no domain",
    "app.localhost": "RFC 6761",
    "a.invalid": "RFC 6761",
    "abcdefghijklmnop.onion": "Tor",
    "1.0.0.127.in-addr.arpa": ".arpa",
    "a..cardea.test": "empty",
    "-a.cardea.test": "'-'",
    f"{'a' * 64}.cardea.test": "63",
    f"{'a.' * 130}test": "253",
    "xn--zzzzzzzz99999.cardea.test": "Punycode",
    "i❤.cardea.test": "disallowed",
    "ü" * 64 + ".cardea.test": "hostname",
}


@pytest.mark.parametrize(("name", "word"), BAD_NAMES.items())
def test_a_name_that_no_ca_can_certify_is_refused_before_a_ca_is_asked(api, database, name, word):
    target = {"hostname": name, "target_url": "http://127.0.0.1:1"}
    certificate = {"domains": ["a.cardea.test", name], "email": "a@cardea.test", "cert_name": "bad-name"}
    for path, body in (("/proxy/targets", target), ("/certificates", certificate)):
        status, _, answer = api.call("POST", path, body)
        assert status == 400, answer
        assert word in sentence(answer)
    assert database.get("cert:bad-name") is None


def test_an_international_name_is_certified_and_found_as_an_a_label(api, stack):
    body = {"domain": "Bücher.Cardea.Test.", "email": "admin@cardea.test"}
    assert api.expect(202, "POST", "/certificates", body)["cert_name"] == "xn--bcher-kva-cardea-test"
    api.wait_for_certificate("xn--bcher-kva-cardea-test")
    certificate = api.expect(200, "GET", "/certificates/xn--bcher-kva-cardea-test")
    assert certificate["domains"] == ["xn--bcher-kva.cardea.test"]
    api.create_target("BÜCHER.cardea.test", stack.nginx.url, enable_https=False)
    path = "/proxy/targets/" + urllib.parse.quote("bücher.cardea.test")
    assert api.expect(200, "GET", path)["hostname"] == "xn--bcher-kva.cardea.test"
    api.expect(200, "DELETE", path)
    assert api.call("GET", path)[0] == 404


def test_a_missing_email_is_refused_before_anything_is_stored(stack, database):
    api = stack.api(stack.cardea.make_token("without-email", ""))
    status, _, answer = api.call(
        "POST", "/proxy/targets", {"hostname": "noemail.cardea.test", "target_url": stack.nginx.url}
    )
    assert status == 400
    assert "mail" in sentence(answer)
    assert database.get("proxy:noemail.cardea.test") is None
    # Without HTTPS there is no certificate, so no e-mail is needed.
    api.create_target("noemail.cardea.test", stack.nginx.url, enable_https=False)
    api.expect(200, "DELETE", "/proxy/targets/noemail.cardea.test")


def test_a_second_target_of_the_same_name_is_409(api, http_host, nginx):
    hostname = http_host(nginx.url)
    body = {"hostname": hostname.upper(), "target_url": nginx.url, "enable_https": False}
    status, _, answer = api.call("POST", "/proxy/targets", body)
    assert status == 409
    assert hostname in sentence(answer)


def test_409_names_nothing_of_the_owner_of_a_hostname(stack, new_host):
    """Neither for a taken name nor for a certificate that is in the way, and in no field of the head either."""
    hostname, private_name = new_host("taken"), "e2e-owner-name"
    owner = stack.api(stack.cardea.make_token(private_name, "owner-address@cardea.test"))
    target_url = "http://127.0.0.1:31999/their-path"
    taken = owner.create_target(hostname, target_url, enable_https=False, custom_headers={"X-Theirs": "their-value"})
    theirs = [target_url, "31999", "their-path", "X-Theirs", "their-value", private_name, "owner-address", owner.token]
    theirs += [taken["proxy_target"]["cert_name"], taken["proxy_target"]["created_at"]]
    # What would be named as the certificate of the second one belongs to other names.
    in_the_way = new_host("in-the-way")
    owner.create_certificate(certificate_name(in_the_way), f"their-domain.{in_the_way}")
    theirs += ["their-domain"]

    other = stack.api(stack.cardea.make_token("e2e-other-name"))
    for wanted, enable_https in ((hostname, False), (hostname, True), (in_the_way, True)):
        body = {"hostname": wanted, "target_url": "http://127.0.0.1:1", "enable_https": enable_https}
        status, headers, answer = other.call("POST", "/proxy/targets", body)
        assert (status, wanted in sentence(answer)) == (409, True)
        said = f"{headers}{answer}"
        assert [each for each in theirs if each in said] == []
    owner.expect(200, "DELETE", f"/proxy/targets/{hostname}")
    owner.expect(200, "DELETE", f"/certificates/{certificate_name(in_the_way)}")


def test_a_certificate_name_of_someone_else_is_refused(stack, site):
    other = stack.api(stack.cardea.make_token("someone-else"))
    status, _, answer = other.call("POST", f"/certificates/{certificate_name(site)}/renew")
    assert status == 403
    sentence(answer)
    assert other.call("DELETE", f"/proxy/targets/{site}")[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/certificates/unknown"),
        ("POST", "/certificates/unknown/renew"),
        ("GET", "/proxy/targets/unknown.cardea.test"),
        ("DELETE", "/proxy/targets/unknown.cardea.test"),
        ("GET", "/no/such/path"),
    ],
)
def test_what_is_not_there_is_404(api, method, path):
    status, _, answer = api.call(method, path)
    assert status == 404
    sentence(answer)


@pytest.mark.parametrize("resource", ["proxy/targets", "certificates"])
def test_a_name_from_the_path_is_said_printably_and_cut(api, resource):
    for name, said in (("%ff%fe.cardea.test", r"\xff\xfe.cardea.test"), ("a" * 8000, "a" * 70)):
        status, _, answer = api.call("GET", f"/{resource}/{name}")
        assert status == 404
        assert said in sentence(answer) and len(sentence(answer)) < 200


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("proxy:unreadable.cardea.test", "/proxy/targets/unreadable.cardea.test"),
        ("cert:unreadable", "/certificates/unreadable"),
    ],
)
def test_a_stored_object_that_cannot_be_read_is_not_the_clients_fault(api, database, key, path):
    database.set(key, '{"target_url":7,"domains":7}')
    try:
        for method in ("GET", "DELETE"):
            status, _, answer = api.call(method, path)
            assert status == 500, answer
            assert f'delete "{key}" in Redis' in sentence(answer)
    finally:
        database.delete(key)
    assert api.call("GET", path)[0] == 404


def test_the_status_of_an_unknown_certificate_is_not_found(public_api):
    assert public_api.status("unknown")["status"] == "not_found"


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/certificates"), ("DELETE", "/health"), ("POST", "/health")])
def test_a_wrong_method_is_405_and_names_the_right_ones(api, method, path):
    status, headers, _ = api.call(method, path)
    assert status == 405
    assert "GET" in headers["Allow"]


def test_a_certificate_request_is_accepted_at_once(api, new_host):
    domain = new_host("accepted")
    answer = api.create_certificate("accepted", domain, email="admin@cardea.test")
    assert answer == {
        "status": "accepted",
        "message": f"Certificate generation started for {domain}",
        "cert_name": "accepted",
    }
    assert api.status("accepted")["status"] in ("in_progress", "completed")
    api.wait_for_certificate("accepted")


def test_targets_are_listed_to_their_owner(api, stack, http_host, nginx):
    hostname = http_host(nginx.url)
    assert hostname in [target["hostname"] for target in api.expect(200, "GET", "/proxy/targets")]
    other = stack.api(stack.cardea.make_token("lists-nothing"))
    assert other.expect(200, "GET", "/proxy/targets") == []


def test_custom_header_values_are_not_public(api, public_api, http_host, nginx):
    hostname = http_host(nginx.url, custom_headers={"X-Custom": "very-secret"})
    assert "very-secret" not in str(public_api.expect(200, "GET", f"/proxy/targets/{hostname}"))
    assert "very-secret" not in str(public_api.expect(200, "GET", "/proxy/targets"))


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(api, client):
    fields = (f"Authorization: Bearer {api.token}", f"Content-Length: {1 << 30}")
    client.sendall(raw.request("POST /proxy/targets", "localhost", *fields))
    assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 413
