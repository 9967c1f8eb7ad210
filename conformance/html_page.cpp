// SPDX-License-Identifier: Apache-2.0
#include "html_page.hpp"

namespace conformance
{

const char* const pageStyle = R"css(
:root {
  color-scheme: light dark;
  --bg: #fff; --panel: #f5f6f8; --line: #d9dde3; --text: #1c2128;
  --soft: #59636e; --accent: #0b5cad;
  --pass: #1a7f37; --fail: #c1222e; --warn: #8a5a00; --info: #0b5cad;
  --none: #6b7480;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #14171b; --panel: #1d2127; --line: #353b44; --text: #e4e8ed;
    --soft: #9aa4b0; --accent: #6cb2ff;
    --pass: #4cc26b; --fail: #ff7b78; --warn: #e2ae4a; --info: #6cb2ff;
    --none: #8e98a4;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 84rem; padding: 1.25rem; background: var(--bg);
  color: var(--text); font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.4rem; margin: 0 0 .75rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.runs { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
.run { background: var(--panel); border: 1px solid var(--line);
  border-radius: 6px; padding: .7rem .9rem; min-width: 0; }
.run h3 { margin: 0 0 .3rem; font-size: 1rem; }
.run p { margin: .2rem 0; color: var(--soft); overflow-wrap: anywhere; }
.run .error { color: var(--fail); }
.bar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap;
  gap: .5rem .75rem; align-items: center; background: var(--bg);
  padding: .75rem 0; border-bottom: 1px solid var(--line); margin-top: .75rem; }
.bar input[type=search] { flex: 1 1 14rem; min-width: 0; }
.bar input[type=search], .bar select { font: inherit; padding: .3rem .5rem;
  color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: 5px; }
.bar label { white-space: nowrap; }
#shown { color: var(--soft); margin-left: auto; white-space: nowrap; }
.area { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.head, .case > summary { display: grid; align-items: center; gap: .25rem .75rem;
  grid-template-columns: minmax(0, 1fr) 6rem repeat(var(--runs), minmax(6.5rem, auto));
  padding: .35rem .8rem; }
.head { background: var(--panel); color: var(--soft); font-size: .85rem; }
.many .head, .many .case > summary {
  grid-template-columns: minmax(0, 1fr) 6rem repeat(var(--runs), 8rem); }
.head span { overflow-wrap: anywhere; }
.case { border-top: 1px solid var(--line); }
.case > summary { cursor: pointer; list-style: none; }
.case > summary::-webkit-details-marker { display: none; }
.case > summary:hover, .case[open] > summary { background: var(--panel); }
.case > summary code { overflow-wrap: anywhere; }
.case > summary code::before { content: "\25b8\a0"; color: var(--soft); }
.case[open] > summary code::before { content: "\25be\a0"; }
.level { color: var(--soft); font-size: .85rem; }
.v { font-size: .85rem; font-weight: 600; white-space: nowrap; }
.v::before { content: ""; display: inline-block; width: .6em; height: .6em;
  margin-right: .45em; border-radius: 50%; background: currentColor; }
.v.fail::before { border-radius: 1px; }
.v { justify-self: start; }
.v.odd { outline: 1px dashed currentColor; outline-offset: 2px; }
.pass { color: var(--pass); } .fail { color: var(--fail); }
.warn { color: var(--warn); } .info { color: var(--info); }
.none { color: var(--none); }
.body { padding: .4rem .8rem 1rem 1.9rem; }
blockquote { margin: .3rem 0 .8rem; padding-left: .8rem;
  border-left: 3px solid var(--accent); }
blockquote cite { display: block; color: var(--soft); font-style: normal;
  font-size: .85rem; }
.seen { margin-top: .8rem; }
.seen + .seen { border-top: 1px solid var(--line); padding-top: .8rem; }
dl { display: grid; grid-template-columns: 5rem minmax(0, 1fr);
  gap: .2rem .75rem; margin: .3rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
dd pre { margin: 0; padding: .5rem .7rem; overflow-x: auto;
  background: var(--panel); border: 1px solid var(--line); border-radius: 5px; }
dd code { user-select: all; }
#nothing { color: var(--soft); padding: 1.5rem 0; }
[hidden] { display: none !important; }
@media (max-width: 44rem) {
  body { padding: .75rem; }
  .head { display: none; }
  .bar { position: static; }
  .case > summary, .many .case > summary { display: flex; flex-wrap: wrap; }
  .case > summary code { flex: 1 0 100%; }
  .v[data-run]::after { content: " \00b7  " attr(data-run); font-weight: 400;
    color: var(--soft); }
  .body { padding-left: .8rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .4rem; }
}
@media print { .bar { display: none; } }
)css";

const char* const pageScript = R"js(
"use strict";
const get = (id) => document.getElementById(id);
const controls = ["search", "level", "verdict", "area", "differs"]
  .map(get).filter(Boolean);
const cases = [...document.querySelectorAll(".case")].map((row) =>
  ({row, text: row.textContent.toLowerCase(), data: row.dataset}));
function filter() {
  const words = get("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const level = get("level").value;
  const verdict = get("verdict").value;
  const area = get("area").value;
  const differs = get("differs") !== null && get("differs").checked;
  let shown = 0;
  for (const {row, text, data} of cases) {
    row.hidden = !((!level || data.level === level) &&
      (!verdict || data.verdicts.split(",").includes(verdict)) &&
      (!area || data.area === area) && (!differs || data.differs === "1") &&
      words.every((word) => text.includes(word)));
    shown += row.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = section.querySelector(".case:not([hidden])") === null;
  }
  get("shown").textContent = `${shown} of ${cases.length} cases`;
  get("nothing").hidden = shown !== 0;
}
function openTarget() {
  const row = get(decodeURIComponent(location.hash.slice(1)));
  if (row !== null && row.classList.contains("case")) {
    row.open = true;
    row.scrollIntoView({block: "center"});
  }
}
for (const control of controls) {
  control.addEventListener("input", filter);
}
window.addEventListener("hashchange", openTarget);
filter();
openTarget();
)js";

} // namespace conformance
