"""Cardea's main job, whole: a token, a target, a certificate from a real CA, a verified HTTPS request, a renewal."""

import http.client
import json
import subprocess
import threading
from datetime import datetime

from cardea_stack import HostConnection, describe_certificate, https_context, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from support.names import certificate_name

SECRETS = ("PRIVATE KEY", "private_key", "owner_token_hash")
STEPS = ("account", "order", "validation", "finalisation", "download", "stored")


def test_a_new_host_gets_a_certificate_and_is_served(stack, api, new_host, root_pem):
    hostname = new_host("first")
    answer = api.create_target(hostname, stack.nginx.url)
    assert answer["certificate_status"] == f"Certificate generation started for {hostname}"
    assert answer["proxy_target"]["hostname"] == hostname
    assert answer["proxy_target"]["cert_name"] == certificate_name(hostname)

    seen = []
    api.wait_for_certificate(certificate_name(hostname), on_change=seen.append)
    steps = [status["step"] for status in seen if "step" in status]
    assert set(steps) <= set(STEPS)
    assert steps == sorted(steps, key=STEPS.index), "the steps come in their order"
    assert steps[-1] == "stored"
    assert all(status["message"] for status in seen)

    root = stack.pebble.write_root()
    port = stack.cardea.https_port
    curl = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--cacert", str(root)]
    url = f"https://{hostname}:{port}/"
    done = subprocess.run(
        [*curl, "--resolve", f"{hostname}:{port}:127.0.0.1", url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hello from nginx" in done.stdout


def test_the_objects_in_redis_have_the_specified_shape(stack, site, database, pebble):
    name = certificate_name(site)
    stored = json.loads(database.get(f"cert:{name}"))
    assert stored["domains"] == [site]
    assert stored["email"] == "admin@cardea.test"
    assert stored["acme_directory_url"] == pebble.directory_url
    assert stored["status"] == "active"
    chain = x509.load_pem_x509_certificates(stored["fullchain_pem"].encode())
    assert len(chain) >= 2
    key = serialization.load_pem_private_key(stored["private_key_pem"].encode(), None)
    assert key.key_size == 2048
    assert key.public_key().public_numbers() == chain[0].public_key().public_numbers()
    expected = "sha256:" + chain[0].fingerprint(hashes.SHA256()).hex()
    assert stored["fingerprint"].lower().replace(":", "") == expected.replace(":", "")
    expires = datetime.fromisoformat(stored["expires_at"])
    assert expires == chain[0].not_valid_after_utc
    assert datetime.fromisoformat(stored["issued_at"]) <= expires
    assert stored["owner_token_hash"].startswith("sha256:")

    target = json.loads(database.get(f"proxy:{site}"))
    assert target["hostname"] == site
    assert target["target_url"].rstrip("/") == stack.nginx.url
    assert target["cert_name"] == name
    assert target["created_by"] == "e2e"
    assert (target["enabled"], target["enable_http"], target["enable_https"]) == (True, True, True)

    accounts = [key for key in database.scan_iter("account:*")]
    assert f"account:127.0.0.1:{pebble.port}:admin@cardea.test" in accounts
    assert "PRIVATE KEY" in database.get(accounts[0])


def test_challenges_are_cleaned_up(site, database):
    assert list(database.scan_iter("challenge:*")) == []


def test_public_reads_never_show_a_secret(public_api, api, site):
    name = certificate_name(site)
    paths = ["/certificates", f"/certificates/{name}", f"/certificates/{name}/status"]
    paths += ["/proxy/targets", f"/proxy/targets/{site}"]
    for path in paths:
        for client in (public_api, api):
            text = json.dumps(client.expect(200, "GET", path))
            assert not [secret for secret in SECRETS if secret in text], path
    assert "BEGIN CERTIFICATE" in json.dumps(public_api.expect(200, "GET", f"/certificates/{name}"))
    assert name in [certificate["cert_name"] for certificate in public_api.expect(200, "GET", "/certificates")]


def test_a_certificate_for_several_names(stack, api, new_host, database):
    names = [new_host("several"), new_host("several")]
    api.create_certificate("several", *names, email="admin@cardea.test")
    api.wait_for_certificate("several")
    stored = json.loads(database.get("cert:several"))
    facts = describe_certificate(stored["fullchain_pem"])
    assert sorted(facts["names"].split(", ")) == sorted(names)


def test_a_renewal_is_served_at_once_and_fails_no_request(stack, api, new_host, root_pem):
    hostname = new_host("renewed")
    api.create_target(hostname, stack.nginx.url)
    api.wait_for_certificate(certificate_name(hostname))
    context, port = https_context(root_pem), stack.cardea.https_port

    def serial() -> str:
        with HostConnection(hostname, port, context) as connection:
            return describe_certificate(connection.certificate_pem())["serial"]

    old = serial()
    ended = threading.Event()
    done, failures = [], []

    def ask_on_new_connections():
        while not ended.is_set():
            try:
                with HostConnection(hostname, port, context) as connection:
                    done.append(connection.get("/")[0])
            except (OSError, http.client.HTTPException) as error:
                failures.append(error)

    def ask_on_one_connection():
        try:
            with HostConnection(hostname, port, context) as connection:
                while not ended.is_set():
                    done.append(connection.get("/bytes/1024")[0])
        except (OSError, http.client.HTTPException) as error:
            failures.append(error)

    clients = [threading.Thread(target=ask_on_new_connections), threading.Thread(target=ask_on_one_connection)]
    for client in clients:
        client.start()
    try:
        wait_until(lambda: len(done) >= 20, 30, "the clients have asked 20 times")
        api.expect(202, "POST", f"/certificates/{certificate_name(hostname)}/renew")
        wait_until(lambda: serial() != old, 60, "the new certificate is served")
        after = len(done)
        wait_until(lambda: len(done) >= after + 20, 30, "the clients have asked 20 times more")
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert failures == []
    assert set(done) == {200}
    assert api.status(certificate_name(hostname))["status"] == "completed"


def test_a_host_without_https_never_orders_a_certificate(api, http_host, database, public_api, nginx):
    hostname = http_host(nginx.url)
    assert api.status(certificate_name(hostname))["status"] == "not_found"
    assert database.get(f"cert:{certificate_name(hostname)}") is None


def test_certificates_survive_a_restart(stack, folder, site, root_pem):
    """A second Cardea on the same Redis serves what the first one has obtained, without ordering anything."""
    from cardea_stack import Cardea

    settings = {"REDIS_URL": stack.redis.unix_url(), "ACME_CA_BUNDLE": str(stack.pebble.ca_path)}
    with Cardea(folder, **settings) as second:
        with HostConnection(site, second.https_port, https_context(root_pem)) as connection:
            assert connection.get("/")[0] == 200
        assert second.stop() == 0


def test_health_says_what_is_there(public_api, site):
    health = public_api.expect(200, "GET", "/health")
    assert health["status"] == "healthy"
    assert health["scheduler"] is True
    assert health["redis"] == "healthy"
    assert health["certificates_loaded"] >= 1
    assert health["https_enabled"] is True
