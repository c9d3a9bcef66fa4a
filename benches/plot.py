"""A line through measured points as an SVG file that looks the same on light and dark pages."""

from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 60
INK, LINE = "#808080", "#3b82f6"


def short(number: float) -> str:
    """A number with a unit, for an axis."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{name}"
    return f"{number:.3g}"


def line(path: Path, title: str, across: str, up: str, points: list[tuple[float, float]], is_even: bool = False) -> None:
    """Writes a plot of points by their order across. Up begins at zero; `is_even` puts equal distances between the points, for those that grow by factors."""
    places = list(range(len(points))) if is_even else [point[0] for point in points]
    low, high = (places[0] - 0.2, places[-1] + 0.2) if is_even else (0, max(places))
    top = max(point[1] for point in points) * 1.15 or 1
    x = [LEFT + (place - low) / (high - low) * (WIDTH - LEFT - RIGHT) for place in places]
    y = [HEIGHT - BOTTOM - point[1] / top * (HEIGHT - TOP - BOTTOM) for point in points]
    base = HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" fill="{INK}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<path d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}" fill="none" stroke="{INK}"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="translate(18 {(TOP + base) / 2}) rotate(-90)" text-anchor="middle">{escape(up)}</text>',
        f'<path d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y))}" fill="none" stroke="{LINE}" stroke-width="2"/>',
    ]
    for a, b, (place, value) in zip(x, y, points):
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{LINE}"/>')
        parts.append(f'<text x="{a:.1f}" y="{b - 10:.1f}" text-anchor="middle">{value:.3g}</text>')
        parts.append(f'<text x="{a:.1f}" y="{base + 18}" text-anchor="middle">{short(place)}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>", ""]))
