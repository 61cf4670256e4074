// What a page does once it stands, beside what the theme does.
document.addEventListener("DOMContentLoaded", () => {
  // What scrolls sideways can be reached by the keyboard, and only that.
  const boxes = "div.math, div.cell_output, div.highlight pre, .pst-scrollable-table-container";
  const letFocus = () => {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  letFocus();
  addEventListener("load", letFocus);
  addEventListener("resize", letFocus);

  // The frames of a slider come when it is about to be seen.
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const frame of target.querySelectorAll("img")) frame.loading = "eager";
      near.unobserve(target);
    }
  });
  for (const frames of document.querySelectorAll(".frames")) near.observe(frames);
});
