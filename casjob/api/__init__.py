"""The wire: requests to the service, and what comes back. httpx lives here."""
