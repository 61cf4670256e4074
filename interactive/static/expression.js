// An expression that the reader types, as a graph, and five ways to walk back through it.

explorable("expression", {
  title: "Walk back through your own expression",
  hint: "choose a walk, press Reset, and say what each Step will hand back.",
}, (box, data) => {
  const MAX_NODES = 40;
  const MAX_STEPS = 600;
  const LETTER = 7.3; // pixels across, at most on average
  const ROW = 86;
  const FUNCTIONS = {
    relu: { value: (x) => Math.max(x, 0), slope: (x) => Number(x > 0) },
    tanh: { value: Math.tanh, slope: (x, value) => 1 - value ** 2 },
    exp: { value: Math.exp, slope: (x, value) => value },
    log: { value: Math.log, slope: (x) => 1 / x },
  };
  const OPERATIONS = {
    "+": { value: (a, b) => a + b, slopes: () => [1, 1] },
    "-": { value: (a, b) => a - b, slopes: () => [1, -1] },
    "*": { value: (a, b) => a * b, slopes: (a, b) => [b, a] },
    "/": { value: (a, b) => a / b, slopes: (a, b) => [1 / b, -a / b ** 2] },
    "**": { value: (a, q) => a ** q, slopes: (a, q) => [q * a ** (q - 1)] },
  };
  const text = (value) => {
    const size = Math.abs(value);
    const whole = Number.isInteger(value) && size < 1e5;
    const tiny = size !== 0 && (size < 1e-3 || size >= 1e5) && size < Infinity;
    const shown = whole
      ? value + 0
      : tiny
        ? value.toExponential(1)
        : Number(value.toPrecision(3));
    return String(shown).replaceAll("-", "−").replace("Infinity", "∞");
  };
  const factor = (value) => (value < 0 ? `(${text(value)})` : text(value));
  const subscript = (number) => String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

  // Read an expression: "a = 2; b = a + a; b * b". Returns the nodes of its graph, each
  // after its parents, the last one being the result. A number that stands in an
  // operation is part of that operation. Throws an error with the place in the text.

  function read(source) {
    const fail = (message, from, to = from + 1) => {
      throw Object.assign(new Error(message), { from, to });
    };
    const tokens = [];
    const pattern =
      /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?<name>[a-z_]\w*)|(?<sign>\*\*|[-+*/()=;])|(?<end>$))/iy;
    for (let kind; kind !== "end";) {
      const start = pattern.lastIndex;
      const found = pattern.exec(source);
      if (!found) {
        const from = start + source.slice(start).search(/\S/);
        fail(`“${source[from]}” means nothing here`, from);
      }
      let part;
      [kind, part] = Object.entries(found.groups).find(([, match]) => match !== undefined);
      tokens.push({ kind, part, from: pattern.lastIndex - part.length, to: pattern.lastIndex });
    }
    let [place, count] = [0, 0];
    const known = new Map();
    const next = () => tokens[place];
    const take = (...parts) =>
      next().kind === "sign" && parts.includes(next().part) ? tokens[place++] : null;
    const expect = (what) => {
      const { kind, part, from, to } = next();
      fail(
        kind === "end"
          ? `it ends where ${what} should come`
          : `${what} should come before “${part}”`,
        from,
        to,
      );
    };

    // A node, or a number if it depends on no name.
    const make = (label, value, inputs, slopes, { from, to }) => {
      if (!Number.isFinite(value)) fail(`this has no value that is a number: ${label}`, from, to);
      const parents = inputs
        .map((node, i) => ({ node, slope: slopes[i] }))
        .filter(({ node }) => node.parents);
      if (!parents.length) return { value };
      count += 1;
      if (count > MAX_NODES) fail(`that is more than ${MAX_NODES} operations`, from, to);
      return { value, label, parents };
    };
    const shown = { "*": "×", "-": "−" };
    const operate = (sign, a, b, token) => {
      const { value, slopes } = OPERATIONS[sign];
      const [left, right] = [a, b].map((node) => (node.parents ? "" : factor(node.value)));
      const label = `${left} ${shown[sign] ?? sign} ${right}`.trim();
      return make(label, value(a.value, b.value), [a, b], slopes(a.value, b.value), token);
    };

    function sum() {
      let found = product();
      for (let sign; (sign = take("+", "-"));) found = operate(sign.part, found, product(), sign);
      return found;
    }
    function product() {
      let found = signed();
      for (let sign; (sign = take("*", "/"));) found = operate(sign.part, found, signed(), sign);
      return found;
    }
    function signed() {
      const sign = take("+", "-");
      if (!sign) return power();
      const found = signed();
      return sign.part === "+" ? found : make("−", -found.value, [found], [-1], sign);
    }
    function power() {
      const base = single();
      const sign = take("**");
      if (!sign) return base;
      const exponent = signed();
      if (exponent.parents) fail("the power must be a number", sign.from, next().from);
      return operate("**", base, exponent, sign);
    }
    function single() {
      if (take("(")) {
        const found = sum();
        if (!take(")")) expect("“)”");
        return found;
      }
      const token = next();
      if (token.kind === "number") {
        place += 1;
        return { value: Number(token.part) };
      }
      if (token.kind !== "name") expect("a number or a name");
      place += 1;
      if (!take("(")) {
        if (Object.hasOwn(FUNCTIONS, token.part)) expect("“(”");
        if (!known.has(token.part)) {
          fail(
            `${token.part} has no value yet: write ${token.part} = 1; before it`,
            token.from,
            token.to,
          );
        }
        return known.get(token.part);
      }
      if (!Object.hasOwn(FUNCTIONS, token.part)) {
        fail(
          `there is no function ${token.part}, but ${Object.keys(FUNCTIONS).join(", ")}`,
          token.from,
          token.to,
        );
      }
      const input = sum();
      if (!take(")")) expect("“)”");
      const value = FUNCTIONS[token.part].value(input.value);
      return make(
        token.part,
        value,
        [input],
        [FUNCTIONS[token.part].slope(input.value, value)],
        token,
      );
    }

    let root = null;
    while (next().kind !== "end") {
      if (take(";")) continue;
      const [name, sign] = tokens.slice(place);
      const isNamed = name.kind === "name" && sign.part === "=";
      if (isNamed) {
        place += 2;
        if (known.has(name.part)) fail(`${name.part} has a value already`, name.from, name.to);
        if (Object.hasOwn(FUNCTIONS, name.part))
          fail(`${name.part} is a function`, name.from, name.to);
      }
      root = sum();
      if (isNamed) {
        if (!root.parents) root = { value: root.value, label: name.part, parents: [] };
        root.name ??= name.part;
        known.set(name.part, root);
      }
      if (next().kind !== "end" && !take(";")) expect("an operation or “;”");
    }
    if (!root) fail("nothing is there yet: try a = 2; a * a", 0);
    if (!root.parents) fail("the result depends on no name: begin with a = 2;", 0, source.length);
    const nodes = inOrder(root);
    nodes.filter((node) => !node.name).forEach((node, i) => (node.name = `n${subscript(i + 1)}`));
    return nodes;
  }

  // Each after its parents; see topological_order in the chapter.
  function inOrder(node, order = new Set()) {
    if (!order.has(node)) {
      for (const parent of node.parents) inOrder(parent.node, order);
      order.add(node);
    }
    return [...order];
  }

  // The walks of the chapter. `hand(child, place, g)` hands g back along an edge and
  // returns what arrives at the parent, where `keep` puts it.
  const add = (held, arriving) => held + arriving;
  const followPaths = (nodes, held, hand) => {
    const visit = (node, g) =>
      node.parents.forEach((parent, place) => visit(parent.node, hand(node, place, g)));
    visit(nodes.at(-1), 1);
  };
  const WALKS = {
    overwriting: { count: countPaths, keep: (held, arriving) => arriving, walk: followPaths },
    "too early": {
      count: countPaths,
      keep: add,
      walk(nodes, held, hand) {
        const visit = (node) =>
          node.parents.forEach((parent, place) => {
            hand(node, place, held.get(node));
            visit(parent.node);
          });
        visit(nodes.at(-1));
      },
    },
    "nearest first": {
      count: countEdges,
      keep: add,
      walk(nodes, held, hand) {
        const queue = new Set([nodes.at(-1)]); // it grows while we walk
        for (const node of queue) {
          node.parents.forEach((parent, place) => {
            hand(node, place, held.get(node));
            queue.add(parent.node);
          });
        }
      },
    },
    "along all paths": { count: countPaths, keep: add, walk: followPaths },
    "in order": {
      count: countEdges,
      keep: add,
      walk(nodes, held, hand) {
        for (const node of [...nodes].reverse()) {
          node.parents.forEach((parent, place) => hand(node, place, held.get(node)));
        }
      },
    },
  };

  function countEdges(nodes) {
    return nodes.reduce((sum, node) => sum + node.parents.length, 0);
  }

  // How often a walk goes along an edge that comes to a node once for each path to it.
  function countPaths(nodes) {
    const steps = new Map();
    for (const node of nodes) {
      steps.set(node, node.parents.reduce((sum, parent) => sum + 1 + steps.get(parent.node), 0));
    }
    return steps.get(nodes.at(-1));
  }

  // Every step of a walk: from which node, along which of its edges, what it hands back,
  // and what the parent then holds.
  function follow(name, nodes) {
    const { count, keep, walk } = WALKS[name];
    const total = count(nodes);
    if (total > MAX_STEPS) return { total, steps: [], ends: null };
    const starts = new Map(nodes.map((node) => [node, keep === add ? 0 : null]));
    starts.set(nodes.at(-1), 1);
    const [held, steps] = [new Map(starts), []];
    walk(nodes, held, (child, place, g) => {
      const { node, slope } = child.parents[place];
      const [amount, before] = [g * slope, held.get(node)];
      held.set(node, keep(before, amount));
      steps.push({ child, place, node, slope, g, amount, before, after: held.get(node) });
      return amount;
    });
    return { total, steps, starts, ends: held };
  }

  // The graph in columns: each node right of its parents. An edge that skips columns
  // has a place of its own in each of them. Sorting each column by the middle of what
  // its places are joined to, a few times over, leaves few crossings.
  function arrange(nodes) {
    const column = new Map();
    for (const node of nodes) {
      column.set(node, Math.max(-1, ...node.parents.map((it) => column.get(it.node))) + 1);
    }
    for (const node of nodes.slice(0, -1).reverse().filter(({ parents }) => !parents.length)) {
      const uses = nodes.filter(({ parents }) => parents.some((parent) => parent.node === node));
      column.set(node, Math.max(0, Math.min(...uses.map((use) => column.get(use))) - 1));
    }
    const columns = Array.from({ length: column.get(nodes.at(-1)) + 1 }, () => []);
    const joined = new Map(nodes.map((node) => [node, []]));
    for (const node of nodes) columns[column.get(node)].push(node);
    const routes = [];
    for (const child of nodes) {
      child.parents.forEach((parent, place) => {
        const route = [parent.node];
        for (let at = column.get(parent.node) + 1; at < column.get(child); at += 1) {
          const way = {};
          columns[at].push(way);
          joined.set(way, []);
          route.push(way);
        }
        route.push(child);
        route.slice(1).forEach((to, i) => {
          joined.get(to).push(route[i]);
          joined.get(route[i]).push(to);
        });
        const twice = child.parents.filter(({ node }) => node === parent.node).length === 2;
        const middle = (route.length - 2) >> 1; // the part of it that has the text
        const text = column.get(parent.node) + middle;
        routes.push({ child, place, route, middle, text, bend: twice ? [-1, 1][place] : 0 });
      });
    }
    const row = new Map();
    const settle = (places) =>
      places.forEach((it, i) => row.set(it, i - (places.length - 1) / 2));
    columns.forEach(settle);
    for (let round = 0; round < 4; round += 1) {
      for (const places of round % 2 ? [...columns].reverse() : columns) {
        const middle = new Map(
          places.map((it) => {
            const rows = joined.get(it).map((other) => row.get(other));
            return [it, rows.reduce((sum, at) => sum + at, 0) / (rows.length || 1)];
          }),
        );
        settle(places.sort((one, other) => middle.get(one) - middle.get(other)));
      }
    }
    return { columns, routes, row };
  }

  // The page.
  const input = element("input", {
    type: "text",
    className: "source",
    maxLength: 300,
    spellcheck: false,
    autocomplete: "off",
    autocapitalize: "off",
  });
  const note = element("p", { className: "note", id: `note-${serial++}` });
  input.setAttribute("aria-describedby", note.id);
  const examples = element("fieldset", {}, element("legend", {}, "examples"));
  for (const [name, source] of Object.entries(data.examples)) {
    examples.append(button(name, () => type(source)));
  }
  const names = Object.keys(WALKS);
  const walks = choice("walk", names, () => {
    play.stop();
    go(all().length, "end");
    remember();
  });
  walks.node.classList.add("walks");
  const results = [...walks.node.querySelectorAll("label")].map((label) => {
    const result = element("span");
    label.append(result);
    return result;
  });
  const svg = drawn("svg", { class: "network", role: "img" });
  const graph = element("div", { className: "graph", tabIndex: 0 }, svg);
  graph.setAttribute("role", "group");
  graph.setAttribute("aria-label", "The graph");
  const sentence = element("p", { className: "readout told back", ariaHidden: "true" });
  const spoken = announcement();
  const play = player(
    () => done === all().length && go(0),
    () => go(done + 1),
    1500,
  );
  const leap = (to) => () => {
    play.stop();
    go(to());
  };
  const back = button("Back", leap(() => done - 1));
  const step = button("Step", leap(() => done + 1));
  const reset = button("Reset", leap(() => 0));
  const buttons = element("div", { className: "buttons" }, play.button, back, step, reset);
  box.querySelector("img").replaceWith(
    element("label", { className: "typed" }, "expression ", input),
    note,
    examples,
    walks.node,
    graph,
    sentence,
    element("div", { className: "controls" }, buttons),
    spoken.node,
  );

  let [nodes, found, layout, done, told] = [[], [], null, 0, "end"];
  const now = () => found[walks.chosen()];
  const all = () => now().steps;
  const right = (node) => found[names.indexOf("in order")].ends.get(node);
  const same = (a, b) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  const wrongs = ({ ends }) => nodes.filter((node) => ends && !same(ends.get(node), right(node)));
  const some = (parts) => parts.slice(0, 3).join(", ") + (parts.length > 3 ? ", …" : "");
  const steps = (count) => `${count.toLocaleString("en")} ${count === 1 ? "step" : "steps"}`;
  const kept = address("expression");
  const remember = () => kept.write({ text: input.value, walk: names[walks.chosen()] });

  function type(source) {
    input.value = source;
    update();
    remember();
  }

  function update() {
    play.stop();
    note.textContent =
      "Names and numbers, + - * / **, relu, tanh, exp and log. A semicolon ends an assignment.";
    input.removeAttribute("aria-invalid");
    box.classList.remove("stale");
    try {
      nodes = read(input.value);
    } catch (error) {
      if (error.from === undefined) throw error;
      return showMistake(error);
    }
    layout = arrange(nodes);
    found = names.map((name) => follow(name, nodes));
    results.forEach((result, i) => {
      const { total, ends } = found[i];
      const wrong = wrongs(found[i]).map(({ name }) => name);
      const verdict = wrong.length ? `wrong at ${some(wrong)}; ` : ends ? "right; " : "";
      result.textContent = `${verdict}${steps(total)}`;
      result.classList.toggle("wrong", wrong.length > 0);
    });
    go(all().length, "end");
  }

  function showMistake({ message, from, to }) {
    const source = input.value;
    const wrong = element("mark", {}, source.slice(from, to) || " ");
    const marked = element("code", {}, source.slice(0, from), wrong, source.slice(to));
    marked.ariaHidden = "true";
    note.replaceChildren(`Character ${from + 1}: ${message}.`, marked);
    input.setAttribute("aria-invalid", "true");
    box.classList.add("stale"); // the graph is that of the last expression without a mistake
    spoken.say(note.firstChild.textContent);
  }

  function go(to, why = "step") {
    done = Math.min(Math.max(to, 0), all().length);
    told = why;
    show();
    return done < all().length;
  }

  function show() {
    back.ariaDisabled = String(done === 0);
    step.ariaDisabled = String(done === all().length);
    paint();
    const last = told === "step" && all()[done - 1];
    const [sum, where, why] = last ? sayStep(last) : ["", "", saySoFar()];
    const line = element("span", {}, element("b", {}, sum), element("i", {}, where));
    sentence.replaceChildren(line, why);
    spoken.say(`${where} ${sum} ${why}`);
  }

  function sayStep({ child, node, slope, g, amount, before, after }) {
    const name = names[walks.chosen()];
    const adds = WALKS[name].keep === add;
    const holds = adds ? `${text(before)} + ${factor(amount)} = ${text(after)}` : text(after);
    const lost = !adds && before !== null ? `, and forgets the ${text(before)} it held` : "";
    const early = adds && name !== "along all paths" && !same(g, right(child));
    const warning = ` But ${child.name} passes on ${text(g)}, and its gradient is ${text(right(child))}.`;
    return [
      `${text(g)} · ${factor(slope)} = ${text(amount)}`,
      `step ${done} of ${all().length}`,
      `${child.name} hands this back to ${node.name}, which now holds ${holds}${lost}.` +
        (early ? warning : ""),
    ];
  }

  function saySoFar() {
    const { total, ends } = now();
    if (!ends) {
      return `This walk takes ${steps(total)}, one for each edge of each path: too many to show. ` +
        `In order it takes ${steps(countEdges(nodes))}.`;
    }
    if (done < all().length) {
      return `Nothing has been handed back yet; the gradient at ${nodes.at(-1).name} itself is 1.`;
    }
    const wrong = wrongs(now()).map((node) => `${node.name} holds ${sayHeld(node, ends)}`);
    return wrong.length
      ? `Wrong after ${steps(total)}: ${wrong.join("; ")}.`
      : `Right at every node, after ${steps(total)}.`;
  }

  // What a node holds, and at the end what it should hold.
  function sayHeld(node, held) {
    const grad = held.get(node);
    const wrong = held === now().ends && !same(grad, right(node));
    return (grad === null ? "–" : text(grad)) + (wrong ? `, not ${text(right(node))}` : "");
  }

  // Where things are, in pixels. It depends on all that the walk will show, so that
  // nothing moves from step to step.
  function measure() {
    const { columns, row, routes } = layout;
    const { steps, ends } = now();
    const widest = (texts) => LETTER * Math.max(0, ...texts.map(({ length }) => length));
    const widths = columns.map((places) => {
      const inside = places.filter((place) => nodes.includes(place));
      const captions = inside.flatMap((node) => [sayValue(node), ends ? sayHeld(node, ends) : ""]);
      return Math.max(widest(captions), ...inside.map((node) => pillOf(node) + 16));
    });
    const gaps = widths.slice(1).map((width, i) => {
      const amounts = routes.filter(({ text }) => text === i).map((route) => amountsOn(route, steps));
      return (widths[i] + width) / 2 + Math.max(10, widest(amounts)) + 8;
    });
    const edge = (widths[0] + widths.at(-1)) / 2 + 8;
    const least = gaps.reduce((sum, gap) => sum + gap, edge);
    const wanted = Math.min(graph.clientWidth || 700, 170 * gaps.length + edge);
    const more = Math.max(0, (wanted - least) / (gaps.length || 1));
    const width = least + more * gaps.length;
    const height = ROW * Math.max(...columns.map(({ length }) => length)) + 12;
    const at = new Map();
    let x = widths[0] / 2 + 4;
    columns.forEach((places, i) => {
      for (const it of places) at.set(it, [x, height / 2 + ROW * row.get(it)]);
      x += gaps[i] + more;
    });
    return { width, height, at };
  }

  // What has gone back along an edge in some steps.
  const amountsOn = ({ child, place }, steps) =>
    some(steps.filter((it) => it.child === child && it.place === place).map(({ amount }) => text(amount)));
  const sayValue = (node) => `${node.name} = ${text(node.value)}`;
  const pillOf = (node) => Math.max(44, 9 * node.label.length + 18);

  function paint() {
    const { width, height, at } = measure();
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      svg.setAttribute(name, value);
    }
    svg.setAttribute("aria-label", nodes.map((node) => `${node.name}: ${node.label}`).join("; "));
    svg.replaceChildren();
    const draw = (tag, attributes, content = "") => {
      const made = drawn(tag, attributes);
      made.textContent = content;
      svg.append(made);
    };

    const part = all().slice(0, done);
    const last = told === "step" ? part.at(-1) : undefined;
    const held = done === all().length ? now().ends : new Map(now().starts);
    if (done < all().length) for (const { node, after } of part) held.set(node, after);

    const amounts = layout.routes.map((route) => {
      const lit = last?.child === route.child && last.place === route.place;
      return [drawEdge(draw, route, at, lit), amountsOn(route, part), lit];
    });
    for (const node of nodes) {
      const [x, y] = at.get(node);
      const below = held ? sayHeld(node, held) : "";
      const state = ["node"];
      if (!node.parents.length) state.push("leaf");
      if (last?.child === node) state.push("now");
      if (held === now().ends && wrongs(now()).includes(node)) state.push("wrong");
      const pill = pillOf(node);
      draw("rect", { class: state.join(" "), x: x - pill / 2, y: y - 15, width: pill, height: 30, rx: 15 });
      draw("text", { class: "symbol", x, y }, node.label);
      draw("text", { class: "value", x, y: y - 27 }, sayValue(node));
      if (last?.node === node) {
        const wide = 8 * below.length + 12;
        draw("rect", { class: "lit back", x: x - wide / 2, y: y + 17, width: wide, height: 22, rx: 6 });
      }
      draw("text", { class: "gradient", x, y: y + 28 }, below);
    }
    for (const [[x, y], shown, lit] of amounts) {
      if (shown) draw("text", { class: lit ? "sent now" : "sent", x, y }, shown);
    }
    if (last) {
      const middle = (at.get(last.child)[0] + at.get(last.node)[0]) / 2;
      graph.scrollTo({ left: middle - graph.clientWidth / 2 });
    }
  }

  // Draw an arrow from parent to child, or back if it is lit. Returns where a text on it goes.
  function drawEdge(draw, { child, route, middle, bend }, at, lit) {
    const points = route.map((it) => [at.get(it)[0], at.get(it)[1] + 6 * bend]);
    points[0][0] += pillOf(route[0]) / 2;
    points.at(-1)[0] -= pillOf(child) / 2;
    const end = lit ? points[0] : points.at(-1);
    const foot = end[0] + (lit ? 11 : -11);
    const state = lit ? "edge now back" : "edge";
    draw("path", { class: `${state} tip`, d: `M${end}L${foot},${end[1] - 5}V${end[1] + 5}Z` });
    end[0] = foot;
    let line = `M${points[0]}`;
    points.slice(1).forEach(([x, y], i) => {
      const [fromX, fromY] = points[i];
      const [halfway, lift] = [(fromX + x) / 2, 12 * bend];
      line += `C${halfway},${fromY + lift} ${halfway},${y + lift} ${x},${y}`;
    });
    draw("path", { class: state, d: line });
    const [[x, y], [toX, toY]] = points.slice(middle);
    const aside = bend ? 19 * bend : Math.abs(y - toY) < 9 ? -11 : 0;
    return [(x + toX) / 2, (y + toY) / 2 + aside];
  }

  input.addEventListener("input", () => {
    update();
    remember();
  });
  [input.value] = Object.values(data.examples);
  const asked = kept.read();
  const walk = names.indexOf(asked.walk ?? data.walk);
  walks.node.querySelectorAll("input")[Math.max(walk, 0)].checked = true;
  update();
  if (asked.text !== undefined) {
    input.value = asked.text;
    update(); // there may be a mistake in it, and then the graph is that of the example
    box.scrollIntoView();
  }
  new ResizeObserver(paint).observe(graph);
});
