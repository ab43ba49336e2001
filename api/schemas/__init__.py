"""Wire types: one module a family of endpoints."""
