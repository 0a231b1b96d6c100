"use strict";
// Offsets count code points, as everywhere in labelferry; texts are handled as lists of them.
const data = JSON.parse(document.getElementById("data").textContent);
const FIELDS = ["text", "text_pair", "target"];
const by = id => document.getElementById(id);
const points = text => Array.from(text);
const fresh = row => ({verdict: null, label: row.label, text: row.text, text_pair: row.text_pair,
  target: row.target, spans: row.spans.map(({start, end, label}) => ({start, end, label}))});
const states = data.rows.map(fresh);
let at = 0, now = -1, editing = false;

// What is decided stays in the browser when the page is closed.
const KEY = "labelferry-review-" + data.key;
try {
  const kept = JSON.parse(localStorage.getItem(KEY) || "{}");
  data.rows.forEach((row, i) => { if (row.id in kept) states[i] = kept[row.id]; });
  at = Math.max(0, states.findIndex(state => !state.verdict));
} catch (error) { /* private windows have no storage */ }

function store() {
  const changed = states.map((state, i) => [data.rows[i].id, state]).filter(([, s]) => s.touched);
  try { localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(changed))); } catch (error) {}
}

function corrections() {
  const rows = [];
  states.forEach((state, i) => {
    if (!state.verdict) return;
    const row = {review_id: data.rows[i].id, verdict: state.verdict, label: state.label,
      spans: [...state.spans]};
    for (const field of FIELDS) if (state[field] !== null) row[field] = state[field];
    rows.push(row);
  });
  return {[data.mark]: 1, run: data.run, target: data.target, rows};
}

function save() {
  const link = document.createElement("a");
  const text = JSON.stringify(corrections(), null, 1) + "\n";
  link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  link.download = `review-${data.run}-${data.target}.json`;
  link.click();
}

function note(text) { by("note").textContent = text; }

// Where a text may be cut: between characters as readers see them, or at the edges of words.
function cuts(text, granularity) {
  const result = [0];
  for (const part of new Intl.Segmenter(undefined, {granularity}).segment(text))
    result.push(result[result.length - 1] + points(part.segment).length);
  return result;
}

function free(start, end, except) {
  return data.overlap || states[at].spans.every((span, i) =>
    i === except || end <= span.start || span.end <= start);
}

function moveEdge(edge, step, granularity) {
  const state = states[at], span = state.spans[now];
  if (!span) return note("choose a span first");
  const chars = points(state.text);
  const blank = offset => !(chars[edge === "start" ? offset : offset - 1] || " ").trim();
  const places = cuts(state.text, granularity).filter(offset => !blank(offset));
  const next = step > 0 ? places.find(offset => offset > span[edge])
    : places.reverse().find(offset => offset < span[edge]);
  if (next === undefined) return;
  const moved = {...span, [edge]: next};
  if (moved.start >= moved.end || !free(moved.start, moved.end, now)) return note("no room there");
  change(() => { state.spans[now] = moved; });
}

