"""Builds, and what their logs say."""
