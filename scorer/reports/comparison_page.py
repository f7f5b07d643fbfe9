"""How two models differ, as a page with a picture; it stands alone."""

from __future__ import annotations

from scorer.insight.comparison import Comparison, Example, Figures
from scorer.pages.charts import bar_chart
from scorer.pages.page import page, page_mark, paragraph, quotations, section
from scorer.pages.tables import facts, figures, table
from scorer.reports.comparison import moves, summary

MARK = "scorer compare"
# What every release writes first into such a page.
PAGE_MARK = page_mark(MARK)


def comparison_page(found: Comparison, a: str, b: str, by: str | None) -> str:
    """Return the page."""
    values, rest = found.values()
    if rest["rows"]:
        values |= {"all others": rest}
    return page(
        "Two models compared",
        MARK,
        facts([("A", a), ("B", b)]),
        figures(_headline(found.total)),
        section(
            "How scores moved from A to B",
            paragraph(f"{summary(found.total)}."),
            *_moves(found.total),
        ),
        _groups("words", found.lengths()),
        _groups(by, values) if by is not None else "",
        _examples(found.examples),
    )


def _headline(total: Figures) -> list[tuple[str, str]]:
    pairs = [
        ("rows", f"{total['rows']:,}"),
        ("labels that flip", f"{total.flip_share:.2%}"),
        ("a score moved by", f"{total.mean_move:.4f}"),
    ]
    if total["labelled"]:
        pairs += (
            (f"{one.upper()} is right", f"{total.accuracy(one)[0]:.2%}") for one in ("a", "b")
        )
    return pairs


def _moves(total: Figures) -> list[str]:
    bins = list(moves(total))
    labels = [f"{low:+.2f} to {high:+.2f}" for low, high, _ in bins]
    counts = [count for _, _, count in bins]
    chart = bar_chart("Rows by how far the score moved", labels, {"rows": counts}, horizontal=True)
    return [_accuracies(total), chart]


def _accuracies(total: Figures) -> str:
    if not total["labelled"]:
        return ""
    told = []
    for which in ("a", "b"):
        accuracy, (low, high) = total.accuracy(which)
        told.append(f"{which.upper()} is right in {accuracy:.2%} ({low:.2%} to {high:.2%})")
    return paragraph(
        f"Of {total['labelled']:,} labelled rows {'; '.join(told)}; only A in "
        f"{total['only_a']:,} rows, only B in {total['only_b']:,} (McNemar: p = "
        f"{total.p_value:.2g})."
    )


def _groups(name: str, groups: dict[str, Figures]) -> str:
    if not groups:
        return ""
    head = [name, "rows", "flips", "share", "moved"]
    rows = (
        (
            label,
            f"{one['rows']:,}",
            f"{one.flips:,}",
            f"{one.flip_share:.2%}",
            f"{one.mean_move:.4f}",
        )
        for label, one in groups.items()
    )
    return section(f"By {name}", table(f"Flips and moves by {name}", head, rows))


def _examples(examples: list[Example]) -> str:
    if not examples:
        return ""
    quoted = (
        (f"{one.a:.3f} → {one.b:.3f} · {one.file}, row {one.row:,}", one.text) for one in examples
    )
    return section("Examples", quotations("The reviews whose scores moved most", quoted))
