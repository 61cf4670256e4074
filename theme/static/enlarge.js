// Open figures large, by a click or by the button in their corner, where they can
// be scrolled. Escape, the button and a click close them.

document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  const pictures = article.querySelectorAll(
    'figure img, figure svg[role="img"], .cell_output > .output img',
  );
  const button = (label) =>
    Object.assign(document.createElement("button"), { type: "button", ariaLabel: label });

  const dialog = document.createElement("dialog");
  const close = button("Close");
  dialog.className = "enlarged";
  dialog.ariaLabel = "Figure";
  dialog.addEventListener("click", () => dialog.close());

  for (const picture of pictures) {
    if (picture.closest("a, button, .explorable, .frames, svg svg")) continue;
    const frame = document.createElement("span");
    const open = button("Enlarge the figure");
    frame.className = "enlargeable";
    picture.replaceWith(frame);
    frame.append(picture, open);
    frame.addEventListener("click", () => {
      const copy = picture.cloneNode(true);
      copy.loading = "eager";
      dialog.replaceChildren(close, copy);
      open.focus({ preventScroll: true }); // which comes back to it
      dialog.showModal();
    });
  }
  article.append(dialog); // the page's styles for pictures hold in it
});
