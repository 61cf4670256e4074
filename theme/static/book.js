// What a page does once it is loaded, besides what the theme does.

document.addEventListener("DOMContentLoaded", () => {
  // Make what scrolls sideways focusable by keyboard. It is observed, since
  // measuring it now would force the browser to lay out the whole page.
  const fits = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const scrollers = "div.math, pre, .cell_output > .output, .table-wrapper, .drawing";
  for (const scroller of document.querySelectorAll(scrollers)) fits.observe(scroller);

  // Load the frames of a slider when a reader is about to use it.
  for (const frames of document.querySelectorAll(".frames"))
    for (const kind of ["pointerenter", "focusin", "touchstart"])
      frames.addEventListener(kind, () => {
        for (const frame of frames.querySelectorAll("img")) frame.loading = "eager";
      }, { once: true, passive: true });

  // The drawers at the sides of a narrow page open by checkboxes, without a script.
  // They close when a link in them is followed and on Escape; if one is opened by
  // keyboard, the focus moves into it.
  const drawers = { __navigation: ".sidebar-drawer", __toc: ".toc-drawer" };
  for (const [id, name] of Object.entries(drawers)) {
    const [box, drawer] = [document.getElementById(id), document.querySelector(name)];
    if (!box || !drawer) continue;
    box.addEventListener("change", () => {
      if (!box.checked || !box.matches(":focus-visible")) return;
      [...drawer.querySelectorAll("a, input")].find((part) => part.checkVisibility()).focus();
    });
    drawer.addEventListener("click", ({ target }) => {
      if (target.closest("a")) box.checked = false;
    });
    document.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape" || !box.checked) return;
      box.checked = false;
      box.focus();
    });
  }

  // "/" and Ctrl-K lead to the search, as on many sites.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [role=application]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!slash && !((event.ctrlKey || event.metaKey) && event.key === "k")) return;
    const field = document.querySelector("#search-field") ?? document.querySelector(".sidebar-search");
    if (!field) return;
    event.preventDefault();
    if (!field.checkVisibility({ visibilityProperty: true }))
      document.getElementById("__navigation").checked = true;
    field.focus();
    field.select();
  });
});
