"""Nothing but what every test of the repository may use: a private folder that is short enough for a Unix socket."""

import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def session_folder():
    folder = Path(tempfile.mkdtemp(prefix="cardea-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder():
    """A folder for one test; pytest's own would be too long a path for Redis' socket."""
    path = Path(tempfile.mkdtemp(prefix="cardea-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
