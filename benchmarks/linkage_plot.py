"""A line plot on two logarithmic axes as SVG text: enough to see whether time and memory grow in step with people."""

from collections.abc import Mapping, Sequence
from math import log10

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, MARGIN = 420, 320, 60
COLOURS = ("#1b6ca8", "#c2571a", "#4d7c0f", "#7c3aed")


def growth_svg(panels: Mapping[str, Mapping[str, Points]], across: str) -> str:
    """A panel a measure, a line a series; a dashed line through a panel's first point shows growth in proportion."""
    drawn = [_panel(place, title, series, across) for place, (title, series) in enumerate(panels.items())]
    width = WIDTH * len(panels)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" '
            f'height="{HEIGHT}" font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _panel(place: int, title: str, series: Mapping[str, Points], across: str) -> str:
    every = [point for points in series.values() for point in points]
    x_low, x_high = _decades([x for x, _ in every])
    y_low, y_high = _decades([y for _, y in every])

    def at(x: float, y: float) -> tuple[float, float]:
        right = MARGIN + (log10(x) - x_low) / (x_high - x_low) * (WIDTH - 2 * MARGIN)
        up = (log10(y) - y_low) / (y_high - y_low) * (HEIGHT - 2 * MARGIN)
        return right, HEIGHT - MARGIN - up

    parts = [f'<g transform="translate({place * WIDTH} 0)">', _text(WIDTH / 2, 24, title, "middle", bold=True)]
    parts.append(_text(WIDTH / 2, HEIGHT - 16, across, "middle"))
    for power in range(x_low, x_high + 1):
        x, bottom = at(10**power, 10**y_low)
        parts += [_line(x, MARGIN, x, bottom, "#ddd"), _text(x, bottom + 16, f"{10**power:,}", "middle")]
    for power in range(y_low, y_high + 1):
        left, y = at(10**x_low, 10**power)
        parts += [_line(left, y, WIDTH - MARGIN, y, "#ddd"), _text(left - 6, y + 4, f"{10**power:,g}", "end")]
    x, y = min(every)
    # As far as both axes reach, so that the line stays in its panel.
    reach = min(10**x_high / x, 10**y_high / y)
    parts.append(_line(*at(x, y), *at(x * reach, y * reach), "#888", dashed=True))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        dots = [at(x, y) for x, y in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in dots]
        parts.append(_text(MARGIN + 8, MARGIN + 14 * (number + 1), name, "start", colour, bold=True))
    return "\n".join([*parts, "</g>"])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten below and above all values."""
    low, high = int(log10(min(values)) // 1), int(-(-log10(max(values)) // 1))
    return low, max(high, low + 1)


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashes}/>'
