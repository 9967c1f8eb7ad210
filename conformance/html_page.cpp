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
  --none: #6b7480; --sent: #6b3fa0; --came: #00696f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #14171b; --panel: #1d2127; --line: #353b44; --text: #e4e8ed;
    --soft: #9aa4b0; --accent: #6cb2ff;
    --pass: #4cc26b; --fail: #ff7b78; --warn: #e2ae4a; --info: #6cb2ff;
    --none: #8e98a4; --sent: #c7a5ff; --came: #5fd0d6;
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
  grid-template-columns: minmax(0, 1fr) 6rem repeat(var(--runs), 8rem);
  padding: .35rem .8rem; }
.head { background: var(--panel); color: var(--soft); font-size: .85rem; }
.head span { overflow-wrap: anywhere; }
.case { scroll-margin-top: 4rem; border-top: 1px solid var(--line); }
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
.left { color: var(--soft); margin: .6rem 0 0; }
.log { margin-top: .7rem; }
.log > .tools { display: flex; flex-wrap: wrap; gap: .3rem 1rem;
  align-items: baseline; color: var(--soft); font-size: .85rem;
  margin-bottom: .3rem; }
.log button { font: inherit; color: var(--accent); background: none;
  border: 1px solid var(--line); border-radius: 5px; padding: .1rem .5rem;
  cursor: pointer; }
