// A network with one hidden layer that reads digits, and a chart of what it reads. It
// is computed here, in double precision.

// Its numbers are packed in half precision. Returns a function of pixels from 0 to 1,
// row by row, that returns activations and probabilities.
function makeNetwork({ layers, parameters }) {
  const packed = bytes(parameters);
  let read = 0; // how many numbers have been read
  const take = (count) => Float64Array.from({ length: count }, () => readHalf(read++));
  const [hidden, output] = layers.map(([rows, columns]) => ({
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

  return (pixels) => {
    const activations = weigh(hidden, pixels).map((z) => Math.max(z, 0));
    const logits = weigh(output, activations);
    return { activations, probabilities: softmax(logits) };
  };
}

// Bars for probabilities: show(shares).
function barChart(name, count) {
  const [BAR, FOOT] = [20, 66]; // width of a bar with its gap, and the y of the baseline
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
    svg.setAttribute("aria-label", `${name}. ${spoken}`);
  };
  return { svg, show };
}
