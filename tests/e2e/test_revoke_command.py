"""cardea cert revoke: what a person types, reads and gets."""

import pytest
from support.ca_stack import certificate, obtain, orders_of, running_ca_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running_ca_stack(tmp_path_factory.mktemp("revoke")) as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner("me")


@pytest.fixture
def issued(owner, request):
    """A certificate of the test's own."""
    name = request.node.name.split("[")[0].replace("_", "-")[5:60].rstrip("-")
    obtain(owner, name)
    return certificate(owner, name)


@pytest.mark.parametrize("reason", ["keyCompromise", "superseded"])
def test_a_key_that_is_out_is_replaced(stack, owner, reason):
    name = f"replaced-{reason.lower()}"
    [before] = obtain(owner, name)
    done = stack.cardea.command_line("cert", "revoke", name, "me", reason)
    assert done.returncode == 0, done.stderr
    assert "its replacement is served" in done.stdout
    after = certificate(owner, name)
    assert after["status"] == "active" and after["fingerprint"] != before["fingerprint"]
    assert len(orders_of(stack.proxy, f"{name}.cardea.test")) == 2


def test_without_a_reason_nothing_is_ordered(stack, owner, issued):
    done = stack.cardea.command_line("cert", "revoke", issued["cert_name"], "me")
    assert done.returncode == 0, done.stderr
    assert "not served any more" in done.stdout
    assert certificate(owner, issued["cert_name"])["status"] == "revoked"
    again = stack.cardea.command_line("cert", "revoke", issued["cert_name"], "me")
    assert again.returncode == 1 and "revoked already" in again.stderr


def test_what_the_reason_would_do_can_be_changed(stack, owner, issued):
    done = stack.cardea.command_line("cert", "revoke", issued["cert_name"], "me", "keyCompromise", "--no-reissue")
    assert done.returncode == 0, done.stderr
    assert certificate(owner, issued["cert_name"])["status"] == "revoked"


MISTAKES = [
    (["unknown", "me"], 1, "There is no certificate"),
    (["unknown", "nobody"], 1, "there is no token"),
    (["un/known", "me"], 1, "cert_name"),
    (["unknown"], 2, "token is required"),
    (["unknown", "me", "superseded", "--reissue", "--no-reissue"], 2, "excludes"),
    (["unknown", "me", "because"], 1, "keyCompromise"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES)
def test_a_mistake_is_said(stack, owner, arguments, code, words):
    done = stack.cardea.command_line("cert", "revoke", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == ""


def test_a_server_that_does_not_run_is_said(stack, owner):
    stack.cardea.stop()
    try:
        done = stack.cardea.command_line("cert", "revoke", "any", "me")
        assert done.returncode == 1
        assert "no answer from the server" in done.stderr and "justw up" in done.stderr
    finally:
        stack.cardea.start()
