// Divide logits by a temperature. The numbers for each temperature come from the
// chapter's functions; here are only the intervals of the groups, which are Wilson's.

explorable("temperature", {
  title: "Choose the temperature",
  hint: "say in which direction the points will move, then raise T.",
}, (box, data) => {
  const { temperatures, sizes, models, start } = data;
  const [diagram, curves] = setStages(box, data.axes, [
    "Mistakes claimed and found in each group of test images",
    "The mean loss over the temperature",
  ]);
  const Z = 1.959964; // 95% of a standard normal distribution lie within
  const edge = 1 / sizes.at(-1); // less than one image

  function wilson(share, n) {
    const square = Z ** 2 / n;
    const reach = Z * Math.sqrt((share * (1 - share)) / n + square / (4 * n));
    return [-reach, reach].map((side) => (share + square / 2 + side) / (1 + square));
  }

  const mean = (values) => values.reduce((sum, value) => sum + value) / values.length;

  // What is drawn: for each group its interval, its way from T = 1, and its point

  const marks = sizes.map(() => ({
    way: drawn("path", { class: "way" }),
    origin: drawn("circle", { class: "origin", r: 4 }),
    interval: drawn("path", { class: "interval" }),
    point: drawn("circle", { class: "group", r: 5 }),
  }));
  for (const part of ["way", "origin", "interval", "point"]) {
    diagram.layer.append(...marks.map((mark) => mark[part]));
  }
  const lines = ["trail", "trail dashed"].map((name) => drawn("polyline", { class: name }));
  const cursor = drawn("path", { class: "cursor" });
  const dots = lines.map(() => drawn("circle", { class: "end", r: 5 }));
  curves.layer.append(cursor, ...lines, ...dots);
  addKey();

  // Name the lines, where the valley leaves room.
  function addKey() {
    const [[low, high], [, ceiling]] = curves.limits;
    const [middle, top] = curves.place(Math.sqrt(low * high), ceiling);
    ["validation images", "test images"].forEach((name, i) => {
      const y = top + 14 + 18 * i;
      const text = drawn("text", { x: middle - 28, y });
      text.textContent = name;
      const line = drawn("path", { class: i ? "trail dashed" : "trail", d: `M${middle - 60},${y}h26` });
      curves.top.append(line, text);
    });
  }

  const position = slider({
    label: "temperature T",
    min: 0,
    max: temperatures.length - 1,
    step: 1,
    value: start,
    describe: (at) => temperatures[at].toFixed(2),
    onmove: show,
  });
  const model = choice("model", models.map(({ name }) => name), show);
  const go = (at) => {
    position.input.value = at;
    position.input.dispatchEvent(new Event("input"));
  };
  const buttons = element(
    "div",
    { className: "buttons" },
    button("T = 1", () => go(start)),
    button("Lowest loss", () => go(models[model.chosen()].best)),
  );
  const text = readout();
  const names = ["validation loss", "test loss", "calibration error", "answers correct"];
  const [heads, ...rows] = ["", ...names].map((name, i) => ({
    name: element(i ? "th" : "td", i ? { scope: "row" } : {}, name),
    cells: [0, 1, 2].map(() => element(i ? "td" : "th", i ? {} : { scope: "col" })),
  }));
  const [head, ...body] = [heads, ...rows].map(({ name, cells }) => element("tr", {}, name, ...cells));
  const table = element("table", { className: "numbers" }, element("thead", {}, head), element("tbody", {}, ...body));
  model.node.classList.add("wide");
  box.append(element("div", { className: "controls" }, position.node, model.node, buttons), text.node, table);

  // On the curves one can also point at a temperature.
  const nearest = (wanted) => {
    const away = temperatures.map((T) => Math.abs(Math.log(T / wanted)));
    return away.indexOf(Math.min(...away));
  };
  const follow = (event) => go(nearest(curves.at(event)[0]));
  curves.svg.classList.add("points-at");
  curves.svg.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // text would be selected, and then dragged
    curves.svg.setPointerCapture(event.pointerId);
    follow(event);
  });
  curves.svg.addEventListener("pointermove", (event) => {
    if (curves.svg.hasPointerCapture(event.pointerId)) follow(event);
  });

  function show() {
    const at = Number(position.input.value);
    const { best, losses, groups: [claimed, found], correct } = models[model.chosen()];
    const inside = (share) => Math.max(share, edge);
    marks.forEach(({ way, origin, interval, point }, i) => {
      const [x, y] = diagram.place(inside(claimed[at][i]), inside(found[at][i]));
      const [x0, y0] = diagram.place(inside(claimed[start][i]), inside(found[start][i]));
      const ends = wilson(found[at][i], sizes[i]).map((end) => diagram.place(1, inside(end))[1]);
      way.setAttribute("d", `M${x0},${y0}L${x},${y}`);
      interval.setAttribute("d", `M${x},${ends[0]}V${ends[1]}`);
      for (const [circle, left, top] of [[origin, x0, y0], [point, x, y]]) {
        circle.setAttribute("cx", left);
        circle.setAttribute("cy", top);
      }
      point.classList.toggle("above", found[at][i] > claimed[at][i]);
    });
    losses.forEach((loss, part) => {
      lines[part].setAttribute("points", loss.map((value, i) => curves.place(temperatures[i], value)).join(" "));
      const [x, y] = curves.place(temperatures[at], loss[at]);
      dots[part].setAttribute("cx", x);
      dots[part].setAttribute("cy", y);
    });
    const [x, floor] = curves.place(temperatures[at], curves.limits[1][0]);
    cursor.setAttribute("d", `M${x},${floor}V${curves.place(1, Math.max(losses[0][at], losses[1][at]))[1]}`);
    position.mark(best, `lowest loss ${temperatures[best].toFixed(2)}`);

    const total = sizes.reduce((sum, size) => sum + size);
    const errorAt = (place) => mean(claimed[place].map((share, i) => Math.abs(share - found[place][i])));
    [start, at, best].forEach((place, column) => {
      const numbers = [
        `${["before", "now", "lowest loss"][column]}\nT = ${temperatures[place].toFixed(2)}`,
        ...losses.map((loss) => loss[place].toFixed(3)),
        errorAt(place).toFixed(4),
        `${((100 * correct) / total).toFixed(2)}%`,
      ];
      numbers.forEach((number, i) => ([heads, ...rows][i].cells[column].textContent = number));
    });
    const groups = (test) => found[at].filter((share, i) => test(share - claimed[at][i])).length;
    text.say(
      `T = ${temperatures[at].toFixed(2)}: ${groups((more) => more > 0)} of ${sizes.length} groups make more mistakes ` +
        `than they claim, ${groups((more) => more < 0)} fewer; the calibration error is ${errorAt(at).toFixed(4)}. ` +
        `The loss of the validation images is ${losses[0][at].toFixed(3)}${at === best ? ", the lowest" : ""}.`,
    );
  }
  show();
});
