// Tables of the site: a click on a heading sorts, a box above filters.

{
  const value = (row, place) => {
    const text = row.cells[place].textContent.trim();
    const number = Number(text.replace(/[,% ]/g, ""));
    return text !== "" && !Number.isNaN(number) ? number : text.toLowerCase();
  };

  const compare = (one, other) =>
    typeof one === typeof other ? (one > other) - (one < other) : typeof one === "number" ? -1 : 1;

  const sorted = (table, heading, place) => {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
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

  for (const table of document.querySelectorAll("article table")) {
    if (!table.tHead || table.closest(".highlight")) continue;
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      heading.tabIndex = 0;
      heading.classList.add("kott-sort");
      heading.addEventListener("click", () => sorted(table, heading, place));
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter") sorted(table, heading, place);
      });
    });
    if (table.tBodies[0].rows.length > 8) filtered(table);
  }
}
