// Typeset TeX as SVG beside MathML that screen readers read.
//
// Started by math.py with the folder of MathJax as its argument. Each
// line of the input is a JSON object {tex, display}; each line of the output
// is one {html, glyphs, error}, where glyphs are the shapes, by their id, that
// the formula is the first to use. The very first line is {css}.
const readline = require("node:readline");
const path = require("node:path");

const folder = path.resolve(process.argv[2]);
const say = (reply) => process.stdout.write(JSON.stringify(reply) + "\n");

require(path.join(folder, "node-main.js"))
  .init({
    loader: {
      load: ["input/tex-full", "output/svg", "a11y/assistive-mml"],
      paths: { mathjax: folder },
      require,
    },
    startup: { typeset: false },
    tex: {
      // A command that is not known is an error, not a word in red.
      packages: { "[-]": ["noundefined", "noerrors"] },
      formatError: (_, error) => { throw error; },
    },
    svg: { fontCache: "global" },
    options: { enableAssistiveMml: true },
  })
  .then((MathJax) => {
    const { adaptor, document } = MathJax.startup;
    const defs = document.outputJax.fontCache;
    say({ css: adaptor.textContent(MathJax.svgStylesheet()) });
    readline.createInterface({ input: process.stdin }).on("line", (line) => {
      const { tex, display } = JSON.parse(line);
      try {
        const html = adaptor.outerHTML(MathJax.tex2svg(tex, { display }));
        const glyphs = Object.fromEntries(
          adaptor.childNodes(defs.getCache()).map((glyph) => [
            adaptor.getAttribute(glyph, "id"),
            adaptor.outerHTML(glyph),
          ]),
        );
        defs.clearCache();
        say({ html, glyphs });
      } catch (error) {
        say({ error: error.message });
      }
    });
  });
