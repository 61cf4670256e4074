// Shared by the explorables: turns a box on the page into a stage and controls.
//
// A script calls explorable(name, { title, hint }, start). For each box of that name
// on the page, start gets the box and the data that the chapter has computed for it.
// The hint is what to try first. Without scripts the box shows a figure.

let serial = 0; // for unique ids

function explorable(name, { title, hint }, start) {
  for (const box of document.querySelectorAll(`[data-explorable="${name}"]`)) {
    start(box, JSON.parse(box.querySelector("script").textContent));
    const heading = element("p", { className: "title", id: `title-${serial++}` }, title);
    box.prepend(heading, element("p", { className: "hint" }, element("b", {}, "Try this: "), hint));
    box.setAttribute("role", "group");
    box.setAttribute("aria-labelledby", heading.id);
    box.classList.add("live");
  }
}

// Create an element: element("p", { className: "note" }, "text", child, …).
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Create an SVG element: drawn("path", { d: "M0,0" }).
function drawn(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Replace the figure with the stages, each with an SVG on top. Returns, for each
// stage, a layer clipped to its axes, and a function from data to pixels, which
// moves distant points to just outside the axes.
function setStages(box, axes, labels) {
  const stages = [...box.querySelectorAll("span[hidden]")].map((hidden, i) => {
    hidden.remove();
    return setStage(hidden.firstChild, axes[i], labels[i]);
  });
  box.querySelector("img").replaceWith(
    element("div", { className: "stages" }, ...stages.map(({ node }) => node)),
  );
  return stages;
}

function setStage(picture, axes, label) {
  const [width, height] = ["width", "height"].map((side) => Number(picture.getAttribute(side)));
  const [left, top, right, bottom] = axes.box.map((share, i) => share * (i % 2 ? height : width));
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const clip = drawn("clipPath", { id: `clip-${serial++}` });
  clip.append(drawn("rect", { x: left, y: top, width: right - left, height: bottom - top }));
  const layer = drawn("g", { "clip-path": `url(#${clip.id})` });
  svg.append(clip, layer);
  picture.loading = "eager";
  const share = (value, [low, high]) => Math.min(Math.max((value - low) / (high - low), -9), 9);
  const up = axes.logarithmic ? Math.log : (value) => value;
  const place = (x, y) => [
    left + share(x, axes.x) * (right - left),
    bottom - share(up(y), axes.y.map(up)) * (bottom - top),
  ];
  return { layer, place, node: element("div", { className: "stage" }, picture, svg) };
}

// A slider with its label and its value, formatted by `describe`.
// `mark(value, text)` marks a value on it.
function slider({ label, describe, onmove, ...range }) {
  const output = element("output");
  const input = element("input", { type: "range", ...range });
  const track = element("div", { className: "track" }, input);
  const name = element("label", {}, `${label} `, track);
  const tell = () => {
    output.textContent = describe(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    tell();
    onmove();
  });
  tell();
  let marked;
  const mark = (value, text) => {
    if (!marked) track.append((marked = element("span", { className: "limit" })));
    marked.ariaHidden = "true"; // the readout contains it
    const share = (value - input.min) / (input.max - input.min);
    marked.classList.toggle("left", share > 0.5);
    marked.style.setProperty("--share", share);
    marked.textContent = text;
  };
  return { input, mark, node: element("div", { className: "control" }, name, output) };
}

// Radio buttons.
function choice(legend, options, onmove) {
  const group = `choice-${serial++}`;
  const field = element("fieldset", {}, element("legend", {}, legend));
  options.forEach((option, number) => {
    const input = element("input", { type: "radio", name: group, checked: number === 0 });
    input.value = number;
    input.addEventListener("change", onmove);
    field.append(element("label", {}, input, ` ${option}`));
  });
  const chosen = () => Number(field.querySelector(":checked").value);
  return { node: field, chosen };
}

// A button that plays and pauses: it calls `begin`, and then `advance` again and
// again, until that returns false or `stop` is called.
function player(begin, advance, milliseconds) {
  const button = element("button", { type: "button" }, "Play");
  let timer;
  const stop = () => {
    timer = clearInterval(timer);
    button.textContent = "Play";
  };
  const step = () => advance() || stop();
  button.addEventListener("click", () => {
    if (timer) return stop();
    button.textContent = "Pause";
    begin();
    timer = setInterval(step, milliseconds);
  });
  return { button, stop };
}

// A text that only screen readers announce, once the reader pauses; it is
// visually hidden.
function announcement() {
  const node = element("p", { className: "spoken" });
  node.setAttribute("role", "status");
  let waiting;
  const say = (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (node.textContent = text), 500);
  };
  return { node, say };
}

// A text for everyone, seen or heard.
function readout() {
  const shown = element("p", { className: "readout" });
  shown.setAttribute("aria-hidden", "true"); // the announcement says the same
  const spoken = announcement();
  const say = (text) => {
    shown.textContent = text;
    spoken.say(text);
  };
  return { node: element("div", {}, shown, spoken.node), say };
}
