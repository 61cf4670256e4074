// Move the boundary of a logistic regression, or a flower, and see of each flower its
// probability, its loss and what it adds to the gradient. All is computed here, in
// double precision, by the chapter's formulas.

explorable("boundary", {
  title: "Move the boundary, or a flower",
  hint: "take gradient steps, and watch the lines on the right. Then drag the arrow’s tip " +
    "to where most flowers are on the wrong side, and farther out: what do loss and gradient do? " +
    "Last, drag a single flower over the line; by finger, tap it first.",
}, (box, data) => {
  const { y, point, names, scale, rate } = data;
  const [plane, curve] = setStages(box, data.axes, [
    "The flowers and the boundary",
    "The probability of each flower over its logit, and its distance from the target",
  ]);
  const shapes = ["M-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z"];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
  const along = (from, by, way) => from.map((value, j) => value + by * way[j]);

  // The chapter's functions: sigmoid and loss of a logit, without overflow.
  const softplus = (s) => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
  const sigmoid = (z) => Math.exp(-softplus(-z));

  const NEAR = 14; // pixels from a flower's middle: a finger is not precise
  let X, w, b;
  const begin = () => ([X, w, b] = [[...data.X], point.slice(0, 2), point[2]]);
  begin();

  // What is drawn, from the bottom to the top.
  const [id, gradientUnits] = [`shade-${serial++}`, "userSpaceOnUse"];
  const shade = drawn("linearGradient", { id, gradientUnits });
  for (const [offset, label, opacity] of [[0, 0, 0.3], [0.5, 0, 0], [0.5, 1, 0], [1, 1, 0.3]]) {
    shade.append(drawn("stop", { offset, "stop-opacity": opacity, class: `flower class${label}` }));
  }
  const ground = drawn("rect", { width: "100%", height: "100%", fill: `url(#${id})` });
  const levels = [-Math.log(9), 0, Math.log(9)];
  const lines = levels.map((level) => drawn("line", { class: level ? "level" : "level half" }));
  const arrow = drawn("path", { class: "weights" });
  const pull = drawn("path", { class: "pull" });
  const flowers = y.map((label) => {
    const flower = drawn("path", { d: shapes[label], class: `flower class${label}` });
    const stem = drawn("line", { class: `flower class${label}` });
    const target = drawn("path", { d: shapes[label], class: `flower class${label}` });
    return { flower, stem, target };
  });
  const [nameW, nameG] = ["w", "−∇L"].map((text, i) => {
    const label = drawn("text", { class: i ? "label slope" : "label" });
    label.textContent = text;
    return label;
  });
  plane.top.append(nameW, nameG);
  plane.layer.append(shade, ground, ...lines);
  plane.layer.append(...flowers.map(({ flower }) => flower), arrow, pull);
  curve.layer.append(...flowers.map(({ stem }) => stem), ...flowers.map(({ target }) => target));

  const position = ([first, second]) => `${first.toFixed(2)}, ${second.toFixed(2)}`;
  const anchor = handle(plane, {
    label: "a point on the boundary",
    at: along([0, 0], -b / dot(w, w), w),
    steps: [0.05, 0.05],
    describe: position,
    onmove: (at) => {
      b = -dot(w, at);
      show();
    },
  });
  const tip = handle(plane, {
    label: "tip of the weights",
    at: along(anchor.at(), scale, w),
    steps: [0.05, 0.05],
    describe: position,
    onmove: (at) => {
      const reach = along(at, -1, anchor.at());
      if (Math.hypot(...reach) < 0.02) return show(); // without weights there is no boundary
      w = reach.map((value) => value / scale);
      b = -dot(w, anchor.at());
      show();
    },
  });
  // The chosen flower can be moved as well. A mouse takes the nearest, if it is not on
  // one of the other two points. A finger chooses it with a tap before it can drag it:
  // a drag that begins on another scrolls the page.
  const which = slider({
    label: "flower",
    min: 1,
    max: X.length,
    step: 1,
    value: 1,
    describe: (number) => `${number} of ${X.length}`,
    onmove: () => show(),
  });
  const chosen = () => which.input.value - 1;
  const choose = (flower) => {
    which.input.value = flower + 1;
    which.input.dispatchEvent(new Event("input"));
  };
  const hold = handle(plane, {
    label: "the chosen flower",
    at: X[chosen()],
    steps: [0.05, 0.05],
    describe: position,
    onmove: (at) => {
      X[chosen()] = at;
      show();
    },
  });
  hold.node.classList.add("chosen");
  const nearest = (pointer) => {
    const at = plane.place(...plane.at(pointer));
    const away = X.map((x) => Math.hypot(...along(plane.place(...x), -1, at)));
    const least = Math.min(...away);
    if (least > NEAR || pointer.target.closest(".handle")) return -1;
    return away[chosen()] === least ? chosen() : away.indexOf(least); // of those that coincide
  };
  plane.svg.addEventListener("pointerdown", (event) => {
    const flower = nearest(event);
    if (flower < 0 || (event.pointerType !== "mouse" && flower !== chosen())) return;
    choose(flower);
    hold.grab(event);
  });
  plane.svg.addEventListener("click", (event) => {
    const flower = nearest(event);
    if (flower >= 0) choose(flower);
  });
  const keep = (event) => nearest(event.touches[0]) === chosen() && event.preventDefault();
  plane.svg.addEventListener("touchstart", keep, { passive: false }); // as for a handle

  const cells = ["value", "gradient"].map((name) => {
    const row = element("tr", {}, element("th", { scope: "row" }, name));
    const numbers = [0, 1, 2].map(() => element("td"));
    row.append(...numbers);
    return { row, numbers };
  });
  const heads = ["w₁", "w₂", "b"].map((name) => element("th", { scope: "col" }, name));
  const head = element("tr", {}, element("td"), ...heads);
  const table = element("table", {}, head, ...cells.map(({ row }) => row));
  const [loss, told] = [element("p"), element("p")]; // of all flowers, and of one
  const key = element("p", { className: "shapes" });
  names.forEach((name, label) => {
    const icon = drawn("svg", { viewBox: "-6 -6 12 12", "aria-hidden": true });
    icon.append(drawn("path", { d: shapes[label], class: `flower class${label}` }));
    key.append(icon, `${name}, `);
  });
  key.append("large: large loss, outlined: on the wrong side, dashed: p = 0.1 and 0.9, ringed: chosen");
  const spoken = announcement();
  const step = button("Take a gradient step", () => {
    const { grad, gradB } = measure();
    w = along(w, -rate, grad);
    b -= rate * gradB;
    settle();
  });
  const reset = button("Reset", () => {
    begin();
    anchor.move([0, 0]);
    settle();
    choose(0);
  });
  const buttons = element("div", { className: "buttons" }, step, reset);
  const sums = element("div", { className: "sums" }, table, element("div", {}, loss, told));
  box.append(key, element("div", { className: "controls row" }, sums, which.node, buttons), spoken.node);

  // Put the handles where weights and bias are now.
  function settle() {
    const at = anchor.at();
    anchor.move(along(at, -(dot(w, at) + b) / dot(w, w), w));
    show();
  }

  function measure() {
    const logits = X.map((x) => dot(x, w) + b);
    const chances = logits.map(sigmoid);
    const losses = logits.map((z, i) => softplus((1 - 2 * y[i]) * z));
    const errors = chances.map((p, i) => p - y[i]);
    const mean = (entry) => X.reduce((sum, _, i) => sum + entry(i), 0) / X.length;
    return {
      logits,
      chances,
      losses,
      errors,
      loss: mean((i) => losses[i]),
      wrong: logits.filter((z, i) => z > 0 !== (y[i] === 1)).length,
      grad: [0, 1].map((j) => mean((i) => errors[i] * X[i][j])),
      gradB: mean((i) => errors[i]),
    };
  }

  function show() {
    const now = measure();
    const [from, length] = [anchor.at(), Math.hypot(...w)];
    const [unit, across] = [w.map((value) => value / length), [-w[1] / length, w[0] / length]];
    const segment = (line, [x1, y1], [x2, y2]) =>
      Object.entries({ x1, y1, x2, y2 }).forEach(([name, value]) => line.setAttribute(name, value));
    const onLine = along(from, -(dot(w, from) + b) / length, unit);
    levels.forEach((level, i) => {
      const foot = along(onLine, level / length, unit);
      segment(lines[i], ...[-9, 9].map((far) => plane.place(...along(foot, far, across))));
    });
    segment(shade, ...[-4, 4].map((z) => plane.place(...along(onLine, z / length, unit))));
    tip.move(along(from, scale, w));
    const end = along(from, scale, w);
    draw(arrow, nameW, from, end);
    draw(pull, nameG, end, along(end, -1, now.grad));
    flowers.forEach(({ flower, stem, target }, i) => {
      const [z, p] = [now.logits[i], now.chances[i]];
      const grown = 0.7 + 0.8 * Math.sqrt(now.losses[i]);
      flower.setAttribute("transform", `translate(${plane.place(...X[i])}) scale(${grown})`);
      stem.classList.toggle("chosen", i === chosen());
      for (const mark of [flower, target]) mark.classList.toggle("wrong", z > 0 !== (y[i] === 1));
      segment(stem, curve.place(z, y[i]), curve.place(z, p));
      target.setAttribute("transform", `translate(${curve.place(z, y[i])}) scale(${i === chosen() ? 2 : 1})`);
    });
    [[...w, b], [...now.grad, now.gradB]].forEach((values, i) =>
      values.forEach((value, j) => (cells[i].numbers[j].textContent = signed(value))));
    loss.textContent = `Loss ${now.loss.toFixed(3)}, ${now.wrong} of ${y.length} on the wrong side`;
    hold.move(X[chosen()]);
    const [p, error] = [now.chances, now.errors].map((values) => signed(values[chosen()]));
    told.textContent = `Flower ${which.input.value}, ${names[y[chosen()]]}: p = ${p}, p − y = ${error}`;
    const slopes = [...now.grad, now.gradB].map((value) => value.toFixed(3)).join(", ");
    spoken.say(`${loss.textContent}. The gradient is ${slopes}. ${told.textContent}.`);
  }

  const signed = (value) => value.toFixed(3).replace("-", "−");

  // An arrow between two places in the plane, with its name at the end.
  function draw(path, label, from, to) {
    const [start, end] = [plane.place(...from), plane.place(...to)];
    const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
    const turn = (by) => Math.atan2(dy, dx) + by;
    const barb = (by) => `M${end}l${6 * Math.cos(turn(by))},${6 * Math.sin(turn(by))}`;
    path.setAttribute("d", `M${start}L${end}${barb(2.6)}${barb(-2.6)}`);
    const away = 18 / Math.hypot(dx, dy);
    label.setAttribute("x", end[0] + away * dx);
    label.setAttribute("y", end[1] + away * dy);
  }
  show();
});
