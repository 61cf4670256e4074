// One example through a network of two hidden units, and the gradient back through it.
// The reader changes the numbers on the drawing, and goes through the pass in steps.

explorable("one-example", {
  title: "One example, forward and backward",
  hint: "press Reset, and say each number before Step shows it. Then make w₂ negative.",
}, (box, data) => {
  const given = { ...data.numbers };
  const { min, max } = data.range;
  const sub = (i) => "₀₁₂"[i];
  const titles = {
    x: "feature x",
    w1: "weight w₁",
    w2: "weight w₂",
    v1: "weight v₁",
    v2: "weight v₂",
    y: "target y",
  };
  const symbol = (name) => titles[name].split(" ")[1];

  // Every value, and the gradient of the loss with respect to it.
  function pass({ x, y, w1, w2, v1, v2 }) {
    const [z1, z2] = [w1 * x, w2 * x];
    const [a1, a2] = [Math.max(z1, 0), Math.max(z2, 0)];
    const [on1, on2] = [Number(z1 > 0), Number(z2 > 0)]; // the slopes of ReLU
    const out = v1 * a1 + v2 * a2;
    const r = out - y;
    const back = 2 * r;
    const grad = { L: 1, r: back, out: back, v1: back * a1, v2: back * a2 };
    Object.assign(grad, { a1: back * v1, a2: back * v2 });
    Object.assign(grad, { z1: grad.a1 * on1, z2: grad.a2 * on2 });
    Object.assign(grad, { w1: grad.z1 * x, w2: grad.z2 * x, x: grad.z1 * w1 + grad.z2 * w2 });
    return { x, y, w1, w2, v1, v2, z1, z2, a1, a2, on1, on2, out, r, L: r ** 2, grad };
  }

  const text = (value) => String(Number(value.toPrecision(4)) + 0).replace("-", "−");
  const factor = (value) => (value < 0 ? `(${text(value)})` : text(value));
  const times = (a, b) => `${text(a)} · ${factor(b)}`;
  const equation = (a, b) => `${times(a, b)} = ${text(a * b)}`;
  const twice = (a, b, c, d) =>
    `${times(a, b)} + ${factor(c)} · ${factor(d)} = ${text(a * b + c * d)}`;

  // The steps: which number is found, along which edges, by which sum, and why.
  const each = (make) => [1, 2].map(make);
  const along = "Multiply along the edge";
  const forward = [
    ...[1, 2].flatMap((i) => [
      [
        `z${i}`,
        [`x${i}`],
        (n) => [`z${sub(i)} = ${equation(n[`w${i}`], n.x)}`, "The weight times the feature."],
      ],
      [
        `a${i}`,
        [`relu${i}`],
        (n) => [
          `a${sub(i)} = max(${text(n[`z${i}`])}, 0) = ${text(n[`a${i}`])}`,
          n[`on${i}`] ? "The unit is on: ReLU changes nothing." : "The unit is off.",
        ],
      ],
    ]),
    [
      "out",
      ["out1", "out2"],
      (n) => [`ŷ = ${twice(n.v1, n.a1, n.v2, n.a2)}`, "Each unit times its weight, added up."],
    ],
    [
      "r",
      ["r", "y"],
      (n) => [
        `r = ${text(n.out)} − ${factor(n.y)} = ${text(n.r)}`,
        "The output minus the target.",
      ],
    ],
    ["L", ["L"], (n) => [`L = ${factor(n.r)}² = ${text(n.L)}`, "The square of the residual."]],
  ];
  const backward = [
    ["L", [], () => ["1", "The loss changes as fast as itself."]],
    [
      "r",
      ["L"],
      (n) => [
        equation(1, n.grad.r),
        `${along}: L = r² changes 2r = ${text(n.grad.r)} times as fast as r.`,
      ],
    ],
    ["out", ["r"], (n) => [equation(n.grad.r, 1), `${along}: r changes as fast as ŷ.`]],
    ...each((i) => [
      `a${i}`,
      [`out${i}`],
      (n) => [
        equation(n.grad.out, n[`v${i}`]),
        `${along}: ŷ changes v${sub(i)} = ${text(n[`v${i}`])} times as fast as a${sub(i)}.`,
      ],
    ]),
    ...each((i) => [
      `v${i}`,
      [`out${i}`],
      (n) => [
        equation(n.grad.out, n[`a${i}`]),
        `${along}: ŷ changes a${sub(i)} = ${text(n[`a${i}`])} times as fast as the weight v${sub(i)}.`,
      ],
    ]),
    ...each((i) => [
      `z${i}`,
      [`relu${i}`],
      (n) => [
        equation(n.grad[`a${i}`], n[`on${i}`]),
        n[`on${i}`]
          ? "The unit is on: ReLU has the slope 1 and lets everything pass."
          : "The unit is off: ReLU has the slope 0 and stops all that comes back.",
      ],
    ]),
    ...each((i) => [
      `w${i}`,
      [`x${i}`],
      (n) => [
        equation(n.grad[`z${i}`], n.x),
        `${along}: z${sub(i)} changes x = ${text(n.x)} times as fast as the weight w${sub(i)}.`,
      ],
    ]),
    [
      "x",
      ["x1", "x2"],
      (n) => [
        twice(n.grad.z1, n.w1, n.grad.z2, n.w2),
        "Two paths come back here: multiply along each, and add.",
      ],
    ],
  ];
  const steps = [...forward, ...backward];
  const isBack = (step) => step >= forward.length;
  const stepOf = (name, back) =>
    steps.findIndex(([found], step) => found === name && isBack(step) === back);
  let [chosen, done, told] = ["w2", steps.length, "number"];

  // What is painted anew at each change lies below the numbers that the reader changes,
  // which would lose the focus.
  const svg = drawn("svg", { class: "network", role: "group", "aria-label": "The network" });
  const painted = drawn("g");
  svg.append(painted);
  const legend = [
    ["value", "above a node: its value"],
    ["given", "underlined: yours to change"],
    ["gradient", "below a node, beside a weight: the gradient"],
  ].map(([className, words]) => element("span", { className }, words));
  box.querySelector("img").replaceWith(element("p", { className: "legend" }, ...legend), svg);

  const numbers = Object.keys(titles).map((name) => {
    const node = drawn("g", { class: "given", role: "slider", tabindex: 0 });
    const number = drawn("text");
    node.append(drawn("rect", { x: -30, y: -15, width: 60, height: 30, rx: 6 }), number);
    node.setAttribute("aria-label", titles[name]);
    node.setAttribute("aria-valuemin", min);
    node.setAttribute("aria-valuemax", max);
    let start; // of a drag
    node.addEventListener("focus", () => choose(name));
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      node.focus();
      start = given[name] - event.clientX / 20;
      event.preventDefault();
    });
    node.addEventListener("pointermove", (event) => {
      if (node.hasPointerCapture(event.pointerId)) set(Math.round(start + event.clientX / 20));
    });
    node.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      const to = by ? given[name] + by : { Home: min, End: max }[event.key];
      if (to === undefined) return;
      event.preventDefault(); // the page would scroll
      set(to);
    });
    svg.append(node);
    return { name, node, number };
  });

  const value = slider({
    label: "chosen number",
    min,
    max,
    step: 1,
    value: given[chosen],
    describe: (shown) => `${symbol(chosen)} = ${text(shown)}`,
    onmove: () => {
      given[chosen] = Number(value.input.value);
      if (done === steps.length) told = "number";
      show();
    },
  });
  const set = (to) => {
    value.input.value = to;
    value.input.dispatchEvent(new Event("input"));
  };
  const choose = (name) => {
    chosen = name;
    set(given[name]);
  };

  const go = (to) => {
    done = Math.min(Math.max(to, 0), steps.length);
    told = "step";
    show();
    return done < steps.length;
  };
  const play = player(
    () => done === steps.length && go(0),
    () => go(done + 1),
    1500,
  );
  const leap = (action) => () => {
    play.stop();
    action();
  };
  const back = button(
    "Back",
    leap(() => go(done - 1)),
  );
  const step = button(
    "Step",
    leap(() => go(done + 1)),
  );
  const reset = button(
    "Reset",
    leap(() => {
      Object.assign(given, data.numbers);
      set(given[chosen]);
      go(0);
    }),
  );
  const sentence = element("p", { className: "readout told", ariaHidden: "true" });
  const spoken = announcement();
  const buttons = element("div", { className: "buttons" }, play.button, back, step, reset);
  svg.after(
    sentence,
    element("div", { className: "controls row" }, value.node, buttons),
    spoken.node,
  );

  // Where things are, in pixels: the drawing is as wide as its place, its text is not scaled.
  function layOut() {
    const width = svg.clientWidth || 700;
    const narrow = width < 560;
    const unit = width / (narrow ? 326 : 700);
    const [middle, off, radius] = narrow ? [132, 74, 16] : [150, 82, 25];
    const across = narrow ? [24, 134, 224, 267, 309] : [44, 236, 440, 552, 656];
    const [x, centre, out, r, L] = across.map((place) => place * unit);
    const half = narrow ? 37 : 62;
    const at = { x: [x, middle], out: [out, middle], r: [r, middle], L: [L, middle] };
    at.y = [r, middle + (narrow ? 76 : 100)];
    for (const i of [1, 2]) {
      const y = middle + (i === 1 ? -off : off);
      at[`z${i}`] = [centre - half * 0.62, y];
      at[`a${i}`] = [centre + half * 0.62, y];
      at[`unit${i}`] = [centre, y];
    }
    return { narrow, width, height: middle + off + radius + 29, radius, half, at };
  }

  function show() {
    const n = pass(given);
    const [name, edges, say] = steps[done - 1] ?? ["", [], () => ["", ""]];
    const now = { name: told === "step" && name, edges: told === "step" ? edges : [] };
    now.back = isBack(done - 1);
    paint(n, now);
    back.ariaDisabled = String(done === 0);
    step.ariaDisabled = String(done === steps.length);
    if (told === "number") tell("", "", sentenceOn(n));
    else if (done === 0) tell("", "", "Only the given numbers are shown. Which number comes next?");
    else {
      const at = { out: "ŷ" }[name] ?? name.replace(/\d/, sub);
      const way = now.back ? `backward to ${at}` : "forward";
      tell(`step ${done} of ${steps.length}, ${way}`, ...say(n));
    }
  }

  // What the gradient at the chosen number says, tried out.
  function sentenceOn(n) {
    const name = symbol(chosen);
    if (chosen === "y")
      return `${name} is ${text(n.y)}, the residual ${text(n.r)}, the loss ${text(n.L)}.`;
    const change = pass({ ...given, [chosen]: given[chosen] + data.nudge }).L - n.L;
    const way =
      change === 0
        ? "stays as it is"
        : `${change > 0 ? "grows" : "falls"} by ${text(Math.abs(change))}`;
    const kinks = [1, 2].filter((i) => n[`z${i}`] === 0).map((i) => `z${sub(i)}`);
    return (
      `${name} is ${text(n[chosen])}, and the gradient there ${text(n.grad[chosen])}. ` +
      `If ${name} grows by ${data.nudge}, the loss ${way}.` +
      (kinks.length
        ? ` ${kinks.join(" and ")} at 0: there ReLU has a kink, and its slope is taken as 0.`
        : "")
    );
  }

  function tell(where, sum, why) {
    const line = element("span", {}, element("b", {}, sum), element("i", {}, where));
    sentence.replaceChildren(line, why);
    sentence.classList.toggle("back", isBack(done - 1));
    spoken.say(`${where} ${sum} ${why}`);
  }

  function paint(n, now) {
    const { narrow, width, height, radius, half, at } = layOut();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    painted.replaceChildren();
    const add = (tag, attributes, content = "") => {
      const made = drawn(tag, attributes);
      made.textContent = content;
      painted.append(made);
    };
    const arrow = (edge, from, to, gaps, kind = "") => {
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const length = Math.hypot(dx, dy);
      const on = (far) => [from[0] + (dx * far) / length, from[1] + (dy * far) / length];
      const [start, end] = [on(gaps[0]), on(length - gaps[1])];
      const lit = now.edges.includes(edge);
      const turned = lit && now.back;
      const [tip, foot] = turned ? [start, on(gaps[0] + 11)] : [end, on(length - gaps[1] - 11)];
      const side = [(-dy * 5) / length, (dx * 5) / length];
      const wings = [1, -1].map((sign) => foot.map((place, i) => place + sign * side[i]));
      const state = `edge ${kind} ${lit ? (turned ? "now back" : "now") : ""}`;
      add("path", { class: state, d: `M${turned ? end : start}L${foot}` });
      add("path", { class: `${state} tip`, d: `M${tip}L${wings.join("L")}Z` });
    };
    const isKnown = (name, back) => stepOf(name, back) < done;
    const number = (name, back, [x, y]) => {
      if (!isKnown(name, back)) return;
      const content = text(back ? n.grad[name] : n[name]);
      if (now.name === name && now.back === back) {
        const wide = 9 * content.length + 12;
        add("rect", {
          class: `lit ${back ? "back" : ""}`,
          x: x - wide / 2,
          y: y - 13,
          width: wide,
          height: 26,
          rx: 6,
        });
      }
      add("text", { x, y, class: back ? "gradient" : "value" }, content);
    };
    const up = radius + 15;
    const places = { x: [at.x[0], at.x[1] - up], y: [at.y[0] + radius + 22, at.y[1]] };
    for (const i of [1, 2]) {
      const unit = at[`unit${i}`];
      const ends = [
        [unit[0] - half, unit[1]],
        [unit[0] + half, unit[1]],
      ];
      arrow(`x${i}`, at.x, ends[0], [radius, 2], "weight");
      arrow(`out${i}`, ends[1], at.out, [0, radius + 2], "weight");
      // A weight stands on the outer side of its edge, and its gradient on the inner.
      for (const [weight, from, to, outer, inner] of [
        [`w${i}`, at.x, ends[0], ...(narrow ? [0.62, 0.5] : [0.5, 0.5])],
        [`v${i}`, ends[1], at.out, ...(narrow ? [0.3, 0.62] : [0.5, 0.5])],
      ]) {
        const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        const outward = (i === 1 ? 1 : -1) / Math.hypot(dx, dy);
        const beside = (along, far) => [
          from[0] + dx * along + dy * outward * far,
          from[1] + dy * along - dx * outward * far,
        ];
        places[weight] = beside(outer, 31);
        number(weight, true, beside(inner, -22));
      }
      const off = isKnown(`a${i}`, false) && !n[`on${i}`];
      const state = off ? "node off" : "node";
      const size = { width: 2 * half, height: 2 * radius, rx: radius };
      add("rect", { class: state, x: unit[0] - half, y: unit[1] - radius, ...size });
      const lit = now.edges.includes(`relu${i}`) ? (now.back ? "now back" : "now") : "";
      const [cx, cy] = unit;
      add("path", { class: `edge ${lit}`, d: `M${cx - 9},${cy + 5}H${cx}L${cx + 9},${cy - 6}` });
      if (isKnown(`a${i}`, false)) {
        add("circle", {
          class: `edge ${lit} tip`,
          r: 3,
          cx: cx + (off ? -5 : 5),
          cy: cy + (off ? 5 : -1),
        });
        if (off) add("text", { class: "word", x: cx, y: cy - radius - 15 }, "off");
      }
    }
    arrow("r", at.out, at.r, [radius, radius + 2]);
    arrow("L", at.r, at.L, [radius, radius + 2]);
    arrow("y", at.y, at.r, [radius, radius + 2]);
    for (const name of ["x", "out", "r", "L", "y", "z1", "a1", "z2", "a2"]) {
      const [x, y] = at[name];
      const round = name.length === 1 || name === "out";
      if (round) add("circle", { class: `node ${name}`, cx: x, cy: y, r: radius });
      const symbol = { out: "ŷ" }[name] ?? name.replace(/\d/, sub);
      add("text", { class: `symbol ${name}`, x, y }, symbol);
      // The arrow from the target comes from below.
      if (name !== "y") number(name, true, [x + (name === "r" ? 18 : 0), y + up]);
      if (!(name in given)) number(name, false, [x, y - up]);
    }
    for (const { name, node, number } of numbers) {
      node.setAttribute("transform", `translate(${places[name]})`);
      node.setAttribute("aria-valuenow", given[name]);
      const shown = `${symbol(name)} = ${text(given[name])}`;
      node.setAttribute("aria-valuetext", shown);
      node.classList.toggle("chosen", name === chosen);
      number.textContent = /[wv]/.test(name) ? shown : text(given[name]);
    }
  }
  new ResizeObserver(show).observe(svg);
  show();
});
