// Start reveal.js, and make what is on a slide as large as the slide allows.

// In percent of the usual size. Text fills its slide, but not what a picture
// needs; at the smallest, code is of 16 pixels on a stage of 720.
const LARGEST = 120;
const BESIDE_PICTURES = 100;
const SMALLEST = 76;

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
  let size = body.querySelector("img") ? BESIDE_PICTURES : LARGEST;
  do body.style.fontSize = `${size}%`;
  while (overflows(body) && (size -= 2) >= SMALLEST);
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
