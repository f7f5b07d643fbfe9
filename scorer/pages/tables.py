"""Figures in rows and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scorer.pages.text import plain_text

# Columns of words that may become as narrow as the page makes them.
MOST_NARROW = 2


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    texts: Iterable[int] = (),
) -> str:
    """Return a table, which scrolls by itself where it is too wide, with the keyboard, too.

    Args:
        caption: what the table holds.
        head: name of each column.
        rows: the cells of each row; the first is the row's header, the others are figures.
        texts: columns, counted from 0, that hold words instead: they stand to the left, and wrap.
            Where there are more than two, each keeps some width, and the table scrolls.
    """
    columns, name = frozenset(texts), plain_text(caption)
    kind = ' class="wordy"' if len(columns) > MOST_NARROW else ""
    header = "".join(_head(cell, place, columns) for place, cell in enumerate(head))
    body = "".join(f"<tr>{_row(cells, columns)}</tr>\n" for cells in rows)
    return (
        f'<div class="wide" role="group" aria-label="{name}" tabindex="0"><table{kind}>'
        f"<caption>{name}</caption>\n<thead><tr>{header}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _head(cell: str, place: int, texts: frozenset[int]) -> str:
    if not cell:
        return "<td></td>"
    return f'<th scope="col"{_kind(place, texts)}>{plain_text(cell)}</th>'


def _row(cells: Sequence[str], texts: frozenset[int]) -> str:
    shown = [f'<th scope="row">{plain_text(cells[0])}</th>']
    shown += (
        f"<td{_kind(place, texts)}>{plain_text(cell)}</td>"
        for place, cell in enumerate(cells[1:], 1)
    )
    return "".join(shown)


def _kind(place: int, texts: frozenset[int]) -> str:
    return ' class="text"' if place in texts else ""


def figures(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the few figures that matter most, large: (name, figure)."""
    shown = "".join(
        f"<div><dt>{plain_text(name)}</dt><dd>{plain_text(figure)}</dd></div>\n"
        for name, figure in pairs
    )
    return f'<dl class="figures">\n{shown}</dl>\n' if shown else ""


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return what is so, one below the other: (name, what it is)."""
    shown = "".join(
        f"<dt>{plain_text(name)}</dt><dd>{plain_text(told)}</dd>\n" for name, told in pairs
    )
    return f'<dl class="facts">\n{shown}</dl>\n' if shown else ""