// The text that is selected with the mouse or a finger, as offsets.
function selected() {
  const pane = by("target"), selection = getSelection();
  if (!pane || !selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!pane.contains(range.startContainer) || !pane.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(pane);
  before.setEnd(range.startContainer, range.startOffset);
  const text = range.toString(), start = points(before.toString() + text.match(/^\s*/)[0]).length;
  return text.trim() ? [start, start + points(text.trim()).length] : null;
}

function mark(label) {
  const range = selected(), state = states[at];
  if (range) {
    if (!free(...range, -1)) return note("it overlaps another span: remove that first");
    change(() => { now = state.spans.push({start: range[0], end: range[1], label}) - 1; });
    getSelection().removeAllRanges();
  } else if (state.spans[now]) change(() => { state.spans[now].label = label; });
  else note("select the words of the span first, or press n");
}

function addSpan() {
  const text = states[at].text, places = cuts(text, "word"), chars = points(text);
  const i = places.findIndex((start, k) => k + 1 < places.length &&
    chars.slice(start, places[k + 1]).join("").trim() && free(start, places[k + 1], -1));
  if (i < 0 || !data.spanLabels.length) return note("no word is left");
  change(() => {
    now = states[at].spans.push(
      {start: places[i], end: places[i + 1], label: data.spanLabels[0]}) - 1;
  });
}

// A changed text takes its spans along; one that the change crosses an edge of is lost.
function edit(field, text) {
  const state = states[at];
  if (field === "text") {
    const old = points(state.text), fresh = points(text);
    let head = 0, tail = 0;
    while (head < Math.min(old.length, fresh.length) && old[head] === fresh[head]) head++;
    while (tail < Math.min(old.length, fresh.length) - head &&
      old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail++;
    const shift = fresh.length - old.length, end = old.length - tail;
    state.spans = state.spans.flatMap(span => {
      if (span.end <= head) return [span];
      if (span.start >= end) return [{...span, start: span.start + shift, end: span.end + shift}];
      const around = span.start <= head && end <= span.end && span.end + shift > span.start;
      return around ? [{...span, end: span.end + shift}] : [];
    });
    now = Math.min(now, state.spans.length - 1);
  }
  state[field] = text;
  touch();
  draw(false);
}

function touch() { states[at].touched = true; store(); }
function change(act) { note(""); act(); touch(); draw(); }
function go(step) {
  at = Math.min(Math.max(at + step, 0), data.rows.length - 1);
  now = states[at].spans.length ? 0 : -1;
  editing = false;
  note("");
  draw();
}
function decide(verdict) {
  const state = states[at];
  if (verdict === "keep" && !state.text.trim()) return note("the translation is empty");
  state.verdict = verdict;
  touch();
  if (at + 1 < data.rows.length) go(1); else { draw(); note("that was the last row: save"); }
}
function undo() { change(() => { states[at] = fresh(data.rows[at]); now = -1; }); }
function choose(step) {
  const count = states[at].spans.length;
  if (count) { now = (now + step + count) % count; draw(); }
}
function nextLabel() {
  const span = states[at].spans[now], labels = data.spanLabels;
  if (span) change(() => { span.label = labels[(labels.indexOf(span.label) + 1) % labels.length]; });
}
function nextClass() {
  if (!data.labels.length) return;
  const i = data.labels.indexOf(states[at].label);
  change(() => { states[at].label = data.labels[(i + 1) % data.labels.length]; });
}
function toggleEdit() {
  editing = !editing;
  draw();
  if (editing) document.querySelector("textarea").focus();
}

const ACTIONS = [
  [["Enter", "a"], "right as it is now", () => decide("keep"), "✓ right"],
  [["d"], "drop the row", () => decide("drop"), "✗ drop"],
  [["ArrowDown", "j"], "next row", () => go(1), "next"],
  [["ArrowUp", "k"], "row before", () => go(-1), "back"],
  [["t"], "edit the translation (Esc ends it)", toggleEdit, "edit"],
  [["ArrowRight"], "next span", () => choose(1), null],
  [["ArrowLeft"], "span before", () => choose(-1), null],
  [["q"], "start of the span a word to the left (Shift: a character)",
    (by) => moveEdge("start", -1, by), "⟦←"],
  [["w"], "start of the span to the right", (by) => moveEdge("start", 1, by), "⟦→"],
  [["o"], "end of the span to the left", (by) => moveEdge("end", -1, by), "←⟧"],
  [["p"], "end of the span to the right", (by) => moveEdge("end", 1, by), "→⟧"],
  [["n"], "new span, or select words and choose a label", addSpan, "+ span"],
  [["x"], "remove the span", () => states[at].spans[now] && change(() => {
    states[at].spans.splice(now, 1); now = Math.min(now, states[at].spans.length - 1); }), "− span"],
  [["l"], "next label of the span", nextLabel, null],
  [["c"], "next class of the row", nextClass, null],
  [["u"], "undo all of this row", undo, "undo"],
  [["s"], "save the corrections as a file", save, "save"],
];

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.tagName === "TEXTAREA") {
    if (event.key === "Escape") toggleEdit();
    return;
  }
  if (event.key === "Enter" && event.target.tagName === "BUTTON") return;
  if (/^[1-9]$/.test(event.key) && data.spanLabels[event.key - 1])
    mark(data.spanLabels[event.key - 1]);
  else {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = ACTIONS.find(([keys]) => keys.includes(key));
    if (!action) return;
    action[2](event.shiftKey ? "grapheme" : "word");
  }
  event.preventDefault();
});

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function words(text, spans, chosen) {
  const pane = element("p", {className: "words"}), chars = points(text);
  let done = 0;
  spans.map((span, i) => [span, i]).sort(([a], [b]) => a.start - b.start).forEach(([span, i]) => {
    if (span.start < done) return;
    const piece = element("mark", {textContent: chars.slice(span.start, span.end).join("")});
    const sure = span.confidence == null ? "" : " " + span.confidence.toFixed(2);
    piece.dataset.label = span.label + sure;
    piece.title = (span.projector || "") + sure;
    piece.style.setProperty("--hue", data.hues[span.label] || 0);
    if (chosen !== null) {
      piece.onclick = () => { now = i; draw(); };
      if (i === chosen) piece.classList.add("now");
    }
    pane.append(chars.slice(done, span.start).join(""), piece);
    done = span.end;
  });
  pane.append(chars.slice(done).join(""));
  return pane;
}

