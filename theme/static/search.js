// Search the book. `searchIndex` (booktools/sphinx/search.py) has for each page its
// address, its title and its places: [anchor, heading, text], the first of which
// is the page itself. Every word, or a word that begins with it, must be found.

const MAX_PLACES = 5; // of a page, shown at once
const EXCERPT = 220; // characters

const field = document.getElementById("search-field");
const results = document.getElementById("search-results");

function made(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A pattern for each word; the plural finds the singular.
const patternsOf = (query) =>
  (query.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).map((word) => {
    const stem = word.length > 3 ? word.replace(/s$/, "") : word;
    return new RegExp(`(?<![\\p{L}\\p{N}])${stem}`, "giu");
  });

const count = (text, pattern) => text.match(pattern)?.length ?? 0;

// How well a place matches; 0 if a word is missing.
function rate([, heading, text], title, patterns) {
  let [sum, own] = [0, false];
  for (const pattern of patterns) {
    const [inHeading, inText] = [count(heading, pattern), count(text, pattern)];
    if (inHeading + inText > 0) own = true;
    else if (count(title, pattern) === 0) return 0;
    sum += 10 * Math.min(inHeading, 1) + Math.min(inText, 5);
  }
  const exact = patterns.length === heading.split(/\s+/).length 
    && patterns.every((pattern) => count(heading, pattern));
  return own ? sum + (exact ? 10 : 0) : 0;
}

// The part of a text around the first word found, or its beginning, with all words
// marked.
function excerpt(text, patterns) {
  if (!text) return "";
  const first = Math.min(...patterns.map((pattern) => text.search(pattern)).filter((at) => at >= 0));
  const from = first < EXCERPT / 3 || first === Infinity ? 0 : text.indexOf(" ", first - EXCERPT / 3) + 1;
  let part = text.slice(from, from + EXCERPT);
  if (from + EXCERPT < text.length) part = `${part.replace(/\s+\S*$/, "")} …`;
  if (from > 0) part = `… ${part}`;
  return made("p", {}, ...mark(part, patterns));
}

function mark(text, patterns) {
  const any = new RegExp(`(${patterns.map(({ source }) => `${source}[\\p{L}\\p{N}]*`).join("|")})`, "giu");
  return text.split(any).map((piece, i) => (i % 2 ? made("mark", {}, piece) : piece));
}

function show() {
  const patterns = patternsOf(field.value);
  const found = patterns.length
    ? searchIndex.flatMap(([address, title, places]) => {
        const hits = places
          .map((place, i) => ({ place, first: i === 0, score: rate(place, title, patterns) }))
          .filter(({ score }) => score > 0)
          .sort((a, b) => b.score - a.score);
        if (!hits.length) return [];
        const inTitle = patterns.filter((pattern) => count(title, pattern)).length;
        return [{ address, title, hits, score: hits[0].score + 10 * inTitle }];
      })
    : [];
  found.sort((a, b) => b.score - a.score);
  results.replaceChildren(...found.map((page) => entry(page, patterns)));
  const total = found.reduce((sum, { hits }) => sum + hits.length, 0);
  const counted = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  document.getElementById("search-status").textContent = !patterns.length
    ? ""
    : total
      ? `${counted(total, "place")} on ${counted(found.length, "page")}.`
      : "Nothing was found. Every word must be on the page: try fewer words, or the beginning of one.";
}

// A page with its places, without the page itself a second time.
function entry({ address, title, hits }, patterns) {
  const whole = hits.find(({ first }) => first);
  const items = hits
    .filter(({ first }) => !first)
    .map(({ place: [anchor, heading, text] }) =>
      made(
        "li",
        {},
        made("a", { href: `${address}#${anchor}` }, ...mark(heading, patterns)),
        excerpt(text, patterns),
      ),
    );
  const rest = items.splice(MAX_PLACES);
  return made(
    "li",
    {},
    made("h2", {}, made("a", { href: address }, ...mark(title, patterns))),
    whole ? excerpt(whole.place[2], patterns) : "",
    items.length ? made("ul", {}, ...items) : "",
    rest.length
      ? made("details", {}, made("summary", {}, `${rest.length} more on this page`), made("ul", {}, ...rest))
      : "",
  );
}

field.value = new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", () => {
  show();
  history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
});
field.form.addEventListener("submit", (event) => event.preventDefault());
// The arrow keys go from the field to the results, and back.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [field, ...[...results.querySelectorAll("a, summary")].filter((it) => it.checkVisibility())];
  const at = stops.indexOf(document.activeElement);
  if (!step || at < 0 || !stops[at + step]) return;
  event.preventDefault();
  stops[at + step].focus();
});
show();
