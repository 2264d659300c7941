"""`cardea token …` and `cardea health`, the command line that talks to Redis and to the server."""

import re


def test_a_token_is_printed_alone_and_again(cardea):
    made = cardea.command_line("token", "generate", "cli-one", "one@cardea.test")
    assert made.returncode == 0
    assert re.fullmatch(r"acm_[A-Za-z0-9_-]{32,}\n", made.stdout)
    shown = cardea.command_line("token", "show", "cli-one")
    assert shown.returncode == 0
    assert made.stdout.strip() in shown.stdout


def test_both_keys_are_stored(cardea, database):
    import hashlib

    token = cardea.make_token("cli-keys")
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert database.exists(f"auth:token:{digest}")
    assert database.exists("token:cli-keys")


def test_a_name_that_is_taken_is_refused(cardea):
    first = cardea.make_token("cli-taken")
    again = cardea.command_line("token", "generate", "cli-taken")
    assert again.returncode != 0
    assert again.stdout == ""
    assert "cli-taken" in again.stderr
    assert first in cardea.command_line("token", "show", "cli-taken").stdout


def test_tokens_are_listed_without_their_values(cardea):
    token = cardea.make_token("cli-listed", "listed@cardea.test")
    listed = cardea.command_line("token", "list")
    assert listed.returncode == 0
    assert "cli-listed" in listed.stdout
    assert "listed@cardea.test" in listed.stdout
    assert token not in listed.stdout


def test_a_deleted_token_is_refused_at_once(stack):
    api = stack.api(stack.cardea.make_token("cli-deleted"))
    assert api.call("GET", "/proxy/targets")[0] == 200
    assert stack.cardea.command_line("token", "delete", "cli-deleted").returncode == 0
    assert api.call("GET", "/proxy/targets")[0] == 401
    assert stack.cardea.command_line("token", "show", "cli-deleted").returncode != 0


def test_an_unknown_token_is_an_error(cardea):
    for verb in ("show", "delete"):
        done = cardea.command_line("token", verb, "cli-unknown")
        assert done.returncode != 0
        assert "cli-unknown" in done.stderr


def test_a_bad_name_or_email_is_refused(cardea):
    for arguments in (["bad name"], ["bad\nname"], [""], ["cli-bad-email", "nobody"]):
        done = cardea.command_line("token", "generate", *arguments)
        assert done.returncode != 0, arguments
        assert done.stderr


def test_no_token_reaches_the_log(cardea, api):
    api.expect(200, "GET", "/proxy/targets")
    assert api.token not in cardea.log()


def test_health_as_a_command(cardea):
    done = cardea.command_line("health")
    assert done.returncode == 0
    assert '"healthy"' in done.stdout


def test_help_and_an_unknown_command(cardea):
    assert "token" in cardea.command_line("--help").stdout
    assert cardea.command_line("nonsense").returncode != 0