.msgs { border: 1px solid var(--line); border-radius: 5px; overflow: hidden;
  font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
.msg + .msg { border-top: 1px solid var(--line); }
.line { display: grid; gap: 0 .7rem; padding: .15rem .6rem;
  grid-template-columns: 6.5rem 1.2rem 3.4rem minmax(0, 1fr); }
.several .line {
  grid-template-columns: 6.5rem 2.6rem 1.2rem 3.4rem minmax(0, 1fr); }
.line > * { overflow-wrap: anywhere; }
details.msg > .line { cursor: pointer; list-style: none; }
details.msg > .line::-webkit-details-marker { display: none; }
details.msg > .line:hover, details.msg[open] > .line { background: var(--panel); }
.line .t { color: var(--soft); text-align: right; }
.line .c, .line .l { color: var(--soft); }
.line b { font-weight: 600; }
.line .s { color: var(--soft); }
.sent .d, .sent b { color: var(--sent); }
.received .d, .received b { color: var(--came); }
.event .line { color: var(--soft); background: var(--panel); }
.event b { font-weight: 400; color: var(--text); }
.odd b { color: var(--warn); }
.odd .d { color: var(--warn); }
.parts { padding: .35rem .6rem .6rem 8.9rem; }
.several .parts { padding-left: 12.2rem; }
.parts table { border-collapse: collapse; width: 100%; }
.parts th, .parts td { text-align: left; vertical-align: top; font-weight: 400;
  padding: .05rem .9rem .05rem 0; overflow-wrap: anywhere; }
.parts th { color: var(--soft); white-space: nowrap; }
.parts td.hex { color: var(--soft); }
.parts p { margin: .3rem 0 0; color: var(--soft);
  font: .85rem/1.45 system-ui, "DejaVu Sans", sans-serif; }
.parts pre { margin: .3rem 0 0; padding: .4rem .6rem; overflow-x: auto;
  background: var(--panel); border: 1px solid var(--line); border-radius: 5px; }
#nothing { color: var(--soft); padding: 1.5rem 0; }
[hidden] { display: none !important; }
@media (max-width: 44rem) {
  body { padding: .75rem; }
  .head { display: none; }
  .bar { position: static; }
  .case > summary { display: flex; flex-wrap: wrap; }
  .case > summary code { flex: 1 0 100%; }
  .v[data-run]::after { content: " \00b7  " attr(data-run); font-weight: 400;
    color: var(--soft); }
  .body { padding-left: .8rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .4rem; }
  .line, .several .line { display: flex; flex-wrap: wrap; }
  .line .t { text-align: left; }
  .parts, .several .parts { padding-left: .6rem; }
  .parts th { white-space: normal; }
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
const strings = JSON.parse(get("log-strings").textContent);
const made = (tag, style, ...children) => {
  const element = document.createElement(tag);
  element.className = style;
  element.append(...children);
  return element;
};
const pairs = (hex) => hex.replace(/../g, "$& ").trim();
function hexDump(hex) {
  const lines = [];
  for (let at = 0; at < hex.length; at += 32) {
    const part = hex.slice(at, at + 32);
    const text = part.replace(/../g, (pair) => {
      const code = parseInt(pair, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
    });
    lines.push((at / 2).toString(16).padStart(4, "0") + "  " +
      pairs(part).padEnd(47) + "  " + text);
  }
  return lines.join("\n");
}
function fieldTable(fields, hex) {
  const shown = 16;
  const body = made("tbody", "");
  let at = 0;
  for (let i = 0; i < fields.length; i += 3) {
    const length = fields[i + 2];
    const bytes = hex.slice(at * 2, (at + Math.min(length, shown)) * 2);
    const more = bytes.length / 2 < length ? " \u2026" : "";
    body.append(made("tr", "", made("th", "", strings[fields[i]]),
      made("td", "", strings[fields[i + 1]]),
      made("td", "hex", pairs(bytes) + more)));
    at += length;
  }
  return made("table", "", body);
}
function messageRow(row) {
  const [time, connection, kind, layer, title, summary, offset, length, odd,
    hex, ...fields] = row;
  const isBytes = kind === "sent" || kind === "received";
  const arrow = kind === "sent" ? "\u2192" : isBytes ? "\u2190" : "\u00b7";
  const line = made(isBytes ? "summary" : "div", "line",
    made("span", "t", (time / 1000).toFixed(3)),
    made("span", "c", connection === 0 ? "" : `#${connection}`),
    made("span", "d", arrow), made("span", "l", strings[layer]),
    made("span", "", made("b", "", strings[title]), " ",
      made("span", "s", strings[summary])));
  if (!isBytes) {
    return made("div", "msg event", line);
  }
  const message = made("details", `msg ${kind}${odd ? " odd" : ""}`, line);
  message.addEventListener("toggle", () => {
    if (message.children.length > 1) {
      return;
    }
    const raw = made("button", "", "raw bytes");
    const dump = made("pre", "", hexDump(hex));
    dump.hidden = true;
    raw.addEventListener("click", () => { dump.hidden = !dump.hidden; });
    const parts = made("div", "parts", fieldTable(fields, hex));
    const rest = length - hex.length / 2;
    const where = fields.length === 0 ? "" : `, from byte ${offset} on of ` +
      (kind === "sent" ? "what we sent" : "what the target sent");
    parts.append(made("p", "", `${length} bytes${where}` +
      (rest > 0 ? `; the last ${rest} are not in this page ` : " "), raw), dump);
    message.append(parts);
  });
  return message;
}
function showLog(place) {
  if (place.firstChild !== null) {
    return;
  }
  const rows = JSON.parse(get(`log-${place.dataset.log}`).textContent);
  const several = rows.some((row) => row[1] > 1);
  const list = made("div", "msgs", ...rows.map(messageRow));
  place.classList.toggle("several", several);
  if (!several) {
    list.querySelectorAll(".c").forEach((cell) => cell.remove());
  }
  const all = made("button", "", "all fields");
  all.addEventListener("click", () => {
    const messages = [...list.querySelectorAll("details")];
    const open = messages.some((message) => !message.open);
    messages.forEach((message) => { message.open = open; });
  });
  place.append(made("div", "tools",
    made("span", "", `wire: ${rows.length} lines, time in ms since the case ` +
      "began, \u2192 sent by us, \u2190 by the target" +
      (several ? ", # the connection" : "") + "; click one for its fields"),
    all), list);
}
document.addEventListener("toggle", (event) => {
  if (event.target.classList.contains("case") && event.target.open) {
    event.target.querySelectorAll(".log").forEach(showLog);
  }
}, true);
/// #ID opens a case, #ID/N the Nth line of its first log as well.
function openTarget() {
  const [id, line] = decodeURIComponent(location.hash.slice(1)).split("/");
  const row = get(id);
  if (row === null || !row.classList.contains("case")) {
    return;
  }
  row.open = true;
  row.querySelectorAll(".log").forEach(showLog);
  const message = row.querySelectorAll(".msg")[line];
  if (message !== undefined) {
    message.open = true;
  }
  (message ?? row).scrollIntoView({block: message ? "center" : "start"});
}
for (const control of controls) {
  control.addEventListener("input", filter);
}
window.addEventListener("hashchange", openTarget);
filter();
openTarget();
)js";

} // namespace conformance
