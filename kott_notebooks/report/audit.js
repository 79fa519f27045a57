// The work list: searched, filtered, shown in steps.

const STEP = 50;
const { rules, severities, link, pictures, assets, findings, things } = await data();
const of = assets.map(() => []);
for (const [asset, rule, severity, detail] of findings) {
  of[asset].push({ rule: rules[rule], severity: severities[severity], detail });
}
const field = (id) => document.getElementById(id);
const low = (words) => String(words ?? "").toLocaleLowerCase();
const asText = assets.map(([id, name], at) =>
  low([id, name, ...of[at].map((one) => one.detail)].join("\n")));

const made = (tag, words, kind) => {
  const element = document.createElement(tag);
  if (words !== undefined) element.textContent = words;
  if (kind) element.className = kind;
  return element;
};

const outward = (url, words) => {
  const anchor = made("a", words);
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
};

const asRow = (at) => {
  const [id, name, type, impact, many] = assets[at];
  const row = made("tr");
  const first = made("td", name.trim() || "(no name)");
  const under = made("div", undefined, "under");
  under.append(link ? outward(link.replaceAll("{id}", encodeURIComponent(id)), id) : id);
  if (pictures[at]) under.append(" · ", outward(pictures[at], "picture"));
  first.append(under);
  const list = made("ul");
  for (const one of of[at]) {
    const item = made("li");
    item.append(made("span", one.severity, `chip ${one.severity}`), ` ${one.detail} `,
      made("span", one.rule, "rule"));
    list.append(item);
  }
  if (many > of[at].length) list.append(made("li", `and ${many - of[at].length} more`));
  const last = made("td");
  last.append(list);
  row.append(first, made("td", type), made("td", impact, "number"), last);
  return row;
};

if (field("rows")) {
  let found = [];
  let shown = 0;
  for (const type of [...new Set(assets.map((one) => one[2]))].sort()) {
    field("type").append(made("option", type));
  }

  const show = () => {
    const rows = found.slice(shown, shown + STEP).map(asRow);
    field("rows").append(...rows);
    shown += rows.length;
    field("further").hidden = shown >= found.length;
    const all = found.length === assets.length ? "" : `, of ${assets.length.toLocaleString("en")}`;
    field("count").textContent =
      `${shown.toLocaleString("en")} of ${found.length.toLocaleString("en")} ${things} shown${all}`;
  };

  const filter = () => {
    const words = low(field("search").value).split(/\s+/).filter(Boolean);
    const [severity, rule, type] = ["severity", "rule", "type"].map((id) => field(id).value);
    found = [...assets.keys()].filter((at) =>
      (!type || assets[at][2] === type)
      && words.every((word) => asText[at].includes(word))
      && (!(severity || rule) || of[at].some((one) =>
        (!severity || one.severity === severity) && (!rule || one.rule === rule))));
    field("rows").replaceChildren();
    shown = 0;
    show();
  };

  field("filter").addEventListener("input", filter);
  field("filter").addEventListener("submit", (event) => event.preventDefault());
  field("filter").addEventListener("reset", () => setTimeout(filter));
  field("further").addEventListener("click", show);
  for (const button of document.querySelectorAll(".pick")) {
    button.addEventListener("click", () => {
      field("filter").reset();
      field("rule").value = button.dataset.rule;
      filter();
      field("filter").scrollIntoView({ behavior: "smooth" });
    });
  }
  filter();
}
