"""``ringsight openapi``: the API's description, printed without opening a store or a port."""

import json
import sys

import typer


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command("openapi")(openapi)


def openapi() -> None:
    """Print the OpenAPI description of the HTTP API; typed clients are generated from it."""
    from api.app import create_app  # noqa: PLC0415
    from api.serving.service import Service  # noqa: PLC0415

    # Describing needs no service: nothing is opened until a request comes.
    described = create_app(Service.__new__(Service)).openapi()
    sys.stdout.write(json.dumps(described, indent=1, sort_keys=True) + "\n")
