"""Helpers of the end-to-end tests that are not fixtures."""
