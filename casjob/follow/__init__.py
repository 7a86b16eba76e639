"""Following jobs until they end."""
