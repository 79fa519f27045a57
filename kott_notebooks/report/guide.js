// The guide: a row per channel, a box per programme. All data is written as text, never as HTML.

const HOUR = 3600;
const DAY = 24 * HOUR;
const QUARTER = 900; // clocks change at a quarter of an hour, everywhere
const ZOOMS = [8, 16, 30, 60, 120, 240, 480]; // pixels per hour
const MARKS = { error: "✖", warning: "▲", info: "●" };
const WEEK = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const YEAR = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const guide = await data();
const $ = (id) => document.getElementById(id);
const view = $("view");

const make = (tag, properties = {}, ...inside) => {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...inside);
  return one;
};

// What there is: channels, programmes and gaps, each with its findings

const unpack = (column, i) => column.values[column.codes[i]];

const programme = (channel, i) => ({
  channel,
  start: guide.programmes.start[i],
  end: guide.programmes.end[i],
  lane: guide.programmes.lane[i],
  many: guide.programmes.many[i],
  name: unpack(guide.programmes.name, i) || "(no title)",
  genre: unpack(guide.programmes.genre, i),
  text: unpack(guide.programmes.text, i),
  more: [["id", guide.programmes.id[i]]].concat(
    Object.entries(guide.programmes.more).map(([label, column]) => [label, unpack(column, i)]),
  ),
  findings: [],
});

const channels = guide.channels.map((name, i) => ({
  kind: "channel", name, row: i + 1, text: "", more: [["id", guide.ids[i]]],
  findings: [], cells: [],
}));
const programmes = guide.programmes.channel.map((at, i) => programme(channels[at], i));
const gaps = guide.gaps.channel.map((at, i) => ({
  kind: "gap", channel: channels[at], start: guide.gaps.start[i], end: guide.gaps.end[i],
  lane: 0, many: 1, name: "No programme", genre: "", text: "", more: [], findings: [],
}));
const items = [...programmes, ...gaps].sort((a, b) => a.start - b.start || a.end - b.end);
for (const channel of channels) channel.cells.push(channel);
for (const item of items) item.channel.cells.push(item);

let current = null; // what was chosen last
let anchor = guide.start; // the time that up and down keep to

const ofChannel = (channel, start) =>
  gaps.find((gap) => gap.channel === channel && gap.start <= start && start < gap.end) ?? channel;

guide.findings.rule.forEach((rule, i) => {
  const { programme, channel, start, severity, detail, hint } = guide.findings;
  const about = programmes[programme[i]] ?? ofChannel(channels[channel[i]], start[i]);
  about.findings.push({ rule, severity: severity[i], detail: detail[i], hint: hint[i] });
});

const genreOf = (item) => (item.genre === "none" ? "" : item.genre);
const worst = (item) =>
  Object.keys(MARKS).find((one) => item.findings.some((finding) => finding.severity === one));

// Times: seconds since 1970; a local time is a Date whose UTC parts are what the clocks show

const calendar = (timeZone) => new Intl.DateTimeFormat("en", {
  timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
  hour: "numeric", minute: "numeric", second: "numeric",
});
let zone = guide.zone;
let reader = calendar(zone);
let offsets = new Map();

const measure = (seconds) => {
  const parts = reader.formatToParts(seconds * 1000);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - seconds;
};
const offset = (seconds) => {
  const quarter = Math.floor(seconds / QUARTER) * QUARTER;
  if (!offsets.has(quarter)) offsets.set(quarter, measure(quarter));
  return offsets.get(quarter);
};
const local = (seconds) => new Date((seconds + offset(seconds)) * 1000);
const clock = (seconds) => local(seconds).toISOString().slice(11, 16);
const date = (seconds) => local(seconds).toISOString().slice(0, 10);
const day = (seconds) => {
  const one = local(seconds);
  return `${WEEK[one.getUTCDay()]} ${one.getUTCDate()} ${YEAR[one.getUTCMonth()]}`;
};
const letters = (seconds) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" })
    .formatToParts(seconds * 1000)
    .find((part) => part.type === "timeZoneName").value;
const lasting = (item) => {
  const minutes = Math.round((item.end - item.start) / 60);
  const parts = [[Math.floor(minutes / 60), "h"], [minutes % 60, "min"]];
  const said = parts.filter(([size]) => size).map(([size, unit]) => `${size} ${unit}`);
  return said.join(" ") || "no time";
};
const when = (item) => {
  const over = date(item.start) === date(item.end) ? "" : `${day(item.end)}, `;
  return `${day(item.start)}, ${clock(item.start)} to ${over}${clock(item.end)}`;
};
const present = () => guide.now ?? Date.now() / 1000;

