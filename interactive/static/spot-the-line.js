// Let the reader choose the line of an exhibit that is wrong, by mouse, finger or
// keyboard, and say whether it is. What gives it away is folded below: it opens once
// the line is found, or when the reader asks.

for (const cell of document.querySelectorAll(".spot-the-line")) hangUp(cell);

function hangUp(cell) {
  const pre = cell.querySelector("pre");
  const cause = cell.closest("section").querySelector("details.cause");
  const marks = [...cell.classList].filter((name) => name.startsWith("wrong-"));
  const wrong = new Set(marks.map((name) => name.slice("wrong-".length)));
  const lines = splitLines(pre);
  const missing = make("button", "A line is missing", { value: "missing" });
  const give = make("button", "Show it", { hidden: true });
  const status = make("p", "Which line is wrong? Choose it.");
  status.role = "status";
  const bar = make("div", "", { className: "verdict" });
  bar.append(status, missing, give);
  cell.querySelector(".cell_input").after(bar);
  let [tries, done] = [0, false];

  function choose(chosen) {
    if (done) return;
    if (wrong.has(chosen.value)) {
      cell.classList.add("found");
      const what = chosen === missing ? ": a line is missing." : ".";
      return end(`Right${tries ? "" : ", at the first try"}${what}`);
    }
    if (chosen.ariaDisabled) return;
    chosen.ariaDisabled = "true";
    chosen.classList.add("tried");
    tries += 1;
    give.hidden = tries < 2;
    const what = chosen === missing ? "No line is missing." : "That line is fine.";
    status.textContent = `${what} ${tries < 2 ? "Try once more." : "Keep looking, or have it shown."}`;
  }

  // Show what is wrong, and open what says why.
  function end(verdict) {
    done = true;
    const within = bar.contains(document.activeElement); // whose buttons go
    for (const line of lines) {
      line.ariaDisabled = "true";
      line.classList.toggle("wrong", wrong.has(line.value));
    }
    give.hidden = missing.hidden = true;
    cause.open = true;
    cause.id ||= `${cell.closest("section").id}-cause`;
    const why = make("a", "Why, and the fix", { href: `#${cause.id}` });
    status.replaceChildren(make("b", verdict), " ", why, ".");
    if (within) why.focus();
  }

  for (const it of [...lines, missing])
    it.addEventListener("click", () => {
      if (getSelection().isCollapsed || !pre.contains(getSelection().anchorNode)) choose(it);
    });
  const known = () => (wrong.has("missing") ? "A line is missing." : "The wrong line is marked.");
  give.addEventListener("click", () => end(known()));
  cause.addEventListener("toggle", () => {
    if (cause.open && !done) end(known());
  });

  // One line is reached by the tab key, the others by the arrows.
  lines.forEach((line, i) => (line.tabIndex = i ? -1 : 0));
  pre.addEventListener("keydown", (event) => {
    const here = lines.indexOf(document.activeElement);
    const last = lines.length - 1;
    const to = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: last }[event.key];
    if (here < 0 || to === undefined) return;
    event.preventDefault(); // the page would scroll
    lines[here].tabIndex = -1;
    const line = lines[Math.min(Math.max(to, 0), last)];
    line.tabIndex = 0;
    line.focus();
  });
  pre.role = "group";
  pre.ariaLabel = "The lines of the exhibit";
}

// Put each line of code that is not blank into a button whose value is its number.
// The ends of the lines stay between the buttons, for those who copy.
function splitLines(pre) {
  const rows = [[]];
  for (const node of [...pre.childNodes])
    node.textContent.split("\n").forEach((text, i) => {
      if (i) rows.push([]);
      if (!text) return;
      const part = node.cloneNode();
      part.textContent = text;
      rows.at(-1).push(part);
    });
  const made = rows.map((parts, i) => {
    const button = make("button", "", { value: String(i + 1) });
    button.append(...parts);
    return button;
  });
  pre.replaceChildren(...made.flatMap((button, i) => {
    const end = i < made.length - 1 ? ["\n"] : [];
    return button.textContent.trim() ? [button, ...end] : [...button.childNodes, ...end];
  }));
  return made.filter((button) => button.isConnected);
}

function make(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.textContent = text;
  if (tag === "button") made.type = "button";
  return made;
}
