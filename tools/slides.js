// Start reveal.js, and shrink what is a little too large for its slide.

const SMALLEST = 76; // percent of the usual size; then code is of 16 pixels

function overflows(body) {
  return (
    body.scrollHeight > body.clientHeight + 1 ||
    body.scrollWidth > body.clientWidth + 1
  );
}

function fit(slide) {
  const body = slide.querySelector(".body");
  if (!body || body.dataset.fitted) return;
  body.dataset.fitted = "yes";
  for (let size = 98; overflows(body) && size >= SMALLEST; size -= 2) {
    body.style.fontSize = `${size}%`;
  }
  // With another font, or on other data, code may still be too long: it scrolls.
  if (overflows(body)) {
    for (const code of body.querySelectorAll("pre")) {
      code.classList.add("scroll");
      code.tabIndex = 0;
    }
  }
}

Reveal.on("ready", ({ currentSlide }) => fit(currentSlide));
Reveal.on("slidechanged", ({ currentSlide }) => fit(currentSlide));
Reveal.on("pdf-ready", () => Reveal.getSlides().forEach(fit));

Reveal.initialize({
  plugins: [RevealNotes],
  width: 1280,
  height: 720,
  margin: 0,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  navigationMode: "linear", // the right arrow shows every slide, as a clicker does
  scrollActivationWidth: null,
  pdfSeparateFragments: false,
  // What scrolls and has the focus takes the arrow keys for itself.
  keyboardCondition: () => !document.activeElement?.classList.contains("scroll"),
});
