"""The one style of all pages: light and dark, wide and narrow, on screens and on paper.

The colours are told apart by their lightness, too, and reach a contrast of 4.5 against the page.
"""

from __future__ import annotations

LIGHT = {
    "page": "#fdfdfb", "raised": "#f4f4f0", "line": "#dcdcd5", "text": "#1c2024", "soft": "#5b626a",
    "s1": "#1f5fa8", "s2": "#b04a12", "s3": "#2b7a4b", "s4": "#7a3fa0", "s5": "#8a6a00",
    "s6": "#a3285c",
}  # fmt: skip
DARK = {
    "page": "#15181c", "raised": "#1e2227", "line": "#343a41", "text": "#e6e8ea", "soft": "#a3abb3",
    "s1": "#82b6f2", "s2": "#f2a571", "s3": "#74cb96", "s4": "#c9a4ec", "s5": "#dcbc55",
    "s6": "#f092b8",
}  # fmt: skip
SERIES = tuple(name for name in LIGHT if name[1:].isdigit())


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


STYLE = f"""
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}
{" ".join(f".{one} {{ color: var(--{one}) }}" for one in SERIES)}
* {{ box-sizing: border-box }}
html {{ background: var(--page); color: var(--text); -webkit-text-size-adjust: 100%;
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }}
body {{ margin: 0 }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; overflow-wrap: anywhere }}
h1 {{ font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em;
  margin: 0 0 .75rem }}
h2 {{ font-size: 1.15rem; line-height: 1.3; font-weight: 650; margin: 0 }}
h3 {{ font-size: 1rem; font-weight: 650; margin: 0 }}
p, ul {{ margin: 0; max-width: 44rem }}
main > p {{ margin: 0 0 .75rem; color: var(--soft) }}
small, figcaption, caption, summary {{ font-size: .875rem }}
code {{ font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }}
pre {{ margin: 0; padding: .75rem 1rem; background: var(--raised); border-radius: .375rem }}
section {{ display: grid; gap: 1.25rem 2.5rem; margin-top: 2.25rem; padding-top: 1.5rem;
  border-top: 1px solid var(--line);
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)) }}
section > * {{ grid-column: 1 / -1; min-width: 0 }}
section > figure {{ grid-column: auto }}
section > figure:only-of-type {{ grid-column: 1 / -1; max-width: 37rem }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
  gap: 1px; margin: 1.5rem 0 0; border: 1px solid var(--line); border-radius: .5rem;
  overflow: hidden }}
section > .figures {{ margin: 0 }}
.figures div {{ display: flex; flex-direction: column; padding: .875rem 1rem;
  box-shadow: 0 0 0 1px var(--line) }}
.figures dt {{ color: var(--soft); font-size: .875rem; line-height: 1.3 }}
.figures dd {{ margin: auto 0 0; padding-top: .25rem; font-size: 1.5rem; line-height: 1.2;
  font-weight: 600; letter-spacing: -.01em; font-variant-numeric: tabular-nums }}
.facts {{ display: grid; grid-template-columns: fit-content(14rem) minmax(0, 1fr);
  gap: .25rem 1.5rem; margin: 0; font-size: .9375rem }}
.facts dt {{ color: var(--soft) }}
.facts dd {{ margin: 0; min-width: 0 }}
@media (max-width: 32rem) {{ .facts {{ grid-template-columns: 1fr; gap: 0 }}
  .facts dd {{ margin-bottom: .5rem }} }}
.wide {{ overflow-x: auto }}
.wide:focus-visible, summary:focus-visible {{ outline: 2px solid var(--s1); outline-offset: 2px }}
table {{ border-collapse: collapse; font-size: .9375rem; font-variant-numeric: tabular-nums }}
caption {{ text-align: left; color: var(--soft); padding-bottom: .375rem }}
th, td {{ padding: .375rem 0 .375rem 1.5rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap }}
th:first-child, td:first-child {{ padding-left: 0; text-align: left; white-space: normal;
  min-width: 11rem }}
thead th {{ white-space: normal; overflow-wrap: normal; color: var(--soft); font-weight: 500;
  font-size: .875rem; vertical-align: bottom }}
tbody th {{ font-weight: 400 }}
figure th:first-child {{ min-width: 5rem }}
@media (max-width: 32rem) {{ th, td {{ padding-left: .875rem }}
  th:first-child, td:first-child {{ min-width: 7.5rem }} }}
th.text, td.text {{ text-align: left; white-space: normal; min-width: 5.5rem }}
td.text:last-child {{ min-width: min(16rem, 50vw) }}
.wordy td.text {{ min-width: 8.5rem }}
figure {{ margin: 0; container-type: inline-size }}
figcaption {{ font-weight: 600; margin-bottom: .5rem }}
figure svg {{ display: block; width: 100%; height: auto; overflow: visible }}
figure svg text {{ font-size: 13px; fill: var(--soft); font-variant-numeric: tabular-nums }}
figure svg .value {{ fill: var(--text) }}
figure svg .grid {{ stroke: var(--line) }}
figure svg .axis {{ stroke: var(--soft) }}
figure svg .hollow {{ fill: var(--page) }}
@container (max-width: 29rem) {{ figure svg text {{ font-size: 17px }} }}
.legend {{ display: flex; flex-wrap: wrap; gap: .125rem 1.25rem; margin: 0 0 .5rem; padding: 0;
  list-style: none; font-size: .875rem }}
.legend li {{ display: flex; align-items: center; gap: .5rem }}
.legend svg {{ flex: none; width: 28px; height: 12px }}
.legend span {{ color: var(--text) }}
details {{ margin-top: .5rem }}
section > details {{ margin: 0 }}
summary {{ color: var(--soft); cursor: pointer; width: fit-content }}
details > .wide {{ max-height: 24rem; overflow: auto; margin-top: .5rem }}
.notice {{ background: var(--raised); border-left: 4px solid var(--s2); color: var(--text);
  padding: .75rem 1rem; max-width: none; border-radius: 0 .375rem .375rem 0 }}
main > .notice {{ margin-top: 1.25rem; color: var(--text) }}
section > .quotations {{ grid-column: auto }}
section > .quotations:only-of-type {{ grid-column: 1 / -1; max-width: 44rem }}
.quotations ol {{ list-style: none; margin: .75rem 0 0; padding: 0 }}
.quotations li + li {{ margin-top: 1.25rem }}
.source {{ color: var(--soft); font-size: .875rem }}
blockquote {{ margin: .25rem 0 0; padding: .625rem .875rem; background: var(--raised);
  border-radius: .375rem; white-space: pre-line; unicode-bidi: isolate; font-size: .9375rem }}
main > div > * + * {{ margin-top: .5rem }}
@media print {{ main {{ max-width: none; padding: 0 }} section {{ break-inside: avoid }} }}
"""
