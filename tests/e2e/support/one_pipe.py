"""A Cardea whose words nobody reads unless a test asks for them."""

import contextlib
import fcntl
import os

from cardea_stack import Cardea


class OnePipe(Cardea):
    """Both outputs go into one small pipe, which is read when log() is called and not otherwise."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        os.mkfifo(self.log_path)
        self.reader = os.open(self.log_path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, 4096)
        self.seen = b""

    def log(self):
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.reader, 1 << 20):
                self.seen += more
        return self.seen.decode(errors="replace")
