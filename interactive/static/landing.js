// The landing page: a ball that descends the loss of chapter 1, and a network that
// reads what the reader draws.

const still = matchMedia("(prefers-reduced-motion: reduce)");

// The descent. The picture shows the finished path; here a ball follows it step by
// step, from the book's starting point and then from wherever the reader clicks.
function descend(figure) {
  const svg = figure.querySelector("svg");
  const { hessian, bottom, floor, rate, start, close } = JSON.parse(svg.dataset.descent);
  const [trail, ball, ring] = [".path", ".ball", ".start"].map((part) => svg.querySelector(part));
  const numbers = figure.querySelectorAll(".descent-state b");
  const LONGEST = 120; // steps, wherever the reader starts

  const slope = (point) => {
    const away = point.map((value, i) => value - bottom[i]);
    const grad = hessian.map((row) => row[0] * away[0] + row[1] * away[1]);
    return { grad, away };
  };
  const loss = (point) => {
    const { grad, away } = slope(point);
    return floor + (grad[0] * away[0] + grad[1] * away[1]) / 2;
  };
  function walk(from) {
    const path = [from];
    while (path.length <= LONGEST) {
      const point = path.at(-1);
      const { grad, away } = slope(point);
      if (Math.hypot(...away) <= close) break;
      path.push(point.map((value, i) => value - rate * grad[i]));
    }
    return path;
  }

  // The first steps are long and can be watched; all end within five seconds.
  const seconds = (step) => 0.035 + 0.42 * 0.8 ** step;

  let path, from, step, share, last;
  let seen = false;
  let frame = 0;

  function show() {
    const here = path[step];
    const next = path[step + 1] ?? here;
    const eased = 1 - (1 - share) ** 3;
    const place = here.map((value, i) => value + eased * (next[i] - value));
    const points = [...path.slice(0, step + 1), place];
    trail.setAttribute("points", points.map(([b, w]) => `${b},${-w}`).join(" "));
    for (const [part, [b, w]] of [[ball, place], [ring, path[0]]]) {
      part.setAttribute("cx", b);
      part.setAttribute("cy", -w);
    }
    [step, here[0].toFixed(2), here[1].toFixed(2), loss(here).toFixed(4)].forEach((text, i) => {
      numbers[i].textContent = text;
    });
  }

  function move(now) {
    const passed = Math.min((now - (last ?? now)) / 1000, 0.05);
    last = now;
    share += passed / seconds(step);
    while (share >= 1 && step < path.length - 1) [step, share] = [step + 1, share - 1];
    const done = step >= path.length - 1;
    if (done) share = 0;
    show();
    frame = seen && !done ? requestAnimationFrame(move) : 0;
  }

  function go() {
    if (frame || !seen || !path) return;
    last = undefined;
    frame = requestAnimationFrame(move);
  }

  function begin(place) {
    from = place;
    path = walk(from);
    [step, share] = still.matches ? [path.length - 1, 0] : [0, 0];
    show();
    if (!still.matches) go();
  }

  svg.addEventListener("click", ({ clientX, clientY }) => {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
    begin([x, -y]);
  });
  figure.querySelector("button").addEventListener("click", () => begin(from));
  figure.classList.add("live");
  begin(start);
  new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    go();
  }).observe(svg);
}

// The pad. Its script, which has the network, is loaded when it is about to be seen.
function preparePad(pad) {
  const load = () => {
    if (pad.dataset.loading) return;
    pad.dataset.loading = true;
    document.head.append(Object.assign(document.createElement("script"), { src: pad.dataset.script }));
  };
  const near = (entries) => entries.some(({ isIntersecting }) => isIntersecting) && load();
  new IntersectionObserver(near, { rootMargin: "200px" }).observe(pad);
  for (const link of document.querySelectorAll(".hero-buttons a[href^='#']")) {
    link.addEventListener("click", load);
  }
}

// Called by that script before anything else: make the box that the explorable fills.
function showPad(data) {
  const pad = document.querySelector(".pad");
  const box = document.createElement("div");
  const script = Object.assign(document.createElement("script"), { type: "application/json" });
  script.textContent = JSON.stringify(data);
  box.className = "explorable";
  box.dataset.explorable = "draw-digit";
  box.append(document.createElement("img"), script);
  const verdict = Object.assign(document.createElement("p"), { className: "verdict" });
  verdict.ariaHidden = "true"; // the readout says the same
  pad.append(verdict, box);
  box.addEventListener("read", ({ detail: { drawn, probabilities } }) => {
    pad.classList.toggle("drawn", drawn);
    verdict.textContent = drawn ? probabilities.indexOf(Math.max(...probabilities)) : "?";
  });
}

document.querySelectorAll(".descent").forEach(descend);
document.querySelectorAll(".pad").forEach(preparePad);
