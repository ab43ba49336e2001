"""A picture inside a page: what every report of the jobs draws with.

SVG without a date and with fixed names inside, so that equal figures give equal bytes. It knows
neither what is drawn nor the page around it: :mod:`etl.backtest.report`, :mod:`etl.weekly.page`.
"""

import html
import io
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_IN = 9.0


def drawn(title: str, draw: Callable[[Axes], None], height_in: float = 3.6) -> str:
    """A heading and a picture under it, as SVG inside the page; sizes in inches."""
    with mpl.rc_context({"svg.hashsalt": "ringsight", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    picture = text.getvalue()
    picture = picture[picture.index("<svg") :]
    label = html.escape(title, quote=True)
    picture = picture.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    return f"<h2>{html.escape(title)}</h2><figure>{picture}</figure>"
