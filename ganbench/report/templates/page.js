"use strict";
// Sorting, filtering, highlighting and the samples of every seed. Without it the page still holds everything but these.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const made = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== "") element.textContent = text; // text, never markup
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  for (const element of all(".tools, .filters")) element.hidden = false;

  // Light and dark: as the system says, until somebody says otherwise.
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("ganbench-theme", value);
      return localStorage.getItem("ganbench-theme");
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const showTheme = () => {
    one("theme").textContent = isDark() ? "Light" : "Dark";
    one("theme").setAttribute("aria-pressed", String(isDark()));
    one("theme").setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark");
  };
  const before = remembered();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  showTheme();
  system.addEventListener("change", showTheme);
  one("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    showTheme();
  });

  // Printing shows what is folded away.
  one("print").addEventListener("click", () => window.print());
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });

  // Sorting: a button in every head; once more turns it round; rows without a value stay below.
  const collator = new Intl.Collator("en", { numeric: true });
  const keyOf = (row, place) => {
    const cell = row.cells[place];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const missing = text === "" || (cell.dataset.v === undefined && cell.querySelector(".num") !== null);
    return { text, number: Number(text), missing };
  };
  const sort = (table, head) => {
    const heads = [...table.tHead.rows[0].cells];
    const place = heads.indexOf(head);
    const first = head.dataset.lower === "0" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [row, keyOf(row, place)]);
    rows.sort(([, a], [, b]) => {
      if (a.missing !== b.missing) return a.missing ? 1 : -1;
      const numbers = !Number.isNaN(a.number) && !Number.isNaN(b.number);
      return sign * (numbers ? a.number - b.number : collator.compare(a.text, b.text));
    });
    table.tBodies[0].append(...rows.map(([row]) => row));
  };
  for (const table of all("table.sortable")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = made("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => sort(table, head));
    }
  }

  // Filtering: rows by name and league, columns by metric, everything by data set.
  const filter = () => {
    const name = one("filter-row").value.trim().toLowerCase();
    const league = one("filter-league").value;
    const metric = one("filter-metric").value;
    const dataset = one("filter-dataset").value;
    const unranked = one("filter-unranked").checked;
    let shown = 0;
    let whole = 0;
    for (const block of all(".dataset")) block.hidden = dataset !== "" && block.dataset.d !== dataset;
    for (const table of all("#tables table")) {
      for (const row of table.tBodies[0].rows) {
        const fits = row.cells[0].dataset.v.toLowerCase().includes(name) && (!league || row.dataset.league === league);
        row.hidden = !fits || (!unranked && row.classList.contains("marked"));
        whole += 1;
        shown += !row.hidden && !table.closest(".dataset").hidden;
      }
      [...table.tHead.rows[0].cells].forEach((head, place) => {
        const hidden = metric !== "" && head.dataset.metric !== undefined && head.dataset.metric !== metric;
        head.hidden = hidden;
        for (const row of table.tBodies[0].rows) row.cells[place].hidden = hidden;
      });
    }
    one("count").textContent = shown === whole ? `${whole} rows` : `${shown} of ${whole} rows`;
  };
  if (one("filter-row")) {
    for (const id of ["filter-row", "filter-league", "filter-metric", "filter-dataset", "filter-unranked"]) {
      one(id).addEventListener("input", filter);
    }
    filter();
  }

  // A row that is pointed at stands out in every curve and table.
  let pointed = null;
  const highlight = (number) => {
    if (number === pointed) return;
    for (const each of all(".on")) each.classList.remove("on");
    pointed = number;
    for (const chart of all(".chart")) {
      const lines = number === null ? [] : all(`.line[data-r="${number}"]`, chart);
      chart.classList.toggle("chosen", lines.length > 0);
      for (const line of lines) {
        line.classList.add("on");
        line.parentNode.append(line); // on top of the others
      }
    }
    if (number !== null) for (const each of all(`tr[data-r="${number}"], .key[data-r="${number}"]`)) each.classList.add("on");
  };
  const numberOf = (event) => event.target.closest?.("[data-r]")?.dataset.r ?? null;
  addEventListener("pointerover", (event) => highlight(numberOf(event)));
  addEventListener("focusin", (event) => highlight(numberOf(event)));

  // Every seed of a row beside real samples.
  const data = one("data") ? JSON.parse(one("data").textContent) : { samples: {} };
  const drawnLike = (thumb, seed) => {
    const model = thumb.querySelector("img, svg");
    if (seed.first) return model.cloneNode(true);
    if (seed.src) return made("img", "", { src: seed.src, alt: `samples of seed ${seed.seed}` });
    if (!seed.path) return made("span", seed.reason || "not kept", { class: "none" });
    const drawing = model.cloneNode(true);
    drawing.setAttribute("aria-label", `samples of seed ${seed.seed}`);
    drawing.lastElementChild.setAttribute("d", seed.path);
    return drawing;
  };
  const figure = (drawing, title, scores) => {
    const result = made("figure", "", { class: "seed" });
    const list = made("dl", "");
    for (const [name, text] of scores) list.append(made("dt", name), made("dd", text));
    result.append(drawing, made("figcaption", title), list);
    return result;
  };
  const open = (gallery, thumb) => {
    const detail = gallery.querySelector(".detail");
    const close = () => {
      detail.hidden = true;
      thumb.setAttribute("aria-expanded", "false");
      thumb.focus();
    };
    if (thumb.getAttribute("aria-expanded") === "true") return close();
    for (const each of all(".thumb[aria-expanded]", gallery)) each.setAttribute("aria-expanded", "false");
    thumb.setAttribute("aria-expanded", "true");
    const heading = made("h4", thumb.querySelector(".name").textContent);
    const button = made("button", "Close", { type: "button" });
    button.addEventListener("click", close);
    heading.append(button);
    const seeds = made("div", "", { class: "seeds" });
    const real = gallery.querySelector(".real");
    if (real) seeds.append(figure(real.querySelector("img, svg").cloneNode(true), "real samples", []));
    for (const seed of data.samples[gallery.dataset.d][thumb.dataset.r]) {
      const ended = seed.status === "done" ? "" : `, ${seed.status} after step ${seed.step}`;
      seeds.append(figure(drawnLike(thumb, seed), `seed ${seed.seed}${ended}`, seed.scores));
    }
    detail.replaceChildren(heading, seeds);
    detail.onkeydown = (event) => event.key === "Escape" && close();
    detail.hidden = false;
    detail.focus({ preventScroll: true });
    detail.scrollIntoView({ block: "nearest" });
  };
  for (const gallery of all(".gallery")) {
    for (const thumb of all("button.thumb", gallery)) {
      thumb.setAttribute("aria-expanded", "false");
      thumb.addEventListener("click", () => open(gallery, thumb));
    }
  }
})();
