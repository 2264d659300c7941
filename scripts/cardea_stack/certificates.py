"""The private root and the TLS certificate of Pebble's own directory, and a reader of certificates, by openssl."""

import subprocess
from pathlib import Path

_CA_EXTENSIONS = """
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
"""


def _openssl(*arguments, input_text: str | None = None) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], input=input_text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


class DirectoryCertificate:
    """A root and a leaf for localhost under it: ca_path is what ACME_CA_BUNDLE names."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_path = folder / "directory-root.pem"
        self.certificate_path = folder / "directory.pem"
        self.key_path = folder / "directory.key"
        ca_key, request, extensions = folder / "root.key", folder / "directory.csr", folder / "extensions.cnf"
        extensions.write_text(_CA_EXTENSIONS)
        self._make_key(ca_key)
        self._make_key(self.key_path)
        self._make_request(ca_key, request, "/CN=Directory root of the test")
        common = ["x509", "-req", "-days", 3650, "-sha256", "-extfile", extensions]
        _openssl(*common, "-in", request, "-signkey", ca_key, "-extensions", "ca", "-out", self.ca_path)
        self._make_request(self.key_path, request, "/CN=localhost")
        _openssl(
            *common,
            "-in",
            request,
            "-CA",
            self.ca_path,
            "-CAkey",
            ca_key,
            "-set_serial",
            2,
            "-extensions",
            "leaf",
            "-out",
            self.certificate_path,
        )

    @staticmethod
    def _make_key(path: Path):
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)

    @staticmethod
    def _make_request(key: Path, request: Path, subject: str):
        _openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)


def describe_certificate(pem: str) -> dict[str, str]:
    """issuer, serial, names, not_before, not_after and sha256 of the first certificate in `pem`."""
    text = _openssl(
        "x509",
        "-noout",
        "-issuer",
        "-serial",
        "-dates",
        "-fingerprint",
        "-sha256",
        "-ext",
        "subjectAltName",
        input_text=pem,
    )
    facts = {"names": ""}
    keys = {"issuer": "issuer", "serial": "serial", "notBefore": "not_before", "notAfter": "not_after"}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key in keys:
            facts[keys[key]] = value.strip()
        elif key.lower().startswith("sha256 fingerprint"):
            facts["sha256"] = value.strip()
        elif "DNS:" in line:
            facts["names"] = ", ".join(part.strip().removeprefix("DNS:") for part in line.split(","))
    return facts
