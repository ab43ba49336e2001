"""The roof: HTTP, console and command line turn outside requests into calls of the floors below."""
