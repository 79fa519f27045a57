for (const root of document.querySelectorAll('[id="kott-shown-id"]')) {
  if (root.dataset.ready) continue;
  root.dataset.ready = "yes";
  const body = root.querySelector("tbody"), size = 20;
  const heads = [...root.querySelectorAll("thead th")];
  let rows = [...body.rows], page = 0;
  const bar = document.createElement("p"), where = document.createElement("span");
  const go = (step, words) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.onclick = () => { page += step; draw(); };
    return button;
  };
  const back = go(-1, "Previous"), on = go(1, "Next");
  bar.className = "pages";
  bar.append(back, on, where);
  const draw = () => {
    body.replaceChildren(...rows.slice(page * size, (page + 1) * size));
    back.disabled = page === 0;
    on.disabled = (page + 1) * size >= rows.length;
    where.textContent = `${page * size + 1} to ${Math.min((page + 1) * size, rows.length)} of ${rows.length}`;
  };
  const key = (row, at) => row.cells[at].dataset.key ?? row.cells[at].textContent;
  heads.forEach((head, at) => head.querySelector("button").onclick = () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const one of heads) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const way = down ? -1 : 1;
    rows.sort((one, other) => {
      const a = key(one, at), b = key(other, at);
      if (a === "" || b === "") return (a === "") - (b === "");
      const numbers = a - b;
      return way * (isNaN(numbers) ? a.localeCompare(b) : numbers);
    });
    page = 0;
    draw();
  });
  if (rows.length > size) { root.insertBefore(bar, root.querySelector(".others")); draw(); }
}
