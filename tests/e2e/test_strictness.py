"""Malformed and ambiguous requests: what the client is told, and that nothing reaches the upstream that was not one
client's own request, written anew.
"""

import re
from dataclasses import dataclass

import pytest
from cardea_stack import https_context
from support import raw
from support.recorder import Recorder
from support.sites import secure_sites

HOST = "@HOST@"  # stands for the name of the target
NUL, TAB = "\0", "\t"


@dataclass(frozen=True)
class Case:
    """`status` is the only answer, and the connection ends; with 200, `upstream` is a part of what arrives there."""

    name: str
    request: str
    status: int
    upstream: str = ""


def get(line: str = "GET / HTTP/1.1", *fields: str, host: str | None = HOST, body: str = "") -> str:
    lines = [line] + ([f"Host: {host}"] if host is not None else []) + list(fields)
    return "\r\n".join([*lines, "", ""]) + body


def post(*fields: str, body: str = "") -> str:
    return get("POST /form HTTP/1.1", *fields, body=body)


def chunked(body: str) -> str:
    return post("Transfer-Encoding: chunked", body=body)


def refused(status: int, **requests: str) -> list[Case]:
    return [Case(name.replace("_", "-"), request, status) for name, request in requests.items()]


SMUGGLED = f"GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n"

LINES = refused(
    400,
    no_version=get("GET /"),
    no_target=get("GET HTTP/1.1"),
    two_spaces=get("GET  / HTTP/1.1"),
    space_after_target=get("GET /  HTTP/1.1"),
    space_in_target=get("GET /a b HTTP/1.1"),
    tab_as_separator=get("GET\t/ HTTP/1.1"),
    tab_in_target=get("GET /a\tb HTTP/1.1"),
    space_at_the_end=get("GET / HTTP/1.1 "),
    space_before_method=get(" GET / HTTP/1.1"),
    two_empty_lines="\r\n\r\n" + get(),
    bare_lf_before="\n" + get(),
    bare_cr_before="\r" + get(),
    bare_lf_line="GET / HTTP/1.1\nHost: " + HOST + "\r\n\r\n",
    bare_lf_everywhere="GET / HTTP/1.1\nHost: " + HOST + "\n\n",
    bare_cr_line="GET / HTTP/1.1\rHost: " + HOST + "\r\n\r\n",
    method_with_colon=get("GE:T / HTTP/1.1"),
    method_with_slash=get("G/T / HTTP/1.1"),
    method_with_nul=get(f"G{NUL}T / HTTP/1.1"),
    method_not_ascii=get("G\u00c9T / HTTP/1.1"),
    empty_method=get("/ HTTP/1.1"),
    fragment=get("GET /a#b HTTP/1.1"),
    raw_nul=get(f"GET /a{NUL}b HTTP/1.1"),
    encoded_nul=get("GET /a%00b HTTP/1.1"),
    raw_delete=get("GET /a\x7fb HTTP/1.1"),
    raw_utf8=get("GET /\u00e9 HTTP/1.1"),
    relative_target=get("GET path HTTP/1.1"),
    dot_target=get("GET . HTTP/1.1"),
    question_target=get("GET ?a HTTP/1.1"),
    star_of_get=get("GET * HTTP/1.1"),
    other_scheme=get(f"GET ftp://{HOST}/ HTTP/1.1"),
    absolute_without_host=get("GET http:///path HTTP/1.1"),
    absolute_other_host=get("GET http://other.example/ HTTP/1.1"),
    absolute_other_port=get(f"GET http://{HOST}:81/ HTTP/1.1"),
    absolute_user=get(f"GET http://user@{HOST}/ HTTP/1.1"),
    absolute_query_without_path=get(f"GET http://{HOST}?a HTTP/1.1"),
    lower_case_version=get("GET / http/1.1"),
    short_version=get("GET / HTTP/1"),
    version_with_two_digits=get("GET / HTTP/1.10"),
    version_with_space=get("GET / HTTP/ 1.1"),
    version_with_comma=get("GET / HTTP/1,1"),
    other_protocol=get("GET / ICY/1.1"),
    tls_hello="\x16\x03\x01\x02\x00\x01\x00",
) + refused(
    501,
    connect=get(f"CONNECT {HOST}:443 HTTP/1.1"),
    connect_path=get("CONNECT / HTTP/1.1"),
) + refused(
    505,
    http_2=get("GET / HTTP/2.0"),
    http_0_9=get("GET / HTTP/0.9"),
    http_3=get("GET / HTTP/3.0"),
    http_2_preface="PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)

FIELDS = refused(
    400,
    space_before_colon=get("GET / HTTP/1.1", "X-A : 1"),
    tab_before_colon=get("GET / HTTP/1.1", "X-A\t: 1"),
    no_colon=get("GET / HTTP/1.1", "X-A"),
    empty_name=get("GET / HTTP/1.1", ": 1"),
    folded=get("GET / HTTP/1.1", "X-A: 1", " folded"),
    folded_by_tab=get("GET / HTTP/1.1", "X-A: 1", "\tfolded"),
    folded_first="GET / HTTP/1.1\r\n Host: " + HOST + "\r\n\r\n",
    space_in_name=get("GET / HTTP/1.1", "X A: 1"),
    name_in_quotes=get("GET / HTTP/1.1", '"X": 1'),
    name_with_slash=get("GET / HTTP/1.1", "X/A: 1"),
    name_with_brace=get("GET / HTTP/1.1", "X{A: 1"),
    name_with_nul=get("GET / HTTP/1.1", f"X{NUL}A: 1"),
    name_not_ascii=get("GET / HTTP/1.1", "X\u00e9: 1"),
    value_with_nul=get("GET / HTTP/1.1", f"X-A: a{NUL}b"),
    value_with_cr=get("GET / HTTP/1.1", "X-A: a\rb"),
    value_with_lf=get("GET / HTTP/1.1", "X-A: a\nX-B: b"),
    value_with_escape=get("GET / HTTP/1.1", "X-A: a\x1bb"),
    value_with_delete=get("GET / HTTP/1.1", "X-A: a\x7fb"),
    value_with_vertical_tab=get("GET / HTTP/1.1", "X-A: a\x0bb"),
    bare_lf_at_the_end=f"GET / HTTP/1.1\r\nHost: {HOST}\n\n",
    bare_lf_in_the_end=f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\n",
    bare_cr_in_the_end=f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\rX",
    too_many_options_of_connection=get("GET / HTTP/1.1", "Connection: " + "," * 20_000),
    a_few_too_many_options_of_connection=get("GET / HTTP/1.1", "Connection: close", "Connection: " + "," * 31),
    cr_cr_lf=f"GET / HTTP/1.1\r\nHost: {HOST}\r\r\n\r\n",
) + refused(
    431,
    too_many=get("GET / HTTP/1.1", *[f"X-{i}: 1" for i in range(128)]),
    one_too_long=get("GET / HTTP/1.1", "X-A: " + "a" * 40_000),
    line_too_long=get("GET /" + "a" * 40_000 + " HTTP/1.1"),
    all_too_long=get("GET / HTTP/1.1", *[f"X-{i}: " + "a" * 500 for i in range(100)]),
) + refused(
    417,
    other_expectation=post("Expect: 200-ok", "Content-Length: 0"),
    two_expectations=post("Expect: 100-continue", "Expect: something", "Content-Length: 0"),
    listed_expectations=post("Expect: 100-continue, something", "Content-Length: 0"),
)

HOSTS = refused(
    400,
    missing=get(host=None),
    missing_in_1_0=get("GET / HTTP/1.0", host=None),
    empty=get(host=""),
    twice=get("GET / HTTP/1.1", f"Host: {HOST}"),
    two_that_differ=get("GET / HTTP/1.1", "Host: other.example"),
    two_in_one=get(host=f"{HOST}, other.example"),
    with_path=get(host=f"{HOST}/path"),
    with_query=get(host=f"{HOST}?a"),
    with_user=get(host=f"user@{HOST}"),
    with_space=get(host=f"{HOST} other.example"),
    with_scheme=get(host=f"http://{HOST}"),
    with_percent=get(host="a%2eexample"),
    with_empty_port=get(host=f"{HOST}:"),
    with_port_zero=get(host=f"{HOST}:0"),
    with_large_port=get(host=f"{HOST}:65536"),
    with_two_ports=get(host=f"{HOST}:80:80"),
    with_a_name_as_port=get(host=f"{HOST}:http"),
    with_signed_port=get(host=f"{HOST}:+80"),
    with_nul=get(host=f"{HOST}{NUL}"),
    not_ascii=get(host="\u00e9.example"),
    with_open_bracket=get(host="[::1"),
    with_empty_brackets=get(host="[]"),
    with_a_name_in_brackets=get(host="[cafe.de]"),
    with_a_dot_in_brackets=get(host="[.]"),
    with_colons_in_brackets=get(host="[:::]"),
    with_zone=get(host="[fe80::1%25eth0]"),
    with_backslash=get(host=f"{HOST}\\other"),
    with_semicolon=get(host=f"{HOST};a"),
    folded="GET / HTTP/1.1\r\nHost:\r\n " + HOST + "\r\n\r\n",
)

FRAMING = refused(
    400,
    both=post("Content-Length: 5", "Transfer-Encoding: chunked", body="0\r\n\r\n" + SMUGGLED),
    both_the_other_way=post("Transfer-Encoding: chunked", "Content-Length: 5", body="0\r\n\r\n" + SMUGGLED),
    both_with_zero=post("Content-Length: 0", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    two_lengths=post("Content-Length: 0", "Content-Length: 44", body=SMUGGLED),
    two_lengths_in_one=post("Content-Length: 0, 44", body=SMUGGLED),
    length_negative=post("Content-Length: -1"),
    length_with_sign=post("Content-Length: +5", body="hello"),
    length_hexadecimal=post("Content-Length: 0x5", body="hello"),
    length_with_point=post("Content-Length: 5.0", body="hello"),
    length_with_exponent=post("Content-Length: 1e1", body="hello"),
    length_with_space=post("Content-Length: 1 0", body="hello"),
    length_with_underscore=post("Content-Length: 1_0", body="hello"),
    length_with_letter=post("Content-Length: 5a", body="hello"),
    length_in_quotes=post('Content-Length: "5"', body="hello"),
    length_empty=post("Content-Length: ", body="hello"),
    length_of_commas=post("Content-Length: ,", body="hello"),
    length_with_empty_part=post("Content-Length: 5,", body="hello"),
    length_arabic=post("Content-Length: \u0665", body="hello"),
    length_over_64_bits=post("Content-Length: 18446744073709551616"),
    length_over_63_bits=post("Content-Length: 9223372036854775808"),
    length_very_long=post("Content-Length: " + "9" * 400),
    length_with_space_before_colon=post("Content-Length : 5", body="hello"),
    chunked_twice=post("Transfer-Encoding: chunked, chunked", body="0\r\n\r\n"),
    chunked_in_two_fields=post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    chunked_not_last=post("Transfer-Encoding: chunked, gzip", body="0\r\n\r\n"),
    chunked_between_others=post("Transfer-Encoding: gzip, chunked, x", body="0\r\n\r\n"),
    chunked_then_identity=post("Transfer-Encoding: chunked", "Transfer-Encoding: identity", body="0\r\n\r\n"),
    chunked_in_quotes=post('Transfer-Encoding: "chunked"', body="0\r\n\r\n"),
    chunked_with_parameter=post("Transfer-Encoding: chunked;a=b", body="0\r\n\r\n"),
    chunked_after_vertical_tab=post("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n"),
    chunked_with_cr=post("Transfer-Encoding: chunked\r", body="0\r\n\r\n"),
    encoding_empty=post("Transfer-Encoding: ", body="0\r\n\r\n"),
    encoding_with_empty_part=post("Transfer-Encoding: ,chunked", body="0\r\n\r\n"),
    encoding_with_space_before_colon=post("Transfer-Encoding : chunked", body="0\r\n\r\n"),
    encoding_folded=post("Transfer-Encoding:", " chunked", body="0\r\n\r\n"),
    encoding_in_1_0=get("POST / HTTP/1.0", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
) + refused(
    501,
    gzip=post("Transfer-Encoding: gzip", body="0\r\n\r\n"),
    gzip_and_chunked=post("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"),
    identity=post("Transfer-Encoding: identity", body="0\r\n\r\n"),
    xchunked=post("Transfer-Encoding: xchunked", body="0\r\n\r\n"),
    chunked_with_a_letter_too_few=post("Transfer-Encoding: chunke", body="0\r\n\r\n"),
)

# The head is whole, so the upstream may see that a body begins, but never a complete request.
CHUNKS = refused(
    400,
    no_size=chunked("\r\nhello\r\n0\r\n\r\n"),
    size_no_number=chunked("xyz\r\nhello\r\n0\r\n\r\n"),
    size_negative=chunked("-5\r\nhello\r\n0\r\n\r\n"),
    size_with_sign=chunked("+5\r\nhello\r\n0\r\n\r\n"),
    size_with_prefix=chunked("0x5\r\nhello\r\n0\r\n\r\n"),
    size_after_space=chunked(" 5\r\nhello\r\n0\r\n\r\n"),
    size_with_underscore=chunked("1_0\r\nhello\r\n0\r\n\r\n"),
    size_with_two_numbers=chunked("5 5\r\nhello\r\n0\r\n\r\n"),
    size_over_64_bits=chunked("10000000000000000\r\nhello\r\n0\r\n\r\n"),
    size_with_many_zeros=chunked("0" * 100 + "5\r\nhello\r\n0\r\n\r\n"),
    size_and_bare_lf=chunked("5\nhello\r\n0\r\n\r\n"),
    size_and_bare_cr=chunked("5\rhello\r\n0\r\n\r\n"),
    size_and_cr_cr_lf=chunked("5\r\r\nhello\r\n0\r\n\r\n"),
    data_too_long=chunked("5\r\nhello!\r\n0\r\n\r\n"),
    data_too_short=chunked("5\r\nhell\r\n0\r\n\r\n"),
    data_and_bare_lf=chunked("5\r\nhello\n0\r\n\r\n"),
    data_and_bare_cr=chunked("5\r\nhello\r0\r\n\r\n"),
    extension_with_lf=chunked("5;a\nb\r\nhello\r\n0\r\n\r\n"),
    extension_with_nul=chunked(f"5;a{NUL}\r\nhello\r\n0\r\n\r\n"),
    extension_too_long=chunked("5;" + "a" * 5000 + "\r\nhello\r\n0\r\n\r\n"),
    trailer_with_bare_lf=chunked("5\r\nhello\r\n0\r\nX: 1\n\r\n"),
    trailer_without_colon=chunked("5\r\nhello\r\n0\r\nX\r\n\r\n"),
    trailer_folded=chunked("5\r\nhello\r\n0\r\nX: 1\r\n 2\r\n\r\n"),
    trailer_with_space_before_colon=chunked("5\r\nhello\r\n0\r\nX : 1\r\n\r\n"),
    trailer_with_nul=chunked(f"5\r\nhello\r\n0\r\nX: a{NUL}\r\n\r\n"),
    last_chunk_with_bare_lf=chunked("5\r\nhello\r\n0\n\r\n"),
)

PASSED = [
    Case("empty-line-before", "\r\n" + get(), 200, "GET / HTTP/1.1\r\n"),
    Case("absolute-form", get(f"GET http://{HOST}/path?a HTTP/1.1"), 200, "GET /path?a HTTP/1.1\r\n"),
    Case("absolute-form-other-case", get(f"GET HTTP://{HOST.upper()}/ HTTP/1.1"), 200, "GET / HTTP/1.1\r\n"),
    Case("absolute-form-usual-port", get(f"GET http://{HOST}:80/ HTTP/1.1"), 200, "GET / HTTP/1.1\r\n"),
    Case("absolute-form-without-path", get(f"GET http://{HOST} HTTP/1.1"), 200, "GET / HTTP/1.1\r\n"),
    Case("two-slashes", get("GET //other.example/ HTTP/1.1"), 200, "GET //other.example/ HTTP/1.1\r\n"),
    Case("url-in-path", get("GET /http://other.example/ HTTP/1.1"), 200, "GET /http://other.example/ HTTP/1.1\r\n"),
    Case("dots", get("GET /../a/./b HTTP/1.1"), 200, "GET /../a/./b HTTP/1.1\r\n"),
    Case("encoded-line-end", get("GET /a%0d%0ab HTTP/1.1"), 200, "GET /a%0d%0ab HTTP/1.1\r\n"),
    Case("encoded-slash", get("GET /a%2fb HTTP/1.1"), 200, "GET /a%2fb HTTP/1.1\r\n"),
    Case("star-of-options", get("OPTIONS * HTTP/1.1"), 200, "OPTIONS * HTTP/1.1\r\n"),
    Case("max-forwards", get("OPTIONS / HTTP/1.1", "Max-Forwards: 10"), 200, "Max-Forwards: 9\r\n"),
    Case("unknown-method", get("BREW /pot HTTP/1.1"), 200, "BREW /pot HTTP/1.1\r\n"),
    Case("lower-case-method", get("get / HTTP/1.1"), 200, "get / HTTP/1.1\r\n"),
    Case("later-minor-version", get("GET / HTTP/1.9"), 200, "GET / HTTP/1.1\r\n"),
    Case("http-1-0", get("GET / HTTP/1.0"), 200, "GET / HTTP/1.1\r\n"),
    Case("host-in-capitals", get(host=HOST.upper()), 200, "GET / HTTP/1.1\r\n"),
    Case("host-with-trailing-dot", get(host=f"{HOST}."), 200, "GET / HTTP/1.1\r\n"),
    Case("host-with-port", get(host=f"{HOST}:8080"), 200, "GET / HTTP/1.1\r\n"),
    Case("value-with-tab", get("GET / HTTP/1.1", f"X-A: a{TAB}b"), 200, f"X-A: a{TAB}b\r\n"),
    Case("value-not-ascii", get("GET / HTTP/1.1", "X-A: \u00e9"), 200, "X-A: \u00e9\r\n"),
    Case("value-empty", get("GET / HTTP/1.1", "X-A:"), 200, "X-A: \r\n"),
    Case("value-padded", get("GET / HTTP/1.1", f"X-A: {TAB} a {TAB}"), 200, "X-A: a\r\n"),
    Case("repeated-fields", get("GET / HTTP/1.1", "X-A: 1", "X-B: 2", "X-A: 3"), 200, "X-A: 1\r\nX-B: 2\r\nX-A: 3\r\n"),
    Case("length-twice", post("Content-Length: 5", "Content-Length: 5", body="hello"), 200, "\r\n\r\nhello"),
    Case("length-listed", post("Content-Length: 5, 5", body="hello"), 200, "\r\n\r\nhello"),
    Case("length-with-zeros", post("Content-Length: 0005", body="hello"), 200, "Content-Length: 5\r\n"),
    Case("length-of-get", get("GET / HTTP/1.1", "Content-Length: 5", body="hello"), 200, "\r\n\r\nhello"),
    Case("chunked-in-capitals", post("Transfer-Encoding: CHUNKED", body="5\r\nhello\r\n0\r\n\r\n"), 200, "5\r\nhello\r\n0"),
    Case("chunk-extension", chunked('5;a="b"\r\nhello\r\n0;c\r\n\r\n'), 200, "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    Case("chunk-size-with-zeros", chunked("0005\r\nhello\r\n000\r\n\r\n"), 200, "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    Case("underscore-field", get("GET / HTTP/1.1", "X_Forwarded_For: 1.2.3.4"), 200, "X-Forwarded-For: 127.0.0.1\r\n"),
    Case("nominated-field", get("GET / HTTP/1.1", "Connection: X-A", "X-A: 1", "X-B: 2"), 200, "X-B: 2\r\n"),
    Case("nominated-length", post("Connection: Content-Length", "Content-Length: 5", body="hello"), 200, "Content-Length: 5"),
    Case("nominated-host", get("GET / HTTP/1.1", "Connection: Host"), 200, f"Host: {HOST}\r\n"),
    Case("proxy-field", get("GET / HTTP/1.1", "Proxy: http://evil.example"), 200, "GET / HTTP/1.1\r\n"),
]

REFUSED = [*LINES, *FIELDS, *HOSTS, *FRAMING, *CHUNKS]


@pytest.fixture(scope="module")
def recorder():
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def host(api, recorder):
    api.create_target("strict.cardea.test", recorder.url, enable_https=False)
    yield "strict.cardea.test"
    api.expect(200, "DELETE", "/proxy/targets/strict.cardea.test")


def to_bytes(text: str, host: str) -> bytes:
    return text.replace(HOST.upper(), host.upper()).replace(HOST, host).encode()


def test_the_table_is_large():
    assert len(REFUSED) >= 150


@pytest.fixture(scope="module")
def secure_host(api, recorder):
    """The same by HTTPS."""
    hostname = "strict-tls.cardea.test"
    with secure_sites(api, {hostname: recorder.url}):
        yield hostname


@pytest.fixture(scope="module")
def tls_context(root_pem):
    return https_context(root_pem)


def check_refusal(case: Case, answer: bytes, requests: list[bytes]):
    """`answer` and `requests` are what came of the bad one."""
    assert len(re.findall(rb"HTTP/1\.1 \d\d\d ", answer)) == 1, answer
    assert raw.status_of(answer) == case.status
    assert raw.fields_of(answer, "Connection") == ["close"]
    for request in requests:
        # Of a body that breaks, what was good may have gone out; never its end, and never a second request.
        assert case in CHUNKS and request.startswith(b"POST /form HTTP/1.1\r\n"), request
        assert not request.endswith(b"\r\n0\r\n\r\n") and request.count(b"HTTP/1.1") == 1, request


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
@pytest.mark.parametrize("segments", [1, 7])
def test_a_bad_request_is_refused_and_reaches_nobody(cardea, host, recorder, case, segments):
    recorder.take()
    answer = raw.exchange(cardea.http_port, to_bytes(case.request, host), segments)
    check_refusal(case, answer, recorder.take())


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_bad_request_is_refused_over_tls(cardea, secure_host, tls_context, recorder, case):
    recorder.take()
    with tls_context.wrap_socket(raw.connect(cardea.https_port), server_hostname=secure_host) as connection:
        connection.sendall(to_bytes(case.request, secure_host))
        check_refusal(case, raw.receive_all(connection), recorder.take())


@pytest.mark.parametrize("method, status", [("OPTIONS", 200), ("TRACE", 405)])
def test_who_wants_to_hear_of_us_only_does(cardea, host, recorder, method, status):
    recorder.take()
    request = raw.request(f"{method} /", host, "Max-Forwards: 0", "Connection: close")
    answer = raw.exchange(cardea.http_port, request)
    assert raw.status_of(answer) == status and "OPTIONS" in raw.fields_of(answer, "Allow")[0]
    assert recorder.take() == []


@pytest.mark.parametrize("path", ["/../admin", "/a/%2e%2E/b", "/..%2fadmin", "/..\\admin", "/..;x/admin", "/."])
def test_nobody_leaves_the_path_of_the_target(cardea, http_host, recorder, path):
    host = http_host(recorder.url + "/app/")
    recorder.take()
    answer = raw.exchange(cardea.http_port, raw.request(f"GET {path}", host, "Connection: close"))
    assert raw.status_of(answer) == 400 and recorder.take() == []
    answer = raw.exchange(cardea.http_port, raw.request("GET /..a/b?/../c", host, "Connection: close"))
    assert raw.status_of(answer) == 200
    [request] = recorder.take()
    assert request.startswith(b"GET /app/..a/b?/../c HTTP/1.1\r\n")


HTTPS_URL = Case("absolute-https", get(f"GET https://{HOST}/path HTTP/1.1", "Connection: close"), 421)


def test_a_url_of_https_is_refused_in_clear_text(cardea, host, recorder):
    recorder.take()
    check_refusal(HTTPS_URL, raw.exchange(cardea.http_port, to_bytes(HTTPS_URL.request, host)), recorder.take())


def test_a_url_of_https_is_served_over_tls(cardea, secure_host, tls_context, recorder):
    recorder.take()
    with tls_context.wrap_socket(raw.connect(cardea.https_port), server_hostname=secure_host) as connection:
        connection.sendall(to_bytes(HTTPS_URL.request, secure_host))
        assert raw.status_of(raw.receive_all(connection)) == 200
    [request] = recorder.take()
    assert request.startswith(b"GET /path HTTP/1.1\r\n")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
@pytest.mark.parametrize("pipelined", [False, True], ids=["later", "at-once"])
def test_a_bad_request_after_a_good_one_is_refused_as_well(cardea, host, recorder, case, pipelined):
    """Over an upstream connection that is there already, and in the same segment as the good one."""
    recorder.take()
    first, second = to_bytes(get("GET /first HTTP/1.1"), host), to_bytes(case.request, host)
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(first + second if pipelined else first)
        good, end, answer = raw.receive_until(connection, b"\r\n\r\nok").partition(b"\r\n\r\nok")
        assert end and raw.status_of(good) == 200 and raw.fields_of(good, "Connection") == []
        if not pipelined:
            connection.sendall(second)
        answer += raw.receive_all(connection)
    asked, *more = recorder.take()
    assert asked.startswith(b"GET /first HTTP/1.1\r\n")
    check_refusal(case, answer, more)


@pytest.mark.parametrize("case", PASSED, ids=lambda case: case.name)
def test_what_is_sound_is_written_anew(cardea, host, recorder, case):
    recorder.take()
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(to_bytes(case.request, host))
        assert raw.receive_until(connection, b"\r\n\r\nok").startswith(b"HTTP/1.1 200 ")
    [request] = recorder.take()
    assert to_bytes(case.upstream, host).lower() in request.lower()
    head = request.partition(b"\r\n\r\n")[0]
    assert len(raw.fields_of(head, "Host")) == 1
    assert len(raw.fields_of(head, "Content-Length")) + len(raw.fields_of(head, "Transfer-Encoding")) <= 1
    assert raw.fields_of(head, "Connection") == [] and raw.fields_of(head, "X-Forwarded-For") == ["127.0.0.1"]
    assert b"_" not in b"".join(line.split(b":")[0] for line in head.split(b"\r\n")[1:])


@pytest.mark.parametrize("case", [each for each in PASSED if "HTTP/1.0" not in each.request], ids=lambda case: case.name)
def test_pipelined_requests_stay_as_many_as_they_were(cardea, host, recorder, case):
    """After each ambiguous request comes another one: the upstream sees exactly two."""
    recorder.take()
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(to_bytes(case.request + get("GET /second HTTP/1.1", "Connection: close"), host))
        assert raw.receive_all(connection).count(b"HTTP/1.1 200 OK") == 2
    first, second = recorder.take()
    assert second.startswith(b"GET /second HTTP/1.1\r\n") and b"/second" not in first
