"""A sign-up's way through the service, and the events that keep the graph alive."""
