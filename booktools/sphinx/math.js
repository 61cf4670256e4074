// Typeset TeX as SVG, with MathML for screen readers.
//
// Started by math.py with MathJax's folder as its argument. Each line of input is
// a JSON object {tex, display}; each line of output is an object {html, glyphs} or
// {error}, where glyphs maps ids to the shapes that no earlier formula has used.
// The very first line of output is {css}.
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
      // An unknown command is an error, not red text.
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
