"""The parts of `just bench`: processes, certificates, the proxies under test, the cases and the report."""
