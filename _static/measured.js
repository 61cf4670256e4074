// Fill in what was measured when the book was built (measurements.js).
document.addEventListener("DOMContentLoaded", () => {
  if (typeof MEASUREMENTS === "undefined") return;
  for (const place of document.querySelectorAll("[data-measured]")) {
    const html = MEASUREMENTS[place.dataset.measured];
    if (html !== undefined) place.innerHTML = html;
  }
});
