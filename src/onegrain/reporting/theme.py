"""One look for every chart, on white and on dark paper.

The charts name no colours of their own, so that the page can show the same chart in either theme.
Colours are Okabe and Ito's, which colour-blind readers tell apart; lines differ in dash as well.
"""

from __future__ import annotations

from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def _config(
    *, ink: str, muted: str, grid: str, orders: tuple[str, str, str], ramp: tuple[str, str]
) -> dict[str, Any]:
    return {
        "background": "transparent",
        "aria": False,  # the page labels the whole chart; Vega would make code from our titles
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": muted,
            "titleColor": muted,
            "gridColor": grid,
            "domainColor": muted,
            "tickColor": muted,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titlePadding": 10,
            "titleFontWeight": "normal",
        },
        "legend": {
            "labelColor": ink,
            "titleColor": muted,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "symbolStrokeWidth": 2.5,
            "symbolSize": 500,
        },
        "header": {"labelColor": ink, "titleColor": muted, "labelFontSize": 12},
        "title": {
            "color": ink,
            "subtitleColor": muted,
            "anchor": "start",
            "fontSize": 15,
            "subtitleFontSize": 12,
            "subtitlePadding": 6,
            "fontWeight": 600,
            "offset": 14,
        },
        "rule": {"color": muted},
        "text": {"color": ink},
        "range": {"category": list(orders), "heatmap": list(ramp)},
    }


THEMES: dict[str, dict[str, Any]] = {
    "light": _config(
        ink="#1b2530",
        muted="#56626f",
        grid="#e7ebef",
        orders=("#0072b2", "#5f6770", "#d55e00"),
        ramp=("#e3edf7", "#0b3f73"),
    ),
    "dark": _config(
        ink="#e6ebf0",
        muted="#a2aeba",
        grid="#2a323b",
        orders=("#56b4e9", "#aab4bf", "#f0913a"),
        ramp=("#e3edf7", "#0b3f73"),
    ),
}
