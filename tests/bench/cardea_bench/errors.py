"""The one error of the benchmark: something that makes its numbers worthless."""


class BenchError(Exception):
    """A proxy could not start or a request failed. The message is one sentence for the person who ran it."""
