"""Benchmarks of the service: what is measured over a socket."""
