// Needs desk.js and network.js.
//
// Draw a digit, and see what the chapter's network makes of it.

explorable("draw-digit", {
  title: "Draw a digit",
  hint: "a 7 with a bar across, a 4 that is open at the top, a 1 that leans.",
}, (box, data) => {
  const classify = makeNetwork(data);
  const [height, width] = data.shape;
  const [units, classes] = data.layers.map(([rows]) => rows);
  const columns = Math.min(10, units);
  const image = cellImage(height, width, height * width);
  const firing = cellImage(Math.ceil(units / columns), columns, units);
  const chances = barChart("The probabilities", classes);
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