const quarters = () => {
  const first = Math.ceil(guide.start / QUARTER) * QUARTER;
  const size = Math.max(0, Math.ceil((guide.end - first) / QUARTER));
  return Array.from({ length: size }, (_, i) => first + i * QUARTER);
};
const days = () =>
  [guide.start, ...quarters().filter((one) => one > guide.start && date(one) !== date(one - 1))]
    .map((start, i, all) => ({ start, end: all[i + 1] ?? guide.end }));

// Drawing: positions are in hours from the start; the style sets how wide an hour is. A row is cut
// into days, and a day is drawn while it is near the view: thousands of boxes are slow to lay out.

const hours = (seconds) => (seconds - guide.start) / HOUR;
const box = (className, start, end, { from = guide.start, inside = "" } = {}) => {
  const one = make("div", { className }, inside);
  const left = Math.max(start, guide.start);
  const width = Math.max(0, Math.min(end, guide.end) - left);
  one.style.cssText = `--at:${(left - from) / HOUR};--for:${width / HOUR}`;
  return one;
};

const known = (item, role) => {
  item.el.item = item;
  item.el.role = role;
  item.el.tabIndex = item === current ? 0 : -1;
  return item.el;
};

const cell = (item, from) => {
  const look = item.kind ?? (item.genre in guide.genres ? `g${guide.genres[item.genre]}` : "others");
  const time = make("i", { textContent: `${marked(item)}${clock(item.start)}` });
  const inside = make("span", { className: "what" }, make("b", { textContent: item.name }), time);
  item.el = box(`box ${look} ${worst(item) ?? ""}`, item.start, item.end, { from, inside });
  if (item.many > 1) item.el.style.cssText += `;--lane:${item.lane};--many:${item.many}`;
  item.el.classList.toggle("brief", item.end <= item.start);
  item.el.classList.toggle("off", item.off);
  item.el.classList.toggle("current", item === current);
  const found = item.findings.map((one) => `${one.severity}: ${one.detail}`);
  const said = [item.name, item.channel.name, when(item), genreOf(item), ...found];
  item.el.ariaLabel = said.filter(Boolean).join(". ");
  return known(item, "gridcell");
};
const marked = (item) => (worst(item) ? `${MARKS[worst(item)]} ` : "");

const heading = (channel) => {
  const name = make("b", { textContent: channel.name });
  channel.el = make("div", { className: `name ${worst(channel) ?? ""}` }, name);
  return known(channel, "rowheader");
};

const place = (seconds) => Math.floor((Math.max(seconds, guide.start) - guide.start) / DAY);
const pieces = () =>
  Array.from({ length: place(guide.end - 1) + 1 }, (_, i) => guide.start + i * DAY);

const row = (channel) => {
  const strip = make("div", { className: "strip", role: "presentation" });
  const byDay = Map.groupBy(channel.cells.slice(1), (item) => place(item.start));
  channel.pieces = pieces().map((from) => {
    const starting = byDay.get(place(from)) ?? [];
    const long = (item) => place(item.end - 1) > place(from); // drawn once and for all
    const short = starting.filter((item) => !long(item));
    const piece = Object.assign(box("piece", from, from + DAY), { role: "presentation" });
    piece.draw = () => piece.replaceChildren(...short.map((item) => cell(item, from)));
    near.observe(piece);
    strip.append(piece, ...starting.filter(long).map((item) => cell(item)));
    return piece;
  });
  const look = { className: "row", role: "row", ariaRowIndex: channel.row + 1 };
  channel.line = make("div", look, heading(channel), strip);
  channel.line.hidden = channel.hidden ?? false;
  return channel.line;
};

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting && !target.contains(current?.el)) target.replaceChildren();
    if (isIntersecting && !target.childElementCount) target.draw(); // else the focus would be lost
  }
}, { root: view, rootMargin: "60%" });

const draw = () => {
  const head = make("div", { className: "row head", role: "row" },
    make("div", { className: "name", role: "columnheader", textContent: "Channel" }),
    make("div", { className: "strip", role: "columnheader", id: "hours", ariaLabel: "Hours" }));
  near.disconnect();
  $("grid").ariaRowCount = channels.length + 1;
  $("grid").ariaLabel = document.title;
  $("grid").style.setProperty("--hours", hours(guide.end));
  const over = make("div", { id: "over", ariaHidden: "true" });
  $("grid").replaceChildren(head, ...channels.map(row), over);
};

