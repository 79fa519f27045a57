// Tables of a page: a click on a heading sorts, a box above filters. Of the site's pages too.

{
  const value = (row, place) => {
    const cell = row.cells[place];
    const text = (cell.dataset.key ?? cell.textContent).trim();
    const number = Number(text.replace(/[,% ]/g, ""));
    return text !== "" && !Number.isNaN(number) ? number : text.toLowerCase();
  };

  const compare = (one, other) =>
    typeof one === typeof other ? (one > other) - (one < other) : typeof one === "number" ? -1 : 1;

  const sorted = (table, headings, place) => {
    const up = headings[place].getAttribute("aria-sort") !== "ascending";
    for (const heading of headings) heading.removeAttribute("aria-sort");
    headings[place].setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((one, other) => (up ? 1 : -1) * compare(value(one, place), value(other, place)));
    table.tBodies[0].append(...rows);
  };

  const filtered = (table) => {
    const box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Filter rows";
    box.setAttribute("aria-label", "Filter the rows of this table");
    box.className = "kott-filter";
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/);
      for (const row of table.tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    table.before(box);
  };

  for (const table of document.querySelectorAll("article table, .output_area table")) {
    const rows = [...(table.tBodies[0]?.rows ?? [])];
    const width = rows[0]?.cells.length;
    const heads = [...(table.tHead?.rows ?? [])].filter((row) => row.cells.length === width);
    const merged = table.querySelector("tbody [rowspan]:not([rowspan='1'])");
    if (!heads.length || merged || table.closest(".highlight")) continue;
    const headings = [...heads[0].cells];
    headings.forEach((heading, place) => {
      heading.addEventListener("click", () => sorted(table, headings, place));
      if (heading.querySelector("button")) return; // of kott.show: it takes the keys, and has an arrow
      heading.tabIndex = 0;
      heading.classList.add("kott-sort");
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter") sorted(table, headings, place);
      });
    });
    if (rows.length > 8) filtered(table);
  }
}
