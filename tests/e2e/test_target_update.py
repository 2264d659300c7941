"""PUT of a proxy target: what changes at once, what stays, and who may."""

import json

import pytest
from cardea_stack import wait_until
from support import raw
from support.names import certificate_name


@pytest.fixture
def target(http_host, upstream):
    return http_host(upstream.url, custom_headers={"X-Key": "secret", "X-Other": "1"})


def update(api, target: str, /, *, status: int = 200, **members):
    return api.expect(status, "PUT", f"/proxy/targets/{target}", members)


def seen(cardea, hostname: str) -> tuple[int, dict]:
    """The status, and the fields that the upstream got."""
    answer = raw.get(cardea.http_port, hostname, "/headers")
    body = answer.partition(b"\r\n\r\n")[2]
    return raw.status_of(answer), dict(json.loads(body)) if answer.startswith(b"HTTP/1.1 200") else {}


def test_what_is_given_changes_and_the_rest_stays(api, cardea, target, nginx):
    before = api.expect(200, "GET", f"/proxy/targets/{target}")
    answer = update(api, target, custom_headers={"X-Key": None, "X-New": "2"}, preserve_host_header=False)
    changed = answer["proxy_target"]
    assert changed["custom_headers"] == {"X-Other": "(hidden)", "X-New": "(hidden)"}
    assert changed["generation"] > before["generation"]
    different = {"custom_headers", "preserve_host_header", "generation"}
    assert {name for name in before if before[name] != changed[name]} == different
    assert answer["certificate_status"] == "HTTPS is off; no certificate is ordered"
    wait_until(lambda: seen(cardea, target)[1].get("x-new") == "2", 20, "the change is served")
    fields = seen(cardea, target)[1]
    assert "x-key" not in fields and fields["x-other"] == "1" and fields["host"] != target
    update(api, target, target_url=nginx.url)
    wait_until(lambda: b"Server: nginx" in raw.get(cardea.http_port, target), 20, "the new upstream answers")


def test_an_object_that_was_read_can_be_sent_back(api, cardea, target):
    shown = api.expect(200, "GET", f"/proxy/targets/{target}")
    assert shown["custom_headers"]["X-Key"] == "(hidden)"
    update(api, target, **shown)
    assert seen(cardea, target)[1]["x-key"] == "secret"


def test_an_object_that_changed_since_it_was_read_is_a_conflict(api, target, nginx):
    shown = api.expect(200, "GET", f"/proxy/targets/{target}")
    changed = update(api, target, target_url=nginx.url)["proxy_target"]
    detail = update(api, target, status=409, **shown)["detail"]
    assert target in detail and "read it and try again" in detail
    assert api.expect(200, "GET", f"/proxy/targets/{target}") == changed


def test_names_of_headers_are_the_same_in_any_case(api, cardea, target):
    answer = update(api, target, custom_headers={"x-kEY": "new", "x-OTHER": None})
    assert answer["proxy_target"]["custom_headers"] == {"x-kEY": "(hidden)"}
    wait_until(lambda: seen(cardea, target)[1].get("x-key") == "new", 20, "the change is served")
    assert "x-other" not in seen(cardea, target)[1]


def test_small_changes_do_not_add_up_to_more_than_there_may_be(api, target):
    update(api, target, custom_headers={f"X-{number}": "v" for number in range(30)})
    before = api.expect(200, "GET", f"/proxy/targets/{target}")
    assert len(before["custom_headers"]) == 32
    assert "32 is the most" in update(api, target, status=400, custom_headers={"X-More": "v"})["detail"]
    assert "8192 is the most" in update(api, target, status=400, custom_headers={"X-1": "v" * 8192})["detail"]
    assert api.expect(200, "GET", f"/proxy/targets/{target}") == before


def test_a_site_can_be_switched_off_and_on(api, cardea, target):
    for enabled, status in ((False, 503), (True, 200)):
        update(api, target, enabled=enabled)
        wait_until(lambda s=status: seen(cardea, target)[0] == s, 20, f"{status} is served")
    update(api, target, enable_http=False)
    wait_until(lambda: seen(cardea, target)[0] == 404, 20, "HTTP is off")


def test_https_that_is_turned_on_orders_the_certificate(api, public_api, target, https):
    name = certificate_name(target)
    public_api.expect(404, "GET", f"/certificates/{name}")
    answer = update(api, target, enable_https=True)
    assert answer["certificate_status"] == f"Certificate generation started for {target}"
    api.wait_for_certificate(name)
    wait_until(lambda: https(target).get("/headers")[0] == 200, 20, "it is served")
    assert "exists already" in update(api, target, enabled=True)["certificate_status"]
    update(api, target, enable_https=False)
    wait_until(lambda: https(target).get("/headers")[0] == 404, 20, "HTTPS is off")
    api.expect(200, "DELETE", f"/certificates/{name}")


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"target_url": "gopher://127.0.0.1"}, "target_url"),
        ({"target_url": None}, '"target_url" is missing'),
        ({"target_url": "http://127.0.0.1/" + "p" * 2048}, "2048 is the most"),
        ({"enabled": "yes"}, '"enabled" must be true or false'),
        ({"hostname": "other.cardea.test"}, '"hostname" cannot be changed'),
        ({"cert_name": "other"}, '"cert_name" cannot be changed'),
        ({"owner_token_hash": "me"}, '"owner_token_hash" is not known here'),
        ({"custom_headers": {"Host": "x"}}, '"Host" is set by the proxy'),
        ({"custom_headers": {"X-New": " v"}}, "space or tab"),
        ({"custom_headers": {"X-New": "1", "x-new": "2"}}, '"x-new" is there twice'),
        ({"custom_headers": {"X-None": "(hidden)"}}, "no value of it is stored"),
    ],
)
def test_a_bad_change_is_refused_and_nothing_is_lost(api, target, members, says):
    before = api.expect(200, "GET", f"/proxy/targets/{target}")
    assert says in update(api, target, status=400, **members)["detail"]
    assert api.expect(200, "GET", f"/proxy/targets/{target}") == before


def test_only_the_owner_changes_a_target(stack, public_api, target):
    other = stack.api(stack.cardea.make_token("somebody"))
    update(public_api, target, status=401, enabled=False)
    update(other, target, status=403, enabled=False)
    update(other, "none.cardea.test", status=404, enabled=False)