const ensure = (item) => {
  if (!item.el?.isConnected) item.channel.pieces[place(item.start)].draw();
};

// What depends on the time zone, and on how wide an hour is

const ticks = (step) => {
  const all = quarters();
  const times = Map.groupBy(all, (one) => local(one).toISOString());
  const round = (one) => local(one).getUTCMinutes() === 0 && local(one).getUTCHours() % step === 0;
  const putBack = (one) => offset(one) < offset(one - 1);
  return all
    .filter((one) => round(one) || (putBack(one) && step <= 3))
    .map((one) => ({ one, twice: times.get(local(one).toISOString()).length > 1 }));
};

const label = () => {
  const step = [1, 2, 3, 6, 12].find((one) => one * width() >= 48) ?? 24;
  const names = days().map(({ start, end }) =>
    box("day", start, end, { inside: make("span", { textContent: day(start) }) }));
  const marks = ticks(step).map(({ one, twice }) =>
    box("tick", one, one + HOUR, { inside: twice ? `${clock(one)} ${letters(one)}` : clock(one) }));
  $("hours").replaceChildren(...names, ...marks, ...now("now"));
  const prime = [...Map.groupBy(quarters().filter(isPrime), date).values()];
  const shades = prime.map((one) => box("prime", one[0], one.at(-1) + QUARTER));
  $("over").replaceChildren(...shades, ...now());
};

const isPrime = (seconds) => {
  const hour = local(seconds).getUTCHours() + local(seconds).getUTCMinutes() / 60;
  return guide.prime[0] <= hour && hour < guide.prime[1];
};

const now = (inside = "") => {
  const seen = guide.start <= present() && present() < guide.end;
  return seen ? [box("now", present(), present(), { inside })] : [];
};

const inWords = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const tell = () => {
  $("days").replaceChildren(
    make("button", { type: "button", textContent: "Now", onclick: toNow, disabled: !now().length }),
    ...days().map(({ start }) =>
      make("button", { type: "button", textContent: day(start), onclick: () => toTime(start) })),
  );
  const pulled = guide.pulled ? `pulled ${day(guide.pulled)} ${clock(guide.pulled)}` : "";
  const outside = guide.outside ? `${inWords(guide.outside, "programme")} not shown` : "";
  $("about").textContent = [
    inWords(channels.length, "channel"), `${day(guide.start)} to ${day(guide.end - 1)}`,
    judgement(""), pulled, outside,
  ].filter(Boolean).join(", ");
};

// Findings, in words: "82 findings on 65 programmes, 3 channels"
const judgement = (rule) => {
  const fits = (one) => !rule || rule === "any" || one.rule === rule;
  const count = (all) => all.filter((item) => item.findings.some(fits)).length;
  const size = [...channels, ...items].flatMap((item) => item.findings).filter(fits).length;
  const on = [[programmes, "programme"], [channels, "channel"], [gaps, "gap"]]
    .map(([all, word]) => [count(all), word])
    .filter(([many]) => many)
    .map(([many, word]) => inWords(many, word));
  return on.length ? `${inWords(size, "finding")} on ${on.join(", ")}` : "no findings";
};

const switchZone = (name) => {
  zone = name;
  reader = calendar(zone);
  offsets = new Map();
  draw();
  ensure(current);
  tell();
  label();
  if (!$("details").hidden) show(current);
};

// Moving about

const root = document.documentElement;
const width = () => parseFloat(getComputedStyle(root).getPropertyValue("--hour"));
const named = () => document.querySelector("#grid .name").offsetWidth;
const toTime = (seconds) => { view.scrollLeft = hours(seconds) * width(); };
const toNow = () => toTime(present() - HOUR / 2);

const zoom = (by) => {
  const middle = (view.scrollLeft + (view.clientWidth - named()) / 2) / width();
  const at = ZOOMS.indexOf(width()) + by;
  if (at < 0 || at >= ZOOMS.length) return;
  root.style.setProperty("--hour", `${ZOOMS[at]}px`);
  $("grid").classList.toggle("far", at === 0);
  view.scrollLeft = middle * width() - (view.clientWidth - named()) / 2;
  label();
};

