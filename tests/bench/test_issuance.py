"""Two thousand certificates in one go: all are issued, no request of a proxied host fails meanwhile."""

import os
import subprocess
import sys

import pytest
from cardea_stack import repository_root


@pytest.mark.timeout(1200)
def test_two_thousand_certificates_are_issued_while_a_host_is_served(tell):
    root = repository_root()
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "issue_many.py"), "--names", "2000"],
        env=os.environ | {"PYTHONPATH": str(root / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    tell(done.stdout)
    assert done.returncode == 0, done.stderr
