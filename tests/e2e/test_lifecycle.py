"""Certificates under adversity: crashes, a CA that refuses nonces, names that collide, Redis behind TLS and ACL."""

import signal

import pytest
from cardea_stack import DirectoryCertificate, RedisServer, Stack, free_port, wait_until
from support.ca_stack import but_for_renewal_info
from support.names import certificate_name


@pytest.fixture
def own_stack(tmp_path):
    """A stack of the test's own, to be killed at will: own_stack(nonce_reject_percent=…)."""
    started = []

    def make(nonce_reject_percent: int = 5, **settings) -> Stack:
        stack = Stack(tmp_path / f"stack{len(started)}", **settings)
        stack.pebble.nonce_reject_percent = nonce_reject_percent
        stack.__enter__()
        started.append(stack)
        return stack.start()

    yield make
    for stack in started:
        stack.close()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_an_order_that_was_interrupted_is_taken_up_again(own_stack, end):
    stack = own_stack()
    token = stack.cardea.make_token("owner")
    stack.api(token).create_target("again.cardea.test", stack.nginx.url)
    stack.cardea.stop(end)
    stack.cardea.start()
    # The dead process still holds the lease: the new one waits for its end, then goes on.
    stack.api(token).wait_for_certificate(certificate_name("again.cardea.test"), seconds=90)


def test_a_ca_that_refuses_most_nonces_is_asked_again(own_stack):
    stack = own_stack(nonce_reject_percent=60)
    api = stack.api(stack.cardea.make_token("owner"))
    api.create_target("nonces.cardea.test", stack.nginx.url)
    api.wait_for_certificate(certificate_name("nonces.cardea.test"))


def test_certificates_outlive_a_restart(own_stack):
    stack = own_stack()
    api = stack.api(stack.cardea.make_token("owner"))
    api.create_target("stays.cardea.test", stack.nginx.url)
    api.wait_for_certificate(certificate_name("stays.cardea.test"))
    before = api.expect(200, "GET", f"/certificates/{certificate_name('stays.cardea.test')}")
    stack.cardea.stop(signal.SIGKILL)
    stack.redis.stop(signal.SIGKILL)
    stack.redis.start()
    stack.cardea.start()
    after = api.expect(200, "GET", f"/certificates/{certificate_name('stays.cardea.test')}")
    assert but_for_renewal_info(after) == but_for_renewal_info(before)
    assert api.expect(200, "GET", "/health")["certificates_loaded"] == 1


def test_a_certificate_name_that_is_taken_by_other_domains_is_refused(api, nginx, database, new_host):
    taken = new_host("taken")
    parts = taken.split(".", 1)
    # "a.b.cardea.test" and "a-b.cardea.test" are proxied by certificates of the same name.
    twin = f"x.{parts[0]}.{parts[1]}", f"x-{parts[0]}.{parts[1]}"
    assert certificate_name(twin[0]) == certificate_name(twin[1])
    api.create_target(twin[0], nginx.url)
    answer = api.expect(409, "POST", "/proxy/targets", {"hostname": twin[1], "target_url": nginx.url})
    assert certificate_name(twin[0]) in answer["detail"]
    assert database.get(f"proxy:{twin[1]}") is None, "nothing is stored"
    api.expect(200, "DELETE", f"/proxy/targets/{twin[0]}?delete_certificate=true")


class TlsRedis(RedisServer):
    """Redis that speaks TLS, to an ACL user only."""

    def __init__(self, folder):
        super().__init__(folder)
        self.certificate = DirectoryCertificate(self.folder / "tls")
        self.tls_port = free_port()

    def url(self, database: int = 0) -> str:
        return f"rediss://cardea:s3cret@127.0.0.1:{self.tls_port}/{database}"

    def command(self):
        return super().command() + [
            "--tls-port", str(self.tls_port), "--tls-auth-clients", "no",
            "--tls-cert-file", str(self.certificate.certificate_path),
            "--tls-key-file", str(self.certificate.key_path),
            "--tls-ca-cert-file", str(self.certificate.ca_path),
            "--user", "cardea", "on", ">s3cret", "~*", "&*", "+@all",
        ]  # fmt: skip


def test_redis_over_tls_with_an_acl_user(tmp_path, own_stack):
    redis = TlsRedis(tmp_path / "tls-redis")
    with redis:
        stack = own_stack(REDIS_URL=redis.url(3), REDIS_CA_BUNDLE=str(redis.certificate.ca_path))
        api = stack.api(stack.cardea.make_token("tls"))
        api.create_target("tls.cardea.test", stack.nginx.url, enable_https=False)
        assert api.expect(200, "GET", "/health")["redis"] == "healthy"


def test_redis_whose_certificate_is_not_trusted_is_not_used(tmp_path, own_stack):
    redis = TlsRedis(tmp_path / "tls-redis")
    other = DirectoryCertificate(tmp_path / "other")
    with redis:
        stack = own_stack(REDIS_URL=redis.url(), REDIS_CA_BUNDLE=str(other.ca_path))
        assert stack.api().expect(200, "GET", "/health")["redis"] == "unreachable"
        wait_until(lambda: "certificate" in stack.cardea.log(), 10, "the log says why")
