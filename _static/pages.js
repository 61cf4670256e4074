// What a page does once it stands, beside what the theme does.

// A page that is opened as a file may not read others to quote from them.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  // What scrolls sideways can be reached by the keyboard. It is observed: to
  // measure it at once, as the theme does unless light_pages.py keeps it from
  // it, all that is far down would have to be laid out at once.
  const fits = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const scrollers = "div.math, pre, .cell_output > .output, .pst-scrollable-table-container";
  for (const scroller of document.querySelectorAll(scrollers)) fits.observe(scroller);

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
