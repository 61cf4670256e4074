// A network of a few units that is trained on points in the plane, here on the page,
// in double precision. interactive/small_network.py is the same in NumPy: with the same
// settings the two take the same steps, since they draw the same random numbers.

// The network, which needs no document. A layer has weights W, one row for each input,
// and biases b; A holds its activations for one point, G the derivatives of the loss by
// what stands before the activation, and gradW and gradB are sums over a batch.
const smallNetwork = (() => {
  // The activation function, and its slope, computed from the activation.
  const activations = {
    ReLU: [(z) => Math.max(z, 0), (a) => (a > 0 ? 1 : 0)],
    tanh: [Math.tanh, (a) => 1 - a * a],
    sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (a) => a * (1 - a)],
    identity: [(z) => z, () => 1],
  };

  // Returns a function that draws numbers from 0 to 1, the same ones for a seed.
  function generator(seed) {
    let state = 1234567 * seed;
    return () => (state = (48271 * state) % (2 ** 31 - 1)) / (2 ** 31 - 1);
  }

  function makeLayers(units, draw) {
    const sizes = [2, ...units, 1];
    return sizes.slice(1).map((m, k) => {
      const bound = Math.sqrt(6 / (sizes[k] + m));
      const array = (size, fill = () => 0) => Float64Array.from({ length: size }, fill);
      const start = () => bound * (2 * draw() - 1);
      const [W, b] = [array(sizes[k] * m, start), array(m, start)];
      return { W, b, A: array(m), G: array(m), gradW: array(W.length), gradB: array(m) };
    });
  }

  // The logit of a point; leaves the activations in the layers.
  function forward(layers, point, [activate]) {
    layers.forEach(({ W, b, A }, k) => {
      const [given, m] = [k ? layers[k - 1].A : point, b.length];
      for (let j = 0; j < m; j++) {
        let z = b[j];
        for (let i = 0; i < given.length; i++) z += given[i] * W[i * m + j];
        A[j] = k < layers.length - 1 ? activate(z) : z;
      }
    });
    return layers.at(-1).A[0];
  }

  // Adds what the last point that went forward contributes; g is the derivative of the
  // loss by its logit.
  function backward(layers, point, g, [, slope]) {
    layers.at(-1).G[0] = g;
    for (let k = layers.length - 1; k >= 0; k--) {
      const { W, G, gradW, gradB } = layers[k];
      const [before, m] = [layers[k - 1], G.length];
      const given = before ? before.A : point;
      for (let j = 0; j < m; j++) gradB[j] += G[j];
      for (let i = 0; i < given.length; i++) {
        let back = 0;
        for (let j = 0; j < m; j++) {
          gradW[i * m + j] += given[i] * G[j];
          back += W[i * m + j] * G[j];
        }
        if (before) before.G[i] = back * slope(given[i]);
      }
    }
  }

  // The gradient of the mean cross-entropy of some points and of the penalty.
  function gradient(layers, { points, labels }, rows, activation, alpha) {
    for (const { W, gradW, gradB } of layers) {
      W.forEach((w, i) => (gradW[i] = alpha * w));
      gradB.fill(0);
    }
    for (const row of rows) {
      const p = activations.sigmoid[0](forward(layers, points[row], activations[activation]));
      backward(layers, points[row], (p - labels[row]) / rows.length, activations[activation]);
    }
  }

  function trainEpoch(layers, set, { activation, rate, batch, alpha }, draw) {
    const keys = set.points.map(draw);
    const order = [...keys.keys()].sort((i, j) => keys[i] - keys[j]);
    for (let first = 0; first < order.length; first += batch) {
      gradient(layers, set, order.slice(first, first + batch), activation, alpha);
      for (const { W, b, gradW, gradB } of layers) {
        gradW.forEach((slope, i) => (W[i] -= rate * slope));
        gradB.forEach((slope, i) => (b[i] -= rate * slope));
      }
    }
  }

  // The mean cross-entropy, without the penalty, and the share that is right.
  function judge(layers, { points, labels }, activation) {
    let [loss, right] = [0, 0];
    points.forEach((point, i) => {
      const z = forward(layers, point, activations[activation]);
      loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - labels[i] * z;
      right += z > 0 === labels[i] > 0;
    });
    return { loss: loss / points.length, right: right / points.length };
  }

  return { activations, generator, makeLayers, forward, gradient, trainEpoch, judge };
})();

