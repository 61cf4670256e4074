// Start reveal.js, and scale the content of each slide to fit.

// In percent of the usual size. Text may grow to fill its slide, except beside a
// picture; at the smallest, code is 16 pixels high on a slide of 720.
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
  let size = body.querySelector("img, .drawing") ? BESIDE_PICTURES : LARGEST;
  do body.style.fontSize = `${size}%`;
  while (overflows(body) && (size -= 2) >= SMALLEST);
  // With another font or other data, code may still be too long: let it scroll.
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
  navigationMode: "linear", // the right arrow, or a clicker, goes through every slide
  scrollActivationWidth: null,
  pdfSeparateFragments: false,
  // A scrollable element that has the focus receives the arrow keys.
  keyboardCondition: () => !document.activeElement?.classList.contains("scroll"),
});
