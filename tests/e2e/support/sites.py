"""Targets for the time of a test."""

import contextlib
from collections.abc import Callable, Iterator

from cardea_stack import Api, wait_until

from .names import certificate_name


class PatientApi(Api):
    """For a node whose clock is moved: time passes in a moment for it, and it may be about to connect to Redis anew."""

    def call(self, *arguments, **named):
        def answer():
            got = super(PatientApi, self).call(*arguments, **named)
            return got if got[0] != 503 else None

        return wait_until(answer, 20, "the API answers")


@contextlib.contextmanager
def plain_sites(api: Api, new_host: Callable[[str], str], label: str = "plain") -> Iterator[Callable[..., str]]:
    """make(target_url, **fields) is the name of a new target, served over plain HTTP only: no certificate to wait for."""
    made = []

    def make(target_url: str, **fields) -> str:
        hostname = new_host(label)
        api.create_target(hostname, target_url, enable_https=False, **fields)
        made.append(hostname)
        return hostname

    yield make
    for hostname in made:
        api.expect(200, "DELETE", f"/proxy/targets/{hostname}")


@contextlib.contextmanager
def secure_sites(api: Api, sites: dict[str, str]) -> Iterator[None]:
    """Targets with their certificates, by name; all of them are ordered at once."""
    for hostname, target_url in sites.items():
        api.create_target(hostname, target_url)
    for hostname in sites:
        api.wait_for_certificate(certificate_name(hostname))
    yield
    for hostname in sites:
        api.expect(200, "DELETE", f"/proxy/targets/{hostname}?delete_certificate=true")
