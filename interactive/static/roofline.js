// Vary the batch of a layer, and see where it lies below the roofline, and what its
// arithmetic and its memory traffic take at the least. The roof and the points are
// what the chapter has measured.

explorable("roofline", {
  title: "Move the batch below the roof",
  hint: "begin with one example, and predict up to which n more examples cost next to nothing.",
}, (box, data) => {
  const { sizes, layers, numbers, devices } = data;
  const [roof, time] = setStages(box, data.axes, [
    "The batch on the roofline",
    "The time of a batch against its size",
  ]);

  const count = (n, { inputs: D, outputs: H }, bytes) => ({
    flops: 2 * n * D * H,
    moved: bytes * (n * D + D * H + n * H),
  });
  // The number of examples, not rounded, at which arithmetic takes as long as memory.
  const edgeOf = ({ inputs: D, outputs: H }, bytes, { flops: F, bandwidth: M }) => {
    const inverse = (2 * M) / (bytes * F) - 1 / D - 1 / H;
    return inverse > 0 ? 1 / inverse : Infinity;
  };

  const group = (number) => number.toLocaleString("en");
  // Three digits, in a unit that suits.
  const short = (value) => {
    const digits = value.toPrecision(3);
    return digits < 1000 ? digits : group(Number(digits));
  };
  const measure = (value, units) => {
    const [size, unit] = units.find(([least]) => value >= least * 0.9995) ?? units.at(-1);
    return `${short(value / size)} ${unit}`;
  };
  const seconds = (value) => measure(value, [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);
  const amount = (value, of) =>
    measure(value, [[1e12, `T${of}`], [1e9, `G${of}`], [1e6, `M${of}`], [1e3, `k${of}`], [1, of]]);

  const batch = slider({
    label: "examples n",
    min: 0,
    max: sizes.length - 1,
    step: 1,
    value: 0,
    describe: (index) => group(sizes[index]),
    onmove: change,
  });
  const layer = choice("layer", layers.map(({ name }) => name), change);
  const width = choice("bytes of a number", numbers, change);
  const device = choice("device", devices.map(({ name }) => name), change);
  const text = readout();
  const controls = [batch.node, layer.node, width.node];
  if (devices.length > 1) controls.push(device.node);
  box.append(element("div", { className: "controls" }, ...controls), text.node);

  // Lines, points and names, each in the manner of what it tells of.
  const kinds = ["memory", "arithmetic"];
  const draw = (layer, tag, attributes) => {
    const part = drawn(tag, attributes);
    layer.append(part);
    return part;
  };
  const [roofParts, timeParts] = [roof, time].map(({ svg, layer, top }) => {
    svg.classList.add("seek");
    return {
      bound: draw(layer, "polyline", { class: "bound" }),
      guide: draw(layer, "path", { class: "guide" }),
      lines: kinds.map((kind) => draw(layer, "polyline", { class: kind })),
      measured: draw(layer, "g", { class: "measured" }),
      names: kinds.map((kind) => draw(top, "text", { class: kind })),
      point: draw(top, "circle", { r: 7 }),
    };
  });
  const join = (line, stage, ends) =>
    line.setAttribute("points", ends.map((end) => stage.place(...end)).join(" "));

  // Press on a stage or draw across it, and the batch follows.
  [roof, time].forEach((stage, i) => {
    const seek = (event) => {
      const [x] = stage.at(event);
      const { shape, bytes } = state();
      const away = sizes.map((n) => {
        const { flops, moved } = count(n, shape, bytes);
        return Math.abs(Math.log(x / (i ? n : flops / moved)));
      });
      batch.input.value = away.indexOf(Math.min(...away));
      batch.input.dispatchEvent(new Event("input"));
    };
    stage.svg.addEventListener("pointerdown", (event) => {
      stage.svg.setPointerCapture(event.pointerId);
      seek(event);
    });
    stage.svg.addEventListener("pointermove", (event) => {
      if (stage.svg.hasPointerCapture(event.pointerId)) seek(event);
    });
  });

  function state() {
    const [n, bytes] = [sizes[batch.input.value], numbers[width.chosen()]];
    return { n, bytes, shape: layers[layer.chosen()], machine: devices[device.chosen()] };
  }

  function change() {
    const { n, bytes, shape, machine } = state();
    const { flops: F, bandwidth: M } = machine;
    const { flops, moved } = count(n, shape, bytes);
    const taken = [moved / M, flops / F]; // seconds, by kind
    const least = Math.max(...taken);
    const waits = kinds[taken.indexOf(least)];
    const intensity = flops / moved;
    // Only what the chapter has measured: the first layer.
    const real = layer.chosen() === 0 && bytes === numbers[0] ? machine.seconds : {};

    const [[low, high]] = roof.limits;
    const corner = [F / M, F / 1e9];
    const [slope, level] = [[[low, (M * low) / 1e9], corner], [corner, [high, F / 1e9]]];
    [slope, level].forEach((ends, i) => join(roofParts.lines[i], roof, ends));
    join(roofParts.bound, roof, [...slope, level[1]]);
    const curve = (of) => sizes.map((size) => {
      const it = count(size, shape, bytes);
      return [size, of(it.moved / M, it.flops / F)];
    });
    const curves = [curve((memory) => memory), curve((memory, arithmetic) => arithmetic)];
    curves.forEach((points, i) => join(timeParts.lines[i], time, points));
    join(timeParts.bound, time, curve(Math.max));

    const places = [[intensity, flops / least / 1e9], [n, least]];
    [[roof, roofParts], [time, timeParts]].forEach(([stage, parts], i) => {
      const [x, y] = stage.place(...places[i]);
      const [, floor] = stage.place(1, stage.limits[1][0]);
      parts.point.setAttribute("cx", x);
      parts.point.setAttribute("cy", y);
      parts.point.setAttribute("class", `now ${waits}`);
      parts.guide.setAttribute("d", `M${x},${y}V${floor}`);
      parts.measured.replaceChildren(
        ...Object.entries(real).map(([size, seconds]) => {
          const it = count(Number(size), shape, bytes);
          const place = i ? [size, seconds] : [it.flops / it.moved, it.flops / seconds / 1e9];
          const [cx, cy] = stage.place(...place);
          return drawn("circle", { cx, cy, r: 4 });
        }),
      );
    });
    nameRoof(slope, level, [`${amount(M, "B")}/s`, `${amount(F, "flop")}/s`]);
    nameTimes(curves);

    const edge = edgeOf(shape, bytes, machine);
    const until =
      edge === Infinity ? "for every n" : edge < 1 ? "for no n" : `up to n = ${group(Math.floor(edge))}`;
    const took = real[n] ? ` Measured: ${seconds(real[n])}.` : "";
    text.say(
      `${amount(flops, "flop")} and ${amount(moved, "B")}: ${short(intensity)} flop per byte. ` +
        `Memory takes ${seconds(taken[0])}, arithmetic ${seconds(taken[1])}, so ${waits} decides: ` +
        `at least ${seconds(least)} for the batch, ${seconds(least / n)} for each example.${took} ` +
        `Memory decides ${until}.`,
    );
  }

  // Along the slope, and on the level.
  function nameRoof(slope, level, texts) {
    const [from, to] = slope.map((end) => roof.place(...end));
    const angle = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
    const [end, height] = roof.place(...level[1]);
    const middle = from.map((start, i) => (start + to[i]) / 2);
    const [along, on] = roofParts.names;
    along.setAttribute("transform", `translate(${middle}) rotate(${angle}) translate(0 -12)`);
    on.setAttribute("transform", `translate(${end} ${height - 12})`);
    along.setAttribute("text-anchor", "middle");
    on.setAttribute("text-anchor", "end");
    [along, on].forEach((node, i) => (node.textContent = `${kinds[i]}: ${texts[i]}`));
  }

  // The upper of the curves is named above it, the lower below it.
  function nameTimes(curves) {
    const at = Math.round(sizes.length * 0.7);
    const upper = curves[0][at][1] > curves[1][at][1] ? 0 : 1;
    timeParts.names.forEach((node, i) => {
      const [x, y] = time.place(...curves[i][at]);
      const [dx, dy] = i === upper ? [-10, -10] : [10, 14];
      node.setAttribute("transform", `translate(${x + dx} ${y + dy})`);
      node.setAttribute("text-anchor", i === upper ? "end" : "start");
      node.textContent = kinds[i];
    });
  }
  change();
});
