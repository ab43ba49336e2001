"""Serves the investigator console: one page, its hashed assets, and a word when it is not built.

The page's sources lie beside this file (``src/``); ``hatch_build.py`` makes ``static/`` from them.
Every path below ``/console/`` answers with the same page, which reads its own URL. It knows nothing
of rings: the page calls ``/v1`` as any other client does.
"""

import html
import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from graph.errors import NotFound

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parent / "static"
# A page's own script, its style, pictures it draws itself; no frame, no other host.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
BUILD_COMMAND = "python hatch_build.py"
_FOREVER = "public, max-age=31536000, immutable"
_BASE = '<base href="/console/" />'


@router.get("/")
def lead_to_console(request: Request) -> RedirectResponse:
    """The service's front door is the console."""
    return RedirectResponse(f"{_root(request)}/console/", status_code=307)


@router.get("/console")
def complete_address(request: Request) -> RedirectResponse:
    """The page's address ends in a slash, so that its relative paths hold."""
    return lead_to_console(request)


@router.get("/console/assets/{name}")
def read_asset(name: str) -> Response:
    """A built file; its name holds a hash of its content, so it never changes.

    Raises:
        NotFound: if the build has no such file.
    """
    return _file(STATIC / "assets", name, _FOREVER)


@router.get("/console/icon.svg")
def read_icon() -> Response:
    """The page's icon."""
    return _file(STATIC, "icon.svg", "public, max-age=86400")


@router.get("/console/{path:path}", response_class=HTMLResponse)
def show_console(path: str, request: Request) -> HTMLResponse:
    """The page, whatever the path below it; asked for anew each time, since its assets change."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
    try:
        page = (STATIC / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return HTMLResponse(_missing(), 503, headers)
    base = f'<base href="{html.escape(_root(request))}/console/" />'
    return HTMLResponse(page.replace(_BASE, base, 1), headers=headers)


def _file(folder: Path, name: str, kept: str) -> Response:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise NotFound(f"no file {name!r} in the console")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):  # some systems register another type for it
        kind = "text/javascript"
    return Response(path.read_bytes(), media_type=kind, headers={"Cache-Control": kept})


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _missing() -> str:
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Ringsight: the console is not built</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto; padding: 0 1rem;
  color: #1d2733; background: #f7f8fa }}
code {{ background: #e7eaef; padding: .15em .4em; border-radius: 4px }}
</style>
<h1>The console is not built</h1>
<p>This installation has the service without its page. Node.js 20.19 or newer builds it; in the
checkout that was installed:</p>
<p><code>{BUILD_COMMAND}</code></p>
<p>Then load this page again; the service need not restart. A wheel that was made where Node is
present holds the page already.</p>
<p>Everything the page shows is at <code>/v1</code>, described in
<a href="../openapi.json">openapi.json</a>, and <code>ringsight rings</code> prints the rings.</p>
</html>
"""