// Spans as they came keep what their projector said of them.
function shown(row, state) {
  return state.spans.map(span => row.spans.find(old => old.start === span.start &&
    old.end === span.end && old.label === span.label && state.text === row.text) || span);
}

function draw(rebuild = true) {
  const row = data.rows[at], state = states[at], count = verdict =>
    states.filter(s => s.verdict === verdict).length;
  by("progress").textContent = data.rows.length ? `Row ${at + 1} of ${data.rows.length}; ` +
    `${count("keep")} kept, ${count("drop")} dropped` : "No rows.";
  if (!row) return;
  by("row").className = "box " + (state.verdict || "");
  const pane = words(state.text, shown(row, state), now);
  pane.id = "target";
  pane.lang = row.lang;
  if (!rebuild) return by("target").replaceWith(pane);
  const source = words(row.source, row.sourceSpans, null);
  source.lang = row.sourceLang;
  const left = element("div", {className: "side"}, element("h2", {textContent: row.sourceLang}),
    source, ...(row.sourcePair ? [words(row.sourcePair, [], null)] : []));
  const right = element("div", {className: "side"}, element("h2", {textContent: row.lang}), pane);
  for (const field of FIELDS) {
    if (state[field] === null) continue;
    if (editing) right.append(element("textarea", {value: state[field], rows: 3, ariaLabel: field,
      oninput: event => edit(field, event.target.value)}));
    else if (field !== "text") right.append(words(state[field], [], null));
  }
  if (state.label !== null) right.append(element("button", {textContent: state.label + " (c)",
    onclick: nextClass}));
  by("row").replaceChildren(element("p", {className: "small",
    textContent: `${row.id} · ${row.drawn} · ${row.why}`}),
    element("div", {className: "sides"}, left, right));
  const chips = data.spanLabels.map((label, i) => {
    const on = state.spans[now] && state.spans[now].label === label ? " on" : "";
    const chip = element("button", {className: "chip" + on, onclick: () => mark(label),
      textContent: (i < 9 ? i + 1 + " " : "") + label, onpointerdown: e => e.preventDefault()});
    chip.style.setProperty("--hue", data.hues[label]);
    return chip;
  });
  by("buttons").replaceChildren(...ACTIONS.filter(([, , , name]) => name).map(
    ([, help, act, name]) => element("button", {textContent: name, title: help,
      onclick: () => act("word")})), ...chips);
}

by("keys").append(...ACTIONS.flatMap(([keys, help]) =>
  [element("dt", {textContent: keys.join(" ")}), element("dd", {textContent: help})]),
  element("dt", {textContent: "1–9"}), element("dd", {textContent: "label of the span"}));
go(0);
