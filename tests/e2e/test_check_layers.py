"""The layering-and-size check finds what it must, and nothing in text that only looks like it."""

from pathlib import Path

import check_layers
from cxx_functions import functions, without_comments_and_strings

SOURCE = Path("src/acme/order.cc")


def findings(check, path: Path, text: str) -> list[str]:
    return list(check(path, text))


def test_lower_layers_may_be_included_and_no_others():
    good = '#include "acme/order.h"\n#include "store/lease.h"\n#include "base/error.h"\n#include <vector>\n'
    assert findings(check_layers.check_includes, SOURCE, good) == []
    for folder in ("api", "proxy", "auth", "server"):
        assert len(findings(check_layers.check_includes, SOURCE, f'#include "{folder}/x.h"\n')) == 1, folder


def test_a_folder_without_a_layer_is_a_finding():
    assert findings(check_layers.check_includes, Path("src/misc/a.cc"), "") != []


def test_openssl_calls_belong_to_one_folder():
    code = "auto* context = SSL_CTX_new(TLS_method());\nEVP_PKEY* key;\n"
    assert len(findings(check_layers.check_openssl, SOURCE, code)) == 1
    assert findings(check_layers.check_openssl, Path("src/tls/context.cc"), code) == []


def test_long_functions_are_found_and_long_tables_are_not():
    body = "  step();\n" * 80
    code = f"namespace a {{\nint run(int x) {{\n{body}}}\nconstexpr int kTable[] = {{\n{'1,' * 9}\n{body}}};\n}}\n"
    assert [name for name, first, last in functions(code) if last - first > 70] == ["run"]


def test_comments_and_literals_are_not_code():
    text = '// SSL_new(\n/* { */ const char* a = "SSL_new( {";\nauto b = R"x({ SSL_new( \n)x"; int c = 1\'000;\n'
    code = without_comments_and_strings(text)
    assert "SSL_new" not in code and "{" not in code
    assert code.count("\n") == text.count("\n")


def test_machine_paths_and_registry_hosts_are_found():
    text = "cd /" + "root/x\nhttps://py" + "pi.org/simple\nsrc/work/x\n"
    assert len(findings(check_layers.check_forbidden_text, SOURCE, text)) == 2


def test_headers_need_a_comment_and_pragma_once():
    assert findings(check_layers.check_head, Path("a.h"), "// What it is.\n#pragma once\n") == []
    assert len(findings(check_layers.check_head, Path("a.h"), "#include <vector>\n")) == 2
