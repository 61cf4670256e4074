// Needs desk.js and network.js.
//
// Draw a digit, and see ink times weight, pixel by pixel, for the template of each
// class: what adds up to the logits. Everything is computed here, in double precision.
// The network of another chapter reads the same digit, once the reader asks for it.

explorable("templates", {
  title: "Lay your digit over the templates",
  hint: "draw a 0 and look at its logit, then put a dot into its middle.",
}, (box, data) => {
  const [height, width] = data.shape;
  const { biases, limit } = data;
  const size = height * width;
  const weights = new Float32Array(bytes(data.weights).buffer); // one row per class

  const sum = (values) => values.reduce((total, value) => total + value, 0);

  // Pixels from 0 to 1, row by row; returns for each class the products and their sums.
  function explain(pixels) {
    const classes = biases.map((bias, k) => {
      const products = pixels.map((ink, i) => ink * weights[k * size + i]);
      const [pro, contra] = [1, -1].map((sign) => sum(products.filter((product) => product * sign > 0)));
      return { products, pro, contra, bias, logit: pro + contra + bias };
    });
    const probabilities = softmax(classes.map(({ logit }) => logit));
    return classes.map((one, k) => ({ ...one, p: probabilities[k] }));
  }

  // What speaks for a class is a full square, what speaks against it only a stripe,
  // so that the two differ without their colours.
  const STRIPE = 0.55;
  const mark = (value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return value > 0 ? `M${x},${y}h1v1h-1z` : `M${x},${y + (1 - STRIPE) / 2}h1v${STRIPE}h-1z`;
  };
  const side = (value) => (value > 0 ? "pro" : "contra");
  const strength = (value) => Math.min(Math.abs(value) / limit, 1);

  // The template, faintly, as few paths as possible: a few shades of each sign.
  const SHADES = 4;
  function backdrop(k) {
    const paths = {};
    for (let i = 0; i < size; i++) {
      const weight = weights[k * size + i];
      const shade = Math.round(SHADES * strength(weight));
      if (shade) paths[`${side(weight)} ${shade}`] = (paths[`${side(weight)} ${shade}`] ?? "") + mark(weight, i);
    }
    const group = drawn("g", { class: "backdrop" });
    for (const [name, d] of Object.entries(paths)) {
      const [which, shade] = name.split(" ");
      group.append(drawn("path", { class: which, d, "fill-opacity": shade / SHADES }));
    }
    return group;
  }

  const signed = (value, digits = 1) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
  const cards = biases.map((_, k) => {
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    const products = drawn("g");
    svg.append(backdrop(k), products);
    const [probability, ...terms] = Array.from({ length: 5 }, () => element("span"));
    const bar = element("i");
    const node = element(
      "div",
      { className: "template" },
      element("p", {}, element("b", {}, k), probability),
      bar,
      svg,
      ...terms,
    );
    terms.forEach((term, i) => (term.className = ["pro", "contra", "bias", "logit"][i]));
    return { node, svg, products, probability, bar, terms };
  });

  const image = cellImage(height, width, size);
  image.svg.classList.add("ink");
  const text = readout();

  // The network, if the book has it. The page says where its script is, which calls
  // nothing, and has all its numbers in `digitNetwork`.
  const { network, chapter } = document.currentScript.dataset;
  let read = null; // a function, once it has been loaded
  const chances = barChart("The probabilities of the network", biases.length);
  const answer = panel("The network reads", chances.svg);
  answer.tabIndex = -1;
  const ask = button(`Ask the network of chapter ${chapter}`, () => {
    ask.disabled = true;
    const script = element("script", { src: network });
    script.onload = () => {
      read = makeNetwork(digitNetwork);
      asked.replaceWith(answer);
      answer.focus();
      desk.show();
    };
    script.onerror = () => {
      ask.disabled = false;
      text.say("The network could not be loaded.");
    };
    document.head.append(script);
  });
  const asked = element("div", { className: "panel" }, ask);
  const task = "Ask the network too: draw the zero and the dot again, then take the misread images. " +
    "Where do the two models disagree?";

  function compare(pixels, best) {
    if (!read) return "";
    const { probabilities } = read(pixels);
    chances.show(probabilities);
    const p = Math.max(...probabilities);
    const digit = probabilities.indexOf(p);
    return ` The network ${digit === best ? "agrees" : "disagrees"}: most likely ${digit}, with probability ${p.toFixed(3)}.`;
  }

  const nothing = "Nothing is drawn: each logit is its bias.";
  const desk = makeDesk(data, nothing, ({ pixels, source }) => {
    const classes = explain(pixels);
    image.show(pixels, `The image that the model sees, ${height} by ${width} pixels`);
    const order = classes.map((_, k) => k).sort((a, b) => classes[b].p - classes[a].p);
    cards.forEach(({ node, svg, products, probability, bar, terms }, k) => {
      const { products: values, pro, contra, bias, logit, p } = classes[k];
      products.replaceChildren(
        ...values.flatMap((value, i) =>
          strength(value) < 0.02
            ? []
            : drawn("path", { class: side(value), d: mark(value, i), "fill-opacity": strength(value).toFixed(3) }),
        ),
      );
      node.classList.toggle("largest", k === order[0]);
      probability.textContent = p.toFixed(2);
      bar.style.width = `${100 * p}%`;
      [pro, contra, bias, logit].forEach((value, i) => (terms[i].textContent = signed(value)));
      svg.setAttribute(
        "aria-label",
        `${k}: for ${signed(pro)}, against ${signed(contra)}, bias ${signed(bias)}, ` +
          `logit ${signed(logit)}, probability ${p.toFixed(3)}`,
      );
    });
    const [first, second] = order.map((k) => classes[k]);
    text.say(
      `${source} Most likely ${order[0]}, with probability ${first.p.toFixed(3)} and logit ${signed(first.logit)}: ` +
        `ink on its template speaks for it with ${signed(first.pro)} and against it with ${signed(first.contra)}, ` +
        `its bias is ${signed(first.bias)}. Then ${order[1]}, with probability ${second.p.toFixed(3)} ` +
        `and logit ${signed(second.logit)}.${compare(pixels, order[0])}`,
    );
  });

  const key = element(
    "p",
    { className: "key" },
    ...[["pro", "ink that speaks for the digit"], ["contra", "ink that speaks against it"]].flatMap(([name, words]) => [
      element("span", { className: name }),
      `${words}; `,
    ]),
    "below: their sums, the bias, and the sum of all three, the logit",
  );
  const parts = element("div", { className: "easel scale" }, desk.paper, panel("It sees", image.svg));
  if (network) parts.append(asked);
  parts.append(element("div", { className: "templates" }, ...cards.map(({ node }) => node)));
  box.querySelector("img").replaceWith(parts);
  parts.after(key, text.node, ...(network ? [element("p", {}, task)] : []), desk.choices);
  box.prepend(desk.help);
  Object.assign(box, { explain, see: desk.see }); // for tests
  desk.show();
});
