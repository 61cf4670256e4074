// Descent, momentum, RMSProp and Adam run from one start, which the reader drags,
// through a straight valley or one that bends. Each takes the chapter's steps,
// computed here in double precision.

explorable("race", {
  title: "Race four rules",
  hint: "choose the bending valley, predict which rules arrive with the learning rates as they " +
    "are, and press Play. Then drag the start.",
}, (box, data) => {
  const { hessian, bottom, steepness, starts, rules, beta2, steps, far } = data;
  const stages = setStages(box, data.axes, [
    "The paths on the contour lines of a straight valley",
    "The paths on the contour lines of a valley that bends",
    "The loss above the minimum after each step",
  ]);
  const curve = stages[2];
  const pair = (entry) => [entry(0), entry(1)];

  // The loss above its minimum, and the gradient, in each valley.
  const valleys = [
    {
      name: "straight",
      gradient: (theta) =>
        hessian.map((row) => row[0] * (theta[0] - bottom[0]) + row[1] * (theta[1] - bottom[1])),
      loss(theta) {
        const slope = this.gradient(theta);
        return (slope[0] * (theta[0] - bottom[0]) + slope[1] * (theta[1] - bottom[1])) / 2;
      },
    },
    {
      name: "bending",
      gradient([first, second]) {
        const across = second - first ** 2;
        return [-2 * (1 - first) - 4 * steepness * first * across, 2 * steepness * across];
      },
      loss: ([first, second]) => (1 - first) ** 2 + steepness * (second - first ** 2) ** 2,
    },
  ];

  // For each rule a function that begins anew, and returns one that takes step t.
  const begin = {
    descent: () => (theta, g, rate) => pair((i) => theta[i] - rate * g[i]),
    momentum() {
      let v = [0, 0];
      return (theta, g, rate, beta) => {
        v = pair((i) => beta * v[i] + g[i]);
        return pair((i) => theta[i] - rate * v[i]);
      };
    },
    RMSProp() {
      let s = [0, 0];
      return (theta, g, rate, beta) => {
        s = pair((i) => beta * s[i] + (1 - beta) * g[i] ** 2);
        return pair((i) => theta[i] - (rate * g[i]) / (Math.sqrt(s[i]) + 1e-8));
      };
    },
    Adam() {
      let [m, s] = [[0, 0], [0, 0]];
      return (theta, g, rate, beta, t) => {
        m = pair((i) => beta * m[i] + (1 - beta) * g[i]);
        s = pair((i) => beta2 * s[i] + (1 - beta2) * g[i] ** 2);
        const size = (i) => Math.sqrt(s[i] / (1 - beta2 ** t)) + 1e-8;
        return pair((i) => theta[i] - (rate * m[i]) / (1 - beta ** t) / size(i));
      };
    },
  };

  // The path of a rule. It ends early where it diverges.
  function follow(rule, { gradient }, start, rate, beta) {
    const [step, path] = [begin[rule](), [start]];
    for (let t = 1; t <= steps; t++) {
      const theta = path[t - 1];
      path.push(step(theta, gradient(theta), rate, beta, t));
      if (!(Math.max(...path[t].map(Math.abs)) <= far)) break;
    }
    return path;
  }

  const short = (value) =>
    value !== 0 && value < 1e-3 ? value.toExponential(1) : value.toPrecision(3);
  const describe = (power) => (10 ** power).toPrecision(2); // a learning rate
  const shapes = {
    descent: "M-5 0a5 5 0 1 0 10 0 5 5 0 1 0-10 0z",
    momentum: "M-4.5-4.5h9v9h-9z",
    RMSProp: "M0-6.5 6 4.5H-6z",
    Adam: "M0-6.5 6 0 0 6.5-6 0z",
  };

  // A rule: its row among the controls, and what is drawn of it on both stages.
  const runners = rules.map(([name, given]) => {
    const control = slider({
      label: name,
      min: -3,
      max: 0,
      step: 0.05,
      value: Math.log10(given),
      describe,
      onmove: change,
    });
    control.input.setAttribute("aria-label", `${name}, learning rate η`);
    const icon = drawn("svg", { viewBox: "-8 -8 16 16", class: `runner ${name}` });
    icon.ariaHidden = "true";
    icon.append(drawn("path", { d: shapes[name] }));
    const loss = element("span", { className: "loss" });
    control.node.prepend(icon);
    control.node.append(loss);
    const mark = () => {
      const group = drawn("g", { class: `runner ${name}` });
      const [trail, dots] = [drawn("polyline"), drawn("path", { class: "dots" })];
      const end = drawn("path", { d: shapes[name] });
      group.append(trail, dots, end);
      return { group, trail, dots, end };
    };
    const { input, node: row } = control;
    const rate = () => Number(describe(input.value));
    const runner = { name, loss, row, input, rate, on: mark(), below: mark() };
    curve.layer.append(runner.below.group);
    // Point at a rule, or change it, and only that one stands out.
    const fade = (faint) => {
      for (const other of runners.filter((one) => one !== runner))
        for (const { group } of [other.on, other.below]) group.classList.toggle("faint", faint);
    };
    const come = { pointerenter: true, focusin: true, pointerleave: false, focusout: false };
    for (const event in come) row.addEventListener(event, () => fade(come[event]));
    return runner;
  });
  const beta = slider({
    label: "β",
    min: 0,
    max: 0.99,
    step: 0.01,
    value: data.beta,
    describe: (value) => value.toFixed(2),
    onmove: change,
  });
  const which = choice("valley", valleys.map(({ name }) => name), () => {
    play.restart();
    change();
  });
  const points = [0, 1].map((i) =>
    handle(stages[i], {
      label: "start",
      at: starts[i],
      steps: [0.05, 0.05],
      describe: (at) => at.map((value) => value.toFixed(2)).join(", "),
      onmove: change,
    }),
  );
  let shown = steps; // how many steps are drawn
  const play = transport({
    advance() {
      shown = (shown % steps) + 1;
      draw();
      return shown < steps;
    },
    reset() {
      shown = 0;
      draw();
    },
    milliseconds: 25,
  });
  const count = element("span");
  const spoken = announcement();
  // Back to the settings of the chapter.
  const restore = button("Chapter’s settings", () => {
    const set = (input, value) => {
      input.value = value;
      input.dispatchEvent(new Event("input"));
    };
    runners.forEach(({ input }, i) => set(input, Math.log10(rules[i][1])));
    set(beta.input, data.beta);
    points.forEach((point, i) => point.move(starts[i]));
    change();
  });
  const head = element("div", { className: "head", ariaHidden: "true" });
  head.append(element("span", {}, "learning rate η"), element("span", {}, "loss above min."));
  play.node.append(count);
  beta.node.classList.add("beta");
  const rows = element("div", { className: "rows" }, head);
  rows.append(...runners.map(({ row }) => row), beta.node);
  const controls = element("div", { className: "controls" }, which.node, rows, play.node);
  box.append(controls, restore, spoken.node);

  const placed = (stage, points) => points.map((point) => stage.place(...point));
  function sketch({ trail, dots, end }, points) {
    trail.setAttribute("points", points.join(" "));
    dots.setAttribute("d", points.map((point) => `M${point}h0`).join("")); // one for each step
    end.setAttribute("transform", `translate(${points.at(-1)})`);
  }

  function draw() {
    const stage = stages[which.chosen()];
    const said = runners.map(({ name, loss, path, losses, on, below }) => {
      const taken = losses.slice(0, shown + 1).map((value, k) => [k, value]);
      sketch(on, placed(stage, path.slice(0, shown + 1)));
      sketch(below, placed(curve, taken));
      const diverged = path.length <= steps && shown >= path.length - 1;
      loss.textContent = diverged ? "diverged" : short(losses[shown]);
      return `${name} ${loss.textContent}`;
    });
    count.textContent = `step ${shown} of ${steps}`;
    spoken.say(`Loss above the minimum after ${shown} steps: ${said.join(", ")}.`);
  }

  function change() {
    const chosen = which.chosen();
    const valley = valleys[chosen];
    for (const i of [0, 1]) stages[i].node.hidden = i !== chosen;
    for (const runner of runners) {
      const [rate, kept] = [runner.rate(), Number(beta.input.value)];
      runner.path = follow(runner.name, valley, points[chosen].at(), rate, kept);
      runner.losses = runner.path.map((theta) => valley.loss(theta));
      stages[chosen].layer.append(runner.on.group);
    }
    draw();
  }
  change();
});