const reveal = (item) => {
  const row = item.el.closest(".row");
  const head = document.querySelector(".head").offsetHeight;
  if (row.offsetTop < view.scrollTop + head) view.scrollTop = row.offsetTop - head;
  const bottom = row.offsetTop + row.offsetHeight - view.clientHeight;
  if (view.scrollTop < bottom) view.scrollTop = bottom;
  if (item.kind === "channel") return;
  const left = hours(Math.max(item.start, guide.start)) * width();
  const right = hours(item.end) * width();
  const room = view.clientWidth - named();
  const seen = left >= view.scrollLeft && left < view.scrollLeft + room * 0.9;
  const through = left < view.scrollLeft && right > view.scrollLeft + room * 0.5;
  if (!seen && !through) view.scrollLeft = left - room * 0.1;
};

const choose = (item, { focus = true, keep = false } = {}) => {
  if (!item) return;
  if (current) {
    current.el.tabIndex = -1;
    current.el.classList.remove("current");
  }
  ensure(item);
  current = item;
  if (!keep && item.kind !== "channel") anchor = Math.max(item.start, guide.start);
  item.el.tabIndex = 0;
  item.el.classList.add("current");
  reveal(item);
  if (focus) item.el.focus({ preventScroll: true });
};

const cells = (by = 0) => {
  const shown = channels.filter((one) => !one.hidden);
  return shown[shown.indexOf(current.channel ?? current) + by]?.cells;
};
const at = (all, time) => {
  const begun = all.filter((item) => item.start <= time);
  return begun.findLast((item) => item.end > time) ?? begun.at(-1) ?? all[1] ?? all[0];
};
const beside = (by) => choose(cells()[cells().indexOf(current) + by]);
const above = (by) => {
  if (!cells(by)) return;
  choose(current.kind === "channel" ? cells(by)[0] : at(cells(by), anchor), { keep: true });
};
const byDay = (by) => {
  anchor = Math.min(Math.max(anchor + by * 24 * HOUR, guide.start), guide.end - 1);
  choose(at(cells(), anchor), { keep: true });
};

const KEYS = {
  ArrowLeft: () => beside(-1),
  ArrowRight: () => beside(1),
  ArrowUp: () => above(-1),
  ArrowDown: () => above(1),
  PageUp: () => byDay(-1),
  PageDown: () => byDay(1),
  Home: () => choose(cells()[0]),
  End: () => choose(cells().at(-1)),
  Enter: () => show(current),
  " ": () => show(current),
};
const EVERYWHERE = {
  "/": () => $("words").focus(),
  "+": () => zoom(1),
  "-": () => zoom(-1),
  n: toNow,
};

// Details

const fact = ([label, value]) =>
  value ? [make("dt", { textContent: label }), make("dd", { textContent: value })] : [];
const judged = (finding) =>
  make("li", { className: finding.severity },
    make("b", { textContent: `${MARKS[finding.severity] ?? ""} ${finding.rule}` }),
    make("p", { textContent: finding.detail }),
    make("p", { className: "soft", textContent: finding.hint }));

const show = (item) => {
  const about = item.kind === "channel"
    ? [`${item.cells.filter((one) => !one.kind).length} programmes`]
    : [item.channel.name, `${when(item)} (${zone})`, lasting(item), genreOf(item)];
  $("what").replaceChildren(
    make("h2", { textContent: item.name }),
    ...about.filter(Boolean).map((textContent) => make("p", { className: "soft", textContent })),
    make("p", { textContent: item.text }),
    make("ul", { className: "findings" }, ...item.findings.map(judged)),
    make("dl", {}, ...item.more.flatMap(fact)),
  );
  $("details").hidden = false;
};

const hide = () => {
  $("details").hidden = true;
  current?.el.focus({ preventScroll: true });
};

// Search and filters

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const said = (item) => (item.folded ??= fold(`${item.name}\n${item.text}`));
let found = [];

const filter = () => {
  const words = fold($("words").value.trim());
  const [own, genre, rule] = [$("channel").value, $("genre").value, $("rule").value];
  for (const channel of channels) {
    channel.hidden = own !== "" && own !== String(channel.row);
    channel.line.hidden = channel.hidden;
  }
  const shown = (item) => !(item.channel ?? item).hidden;
  const fits = (item) =>
    (!words || (item.kind !== "gap" && said(item).includes(words)))
    && (!genre || item.genre === genre)
    && (!rule || item.findings.some((one) => rule === "any" || one.rule === rule));
  const all = !words && !genre && !rule;
  for (const item of [...channels, ...items]) {
    const ofFoundChannel = words && !genre && !rule && item.channel && fits(item.channel);
    item.off = !all && !fits(item) && !ofFoundChannel;
    item.el?.classList.toggle("off", item.off && item.kind !== "channel");
  }
  found = all ? [] : [...channels, ...items].filter((item) => fits(item) && shown(item));
  const size = all ? items.filter((item) => !item.kind && shown(item)).length : found.length;
  $("count").textContent = all ? inWords(size, "programme") : `${size.toLocaleString("en")} found`;
  if (rule && !words && !genre && !own) $("count").textContent = judgement(rule);
  $("previous").disabled = $("next").disabled = !found.length;
  if (current && (current.channel ?? current).hidden) choose(found[0] ?? channels.find(shown), { focus: false });
};

