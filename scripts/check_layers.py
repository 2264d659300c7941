"""The rules of the code base that no compiler checks: layers, sizes, file heads, and what must not be written down.

A folder of src/ includes itself and strictly lower layers only. All findings are printed, then the check fails.
"""

import re
import subprocess
import sys
from pathlib import Path

from cxx_functions import functions, without_comments_and_strings

ROOT = Path(__file__).resolve().parent.parent

LAYERS = {
    "base": 0,
    "net": 1,
    "crypto": 1,
    "metrics": 1,
    "tls": 2,
    "http": 2,
    "store": 2,
    "acme": 3,
    "auth": 3,
    "proxy": 3,
    "api": 4,
    "server": 5,
    "cli": 5,
}

SOURCE_LINES_MAX = 500
HEADER_LINES_WARNING = 150
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
SCRIPT_LINES_MAX = 500

# Calls that belong to one folder: OpenSSL's key and certificate functions to crypto, its connections to tls.
OPENSSL_CALLS = (
    (re.compile(r"\b(?:EVP|X509)_\w+(?=\s*\()"), "crypto"),
    (re.compile(r"\bSSL_\w+(?=\s*\()"), "tls"),
)
# Exceptions: (path, pattern of the call) → reason.
OPENSSL_ALLOWED = {
    ("src/tls/", r"X509_free|EVP_PKEY_free|X509_up_ref|EVP_PKEY_up_ref"): "SSL_CTX takes X509 and EVP_PKEY objects",
    ("src/tls/", r"EVP_aes_256_cbc|EVP_EncryptInit_ex|EVP_DecryptInit_ex|EVP_MAC_\w+|EVP_CIPHER_\w+|EVP_sha256"): (
        "OpenSSL hands its session-ticket callback cipher and MAC contexts to be set up in place"
    ),
}

# What must not be in a tracked file: paths of one machine, and the hosts of package registries.
FORBIDDEN_TEXT = (
    (re.compile(r"(?<![\w.$}/~-])/(?:work|root|home)/\w"), "an absolute path of one machine"),
    (
        re.compile(
            r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org|sum\.golang\.org"
            r"|deb\.debian\.org|archive\.ubuntu\.com|crates\.io|repo1?\.maven\.org)\b"
        ),
        "the host of a package registry",
    ),
)
BINARY_SUFFIXES = {".png", ".ico", ".woff2", ".der", ".bin"}


def tracked_files() -> list[Path]:
    """What git knows or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [Path(name) for name in sorted(set(listing.split("\0"))) if name and (ROOT / name).is_file()]


def check_includes(path: Path, text: str):
    if path.parts[0] != "src" or len(path.parts) < 3:
        return  # main.cc stands above all layers
    folder = path.parts[1]
    if folder not in LAYERS:
        yield f"{path}: folder src/{folder} is in no layer"
        return
    for number, line in enumerate(text.splitlines(), 1):
        included = re.match(r'\s*#\s*include\s*"([^"/]+)/', line)
        if not included or included[1] not in LAYERS or included[1] == folder:
            continue
        if LAYERS[included[1]] >= LAYERS[folder]:
            yield (
                f"{path}:{number}: {folder} (layer {LAYERS[folder]}) must not include "
                f"{included[1]} (layer {LAYERS[included[1]]})"
            )


def check_openssl(path: Path, code: str):
    if path.parts[0] != "src":
        return
    for pattern, home in OPENSSL_CALLS:
        if path.parts[1] == home:
            continue
        for found in pattern.finditer(code):
            if not any(str(path).startswith(where) and re.fullmatch(call, found[0]) for where, call in OPENSSL_ALLOWED):
                number = code.count("\n", 0, found.start()) + 1
                yield f"{path}:{number}: {found[0]} belongs into src/{home}"


def check_sizes(path: Path, code: str):
    lines = code.count("\n")
    if path.suffix == ".h" and lines > HEADER_LINES_MAX:
        yield f"{path}: {lines} lines; a header has at most {HEADER_LINES_MAX}"
    if path.suffix == ".cc" and lines > SOURCE_LINES_MAX:
        yield f"{path}: {lines} lines; a source file has at most {SOURCE_LINES_MAX}"
    for name, first, last in functions(code):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield f"{path}:{first}: {name} has {last - first + 1} lines; a function has at most {FUNCTION_LINES_MAX}"


def check_head(path: Path, text: str):
    if path.suffix != ".h":
        return
    if not text.startswith(("//", "/*")):
        yield f"{path}: a header begins with a comment that says what it is for"
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"{path}: no #pragma once"


def check_forbidden_text(path: Path, text: str):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in FORBIDDEN_TEXT:
            if found := pattern.search(line):
                yield f"{path}:{number}: {what}: {found[0]}"


def check_file(path: Path):
    if path.suffix in BINARY_SUFFIXES or path.is_relative_to("tests/fuzz/corpus"):
        return
    text = (ROOT / path).read_text(errors="replace")
    yield from check_forbidden_text(path, text)
    if path.suffix in (".h", ".cc"):
        code = without_comments_and_strings(text)
        yield from check_includes(path, text)
        yield from check_openssl(path, code)
        yield from check_sizes(path, code)
        yield from check_head(path, text)
    elif path.suffix in (".py", ".sh") and (lines := text.count("\n")) > SCRIPT_LINES_MAX:
        yield f"{path}: {lines} lines; a script has at most {SCRIPT_LINES_MAX}"


def long_headers(files: list[Path]) -> list[str]:
    headers = ((path, (ROOT / path).read_text(errors="replace").count("\n")) for path in files if path.suffix == ".h")
    return [f"{path}: {lines} lines" for path, lines in headers if HEADER_LINES_WARNING < lines <= HEADER_LINES_MAX]


def main() -> int:
    files = tracked_files()
    findings = [finding for path in files for finding in check_file(path)]
    for warning in long_headers(files):
        print(f"warning: {warning}; headers should have at most {HEADER_LINES_WARNING}")
    if findings:
        print("\n".join(findings))
        print(f"check: {len(findings)} findings")
        for (where, call), reason in OPENSSL_ALLOWED.items():
            print(f"(allowed in {where}: {call}, because {reason})")
        return 1
    print(f"check: layers, sizes and heads of {len(files)} files are in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
