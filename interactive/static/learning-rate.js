// Vary the learning rate, and see the path on the loss surface of the straight
// line and the loss after each update. Everything is computed here, in double
// precision, from the chapter's data.

explorable("learning-rate", {
  title: "Choose the learning rate",
  hint: "move η to just below the limit, then just past it, and play both.",
}, (box, data) => {
  const { x, y, start, bottom, eigenvalues, orders, batches, updates } = data;
  const [surface, curve] = setStages(box, data.axes, [
    "The path on the contour lines of the loss",
    "The loss after each update",
  ]);

  const lossAt = ([b, w]) =>
    x.reduce((sum, xi, i) => sum + (b + w * xi - y[i]) ** 2, 0) / x.length;

  // The gradient of the mean loss over a batch of examples.
  function gradient([b, w], examples) {
    let [gradB, gradW] = [0, 0];
    for (const i of examples) {
      const residual = b + w * x[i] - y[i];
      gradB += (2 * residual) / examples.length;
      gradW += (2 * residual * x[i]) / examples.length;
    }
    return [gradB, gradW];
  }

  // The examples of each update, epoch after epoch.
  function* drawBatches(size) {
    for (let epoch = 0; ; epoch++) {
      const order = orders[epoch % orders.length];
      for (let i = 0; i < order.length; i += size) yield order.slice(i, i + size);
    }
  }

  function descend(rate, momentum, size) {
    let [theta, velocity] = [start, [0, 0]];
    const path = [theta];
    for (const batch of drawBatches(size)) {
      if (path.length > updates) break;
      const slope = gradient(theta, batch);
      velocity = velocity.map((v, j) => momentum * v + slope[j]);
      theta = theta.map((value, j) => value - rate * velocity[j]);
      path.push(theta);
    }
    return path;
  }

  // The factor by which each update multiplies the error, in the long run: the
  // largest absolute root of ρ² − (1 + β − ηλ) ρ + β over the two directions.
  function predictFactor(rate, momentum) {
    const roots = eigenvalues.map((curvature) => {
      const middle = (1 + momentum - rate * curvature) / 2;
      const inside = middle ** 2 - momentum;
      return inside < 0 ? Math.sqrt(momentum) : Math.abs(middle) + Math.sqrt(inside);
    });
    return Math.max(...roots);
  }

  const steep = Math.max(...eigenvalues);
  const limitFor = (momentum) => (2 * (1 + momentum)) / steep;
  const distance = ([b, w]) => Math.hypot(b - bottom[0], w - bottom[1]);
  const short = (value) =>
    value !== 0 && (value < 1e-3 || value >= 1e4) ? value.toExponential(1) : value.toPrecision(3);

  const rate = slider({
    label: "learning rate η",
    ...data.rates,
    describe: (value) => value.toFixed(3),
    onmove: change,
  });
  const momentum = slider({
    label: "momentum β",
    ...data.momenta,
    describe: (value) => value.toFixed(2),
    onmove: change,
  });
  const size = choice("examples in an update", batches.map((batch) => batch.name), change);
  const text = readout();
  let [path, shown] = [[], updates]; // how many updates of the path are drawn
  const play = player(
    () => draw((shown %= updates)),
    () => draw(++shown) < updates,
    60,
  );
  const controls = [rate.node, ...(data.momenta.max > 0 ? [momentum.node] : []), size.node];
  controls.push(element("div", { className: "buttons" }, play.button));
  box.append(element("div", { className: "controls" }, ...controls), text.node);

  const trail = drawn("polyline", { class: "trail" });
  const end = drawn("circle", { class: "end", r: 4 });
  const losses = drawn("polyline", { class: "trail" });
  surface.layer.append(trail, end);
  curve.layer.append(losses);

  // Draw the path up to some update, and return which.
  function draw(count) {
    const part = path.slice(0, count + 1);
    trail.setAttribute("points", part.map((theta) => surface.place(...theta)).join(" "));
    const [endX, endY] = surface.place(...part.at(-1));
    end.setAttribute("cx", endX);
    end.setAttribute("cy", endY);
    const points = part.map((theta, k) => curve.place(k, lossAt(theta)));
    losses.setAttribute("points", points.join(" "));
    return count;
  }

  function change() {
    const [eta, beta] = [Number(rate.input.value), Number(momentum.input.value)];
    const limit = limitFor(beta);
    const batch = batches[size.chosen()];
    path = descend(eta, beta, batch.size);
    play.stop();
    shown = draw(updates);

    rate.mark(limit, `limit ${limit.toFixed(4)}`);
    // Momentum makes the path oscillate, so use the largest of several distances.
    const distances = path.map(distance);
    const farthest = (from, to) => Math.max(...distances.slice(from + 1, to + 1));
    const [half, late, last] = [updates / 2, (3 * updates) / 4, updates];
    const away = farthest(late, last) > farthest(half, late) && distances[last] > 1e-9;
    const predicted = `${eta < limit ? "Below" : "Above"} the limit of ${limit.toFixed(4)}`;
    const whole = batch.size === x.length;
    const forecast = whole
      ? `, in the long run each update multiplies the error by ${predictFactor(eta, beta).toFixed(4)}.`
      : ", which is that of the full batch; for a mini-batch it varies.";
    text.say(
      `${predicted}${forecast} Observed: after ${last} updates the distance is ` +
        `${short(distances[last])} (after ${half}: ${short(distances[half])}), ` +
        `the loss ${short(lossAt(path[last]))}.` +
        (whole ? ` The path leads ${away ? "away from" : "towards"} the minimum.` : ""),
    );
  }
  change();
});