const search = () => {
  filter();
  if ($("words").value.trim() && found.length) choose(found[0], { focus: false });
};

const step = (by) => {
  if (!found.length) return;
  const at = found.indexOf(current);
  const first = by > 0 ? 0 : found.length - 1;
  const to = at < 0 ? first : (at + by + found.length) % found.length;
  choose(found[to], { focus: false });
  show(current);
  $("count").textContent = `${(to + 1).toLocaleString("en")} of ${found.length.toLocaleString("en")}`;
};

const counted = (values) =>
  [...Map.groupBy(values, (one) => one)]
    .map(([value, all]) => [value, `${value} (${all.length})`])
    .sort(([a], [b]) => (a < b ? -1 : 1));
const options = (select, pairs) =>
  select.append(...pairs.map(([value, textContent]) => make("option", { value, textContent })));

const offer = () => {
  const rules = guide.findings.rule;
  options($("channel"), channels.map((one) => [String(one.row), one.name]));
  options($("genre"), counted(programmes.map((item) => item.genre)));
  options($("rule"), [["any", `any finding (${rules.length})`], ...counted(rules)]);
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = new Set([guide.zone, "UTC", here, ...Intl.supportedValuesOf("timeZone")]);
  options($("zone"), [...zones].map((name) => [name, name]));
  const shown = Object.entries(guide.genres).map(([genre, slot]) => [`g${slot}`, genre]);
  const rest = [["others", "other genres"], ["gap", "no programme"], ["prime", "prime time"]];
  const marks = Object.entries(MARKS).map(([severity, mark]) => [severity, `${mark} ${severity}`]);
  $("legend").append(...[...shown, ...rest, ...marks].map(([className, textContent]) =>
    make("li", {}, make("span", { className: `sample ${className}` }), textContent)));
};

const listen = () => {
  $("grid").addEventListener("click", ({ target }) => {
    const { item } = target.closest("[tabindex]") ?? {};
    if (!item) return;
    choose(item);
    show(item);
  });
  $("grid").addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$("details").hidden) return hide();
    if (!EVERYWHERE[event.key] || event.target.closest("input, select")) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    EVERYWHERE[event.key]();
  });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  $("tools").addEventListener("submit", (event) => {
    event.preventDefault();
    step(1);
  });
  $("words").addEventListener("input", search);
  for (const id of ["channel", "genre", "rule"]) $(id).addEventListener("change", filter);
  $("zone").addEventListener("change", () => switchZone($("zone").value));
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("narrower").addEventListener("click", () => zoom(-1));
  $("wider").addEventListener("click", () => zoom(1));
  $("close").addEventListener("click", hide);
  matchMedia("print").addEventListener("change", ({ matches }) => matches && print());
  addEventListener("beforeprint", print);
  addEventListener("afterprint", () => $("paper").replaceChildren());
  setInterval(label, 60_000);
};

// On paper: one page per day, with the channels and programmes that the filters leave

const print = () => {
  const line = (item) =>
    make("li", {}, make("b", { textContent: `${clock(item.start)} ` }), item.name);
  const pages = days().map(({ start, end }) => {
    const lists = channels.filter((one) => !one.hidden).map((channel) => {
      const own = channel.cells.slice(1).filter((item) =>
        item.start >= start && item.start < end && !item.off);
      return own.length
        ? make("section", {}, make("h3", { textContent: channel.name }), make("ul", {}, ...own.map(line)))
        : "";
    });
    const heading = `${document.title}, ${day(start)} (${zone})`;
    return make("article", {}, make("h2", { textContent: heading }), ...lists);
  });
  $("paper").replaceChildren(...pages.filter((page) => page.childElementCount > 1));
};

// A notebook may make the page before it has a size; where it opens is decided once it has one.
const begin = new ResizeObserver(() => {
  if (!view.clientWidth) return;
  begin.disconnect();
  choose(at(channels[0].cells, present()), { focus: false });
  toTime(now().length ? present() - HOUR / 2 : guide.start);
});

$("title").textContent = document.title;
draw();
offer();
tell();
label();
filter();
listen();
begin.observe(view);
