// Typeset TeX as SVG, with MathML for screen readers.
//
// Started by math.py with MathJax's folder and the book's TeX settings as its
// arguments. Each line of input is a JSON object {tex, display, definitions}; each line
// of output is an object {html} or {error}. The very first one says that MathJax is
// ready.
const readline = require("node:readline");
const path = require("node:path");

const folder = path.resolve(process.argv[2]);
const { packages = {}, ...settings } = JSON.parse(process.argv[3]);
// An unknown command is an error, not red text.
const UNWANTED = ["noundefined", "noerrors"];
const say = (reply) => process.stdout.write(JSON.stringify(reply) + "\n");

// The unit of the coordinates of outlines, in thousandths of an em: less than a tenth
// of a pixel in text of 18 px. Finer ones would cost each page a sixth of its bytes.
const UNIT = 4;

// Return the outline of a glyph as SVG path data, scaled and moved. Coordinates
// after the first are relative, so that equal glyphs have equal text, which
// compresses well.
function place(outline, scale, left, top) {
  let x = 0, y = 0, placed = "";
  const point = ([dx, dy]) => `${dx} ${dy}`.replace(" -", "-");
  for (const [, command, text] of outline.matchAll(/([A-Z])([^A-Z]*)/g)) {
    const numbers = (text.match(/-?[\d.]+/g) ?? []).map((n) => Math.round((n * scale) / UNIT));
    const points = [];
    if (command === "H") points.push([numbers[0], y]);
    else if (command === "V") points.push([x, numbers[0]]);
    else while (numbers.length) points.push(numbers.splice(0, 2));
    const moves = points.map(([to, up]) => [to - x, up - y]);
    if (points.length) [x, y] = points.at(-1);
    if (command === "M") placed += `M${point([Math.round(left / UNIT + x), Math.round(top / UNIT + y)])}`;
    else if (command === "H") placed += `h${moves[0][0]}`;
    else if (command === "V") placed += `v${moves[0][1]}`;
    else placed += command.toLowerCase() + moves.map(point).join(" ").replace(/ -/g, "-");
  }
  return placed;
}

// What a shape may have to be part of a path: all but colours, borders and links.
const PLAIN = /^(d|x|y|width|height|transform|data-.*)$/;

// Return all shapes below a node as the data of one path, or null if some cannot
// be part of one. A page lays out one path much faster than a tree of glyphs.
function outlineOf(adaptor, node, scale = 1, left = 0, top = 0) {
  if (!adaptor.allAttributes(node).every(({ name }) => PLAIN.test(name))) return null;
  const get = (name) => adaptor.getAttribute(node, name) ?? "";
  for (const [, move, text] of get("transform").matchAll(/(\w+)\(([^)]*)\)/g)) {
    const [x, y] = text.split(/[\s,]+/).map(Number);
    if (move === "translate") {
      left += scale * x;
      top += scale * (y ?? 0);
    } else if (move === "scale" && (y ?? x) === x) scale *= x;
    else return null;
  }
  switch (adaptor.kind(node)) {
    case "path":
      return place(get("d"), scale, left, top);
    case "rect": {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((it) => +get(it));
      return place(`M${x} ${y}H${x + width}V${y + height}H${x}Z`, scale, left, top);
    }
    case "g": {
      const parts = adaptor
        .childNodes(node)
        .map((child) => outlineOf(adaptor, child, scale, left, top));
      return parts.includes(null) ? null : parts.join("");
    }
    default:
      return null;
  }
}

// Replace the tree of glyphs in a formula by one path, if that is possible.
function flatten(adaptor, formula) {
  const svg = adaptor.tags(formula, "svg")[0];
  const [tree] = adaptor.childNodes(svg);
  const children = adaptor.childNodes(tree);
  const outlines = children.map((child) => outlineOf(adaptor, child));
  if (outlines.includes(null)) return;
  children.forEach((child) => adaptor.remove(child));
  adaptor.setAttribute(tree, "transform", `scale(${UNIT},-${UNIT})`);
  adaptor.append(tree, adaptor.node("path", { d: outlines.join("") }));
}

require(path.join(folder, "node-main.js"))
  .init({
    loader: {
      load: ["input/tex-full", "output/svg", "a11y/assistive-mml"],
      paths: { mathjax: folder },
      require,
    },
    startup: { typeset: false },
    tex: {
      ...settings,
      packages: Array.isArray(packages)
        ? packages.filter((name) => !UNWANTED.includes(name))
        : { ...packages, "[-]": [...UNWANTED, ...(packages["[-]"] ?? [])] },
      formatError: (_, error) => { throw error; },
    },
    svg: { fontCache: "none" },
    options: { enableAssistiveMml: true },
  })
  .then((MathJax) => {
    const { startup } = MathJax;
    let known = "";
    // Know these definitions and no others, such as those of another page.
    const define = (definitions) => {
      if (definitions === known) return;
      known = definitions;
      startup.getComponents();
      try {
        MathJax.tex2svg(definitions);
      } catch {
        // The error was reported where they stand.
      }
    };
    say({ ready: true });
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
      const { tex, display, definitions } = JSON.parse(line);
      try {
        define(definitions);
        const formula = MathJax.tex2svg(tex, { display });
        flatten(startup.adaptor, formula);
        say({ html: startup.adaptor.outerHTML(formula) });
      } catch (error) {
        say({ error: error.message });
      }
    });
  })
  .catch((error) => say({ error: error.message }));
