
"use strict";
// Text of guests gets into the page only as text nodes. Rows are made in chunks as they come into sight, details when
// they are opened: a line of the element "details" is a case.
(() => {
  const read = (id) => document.getElementById(id);
  const data = JSON.parse(read("data").textContent);
  let lines; // of the element "details", split when the first case is opened
  const details = (index) => JSON.parse((lines ??= read("details").textContent.split("\n"))[index + 1].replace(/,$/, ""));
  const [NAME, VERDICT, ISA, MACHINE, SECONDS, INSTRUCTIONS, EXITS, REASON, SUITE, TAGS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const COLUMNS = [["Verdict", VERDICT], ["Case", NAME], ["ISA", ISA], ["Machine", MACHINE], ["Time", SECONDS],
    ["Instructions", INSTRUCTIONS], ["Exits", EXITS]];
  const CHUNK = 150;
  const rows = data.rows, words = data.verdicts;
  const haystack = rows.map((row) => [row[NAME], row[REASON], row[SUITE], row[TAGS].join(" ")].join("\n").toLowerCase());
  const state = { verdicts: new Set(), isa: "", tag: "", words: [], column: VERDICT, up: true, order: [], shown: 0, open: new Set() };

  const make = (tag, className, ...inside) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...inside);
    return element;
  };
  const format = new Intl.NumberFormat("en-US"), count = (value) => format.format(value);
  const time = (seconds) => seconds < 60 ? seconds.toFixed(seconds < 10 ? 2 : 1) + " s"
    : Math.floor(seconds / 60) + " min " + String(Math.floor(seconds % 60)).padStart(2, "0") + " s";

  // Which cases, in which order

  const compare = (left, right) => left < right ? -1 : left > right ? 1 : 0;
  function choose() {
    const order = [];
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index];
      if ((!state.verdicts.size || state.verdicts.has(row[VERDICT])) && (!state.isa || row[ISA] === state.isa)
        && (!state.tag || row[TAGS].includes(state.tag)) && state.words.every((word) => haystack[index].includes(word))) order.push(index);
    }
    const sign = state.up ? 1 : -1;
    order.sort((left, right) => sign * compare(rows[left][state.column], rows[right][state.column]) || left - right);
    state.order = order;
    state.shown = 0;
    read("rows").replaceChildren();
    read("status").textContent = order.length === rows.length ? count(rows.length) + " cases"
      : count(order.length) + " of " + count(rows.length) + " cases";
    show(CHUNK);
  }
  function show(number) {
    const piece = document.createDocumentFragment();
    const end = Math.min(state.order.length, state.shown + number);
    for (; state.shown < end; state.shown++) {
      const index = state.order[state.shown];
      piece.append(caseRow(index));
      if (state.open.has(index)) piece.append(detailRow(index));
    }
    read("rows").append(piece);
    read("rest").hidden = state.shown >= state.order.length;
    read("all").textContent = "Show all " + count(state.order.length);
  }
  function caseRow(index) {
    const row = rows[index], word = words[row[VERDICT]].word;
    const button = make("button", "", row[NAME]);
    button.type = "button";
    button.setAttribute("aria-expanded", state.open.has(index));
    const name = make("td", "", button);
    if (row[REASON]) name.append(make("span", "reason", row[REASON]));
    const made = make("tr", "case" + (state.open.has(index) ? " open" : ""), make("td", "v-" + word, word), name,
      make("td", "", row[ISA]), make("td", "", row[MACHINE]), make("td", "n", time(row[SECONDS])),
      make("td", "n", count(row[INSTRUCTIONS])), make("td", "n", count(row[EXITS])));
    made.dataset.index = index;
    made.setAttribute("role", "row");
    for (const cell of made.children) cell.setAttribute("role", "cell");
    return made;
  }

  // One case

  function toggle(row) {
    const index = Number(row.dataset.index), opening = !state.open.has(index);
    if (opening) { state.open.add(index); row.after(detailRow(index)); } else { state.open.delete(index); row.nextSibling.remove(); }
    row.classList.toggle("open", opening);
    row.querySelector("button").setAttribute("aria-expanded", opening);
    try {
      history.replaceState(null, "", opening ? "#" + encodeURIComponent(rows[index][NAME]) : "#");
    } catch { /* a lone surrogate in the name, or a viewer that allows no history: only the address lacks it */ }
  }
  function detailRow(index) {
    const detail = details(index), cell = make("td");
    const section = (title, ...inside) => cell.append(make("h3", "", title), ...inside);
    if (detail.summary) cell.append(make("p", "", detail.summary));
    if (rows[index][REASON]) cell.append(make("p", "bold", rows[index][REASON]));
    if (detail.missed.length) section("Missed expectations", make("ul", "", ...detail.missed.map((each) => make("li", "", each))));
    if (detail.replay) {
      const copy = make("button", "", "Copy");
      copy.type = "button";
      copy.addEventListener("click", () => copyText(detail.replay, copy));
      section("Run it again", make("div", "replay", make("code", "", detail.replay), copy));
    }
    if (detail.subs.length) section("Checks in the guest", columns([table(detail.subs, ["", "", ""])]));
    if (detail.place) {
      section("Where", make("p", "", make("code", "", detail.place)));
      if (detail.registers.length) cell.append(make("div", "registers",
        ...detail.registers.map(([name, value]) => make("div", "", make("span", "", name), " " + value))));
    }
    if (detail.last_exits.length) section("Last exits", make("pre", "", detail.last_exits.join("\n")));
    section("Console", ...(detail.cut ? [make("p", "cut", count(detail.cut) + " bytes before this are not in the report")] : []),
      detail.console ? make("pre", "", ...coloured(detail.console)) : make("p", "cut", "nothing was written"));
    const exits = detail.exits.map(([reason, number]) => [reason, count(number)]);
    section("Exits and facts", columns([...(exits.length ? [table(exits, ["", "n"])] : []), table(detail.facts, ["cut", ""])]));
    return make("tr", "detail", cell);
  }
  const columns = (tables) => make("div", "columns", ...tables);
  const table = (lines, classes) => make("table", "", make("tbody", "", ...lines.map((line) =>
    make("tr", "", ...line.map((text, at) => make("td", classes[at] || (words.some((each) => each.word === text) ? "v-" + text : ""), text))))));
  async function copyText(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", "", text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // Colours of a console (ECMA-48 8.3.117, SGR; colours 8 to 15 and 256 as xterm has them)

  function coloured(text) {
    const pieces = [];
    let pen = {};
    text.split(/\x1b\[([0-9;:]*)m/).forEach((part, at) => {
      if (at % 2) { pen = select(pen, part.split(/[;:]/).map(Number)); } else if (part) { pieces.push(painted(part, pen)); }
    });
    return pieces;
  }
  function select(pen, codes) {
    const next = { ...pen };
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at];
      if (code === 0) Object.keys(next).forEach((key) => delete next[key]);
      else if (code === 1) next.bold = true;
      else if (code === 2) next.weak = true;
      else if (code === 3) next.slanted = true;
      else if (code === 4) next.underlined = true;
      else if (code === 7) next.inverse = true;
      else if (code === 22) { next.bold = next.weak = false; }
      else if (code >= 23 && code <= 27) next[{ 23: "slanted", 24: "underlined", 27: "inverse" }[code]] = false;
      else if (code >= 30 && code <= 37 || code >= 90 && code <= 97) next.ink = palette(code % 10 + (code >= 90 ? 8 : 0));
      else if (code >= 40 && code <= 47 || code >= 100 && code <= 107) next.ground = palette(code % 10 + (code >= 100 ? 8 : 0));
      else if (code === 39) next.ink = "";
      else if (code === 49) next.ground = "";
      else if ((code === 38 || code === 48) && codes[at + 1] === 5) { next[code === 38 ? "ink" : "ground"] = palette(codes[at + 2]); at += 2; }
      else if ((code === 38 || code === 48) && codes[at + 1] === 2) {
        next[code === 38 ? "ink" : "ground"] = "rgb(" + codes.slice(at + 2, at + 5).map((each) => Number(each) & 255).join(",") + ")";
        at += 4;
      }
    }
    return next;
  }
  function palette(number) {
    if (!(number >= 0 && number <= 255)) return "";
    if (number < 16) return "var(--c" + number + ")";
    if (number >= 232) return "rgb(" + Array(3).fill(8 + 10 * (number - 232)).join(",") + ")";
    const level = (each) => each ? 55 + 40 * each : 0, cube = number - 16;
    return "rgb(" + [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)].join(",") + ")";
  }
  function painted(text, pen) {
    const classes = ["bold", "weak", "slanted", "underlined"].filter((each) => pen[each]).join(" ");
    const [ink, ground] = pen.inverse ? [pen.ground || "var(--console)", pen.ink || "var(--ink)"] : [pen.ink, pen.ground];
    if (!classes && !ink && !ground) return document.createTextNode(text);
    const span = make("span", classes, text);
    if (ink) span.style.color = ink;
    if (ground) span.style.backgroundColor = ground;
    return span;
  }

  // The tools above the table

  words.forEach((verdict, at) => {
    const segment = make("div", "v-" + verdict.word);
    segment.style.flexGrow = verdict.count;
    read("bar").append(segment);
    const chip = make("button", "v-" + verdict.word, make("span", "", verdict.word + " " + count(verdict.count)));
    chip.type = "button";
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      if (!state.verdicts.delete(at)) state.verdicts.add(at);
      chip.setAttribute("aria-pressed", state.verdicts.has(at));
      choose();
    });
    read("chips").append(chip);
  });
  const offer = (id, values) => {
    read(id).append(new Option("all", ""), ...[...new Set(values)].filter(Boolean).sort().map((each) => new Option(each, each)));
    read(id).addEventListener("change", (event) => { state[id] = event.target.value; choose(); });
  };
  offer("isa", rows.map((row) => row[ISA]));
  offer("tag", rows.flatMap((row) => row[TAGS]));
  COLUMNS.forEach(([title, column]) => {
    const button = make("button", "", title), numeric = column >= SECONDS;
    button.type = "button";
    const heading = make("th", numeric ? "n" : "", button);
    heading.setAttribute("role", "columnheader");
    button.addEventListener("click", () => {
      state.up = state.column === column ? !state.up : !numeric;
      state.column = column;
      headings();
      choose();
    });
    read("head").append(heading);
  });
  function headings() {
    COLUMNS.forEach(([title, column], at) => {
      const heading = read("head").children[at], sorted = column === state.column;
      heading.firstChild.textContent = title + (sorted ? (state.up ? " \u2191" : " \u2193") : "");
      if (sorted) heading.setAttribute("aria-sort", state.up ? "ascending" : "descending"); else heading.removeAttribute("aria-sort");
    });
  }
  read("filter").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    choose();
  });
  read("rows").addEventListener("click", (event) => {
    const row = event.target.closest("tr.case");
    if (row && !String(getSelection())) toggle(row);
  });
  read("all").addEventListener("click", () => show(Infinity));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const filter = read("filter"), typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; filter.dispatchEvent(new Event("input")); }
    if (event.key === "ArrowDown" && event.target === filter || !typing && step && !event.target.closest(".detail")) {
      const buttons = [...document.querySelectorAll("tr.case button")], at = buttons.indexOf(document.activeElement);
      const next = buttons[at < 0 ? 0 : at + step];
      if (next) { event.preventDefault(); next.focus(); }
    } else if (!typing && event.key === "/") { event.preventDefault(); filter.focus(); }
  });
  addEventListener("beforeprint", () => show(Infinity));

  document.querySelector("main").hidden = false;
  headings();
  choose();
  new IntersectionObserver((entries) => { if (entries[0].isIntersecting) show(2 * CHUNK); }, { rootMargin: "1200px" }).observe(read("rest"));
  const wanted = (() => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } })();
  const at = wanted ? state.order.findIndex((index) => rows[index][NAME] === wanted) : -1;
  if (at >= 0) {
    show(Math.max(0, at + CHUNK - state.shown));
    const row = document.querySelector(`tr.case[data-index="${state.order[at]}"]`);
    toggle(row);
    row.scrollIntoView();
  }
  document.documentElement.dataset.ready = Math.round(performance.now());
})();
