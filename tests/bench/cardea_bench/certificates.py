"""The benchmark's own certificate authorities: root, intermediate and a leaf, made with the openssl tool."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .processes import run_tool

HOSTNAME = "bench.cardea.test"
RSA_HOSTNAME = "rsa.bench.cardea.test"
P256 = ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA2048 = ("RSA", "-pkeyopt", "rsa_keygen_bits:2048")
DAYS = "90"


@dataclass(frozen=True)
class Certificate:
    """One leaf with its chain. Every proxy serves exactly these bytes."""

    hostname: str
    root: Path
    fullchain: Path
    key: Path
    bundle: Path  # chain and key in one file, as HAProxy wants it
    fingerprint: str
    issued_at: str
    expires_at: str


def make_certificate(folder: Path, hostname: str = HOSTNAME, leaf_key: tuple[str, ...] = P256) -> Certificate:
    folder.mkdir(parents=True, exist_ok=True)
    authority = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
    _make_key(folder / "root.key", P256)
    run_tool(["openssl", "req", "-x509", "-new", "-key", str(folder / "root.key"), "-sha256", "-days", DAYS,
              "-subj", "/CN=Cardea bench root", "-addext", "basicConstraints=critical,CA:true",
              "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", str(folder / "root.pem")])
    _issue(folder, "intermediate", "root", "/CN=Cardea bench intermediate", authority, P256)
    _issue(folder, "leaf", "intermediate", f"/CN={hostname}",
           f"basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
           f"extendedKeyUsage=serverAuth\nsubjectAltName=DNS:{hostname}\n", leaf_key)
    return _assemble(folder, hostname)


def _make_key(path: Path, algorithm: tuple[str, ...]) -> None:
    # genpkey writes PKCS#8, the form the certificate object in Redis holds.
    run_tool(["openssl", "genpkey", "-algorithm", *algorithm, "-out", str(path)])


def _issue(folder: Path, name: str, issuer: str, subject: str, extensions: str, key: tuple[str, ...]) -> None:
    _make_key(folder / f"{name}.key", key)
    (folder / f"{name}.ext").write_text(extensions)
    run_tool(["openssl", "req", "-new", "-key", str(folder / f"{name}.key"), "-subj", subject,
              "-out", str(folder / f"{name}.csr")])
    run_tool(["openssl", "x509", "-req", "-in", str(folder / f"{name}.csr"), "-CA", str(folder / f"{issuer}.pem"),
              "-CAkey", str(folder / f"{issuer}.key"), "-CAcreateserial", "-sha256", "-days", DAYS,
              "-extfile", str(folder / f"{name}.ext"), "-out", str(folder / f"{name}.pem")])


def _assemble(folder: Path, hostname: str) -> Certificate:
    leaf = (folder / "leaf.pem").read_text()
    chain = leaf + (folder / "intermediate.pem").read_text()
    (folder / "fullchain.pem").write_text(chain)
    (folder / "bundle.pem").write_text(chain + (folder / "leaf.key").read_text())
    dates = run_tool(["openssl", "x509", "-in", str(folder / "leaf.pem"), "-noout", "-startdate", "-enddate"])
    issued, expires = (_rfc3339(line.partition("=")[2]) for line in dates.splitlines())
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf)).hexdigest()
    return Certificate(hostname, folder / "root.pem", folder / "fullchain.pem", folder / "leaf.key", folder / "bundle.pem",
                       f"sha256:{digest}", issued, expires)


def _rfc3339(openssl_date: str) -> str:
    seconds = ssl.cert_time_to_seconds(openssl_date)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
