"""The weekly pipeline as the service shows it."""
