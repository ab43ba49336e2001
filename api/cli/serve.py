"""``ringsight serve``: HTTP over what was built, on loopback unless told otherwise."""

import ipaddress
import socket
from typing import Annotated

import typer

from api.cli.out import AsJson, answer, desk_of, note
from graph.errors import SettingsError

PORT = 8417
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("serve")(serve)


def serve(
    context: typer.Context, host: Host = "127.0.0.1", port: Port = PORT, as_json: AsJson = False
) -> None:
    """Serve HTTP over what was built, on loopback unless told otherwise."""
    settings = desk_of(context).settings
    key = settings.given_key()
    from api.listen import listen  # noqa: PLC0415
    from api.serving.service import Service  # noqa: PLC0415

    gate = bound(host, port)
    url = url_of(gate)
    if not is_loopback(host):
        note(f"warning: {url} is open to the network without TLS; put a proxy that has it in front")
    service = Service.of(settings, key)
    if not service.office.keyring.holds_any():
        note("no API key yet, so nothing is answered: ringsight key create NAME --scope ...")
    answer({"url": url}, as_json, lambda console: console.print(f"Serving on {url} (Ctrl+C stops)"))
    listen(service, gate, loopback=is_loopback(host))


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port``.

    Raises:
        SettingsError: if the address is taken or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror}") from None


def url_of(gate: socket.socket) -> str:
    """Where a browser on this machine finds what listens on ``gate``."""
    host, port = gate.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
