"""Requests to the service and to IAM. httpx lives here."""
