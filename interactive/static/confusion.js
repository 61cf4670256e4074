// Open a cell of a confusion matrix, and see the images that were counted there.

explorable("confusion", {
  title: "Open a cell",
  hint: "open the pair that you expected, then the same pair the other way round.",
}, (box, data) => {
  const { classes, size, columns, pictures, models, start } = data;
  const [height, width] = size;
  const largest = Math.max(
    ...models.flatMap(({ counts }) => counts.filter((_, i) => i % (classes + 1) !== 0)),
  );
  let chosen = start; // digit times classes plus reading

  box.style.setProperty("--sprite", `url(data:image/webp;base64,${data.sprite})`);
  const rows = Math.ceil(pictures / columns);
  box.style.setProperty("--sheet", `${100 * columns}% ${100 * rows}%`);

  // A share of the way through the sheet, as the mask's position.
  const share = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
  function picture(index, label) {
    const node = element("span", { className: "sample" });
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", label);
    node.style.aspectRatio = `${width} / ${height}`;
    const [row, column] = [Math.floor(index / columns), index % columns];
    node.style.setProperty("--at", `${share(column, columns)}% ${share(row, rows)}%`);
    return node;
  }

  const model = choice("read by", models.map(({ name }) => name), show);
  model.node.classList.add("wide");
  const digits = [...Array(classes).keys()];
  const buttons = digits.flatMap((digit) =>
    digits.map((reading) => {
      const made = button("", () => open(digit * classes + reading));
      made.classList.toggle("right", digit === reading);
      return made;
    }),
  );
  const head = element("tr", {}, element("td"), ...digits.map((it) => element("th", { scope: "col" }, it)));
  const body = digits.map((digit) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, digit),
      ...digits.map((reading) => element("td", {}, buttons[digit * classes + reading])),
    ),
  );
  const matrix = element(
    "table",
    { className: "confusions" },
    element("caption", {}, "row: the digit, column: what it was read as"),
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
  matrix.setAttribute("role", "grid");
  const heading = element("p", { className: "cell-name" });
  const samples = element("div", { className: "samples" });
  const text = readout();
  const panel = element("div", { className: "opened" }, heading, samples, text.node);
  box.querySelector("img").replaceWith(element("div", { className: "matrix" }, matrix, panel));
  box.append(element("div", { className: "controls" }, model.node));

  const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  matrix.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // the page would scroll
    const place = [Math.floor(chosen / classes), chosen % classes];
    const [row, column] = place.map((at, axis) => Math.min(Math.max(at + way[axis], 0), classes - 1));
    open(row * classes + column);
    buttons[chosen].focus();
  });

  function open(cell) {
    chosen = cell;
    show();
  }

  function show() {
    const { name, counts, alike, shown } = models[model.chosen()];
    const [digit, reading] = [Math.floor(chosen / classes), chosen % classes];
    buttons.forEach((node, cell) => {
      const [row, column] = [Math.floor(cell / classes), cell % classes];
      node.textContent = counts[cell] || "";
      node.setAttribute("aria-label", `${row} read as ${column}: ${counts[cell]}`);
      node.setAttribute("aria-pressed", cell === chosen);
      node.tabIndex = cell === chosen ? 0 : -1;
      node.style.setProperty("--share", row === column ? 0 : counts[cell] / largest);
    });

    const samplesHere = shown[chosen] ?? [];
    const all = counts.slice(digit * classes, (digit + 1) * classes).reduce((sum, count) => sum + count);
    const count = counts[chosen];
    heading.textContent = `${digit} read as ${reading}`;
    samples.replaceChildren(
      ...samplesHere.map(([index, p]) => {
        const probability = p > 0.9995 ? "> 0.999" : p.toFixed(3);
        const label = `A ${digit}, read as ${reading} with probability ${probability}`;
        return element("figure", {}, picture(index, label), element("figcaption", { ariaHidden: "true" }, probability));
      }),
    );
    const others = models
      .map((other, i) => [other.name, alike[i][chosen]])
      .filter(([other]) => other !== name)
      .map(([other, same], i) => (i ? `${other} ${same}` : `${other} reads ${same} of these as ${reading} too`));
    const which = digit === reading ? "least sure" : "surest";
    const some = samplesHere.length < count ? `the ${samplesHere.length} of which it was ${which}` : `${which} first`;
    text.say(
      `${count} of ${all} images of a ${digit}, ${((100 * count) / all).toFixed(1)}%, by ${name}. ` +
        (count ? `${others.join(", ")}. Shown: ${some}, with the probability of its answer.` : ""),
    );
  }
  show();
});
