"""The load of ``wrk``, where that is installed: a client in C leaves the machine to the server.

It sends bodies from a file, one after the other, over so many connections, and tells the rate; the
Python client of :mod:`api.bench.load` does the same where there is no ``wrk``. It knows nothing of
what is asked.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from api.bench.load import Target

# More bodies than a machine answers in a second; past the end of the file they come again.
BODIES_PER_S = 4_000
_SCRIPT = """
local bodies, place = {{}}, 0
for line in io.lines("{bodies}") do bodies[#bodies + 1] = line end
local headers = {{["Authorization"] = "Bearer {bearer}", ["Content-Type"] = "application/json"}}
request = function()
  place = place % #bodies + 1
  return wrk.format("POST", "{path}", headers, bodies[place])
end
"""
_PER_S = re.compile(r"Requests/sec:\s+([0-9.]+)")
_QUANTILE = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s)$", re.MULTILINE)
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_SOCKET = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """What a load found: answers a second, how long callers waited (ms), and what went wrong."""

    per_s: float
    p50_ms: float
    p99_ms: float
    bad: int = 0


def installed() -> str | None:
    """Where ``wrk`` is, if it is."""
    return shutil.which("wrk")


def wrk(
    target: Target, bodies: Iterator[bytes], connections: int, seconds: float, folder: Path
) -> Rate:
    """Load ``target`` for whole ``seconds``, one at least; ``folder`` is for the bodies."""
    whole = max(1, round(seconds))
    listed, script = folder / "bodies.jsonl", folder / "load.lua"
    listed.write_bytes(b"\n".join(islice(bodies, whole * BODIES_PER_S)) + b"\n")
    script.write_text(_SCRIPT.format(bodies=listed, bearer=target.bearer, path=target.path))
    program = installed()
    assert program is not None
    command = [program, "-t1", f"-c{connections:d}", f"-d{whole:d}s", "--latency", "-s"]
    command += [str(script), f"http://127.0.0.1:{target.port:d}{target.path}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return told_by(found.stdout)


def told_by(text: str) -> Rate:
    """What the text that ``wrk`` prints says.

    Raises:
        ValueError: if it says no rate.
    """
    rate = _PER_S.search(text)
    if rate is None:
        raise ValueError(f"wrk told no rate: {text[:200]}")
    waited = {share: float(value) * _MS[unit] for share, value, unit in _QUANTILE.findall(text)}
    bad, socket = _BAD.search(text), _SOCKET.search(text)
    wrong = (int(bad[1]) if bad else 0) + (sum(map(int, socket.groups())) if socket else 0)
    unknown = float("nan")
    return Rate(float(rate[1]), waited.get("50", unknown), waited.get("99", unknown), wrong)
