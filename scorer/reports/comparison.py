"""How two models differ, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from scorer.insight.comparison import MEASURES, MOVES, Comparison, Example, Figures
from scorer.system.escape import escaped
from scorer.system.records import Json

WIDEST_BAR = 40
LONGEST_SHOWN = 60
# Groups that a terminal shows; JSON and the page have all.
MOST_SHOWN = 20


def comparison_text(found: Comparison, by: str | None) -> str:
    """Return a comparison as lines.

    Args:
        found: the comparison.
        by: the column by whose values rows are grouped.
    """
    lines = [summary(found.total), *_labels(found.total), "", "from A to B the score moved by"]
    most = max(found.total.histogram, default=0)
    for low, high, count in moves(found.total):
        bar = "█" * round(WIDEST_BAR * count / most) if most else ""
        lines.append(f"{low:+5.2f} to {high:+5.2f}  {count:>11,}  {bar}".rstrip())
    lines += _table("words", found.lengths())
    if by is not None:
        values, rest = found.values()
        shown = dict(list(values.items())[:MOST_SHOWN])
        lines += _table(escaped(by), shown)
        left = len(found.by_value) - len(shown)
        if left or rest["rows"]:
            lines.append(f"and {left:,} other values, less frequent; --json and --html tell 1,000")
    lines += ["", *map(_example, found.examples)] if found.examples else []
    return "\n".join(lines)


def summary(total: Figures) -> str:
    """Return the first line: rows and flips."""
    line = (
        f"{total['rows']:,} rows, {total.flips:,} labels flip ({total.flip_share:.2%}): "
        f"{total['to_positive']:,} to positive, {total['to_negative']:,} to negative; "
        f"scores moved by {total.mean_move:.4f} in the mean"
    )
    one_sided = total["one_sided"]
    return line + (f"; {one_sided:,} have a score from one side only" if one_sided else "")


def moves(total: Figures) -> Iterator[tuple[float, float, int]]:
    """Yield the bounds of each bin of the histogram, and its rows."""
    yield from zip(MOVES[:-1], MOVES[1:], total.histogram, strict=True)


def comparison_json(found: Comparison, a: str, b: str, by: str | None) -> dict[str, Json]:
    """Return a comparison as JSON.

    Args:
        found: the comparison.
        a: what A is.
        b: what B is.
        by: the column by whose values rows are grouped.
    """
    values, rest = found.values()
    groups: dict[str, Json] = {
        "by_length": {name: _figures(one) for name, one in found.lengths().items()}
    }
    if by is not None:
        named: dict[str, Json] = {name: _figures(one) for name, one in values.items()}
        groups["by"] = {"column": by, "values": named, "others": _figures(rest)}
    if found.examples:
        groups["examples"] = [vars(one) for one in found.examples]
    return {"a": a, "b": b, **_figures(found.total), **groups}


def _figures(one: Figures) -> dict[str, Json]:
    counts: dict[str, Json] = {
        name: one[name] for name in MEASURES[: MEASURES.index("labelled")] if name != "moved"
    }
    counts |= {"flips": one.flips, "flip_share": one.flip_share, "mean_move": one.mean_move}
    counts["histogram"] = [
        {"from": low, "to": high, "rows": count} for low, high, count in moves(one)
    ]
    if one["labelled"]:
        counts["labels"] = {
            "rows": one["labelled"],
            **{which: _accuracy(one, which) for which in ("a", "b")},
            "only_a_right": one["only_a"],
            "only_b_right": one["only_b"],
            "p_value": one.p_value,
        }
    return counts


def _accuracy(one: Figures, which: str) -> dict[str, Json]:
    accuracy, interval = one.accuracy(which)
    return {"accuracy": accuracy, "interval": list(interval)}


def _labels(total: Figures) -> list[str]:
    if not total["labelled"]:
        return []
    told = []
    for which in ("a", "b"):
        accuracy, (low, high) = total.accuracy(which)
        told.append(f"{which.upper()} {accuracy:.2%} ({low:.2%} to {high:.2%})")
    return [
        f"right in {total['labelled']:,} labelled rows: {', '.join(told)}",
        f"only A is right in {total['only_a']:,}, only B in {total['only_b']:,}; so large a "
        f"difference by chance: p = {total.p_value:.2g} (McNemar)",
    ]


def _table(name: str, groups: dict[str, Figures]) -> list[str]:
    if not groups:
        return []
    width = max(len(name), *(len(escaped(one)[:LONGEST_SHOWN]) for one in groups))
    labelled = any(one["labelled"] for one in groups.values())
    head = f"{name:<{width}}  {'rows':>11}  {'flips':>9}  {'share':>7}  {'moved':>7}"
    lines = ["", head + (f"  {'A right':>8}  {'B right':>8}" if labelled else "")]
    for label, one in groups.items():
        line = f"{escaped(label)[:LONGEST_SHOWN]:<{width}}  {one['rows']:>11,}  {one.flips:>9,}"
        line += f"  {one.flip_share:>7.2%}  {one.mean_move:>7.4f}"
        if one["labelled"]:
            line += "".join(f"  {one.accuracy(which)[0]:>8.2%}" for which in ("a", "b"))
        lines.append(line)
    return lines


def _example(one: Example) -> str:
    text = escaped(one.text)[:LONGEST_SHOWN]
    return f"{one.a:.3f} → {one.b:.3f}  {one.file}, row {one.row:,}  {text}".rstrip()
