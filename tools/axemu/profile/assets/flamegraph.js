(() => {
  const svg = document.currentScript.closest("svg");
  const one = (name) => svg.querySelector(name);
  const bars = [...svg.querySelectorAll(".bar")].map((group) => {
    const title = group.querySelector("title").textContent;
    return {
      group, title,
      name: title.slice(0, title.lastIndexOf(": ")),
      rect: group.querySelector("rect"),
      text: group.querySelector("text"),
      start: Number(group.dataset.start), size: Number(group.dataset.size), depth: Number(group.dataset.depth),
    };
  });
  const detail = one(".detail"), about = detail.textContent, inside = FLAMES.width - 2 * FLAMES.edge;

  function zoom(to) {
    const start = to ? to.start : 0, size = to ? to.size : FLAMES.total, depth = to ? to.depth : 0;
    for (const bar of bars) {
      const above = bar.depth < depth && bar.start <= start && bar.start + bar.size >= start + size;
      const within = bar.depth >= depth && bar.start >= start && bar.start + bar.size <= start + size;
      bar.group.classList.toggle("above", above);
      bar.group.classList.toggle("gone", !above && !within);
      const x = above ? 0 : (bar.start - start) / size, width = above ? 1 : bar.size / size;
      if (!above && !within) continue;
      bar.rect.setAttribute("x", FLAMES.edge + x * inside);
      bar.rect.setAttribute("width", Math.max(width * inside, 0.2));
      bar.text.setAttribute("x", FLAMES.edge + x * inside + 3);
      const room = Math.floor((width * inside - 6) / FLAMES.letter);
      bar.text.textContent =
        bar.name.length <= room ? bar.name : room > 3 ? bar.name.slice(0, room - 2) + ".." : "";
    }
    one(".reset").style.visibility = to && to.size < FLAMES.total ? "visible" : "hidden";
  }

  function search(word) {
    let covered = 0, hits = 0, end = -1;
    const wanted = (word || "").toLowerCase();
    const found = bars.filter((bar) => {
      const hit = wanted !== "" && bar.name.toLowerCase().includes(wanted);
      bar.group.classList.toggle("hit", hit);
      return hit;
    });
    for (const bar of found.sort((a, b) => a.start - b.start || b.size - a.size)) {
      hits += 1;
      if (bar.start + bar.size > end) {
        covered += bar.start + bar.size - Math.max(bar.start, end);
        end = bar.start + bar.size;
      }
    }
    one(".found").textContent =
      wanted === "" ? "" : `"${word}": ${hits} bars, ${((100 * covered) / FLAMES.total).toFixed(2)}%`;
  }

  for (const bar of bars) {
    bar.group.addEventListener("click", () => zoom(bar));
    bar.group.addEventListener("mouseenter", () => { detail.textContent = bar.title; });
    bar.group.addEventListener("mouseleave", () => { detail.textContent = about; });
  }
  one(".reset").addEventListener("click", () => zoom(null));
  const ask = () => search(prompt("Functions whose name holds:", ""));
  one(".search").addEventListener("click", ask);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); ask(); }
    if (event.key === "Escape") { zoom(null); search(""); }
  });
})();
