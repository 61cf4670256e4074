// What a page does once it is loaded, besides what the theme does.

// A page opened as a file may not read other pages for the search summaries.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

document.addEventListener("DOMContentLoaded", () => {
  // Make what scrolls sideways focusable by keyboard. Observe it instead of
  // measuring it immediately, as the theme would if light_pages.py did not remove
  // that: measuring would force the browser to lay out the whole page.
  const fits = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const scrollers = "div.math, pre, .cell_output > .output, .pst-scrollable-table-container";
  for (const scroller of document.querySelectorAll(scrollers)) fits.observe(scroller);

  // Load the frames of a slider when it is about to become visible.
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const frame of target.querySelectorAll("img")) frame.loading = "eager";
      near.unobserve(target);
    }
  });
  for (const frames of document.querySelectorAll(".frames")) near.observe(frames);
});