explorable("playground", {
  title: "Train a small network",
  hint: "say where the boundary will be, then press Play. Change one thing, and play again.",
}, (box, data) => {
  const { sets, options, limits, reach } = data;
  const OWN = "your own";
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const GRID = 50; // points of the plane along each side of a picture
  const link = address("playground");
  const own = { points: [], labels: [] };
  const settings = { ...data.start };
  let [layers, draw, losses] = [[], null, []]; // losses of each epoch, from the start on
  const epochs = () => losses.length - 1;
  const trainingSet = () => (settings.data === OWN ? own : sets[settings.data].training);
  const validationSet = () => sets[settings.data]?.validation;

  // Training

  function begin() {
    draw = smallNetwork.generator(settings.seed);
    layers = smallNetwork.makeLayers(settings.units, draw);
    losses = [measure()];
  }

  function measure() {
    const judge = (set) => set && smallNetwork.judge(layers, set, settings.activation);
    return { training: judge(trainingSet()), validation: judge(validationSet()) };
  }

  // Trains for an epoch, and returns whether it can go on.
  function advance() {
    if (!trainingSet().points.length || epochs() === limits.epochs) return false;
    smallNetwork.trainEpoch(layers, trainingSet(), settings, draw);
    losses.push(measure());
    return Number.isFinite(losses.at(-1).training.loss) && epochs() < limits.epochs;
  }

  const play = transport({
    advance: () => {
      const more = advance();
      show();
      keep();
      return more;
    },
    reset: () => {
      begin();
      arrange();
      show();
      keep();
    },
  });
  // Whatever is changed, training begins again: the settings and the number of epochs
  // say all.
  const change = (changed) => {
    Object.assign(settings, changed);
    play.restart();
  };

  // The address

  const write = (points, labels) => points.map((point, i) => [...point, labels[i]]).join("_");
  function keep() {
    const { units, ...others } = settings;
    const state = { ...others, units: units.join("-") || "none", epochs: epochs() };
    if (settings.data === OWN) state.points = write(own.points, own.labels);
    link.write(state);
  }

  // Take what an address asks for; what it cannot ask for is as at the start.
  function follow(asked) {
    const whole = (text, low, high, otherwise) =>
      /^\d+$/.test(text) && low <= text && text <= high ? Number(text) : otherwise;
    for (const [name, values] of Object.entries(options)) {
      settings[name] = values.find((value) => String(value) === asked[name]) ?? data.start[name];
    }
    const shape = asked.units === "none" ? [] : asked.units?.split("-").map(Number);
    const fits = (count) => Number.isInteger(count) && count >= 1 && count <= limits.units;
    settings.units = shape?.length <= limits.layers && shape.every(fits) ? shape : data.start.units;
    settings.seed = whole(asked.seed, 1, limits.seed, data.start.seed);
    const points = (asked.points ?? "").split("_").map((text) => text.split(",").map(Number));
    const inside = ([x1, x2, label]) =>
      Math.abs(x1) <= reach && Math.abs(x2) <= reach && (label === 0 || label === 1);
    const placed = points.filter(inside).slice(0, limits.points);
    own.points = placed.map(([x1, x2]) => [x1, x2]);
    own.labels = placed.map(([, , label]) => label);
    begin();
    for (let left = whole(asked.epochs, 0, limits.epochs, 0); left && advance(); left--);
  }

  // The settings

  const pair = (name, onless, onmore) => {
    const [less, more] = [button("−", onless), button("+", onmore)];
    less.setAttribute("aria-label", `Fewer ${name}`);
    more.setAttribute("aria-label", `More ${name}`);
    const allow = (fewer, further) => {
      less.ariaDisabled = String(!fewer);
      more.ariaDisabled = String(!further);
    };
    return { node: element("span", { className: "pair" }, less, more), allow };
  };
  const names = {
    data: "points",
    activation: "activation",
    rate: "learning rate η",
    batch: "batch size",
    alpha: "penalty α",
  };
  options.data = [...Object.keys(sets), OWN];
  const named = (label, control) => {
    control.id = `setting-${serial++}`;
    return element("div", {}, element("label", { htmlFor: control.id }, label), control);
  };
  const menus = Object.entries(names).map(([name, label]) => {
    const choices = options[name].map((value) => element("option", { value }, String(value)));
    const menu = element("select", {}, ...choices);
    menu.addEventListener("change", () => change({ [name]: options[name][menu.selectedIndex] }));
    return { name, menu, node: named(label, menu) };
  });
  const seed = element("input", { type: "number", min: 1, max: limits.seed });
  seed.addEventListener("change", () => {
    change({ seed: Math.min(Math.max(Math.round(seed.value) || 1, 1), limits.seed) });
  });
  const resize = (k, by) => {
    const count = settings.units[k] + by;
    if (count >= 1 && count <= limits.units) change({ units: settings.units.with(k, count) });
  };
  const depth = pair(
    "hidden layers",
    () => settings.units.length && change({ units: settings.units.slice(0, -1) }),
    () => {
      const { units } = settings;
      if (units.length < limits.layers) change({ units: [...units, units.at(-1) ?? 4] });
    },
  );
  const layerCount = element("output");
  const setup = element(
    "div",
    { className: "setup" },
    ...menus.map(({ node }) => node),
    named("seed", seed),
  );

  // The network: pictures of what each unit makes of the plane, and lines for weights

  const plane = (values) => Float32Array.from({ length: GRID * GRID }, (_, i) => values(i));
  const middle = (i) => ((2 * (i + 0.5)) / GRID - 1) * reach;
  const picture = (values = plane(() => 0)) => {
    const canvas = element("canvas", { width: GRID, height: GRID });
    canvas.ariaHidden = "true";
    const context = canvas.getContext("2d");
    const image = context.createImageData(GRID, GRID);
    return { node: canvas, canvas, context, image, values };
  };
  // Blue below zero, orange above, the page's colour at zero.
  function paint({ context, image, values }, largest, [below, above], strength = 220) {
    const pixels = new Uint32Array(image.data.buffer); // alpha, blue, green, red
    for (let i = 0; i < values.length; i++) {
      const share = Math.min(Math.max(values[i] / largest, -1), 1);
      pixels[i] = ((strength * Math.abs(share)) << 24) | (share < 0 ? below : above);
    }
    context.putImageData(image, 0, 0);
  }

  const field = element("div", { className: "field" });
  const heads = element("div", { className: "heads" });
  const weights = drawn("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none" });
  weights.setAttribute("role", "img");
  const layerHeads = Array.from({ length: limits.layers }, (_, k) => {
    const count = element("span");
    const buttons = pair(`units in layer ${k + 1}`, () => resize(k, -1), () => resize(k, 1));
    return { count, buttons, node: element("div", {}, count, buttons.node) };
  });
  heads.append(
    element("div", {}, "inputs"),
    ...layerHeads.map(({ node }) => node),
    element("div", {}, "output"),
  );
  const inputs = [
    picture(plane((i) => middle(i % GRID))),
    picture(plane((i) => -middle(Math.floor(i / GRID)))),
  ];
  const surface = picture(); // of probabilities, large and as a tile
  const output = picture(surface.values);
  const logits = plane(() => 0);
  let [tiles, lines] = [[], []]; // one list for each layer

  // The unit that the plane shows instead of the probabilities: the one under the mouse,
  // or else the one that has been pressed. The arrow keys go from unit to unit.
  let [chosen, hovered] = [null, null]; // [layer, unit]
  const unitAt = (at) => at && tiles[at[0]]?.[at[1]];
  const press = () =>
    tiles.flat().forEach((tile) => (tile.node.ariaPressed = String(tile === unitAt(chosen))));
  const rove = (to) => tiles.flat().forEach((tile) => (tile.node.tabIndex = tile === unitAt(to) ? 0 : -1));
  function makeUnit(k, j) {
    const made = picture();
    made.node = button("", () => {
      chosen = unitAt(chosen) === made ? null : [k, j];
      press();
      rove([k, j]);
      show();
      spoken.say(caption.textContent);
    });
    made.node.append(made.canvas);
    made.node.setAttribute("aria-label", `Unit ${j + 1} of layer ${k + 1}`);
    made.node.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") hovered = [k, j];
      show();
    });
    made.node.addEventListener("pointerleave", () => {
      hovered = null;
      show();
    });
    made.node.addEventListener("keydown", (event) => {
      const [right, up] = WAYS[event.key] ?? [];
      if (right === undefined) return;
      event.preventDefault(); // the page would scroll
      const to = [k + right, Math.min(j - up, (tiles[k + right]?.length ?? 0) - 1)];
      if (!unitAt(to)) return;
      rove(to);
      unitAt(to).node.focus();
    });
    return made;
  }

  // Put tiles, lines and settings in their places, after a change.
  function arrange() {
    const sizes = [2, ...settings.units, 1];
    const depths = settings.units.length;
    const highest = Math.max(4, ...sizes);
    field.style.setProperty("--highest", highest);
    const at = (column, unit) => [
      (100 * (column + 0.5)) / sizes.length,
      (100 * (unit + 0.5 + (highest - sizes[column]) / 2)) / highest,
    ];
    tiles = settings.units.map((size, k) => Array.from({ length: size }, (_, j) => makeUnit(k, j)));
    if (!unitAt(chosen)) chosen = null;
    press();
    rove(chosen ?? [0, 0]);
    [inputs, ...tiles, [output]].forEach((column, c) =>
      column.forEach(({ node }, unit) => {
        const [x, y] = at(c, unit);
        Object.assign(node.style, { left: `${x}%`, top: `${y}%` });
      }),
    );
    lines = layers.map(({ W, b }, k) =>
      Array.from(W, (_, i) => {
        const [[x1, y1], [x2, y2]] = [at(k, Math.floor(i / b.length)), at(k + 1, i % b.length)];
        return drawn("line", { x1, y1, x2, y2 });
      }),
    );
    weights.replaceChildren(...lines.flat());
    const marks = ["x₁", "x₂"].map((name, i) => {
      const [left, top] = at(0, i);
      const mark = element("span", { className: "mark" }, name);
      Object.assign(mark.style, { left: `${left}%`, top: `${top}%` });
      return mark;
    });
    const pictures = [...inputs, ...tiles.flat(), output];
    field.replaceChildren(weights, ...pictures.map(({ node }) => node), ...marks);

    layerHeads.forEach(({ node, count, buttons }, k) => {
      const size = settings.units[k];
      node.hidden = size === undefined;
      count.textContent = size === 1 ? "1 unit" : `${size} units`;
      buttons.allow(size > 1, size < limits.units);
    });
    layerCount.textContent = `${depths} hidden layer${depths === 1 ? "" : "s"}`;
    depth.allow(depths > 0, depths < limits.layers);
    for (const { name, menu } of menus) menu.value = settings[name];
    seed.value = settings.seed;
    placing.hidden = settings.data !== OWN;
    desk.tabIndex = placing.hidden ? -1 : 0;
    // An application, so that screen readers pass the keys on.
    desk.setAttribute("role", placing.hidden ? "group" : "application");
    desk.classList.toggle("open", !placing.hidden);
    showPoints();
  }

  // The plane: probabilities, the boundary, and points

  const over = drawn("svg", { viewBox: `0 0 ${GRID} ${GRID}`, role: "img" });
  const [boundary, dots, cursor] = ["path", "g", "path"].map((tag) => drawn(tag));
  boundary.setAttribute("class", "boundary");
  cursor.setAttribute("class", "pen");
  cursor.setAttribute("d", "M-2,0H2M0-2V2");
  over.append(boundary, dots, cursor);
  const desk = element("div", { className: "plane" }, surface.canvas, over);
  const caption = element("p", { className: "caption" });
  const place = ([x1, x2]) => [x1, -x2].map((x) => ((x / reach + 1) / 2) * GRID);

  function showPoints() {
    const shapes = [];
    for (const [set, kind] of [[validationSet(), "new"], [trainingSet(), ""]]) {
      set?.points.forEach((point, i) => {
        const [x, y] = place(point);
        const r = set.points.length > 50 ? 0.5 : 0.9;
        const shape = set.labels[i]
          ? drawn("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r })
          : drawn("circle", { cx: x, cy: y, r });
        shape.setAttribute("class", `class-${set.labels[i]} ${kind}`);
        shapes.push(shape);
      });
    }
    dots.replaceChildren(...shapes);
  }

  // What each unit makes of the plane, layer by layer.
  function survey() {
    const [activate] = smallNetwork.activations[settings.activation];
    let given = inputs.map(({ values }) => values);
    layers.forEach(({ W, b }, k) => {
      const last = k === layers.length - 1;
      const made = last ? [logits] : tiles[k].map(({ values }) => values);
      made.forEach((values, j) => {
        values.fill(b[j]);
        given.forEach((before, i) => {
          const w = W[i * b.length + j];
          for (let at = 0; at < values.length; at++) values[at] += w * before[at];
        });
        if (!last) for (let at = 0; at < values.length; at++) values[at] = activate(values[at]);
      });
      given = made;
    });
    logits.forEach((z, i) => (surface.values[i] = Math.tanh(z / 2))); // 2 p - 1
  }

  // Where the logit is zero, cell by cell between the points of the grid.
  function findBoundary() {
    let path = "";
    for (let row = 0; row < GRID - 1; row++) {
      for (let column = 0; column < GRID - 1; column++) {
        const at = row * GRID + column;
        const corners = [at, at + 1, at + GRID + 1, at + GRID];
        const above = corners.filter((corner) => logits[corner] > 0).length;
        if (above % 4 === 0) continue;
        const crossings = [];
        corners.forEach((here, i) => {
          const next = corners[(i + 1) % 4];
          if (logits[here] > 0 === logits[next] > 0) return;
          const share = logits[here] / (logits[here] - logits[next]);
          const place = (of) => [of % GRID, Math.floor(of / GRID)];
          const [from, to] = [place(here), place(next)];
          crossings.push(from.map((x, axis) => (x + 0.5 + share * (to[axis] - x)).toFixed(2)));
        });
        for (let i = 0; i < crossings.length; i += 2) path += `M${crossings[i]}L${crossings[i + 1]}`;
      }
    }
    return path;
  }

  // The reader's own points

  const kind = choice("class", ["0 ●", "1 ■"], () => {});
  const placing = element(
    "div",
    { className: "placing" },
    element("span", {}, "Click or tap in the plane; or go there with the arrow keys and press Enter."),
    kind.node,
    button("Clear", () => {
      Object.assign(own, { points: [], labels: [] });
      play.restart();
    }),
  );
  let pen = [0, 0];
  function put([x1, x2]) {
    if (placing.hidden || own.points.length === limits.points) return;
    own.points.push([x1, x2].map((x) => Math.round(100 * x) / 100));
    own.labels.push(kind.chosen());
    play.restart();
  }
  desk.addEventListener("click", ({ clientX, clientY }) => {
    const { left, top, width } = over.getBoundingClientRect();
    const share = [(clientX - left) / width, 1 - (clientY - top) / width];
    put(share.map((part) => (2 * part - 1) * reach));
  });
  desk.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (placing.hidden || !(way || event.key === "Enter")) return;
    event.preventDefault(); // the page would scroll
    if (way) {
      const moved = pen.map((x, i) => x + (way[i] * reach) / 20);
      pen = moved.map((x) => Math.min(Math.max(x, -reach), reach));
      cursor.setAttribute("transform", `translate(${place(pen)})`);
      spoken.say(`x1 ${pen[0].toFixed(2)}, x2 ${pen[1].toFixed(2)}`);
    } else put(pen);
  });
  desk.setAttribute("aria-label", "The plane of the points");
  cursor.setAttribute("transform", `translate(${place(pen)})`);

  // Losses, as numbers and as curves

  const [WIDTH, HEIGHT] = [200, 70];
  const curve = drawn("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT + 20}`, role: "img" });
  const trails = ["training", "validation"].map((name) => drawn("polyline", { class: name }));
  const [ceiling, latest] = [0, WIDTH].map((x) =>
    drawn("text", { x, y: HEIGHT + 16, class: x ? "end" : "" }),
  );
  curve.append(drawn("path", { d: `M0,0V${HEIGHT}H${WIDTH}` }), ...trails, ceiling, latest);
  const cells = ["epoch", "training loss", "validation loss"].map((name) => {
    const [value, share] = [element("b"), element("span")];
    const node = element("div", {}, element("span", {}, name), element("p", {}, value, " ", share));
    return { value, share, node };
  });
  const status = element("div", { className: "losses" }, ...cells.map(({ node }) => node));
  status.ariaHidden = "true"; // the announcement says the same
  const spoken = announcement();

  // Change a text in its node: a new node would have more of the page styled again.
  const tell = (node, text) => {
    if (!node.firstChild) node.append(text);
    else if (node.firstChild.data !== text) node.firstChild.data = text;
  };

  function showLosses() {
    const last = losses.at(-1);
    const parts = [last.training, last.validation];
    const exists = (part) => part && !Number.isNaN(part.right);
    const percent = ({ right }) => Math.floor(100 * right + 1e-9); // 100 if none is wrong
    const describe = ({ loss }) => (loss < 100 ? loss.toFixed(3) : loss.toExponential(1));
    tell(cells[0].value, String(epochs()));
    parts.forEach((part, i) => {
      const { value, share } = cells[i + 1];
      tell(value, exists(part) ? describe(part) : "–");
      tell(share, exists(part) ? `${percent(part)}% right` : "");
    });
    tell(cells[0].share, Number.isFinite(last.training.loss) ? "" : "it diverges");
    const said = parts.map((part, i) =>
      exists(part)
        ? `${i ? "validation" : "training"} loss ${describe(part)}, ${percent(part)} per cent right`
        : "",
    );
    spoken.say(`Epoch ${epochs()}: ${said.filter(Boolean).join("; ") || "no points yet"}.`);

    const values = ["training", "validation"].map((name) => losses.map((one) => one[name]?.loss));
    const top = Math.max(1, ...values.flat().filter(Number.isFinite).map((loss) => Math.min(loss, 3)));
    const every = Math.ceil(losses.length / 200);
    trails.forEach((trail, i) => {
      const places = values[i].flatMap((loss, epoch) => {
        if (!Number.isFinite(loss) || (epoch % every && epoch !== epochs())) return [];
        return `${(WIDTH * epoch) / (epochs() || 1)},${HEIGHT * (1 - Math.min(loss / top, 1))}`;
      });
      trail.setAttribute("points", places.join(" "));
    });
    tell(ceiling, `loss ≤ ${top.toFixed(1)}`);
    tell(latest, `epoch ${epochs()}`);
    curve.setAttribute("aria-label", `The losses of ${epochs()} epochs`);
  }

  // The same in Python

  const code = element("code");
  function writeCell() {
    const { data: name, units, activation, rate, batch, alpha, seed } = settings;
    const lists = (rows) => rows.map((row) => `    [${row.join(", ")}],\n`).join("");
    const points = name === OWN
      ? `X = np.array([\n${lists(own.points)}])\ny = np.array([\n    ${own.labels.join(", ")}\n])`
      : `X, y, X_new, y_new = point_sets["${name}"]`;
    const loss = (of) => `print(mean_loss(${of}, layers, "${activation}"))`;
    code.textContent = `${data.code}

${points}
layers = train(
    X, y, units=[${units.join(", ")}], activation="${activation}",
    rate=${rate}, batch=${batch}, alpha=${alpha}, seed=${seed}, epochs=${epochs()},
)
${loss("X, y")}
${name === OWN ? "" : `${loss("X_new, y_new")}\n`}`;
  }
  const python = element(
    "details",
    {},
    element("summary", {}, "Reproduce in Python"),
    element(
      "p",
      {},
      "Run this as the last cell of this page's notebook, and it prints the losses above. " +
        "The address of this page now leads back to this moment.",
    ),
    element("pre", { tabIndex: 0 }, code),
  );
  python.addEventListener("toggle", writeCell);

  // Everything

  const sign = (label, shape) => element("span", { className: `class-${label}` }, shape);
  const signs = [sign(0, "●"), sign(1, "■")];
  const legend = element(
    "p",
    { className: "signs" },
    signs[0],
    " class 0 ",
    signs[1],
    " class 1; hollow, the validation points. The lines are weights: orange if positive, blue and " +
      "dashed if negative; the thicker, the larger. Each small picture is a unit's activation over the " +
      "plane, orange above zero and blue below; press one to see it large. " +
      "Losses: training solid, validation dashed.",
  );

  const largest = (values) => {
    let found = 1e-9;
    for (const value of values) found = Math.max(found, Math.abs(value));
    return found;
  };

  const set = (node, name, value) =>
    node.getAttribute(name) === value || node.setAttribute(name, value);

  // Take the colours of the theme, and paint everything in them.
  let colours;
  function recolour() {
    colours = signs.map((it) => {
      const [red, green, blue] = getComputedStyle(it).color.match(/[\d.]+/g);
      return (blue << 16) | (green << 8) | red;
    });
    for (const one of inputs) paint(one, reach, colours);
    show();
  }

  // What changes with every epoch. As little of the page as possible is touched, since
  // a frame takes longer to style and to paint than to compute.
  function show() {
    survey();
    const unit = unitAt(hovered) ?? unitAt(chosen);
    const shown = { ...surface, values: (unit ?? surface).values };
    paint(shown, unit ? largest(unit.values) : 1, colours, 120); // so that the points stand out
    const ends = unit && [Math.min(...unit.values), Math.max(...unit.values)];
    const range = unit && ends.map((a) => a.toFixed(2)).join(" to ");
    tell(caption, unit ? `${unit.node.ariaLabel}, from ${range}` : "The probability of class 1");
    paint(output, 1, colours);
    for (const one of tiles.flat()) paint(one, largest(one.values), colours);
    boundary.setAttribute("d", findBoundary());
    layers.forEach(({ W }, k) =>
      W.forEach((w, i) => {
        const line = lines[k][i];
        set(line, "stroke-width", Math.min(0.3 + 1.2 * Math.abs(w), 6).toFixed(1)); // as seen
        set(line, "class", w < 0 ? "negative" : "positive");
      }),
    );
    showLosses();
    const all = layers.flatMap(({ W }) => [...W]);
    const span = [Math.min(...all), Math.max(...all)].map((w) => w.toFixed(2)).join(" to ");
    const shape = [2, ...settings.units, 1].join(", ");
    weights.setAttribute("aria-label", `Layers of ${shape} units; weights from ${span}`);
    over.setAttribute("aria-label", "The probability of class 1, the boundary, and the points");
    if (python.open) writeCell();
  }

  const layersNode = element("div", { className: "depth" }, depth.node, layerCount);
  const network = element("div", { className: "layers" }, layersNode, heads, field);
  const result = element("div", { className: "result" }, desk, caption, placing, curve);
  box.querySelector("img").replaceWith(
    setup,
    element("div", { className: "bench" }, network, result),
  );
  box.append(
    element("div", { className: "controls" }, play.node, status),
    legend,
    spoken.node,
    python,
  );

  new MutationObserver(recolour).observe(document.body, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  const open = () => {
    follow(address("playground").read());
    arrange();
  };
  addEventListener("hashchange", () => {
    if (!location.hash.startsWith("#playground?")) return; // another place on the page
    play.restart();
    open();
    show();
    keep();
  });
  open();
  recolour();
  box.moment = () => losses.at(-1); // for tests, with all digits
});
