// Paper to draw a digit on, for explorables that read digits. A drawing is kept as
// lines and converted to an image as the authors of the data did, all of it here.

const GRAIN = 4; // sample points per pixel along each side

// Numbers that the data pack in base64.
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

// An image of cells of varying darkness: show(shares, label), with shares from 0 to 1.
function cellImage(rows, columns, count) {
  const svg = drawn("svg", { viewBox: `0 0 ${columns} ${rows}`, role: "img" });
  const cells = Array.from({ length: count }, (_, i) =>
    drawn("rect", { x: i % columns, y: Math.floor(i / columns), width: 1, height: 1 }),
  );
  svg.append(...cells);
  const show = (shares, label) => {
    cells.forEach((cell, i) => cell.setAttribute("fill-opacity", Math.min(shares[i], 1)));
    svg.setAttribute("aria-label", label);
  };
  return { svg, show };
}

// A part of an easel, with its name above it.
const panel = (name, ...content) =>
  element("div", { className: "panel" }, element("p", {}, name), ...content);

// The paper with its buttons, and buttons for test images. `data` have the shape of
// an image, its box, centre and pen, and test images with labels and names, of which
// the one `shown` is taken first. Calls onchange({ pixels, source, drawn }) after
// every change, with pixels from 0 to 1; `nothing` is the source of empty paper.
// Returns what belongs on the page, and functions that begin and convert lines.
function makeDesk(data, nothing, onchange) {
  const [height, width] = data.shape;

  // The image: lines are lists of points [x, y], in pixels of the frame

  // The fraction of each pixel covered by a pen that follows the lines.
  function ink(lines) {
    const [rows, columns] = [height * GRAIN, width * GRAIN];
    const inked = new Uint8Array(rows * columns);
    const reach = data.pen / 2;
    const within = (low, high, end) => [
      Math.max(Math.floor((low - reach) * GRAIN), 0),
      Math.min(Math.ceil((high + reach) * GRAIN), end),
    ];
    for (const line of lines) {
      line.forEach(([x1, y1], i) => {
        const [x0, y0] = line[Math.max(i - 1, 0)];
        const [dx, dy] = [x1 - x0, y1 - y0];
        const square = dx * dx + dy * dy || 1;
        const [left, right] = within(Math.min(x0, x1), Math.max(x0, x1), columns);
        const [top, bottom] = within(Math.min(y0, y1), Math.max(y0, y1), rows);
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            const [x, y] = [(column + 0.5) / GRAIN - x0, (row + 0.5) / GRAIN - y0];
            const along = Math.min(Math.max((x * dx + y * dy) / square, 0), 1);
            const away = (x - along * dx) ** 2 + (y - along * dy) ** 2;
            if (away <= reach * reach) inked[row * columns + column] = 1;
          }
        }
      });
    }
    const pixels = Array(height * width).fill(0);
    inked.forEach((one, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      pixels[Math.floor(row / GRAIN) * width + Math.floor(column / GRAIN)] += one / GRAIN ** 2;
    });
    return pixels;
  }

  // Centre of mass, [x, y].
  function massCentre(pixels) {
    const sums = [0, 0, 0];
    pixels.forEach((grey, i) => {
      sums[0] += grey * ((i % width) + 0.5);
      sums[1] += grey * (Math.floor(i / width) + 0.5);
      sums[2] += grey;
    });
    return [sums[0] / sums[2], sums[1] / sums[2]];
  }

  // The network's input: the ink is scaled so that its longer side fills the box,
  // and its centre of mass is moved to where the data have it, without cutting
  // off any ink.
  function see(lines) {
    if (!lines.length) return Array(height * width).fill(0);
    const middle = [width / 2, height / 2];
    const ends = [0, 1].map((axis) => {
      const places = lines.flat().map((point) => point[axis]);
      return [Math.min(...places), Math.max(...places)];
    });
    const sides = ends.map(([low, high]) => high - low);
    const scale = (data.box - data.pen) / Math.max(...sides, data.pen); // a dot stays small
    const put = (shift) =>
      lines.map((line) =>
        line.map((point) =>
          point.map((value, axis) => {
            const [low, high] = ends[axis];
            return (value - (low + high) / 2) * scale + middle[axis] + shift[axis];
          }),
        ),
      );
    const centre = massCentre(ink(put([0, 0])));
    const shift = [1, 0].map((side, axis) => {
      const room = middle[axis] - (sides[axis] * scale + data.pen) / 2;
      return Math.min(Math.max(data.centre[side] - centre[axis], -room), room);
    });
    return ink(put(shift));
  }

  const paper = drawn("svg", { viewBox: `0 0 ${width} ${height}` });
  const strokes = drawn("g", { class: "strokes", "stroke-width": data.pen });
  const pen = drawn("path", { class: "pen", d: "M-1,0H1M0-1V1" }); // for the keyboard
  paper.setAttribute("aria-hidden", "true");
  paper.append(strokes, pen);
  const desk = element("div", { className: "desk", tabIndex: 0 }, paper);
  const help = element(
    "p",
    { id: `help-${serial++}` },
    "Draw with the mouse or a finger, or with the keyboard once the frame has the focus: " +
      "the space bar lowers and lifts the pen, the arrow keys move it; two at once move it diagonally.",
  );
  desk.setAttribute("role", "application"); // so that screen readers pass the keys on
  desk.setAttribute("aria-label", "Paper to draw on");
  desk.setAttribute("aria-describedby", help.id);
  const where = announcement();

  // The drawing

  let lines = []; // one per stroke
  let example = data.shown; // null once something is drawn
  let down = false;
  let place = [width / 2, height / 2];

  function move(x, y) {
    place = [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
    if (down) lines.at(-1).push(place);
  }

  function putDown() {
    [down, example] = [true, null];
    lines.push([place]);
  }

  function lift() {
    down = false;
    show();
  }

  function start(chosen) {
    [lines, down, example] = [[], false, chosen];
    show();
  }

  function undo() {
    if (example === null) lines.pop();
    lift();
  }

  const follow = ({ clientX, clientY }) => {
    const { left, top, width: wide, height: high } = paper.getBoundingClientRect();
    move(((clientX - left) / wide) * width, ((clientY - top) / high) * height);
  };
  desk.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    desk.setPointerCapture(event.pointerId);
    down = false; // in case the keys have put it down
    follow(event);
    putDown();
    show();
  });
  desk.addEventListener("pointermove", (event) => {
    if (!desk.hasPointerCapture(event.pointerId)) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    (passed.length ? passed : [event]).forEach(follow);
    show();
  });
  desk.addEventListener("lostpointercapture", lift);

  const STEP = Math.max(height, width) / 25; // per press of an arrow key
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const held = new Set();
  desk.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in ARROWS) {
      held.add(event.key);
      const towards = (axis) => [...held].reduce((sum, key) => sum + ARROWS[key][axis], 0);
      move(...place.map((value, axis) => value + STEP * towards(axis)));
    } else if (event.key === " ") {
      if (!event.repeat) (down ? lift : putDown)();
    } else return;
    event.preventDefault(); // otherwise the page would scroll
    show();
    where.say(
      `Pen ${down ? "down" : "up"}, ${Math.round((100 * place[0]) / width)}% from the left, ` +
        `${Math.round((100 * place[1]) / height)}% from the top.`,
    );
  });
  desk.addEventListener("keyup", (event) => held.delete(event.key));
  desk.addEventListener("blur", () => {
    held.clear();
    if (down) lift();
  });

  const images = bytes(data.images);
  const size = height * width;
  const choices = element(
    "fieldset",
    {},
    element("legend", {}, "Or take a test image of"),
    ...data.labels.map((label, i) => button(data.names?.[i] ?? label, () => start(i))),
  );
  const buttons = element("div", { className: "buttons" }, button("Undo", undo), button("Clear", () => start(null)));

  function show() {
    strokes.replaceChildren(
      ...lines.map((line) => drawn("polyline", { points: [...line, line.at(-1)].join(" ") })),
    );
    desk.classList.toggle("empty", !lines.length);
    pen.setAttribute("transform", `translate(${place})`);
    pen.classList.toggle("down", down);
    const pixels =
      example === null
        ? see(lines)
        : Array.from(images.subarray(example * size, (example + 1) * size), (grey) => grey / data.blackest);
    const source =
      example !== null
        ? `A test image of ${data.labels[example]}, unchanged.`
        : lines.length
          ? "Your drawing."
          : nothing;
    onchange({ pixels, source, drawn: lines.length > 0 });
  }
  return { help, paper: panel("You draw", desk, buttons, where.node), choices, see, show };
}
