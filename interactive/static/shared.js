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
    if (location.hash.startsWith(`#${name}?`)) box.scrollIntoView(); // see `address`
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
// stage, a layer clipped to its axes and one on top that is not; the limits of its
// axes; a function from data to pixels, which moves distant points to just outside
// the axes; and one that returns where, in units of the data, a pointer is.
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
  const [left, ceiling, right, bottom] = axes.box.map((share, i) => share * (i % 2 ? height : width));
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const clip = drawn("clipPath", { id: `clip-${serial++}` });
  clip.append(drawn("rect", { x: left, y: ceiling, width: right - left, height: bottom - ceiling }));
  const layer = drawn("g", { "clip-path": `url(#${clip.id})` });
  const top = drawn("g");
  svg.append(clip, layer, top);
  picture.loading = "eager";
  // Data to pixels and back, for each axis.
  const scale = ([low, high], logarithmic, from, to) => {
    const up = logarithmic ? Math.log : (value) => value;
    const down = logarithmic ? Math.exp : (value) => value;
    const share = (value) => (up(value) - up(low)) / (up(high) - up(low));
    return {
      to: (value) => from + Math.min(Math.max(share(value), -9), 9) * (to - from),
      back: (pixel) => down(up(low) + ((pixel - from) / (to - from)) * (up(high) - up(low))),
    };
  };
  const across = scale(axes.x, axes.logarithmic[0], left, right);
  const along = scale(axes.y, axes.logarithmic[1], bottom, ceiling);
  const place = (x, y) => [across.to(x), along.to(y)];
  const at = ({ clientX, clientY }) => {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [across.back(x), along.back(y)];
  };
  const node = element("div", { className: "stage" }, picture, svg);
  return { svg, layer, top, place, at, limits: [axes.x, axes.y], node };
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

// Buttons to play, take one step, and begin again. `advance` takes a step, and returns
// whether there is another; `reset` goes back to the start. While it plays, steps
// follow each other at least that many milliseconds apart: with 0, one for each frame.
// A reader who asks for less motion sees two pictures a second.
function transport({ advance, reset, milliseconds = 0 }) {
  const [play, step, again] = ["Play", "Step", "Reset"].map((name) => button(name));
  const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 500 : milliseconds;
  let [frame, ended, last] = [null, false, 0];
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = null;
    play.textContent = "Play";
  };
  const restart = () => {
    stop();
    ended = false;
    reset();
  };
  const take = () => (ended = !advance()) && stop();
  const run = (now) => {
    frame = requestAnimationFrame(run);
    if (now - last < pause) return;
    last = now;
    take();
  };
  play.addEventListener("click", () => {
    if (frame !== null) return stop();
    if (ended) restart();
    play.textContent = "Pause";
    frame = requestAnimationFrame(run);
  });
  step.addEventListener("click", () => {
    stop();
    if (!ended) take();
  });
  again.addEventListener("click", restart);
  const node = element("div", { className: "buttons" }, play, step, again);
  return { node, stop, restart };
}

// A button: button("Clear", () => …).
function button(name, onclick) {
  const made = element("button", { type: "button" }, name);
  if (onclick) made.addEventListener("click", onclick);
  return made;
}

// A button that plays and pauses: it calls `begin`, and then `advance` again and
// again, until that returns false or `stop` is called.
function player(begin, advance, milliseconds) {
  const play = button("Play");
  let timer;
  const stop = () => {
    timer = clearInterval(timer);
    play.textContent = "Play";
  };
  const step = () => advance() || stop();
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = "Pause";
    begin();
    timer = setInterval(step, milliseconds);
  });
  return { button: play, stop };
}

// A point that the reader moves over a stage: by mouse or finger, or by the arrow keys,
// ten times as far with Shift. `steps` are those of the keys, in units of the data;
// `describe([x, y])` says where it is. It stays within the axes. `grab(event)` lets
// it follow a pointer that has gone down elsewhere.
function handle(stage, { label, at, steps, describe, onmove }) {
  const node = drawn("g", { class: "handle", role: "slider", tabindex: 0, "aria-label": label });
  node.append(drawn("circle", { r: 14, class: "reach" }), drawn("circle", { r: 7 }));
  node.setAttribute("aria-roledescription", "point in the plane");
  ["min", "max"].forEach((end, i) => node.setAttribute(`aria-value${end}`, stage.limits[0][i]));
  let place = at;
  const move = (to) => {
    place = to.map((value, i) => Math.min(Math.max(value, stage.limits[i][0]), stage.limits[i][1]));
    node.setAttribute("transform", `translate(${stage.place(...place)})`);
    node.setAttribute("aria-valuenow", place[0]);
    node.setAttribute("aria-valuetext", describe(place));
  };
  const tell = (to) => {
    move(to);
    onmove(place);
  };
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  node.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault(); // the page would scroll
    tell(place.map((value, i) => value + way[i] * steps[i] * (event.shiftKey ? 10 : 1)));
  });
  const grab = (event) => {
    node.setPointerCapture(event.pointerId);
    node.focus();
    event.preventDefault();
  };
  node.addEventListener("pointerdown", grab);
  // The page would scroll: in SVG the style touch-action does not keep it from that.
  node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) tell(stage.at(event));
  });
  move(at);
  stage.top.append(node);
  stage.svg.setAttribute("role", "group"); // an image has nothing to use
  return { node, move, grab, at: () => place };
}

// The state of an explorable in the page's address, so that one can link to a moment:
// "#name?key=value&…". `read` returns what the address asks for, as an object of texts,
// empty if it asks for another; `write` puts a state there, once the reader pauses.
function address(name) {
  const [asked, query = ""] = location.hash.slice(1).split("?");
  let waiting;
  return {
    read: () => (asked === name ? Object.fromEntries(new URLSearchParams(query)) : {}),
    write: (state) => {
      clearTimeout(waiting);
      const place = `#${name}?${new URLSearchParams(state)}`;
      waiting = setTimeout(() => history.replaceState(null, "", place), 400);
    },
  };
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
