"""How two models differ, as a page with a picture; it stands alone."""

from __future__ import annotations

from html import escape

from scorer.insight.comparison import Comparison, Figures
from scorer.reports.comparison import moves, summary
from scorer.reports.explanation_page import plain_text

PAGE_MARK = "<!doctype html>\n<!-- scorer compare -->\n"
HEAD = f"""{PAGE_MARK}<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Two models compared</title>
<style>
body {{ font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
td, th {{ text-align: right; padding: 0 1em 0 0; overflow-wrap: anywhere }}
td:first-child {{ text-align: left }}
</style>
"""
WIDTH, BAR, STEP = 500, 18, 22


def comparison_page(found: Comparison, a: str, b: str, by: str | None) -> str:
    """Return the page."""
    values, rest = found.values()
    if rest["rows"]:
        values |= {"all others": rest}
    parts = [
        HEAD,
        f"<h1>A: {plain_text(a)}<br>B: {plain_text(b)}</h1><p>{escape(summary(found.total))}</p>",
        _accuracies(found.total),
        f"<h2>How scores moved from A to B</h2>{_picture(found.total)}",
        _table("words", found.lengths()),
        _table(by or "", values) if by is not None else "",
        "".join(
            f"<p>{one.a:.3f} → {one.b:.3f}: <bdi>{plain_text(one.text)}</bdi> "
            f"<small>{plain_text(one.file)}, row {one.row:,}</small></p>"
            for one in found.examples
        ),
        "</html>\n",
    ]
    return "".join(parts)


def _picture(total: Figures) -> str:
    """Return the histogram as SVG."""
    bins = list(moves(total))
    most, bars = max(count for _, _, count in bins) or 1, []
    for place, (low, high, count) in enumerate(bins):
        top, width = STEP * place, round(WIDTH * count / most)
        bars.append(
            f'<text x="0" y="{top + 14}">{low:+.2f} to {high:+.2f}</text>'
            f'<rect x="130" y="{top}" width="{width}" height="{BAR}" fill="#4878a8"/>'
            f'<text x="{135 + width}" y="{top + 14}">{count:,}</text>'
        )
    size = f'width="{WIDTH + 250}" height="{STEP * len(bins)}"'
    return f'<svg {size} font-size="13" fill="currentColor">{"".join(bars)}</svg>'


def _accuracies(total: Figures) -> str:
    if not total["labelled"]:
        return ""
    told = []
    for which in ("a", "b"):
        accuracy, (low, high) = total.accuracy(which)
        told.append(f"{which.upper()} is right in {accuracy:.2%} ({low:.2%} to {high:.2%})")
    return (
        f"<p>{'; '.join(told)}; only A in {total['only_a']:,} rows, only B in "
        f"{total['only_b']:,} (McNemar: p = {total.p_value:.2g})</p>"
    )


def _table(name: str, groups: dict[str, Figures]) -> str:
    if not groups:
        return ""
    head = f"<tr><th>{plain_text(name)}<th>rows<th>flips<th>share<th>moved</tr>"
    rows = "".join(
        f"<tr><td>{plain_text(label)}<td>{one['rows']:,}<td>{one.flips:,}<td>{one.flip_share:.2%}"
        f"<td>{one.mean_move:.4f}</tr>"
        for label, one in groups.items()
    )
    return f"<h2>By {plain_text(name)}</h2><table>{head}{rows}</table>"
