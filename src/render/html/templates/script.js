
"use strict";
(() => {
  const $ = (selector, within) => within.querySelector(selector);
  const all = (selector, within) => [...within.querySelectorAll(selector)];

  // a row may be one of a run that is folded
  const unfold = (row) => {
    const run = row.closest(".run");
    const box = run && $("input", run.previousElementSibling);
    if (box) box.checked = true;
  };

  for (const part of all(".conversation", document)) {
    const table = $(".packets", part);
    const rows = all("tr[data-n]", table);
    const homes = new Map(rows.map((row) => [row, row.parentNode]));
    const ladder = $(".ladder", part);
    const pane = $(".drawing", ladder);
    const arrows = all("g.step", ladder);
    const folds = all("g.fold", ladder);
    const rowOf = new Map(rows.map((row) => [row.dataset.n, row]));
    const arrowOf = new Map(arrows.map((arrow) => [arrow.dataset.step, arrow]));

    // names of columns, for narrow screens
    const heads = all("thead th", table).map((head) => head.textContent);
    for (const row of rows) [...row.cells].forEach((cell, index) => { cell.dataset.head = heads[index]; });

    // one step is lit in the table and in the ladder
    let lit = [];
    const light = (number) => {
      lit.forEach((element) => element.classList.remove("lit"));
      lit = [rowOf.get(number), arrowOf.get(number)].filter(Boolean);
      lit.forEach((element) => element.classList.add("lit"));
    };
    const within = (box, element) => {
      if (!box || !element || box.scrollHeight <= box.clientHeight + 1) return;
      const outer = box.getBoundingClientRect();
      const inner = element.getBoundingClientRect();
      if (inner.top < outer.top || inner.bottom > outer.bottom) {
        box.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
      }
    };
    const numberAt = (target) => {
      const place = target.closest && target.closest("tr[data-n], g.step, a[data-n]");
      return place && (place.dataset.n || place.dataset.step);
    };
    for (const kind of ["mouseover", "focusin"]) {
      part.addEventListener(kind, (event) => {
        const number = numberAt(event.target);
        if (!number) return;
        light(number);
        if (!ladder.contains(event.target)) within(pane, arrowOf.get(number));
      });
    }
    part.addEventListener("mouseleave", () => light(undefined));

    const open = (number) => {
      const row = rowOf.get(number);
      if (!row) return;
      row.hidden = false;
      unfold(row);
      const details = $("details", row);
      details.open = true;
      $("summary", details).focus({ preventScroll: true });
      row.scrollIntoView({ block: "center" });
    };
    part.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-n]");
      const arrow = event.target.closest("g.step");
      if (arrow) open(arrow.dataset.step);
      if (link) { event.preventDefault(); open(link.dataset.n); }
    });

    // arrows of the ladder by keyboard: one tab stop, then up and down
    arrows.forEach((arrow, index) => {
      arrow.setAttribute("tabindex", index ? "-1" : "0");
      arrow.setAttribute("role", "button");
    });
    ladder.addEventListener("keydown", (event) => {
      const index = arrows.indexOf(event.target);
      if (index < 0) return;
      const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: arrows.length - 1 }[event.key];
      if (to !== undefined && arrows[to]) {
        event.preventDefault();
        arrows[index].setAttribute("tabindex", "-1");
        arrows[to].setAttribute("tabindex", "0");
        arrows[to].focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        open(event.target.dataset.step);
      }
    });

    // filter
    const filter = $(".filter", part);
    const [words, grave] = all("input", filter);
    const from = $("select", filter);
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, row.textContent.replaceAll("\u00a0", " ").toLowerCase());
      return texts.get(row);
    };
    const sift = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits = (!from.value || row.dataset.from === from.value)
          && (!grave.checked || row.dataset.grave)
          && wanted.every((word) => textOf(row).includes(word));
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      table.classList.toggle("sifted", shown < rows.length);
      $("output", filter).textContent = `${shown} of ${rows.length} steps`;
    };
    filter.addEventListener("input", sift);
    filter.hidden = false;
    sift();

    // order
    const valueOf = (row, index) => row.cells[index].firstChild ? row.cells[index].firstChild.textContent : "";
    const compare = (a, b) => {
      const [x, y] = [parseFloat(a), parseFloat(b)];
      return Number.isNaN(x) || Number.isNaN(y) || x === y ? a.localeCompare(b) : x - y;
    };
    all("thead th", table).forEach((head, index, every) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        every.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const sorted = rows.map((row) => [valueOf(row, index), row]);
        sorted.sort((a, b) => compare(a[0], b[0]) * (down ? -1 : 1) || a[1].dataset.n - b[1].dataset.n);
        // in the order of the steps they stand in their phases
        const usual = index === 0 && !down;
        table.classList.toggle("sorted", !usual);
        for (const [, row] of sorted) (usual ? homes.get(row) : homes.get(rows[0])).append(row);
      });
    });

    // replay
    const replay = $(".replay", part);
    if (!rows.length) continue;
    const slider = $("input", replay);
    const says = $("output", replay);
    const play = $("[data-do=play]", replay);
    const pace = $("[data-do=pace]", replay);
    const times = rows.map((row) => Number(row.dataset.t));
    const span = Math.max(times[times.length - 1], 1);
    const placeOf = (index) => pace.value === "time"
      ? Math.max(times[index] / span, 0) * 999 + 1
      : (index + 1) / rows.length * 1000;
    let playing = 0;
    let now = rows.length - 1;
    const seconds = (nanos) => `${(nanos / 1e9).toFixed(6)} s`;
    const sentence = (row) => {
      const summary = $("summary", row);
      return summary ? `: ${summary.textContent}` : "";
    };
    const show = (index) => {
      now = index;
      rows.forEach((row, place) => row.classList.toggle("later", place > index));
      const last = index < 0 ? 0 : Number(rows[index].dataset.n);
      const whole = index === rows.length - 1;
      arrows.forEach((arrow) => arrow.classList.toggle("later", !whole && Number(arrow.dataset.step) > last));
      folds.forEach((fold) => fold.classList.toggle("later", !whole && Number(fold.dataset.firstStep) > last));
      light(index < 0 ? undefined : rows[index].dataset.n);
      if (index >= 0) within(pane, arrowOf.get(rows[index].dataset.n));
      const text = index < 0 ? `before step 1 of ${rows.length}`
        : `step ${index + 1} of ${rows.length}, ${seconds(times[index])}${sentence(rows[index])}`;
      says.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    };
    const at = (place) => {
      let index = -1;
      while (index + 1 < rows.length && placeOf(index + 1) <= place + 0.5) index += 1;
      return index;
    };
    const stop = () => {
      cancelAnimationFrame(playing);
      playing = 0;
      play.textContent = "Play";
    };
    const jump = (index) => {
      stop();
      const to = Math.min(Math.max(index, -1), rows.length - 1);
      slider.value = to < 0 ? 0 : placeOf(to);
      show(to);
    };
    const start = () => {
      if (now >= rows.length - 1) { slider.value = 0; show(-1); }
      const length = pace.value === "time" ? 15000 : Math.min(Math.max(rows.length * 700, 4000), 60000);
      let place = Number(slider.value);
      let before = performance.now();
      play.textContent = "Pause";
      const tick = (moment) => {
        place += Math.max(moment - before, 0) / length * 1000;
        before = moment;
        slider.value = place;
        const index = at(place);
        if (index !== now) show(index);
        if (place >= 1000) stop(); else playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    };
    const deeds = {
      first: () => jump(-1),
      back: () => jump(now - 1),
      next: () => jump(now + 1),
      play: () => (playing ? stop() : start()),
      pin: (button) => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        ladder.classList.toggle("pinned", on);
      },
    };
    replay.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) deeds[button.dataset.do](button);
    });
    slider.addEventListener("input", () => { stop(); show(at(Number(slider.value))); });
    pace.addEventListener("change", () => jump(now));
    says.textContent = `${rows.length} steps in ${seconds(span)}`;
    replay.hidden = false;
  }

  // findings above the conversations lead to their rows
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-n]");
    const row = link && document.getElementById(link.hash.slice(1));
    if (!row || event.defaultPrevented) return;
    unfold(row);
    const details = row.querySelector("details");
    if (details) details.open = true;
  });

  // on paper nothing is folded but the steps
  addEventListener("beforeprint", () => all("details.more", document).forEach((more) => { more.open = true; }));
})();
