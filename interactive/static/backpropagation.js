// Step through one forward and one backward pass. The graph fills with numbers;
// beside it is the step's row of the table in the cell before.

explorable("backpropagation", {
  title: "Forward and backward, step by step",
  hint: "before each step, say which shape the next array will have.",
}, (box, data) => {
  const { steps, nodes } = data;
  const [{ layer, place, node }] = setStages(box, data.axes, ["The computational graph"]);
  const table = box.closest(".cell").previousElementSibling.querySelector("table");
  const headings = [...table.querySelectorAll("th")].map((cell) => cell.textContent);
  const rows = [...table.querySelectorAll("tbody tr")];
  table.parentElement.hidden = true;

  const nodeOf = (name) => name.replace("grad_", "");
  const isBack = (name) => name !== nodeOf(name);

  // Each number appears with its step; inputs are there from the start.
  const numbers = Object.entries(data.numbers).map(([name, [value, ...at]]) => {
    const [x, y] = place(...at);
    const number = drawn("text", { x, y, class: isBack(name) ? "gradient" : "value" });
    number.textContent = value;
    layer.append(number);
    return { number, step: steps.indexOf(name) };
  });
  const ring = drawn("circle", { class: "ring", r: 17 });
  layer.append(ring);

  const previous = element("button", { type: "button" }, "Previous");
  const next = element("button", { type: "button" }, "Next");
  const position = slider({
    label: "step",
    min: 1,
    max: steps.length,
    step: 1,
    value: 1,
    describe: (value) =>
      `${value} of ${steps.length}, ${isBack(steps[value - 1]) ? "backward" : "forward"}`,
    onmove: show,
  });
  const play = player(
    () => Number(position.input.value) === steps.length && go(1),
    () => {
      go(Number(position.input.value) + 1);
      return Number(position.input.value) < steps.length;
    },
    1500,
  );
  const panel = element("dl");
  const spoken = announcement();
  const buttons = element("div", { className: "buttons" }, previous, next, play.button);
  node.after(element("div", { className: "step" }, position.node, buttons, panel, spoken.node));

  const go = (to) => {
    position.input.value = to;
    position.input.dispatchEvent(new Event("input"));
  };
  const leap = (by) => () => {
    play.stop();
    go(Number(position.input.value) + by);
  };
  previous.addEventListener("click", leap(-1));
  next.addEventListener("click", leap(1));
  position.input.addEventListener("input", ({ isTrusted }) => isTrusted && play.stop());

  function show() {
    const now = Number(position.input.value) - 1;
    // Not disabled, which would take the focus from the button just used.
    previous.ariaDisabled = String(now === 0);
    next.ariaDisabled = String(now === steps.length - 1);
    for (const { number, step } of numbers) {
      number.toggleAttribute("hidden", step > now);
      number.classList.toggle("now", step === now);
    }
    const name = steps[now];
    const [left, top] = place(...nodes[nodeOf(name)]);
    ring.setAttribute("cx", left);
    ring.setAttribute("cy", top);
    ring.classList.toggle("back", isBack(name));
    const cells = [...rows[now].cells];
    panel.replaceChildren(
      ...cells.slice(1).flatMap((cell, i) => [
        element("dt", {}, headings[i + 1]),
        element("dd", {}, ...cell.cloneNode(true).childNodes),
      ]),
    );
    const [way, line, , shapes, corner] = cells.map((cell) => cell.textContent.trim());
    spoken.say(`Step ${way}: ${line}. Shapes ${shapes}. Numbers ${corner}.`);
  }
  show();
});
