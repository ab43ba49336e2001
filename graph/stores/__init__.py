"""The store adapters; :func:`open_store` picks one by URL and imports only that one."""
