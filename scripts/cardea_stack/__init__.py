"""The programs that the demo, the end-to-end tests and the benchmark run Cardea with, one class per process.

Standard library only. Every process listens on loopback, is waited for until it really answers, is ended by its own
pid, and dies with its parent.
"""

from .api import Api, ApiError
from .cardea import Cardea, binary_path, cardea_environment
from .certificates import DirectoryCertificate, describe_certificate
from .client import HostConnection, https_context
from .nginx import Nginx, NginxProcess, echoed_fields
from .pebble import ChallengeTestServer, Pebble
from .ports import free_port, loopback_addresses
from .process import ManagedProcess, StartError, repository_root, wait_until
from .redis_server import RedisServer
from .stack import Stack

__all__ = [
    "Api",
    "ApiError",
    "Cardea",
    "ChallengeTestServer",
    "DirectoryCertificate",
    "HostConnection",
    "ManagedProcess",
    "Nginx",
    "NginxProcess",
    "Pebble",
    "RedisServer",
    "Stack",
    "StartError",
    "binary_path",
    "cardea_environment",
    "describe_certificate",
    "echoed_fields",
    "free_port",
    "https_context",
    "loopback_addresses",
    "repository_root",
    "wait_until",
]
