// Open figures large: a click, a tap or Enter on one shows it in a dialog, where it
// can be scrolled. Escape, another click and the button close it.

document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  const dialog = Object.assign(document.createElement("dialog"), { ariaLabel: "Figure" });
  const close = Object.assign(document.createElement("button"), { ariaLabel: "Close" });
  dialog.className = "enlarged";
  dialog.addEventListener("click", () => dialog.close());

  const pictures = "figure :is(img, svg.drawing), .cell_output > .output img";
  for (const picture of article.querySelectorAll(pictures)) {
    if (picture.closest(".explorable, .frames, .sd-card")) continue;
    // Some pictures are links to their files, which without scripts show them large.
    let opener = picture.closest("a, button");
    if (opener && !opener.matches(".image-reference")) continue;
    if (!opener) {
      opener = Object.assign(document.createElement("button"), { type: "button" });
      picture.replaceWith(opener);
      opener.append(picture);
    }
    opener.classList.add("enlarge");
    opener.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
      event.preventDefault();
      const copy = picture.cloneNode(true);
      copy.loading = "eager";
      dialog.replaceChildren(close, copy);
      opener.focus({ preventScroll: true }); // to which it returns
      dialog.showModal();
    });
  }
  article.append(dialog); // where the page's styles for pictures apply
});
