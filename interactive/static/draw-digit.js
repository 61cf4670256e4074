// Needs desk.js.
//
// Draw a digit, and see what the chapter's network makes of it. It is fed to the
// network here, in double precision.

explorable("draw-digit", {
  title: "Draw a digit",
  hint: "a 7 with a bar across, a 4 that is open at the top, a 1 that leans.",
}, (box, data) => {
  // The network

  const packed = bytes(data.parameters);
  let read = 0; // how many numbers have been read
  const take = (count) => Float64Array.from({ length: count }, () => readHalf(read++));
  const [hidden, output] = data.layers.map(([rows, columns]) => ({
    weights: take(rows * columns), // one row per unit
    biases: take(rows),
  }));

  // Half precision: one bit for the sign, five for the exponent, ten for the fraction.
  function readHalf(place) {
    const bits = packed[2 * place] + 256 * packed[2 * place + 1];
    const [exponent, fraction] = [(bits >> 10) & 31, (bits & 1023) / 1024];
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction;
    return bits >> 15 ? -size : size;
  }

  const weigh = ({ weights, biases }, inputs) =>
    Array.from(biases, (bias, row) =>
      inputs.reduce((sum, input, i) => sum + weights[row * inputs.length + i] * input, bias),
    );

  // Pixels from 0 to 1, row by row; returns activations and probabilities.
  function classify(pixels) {
    const activations = weigh(hidden, pixels).map((z) => Math.max(z, 0));
    const logits = weigh(output, activations);
    return { activations, probabilities: softmax(logits) };
  }

  // The display: bars

  const [BAR, FOOT] = [20, 66]; // width of a bar with its gap, and the y of the baseline
  function chart(count) {
    const svg = drawn("svg", { viewBox: `0 0 ${BAR * count} ${FOOT + 14}`, role: "img" });
    const bars = Array.from({ length: count }, (_, i) => {
      const [rect, value, name] = ["rect", "text", "text"].map((tag) => drawn(tag));
      const middle = BAR * (i + 0.5);
      for (const text of [value, name]) text.setAttribute("x", middle);
      name.setAttribute("y", FOOT + 11);
      name.textContent = i;
      value.setAttribute("class", "share");
      rect.setAttribute("x", middle - 7);
      rect.setAttribute("width", 14);
      svg.append(rect, value, name);
      return { rect, value };
    });
    const show = (shares) => {
      const largest = Math.max(...shares);
      shares.forEach((share, i) => {
        const { rect, value } = bars[i];
        const top = FOOT - (FOOT - 12) * share;
        rect.setAttribute("y", top);
        rect.setAttribute("height", FOOT - top);
        rect.classList.toggle("largest", share === largest);
        value.setAttribute("y", top - 2);
        value.textContent = share < 0.005 ? "" : share.toFixed(2);
      });
      const spoken = shares.map((share, i) => `${i}: ${share.toFixed(3)}`).join(", ");
      svg.setAttribute("aria-label", `The probabilities. ${spoken}`);
    };
    return { svg, show };
  }

  const [height, width] = data.shape;
  const [units, classes] = data.layers.map(([rows]) => rows);
  const columns = Math.min(10, units);
  const image = cellImage(height, width, height * width);
  const firing = cellImage(Math.ceil(units / columns), columns, units);
  const chances = chart(classes);
  image.svg.classList.add("ink");
  firing.svg.classList.add("cells");
  const text = readout();
  const nothing = "Nothing is drawn, and the network has to call it something.";
  const desk = makeDesk(data, nothing, ({ pixels, source, drawn }) => {
    const { activations, probabilities } = classify(pixels);
    const awake = activations.filter((activation) => activation > 0).length;
    const [first, second] = probabilities.map((p, digit) => ({ p, digit })).sort((a, b) => b.p - a.p);
    image.show(pixels, `The image that the network sees, ${height} by ${width} pixels`);
    firing.show(
      activations.map((activation) => activation / data.brightest),
      `The hidden units, of which ${awake} fire`,
    );
    chances.show(probabilities);
    text.say(
      `${source} Most likely ${first.digit}, with probability ${first.p.toFixed(3)}; ` +
        `then ${second.digit}, with ${second.p.toFixed(3)}. ${awake} of the ${units} hidden units fire.`,
    );
    box.dispatchEvent(new CustomEvent("read", { detail: { drawn, probabilities } }));
  });

  box.querySelector("img").replaceWith(
    element(
      "div",
      { className: "easel" },
      desk.paper,
      panel("The network sees", image.svg),
      panel(`Its ${units} hidden units`, firing.svg),
      panel("Probabilities", chances.svg),
    ),
  );
  box.prepend(desk.help);
  box.append(text.node, desk.choices);
  Object.assign(box, { classify, see: desk.see }); // for tests
  desk.show();
});
