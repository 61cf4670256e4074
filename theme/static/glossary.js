// Show what a term of the glossary means, where it is linked: when the mouse rests
// on it, when it has the focus, and on a tap. The definitions are at the end of
// the page (booktools/sphinx/glossary.py).

document.addEventListener("DOMContentLoaded", () => {
  const DELAY = 200; // ms, for a mouse that passes by, or that moves to the definition
  let waiting;
  let shown = null; // the link whose definition is open

  const definitionOf = (link) => document.getElementById(`about-${link.hash.slice(1)}`);
  const isOpen = (link) => link === shown && definitionOf(link).matches(":popover-open");

  function open(link) {
    clearTimeout(waiting);
    if (isOpen(link)) return;
    close();
    shown = link;
    link.classList.add("explained");
    definitionOf(link).showPopover({ source: link });
  }

  function close() {
    clearTimeout(waiting);
    if (!shown) return;
    shown.classList.remove("explained");
    definitionOf(shown).hidePopover();
    shown = null;
  }

  const soon = (action) => {
    clearTimeout(waiting);
    waiting = setTimeout(action, DELAY);
  };
  const mouse = (action) => (event) => event.pointerType === "mouse" && action();

  for (const { parentElement: link } of document.querySelectorAll("a > .std-term")) {
    const definition = definitionOf(link);
    if (!definition || definition.contains(link)) continue;
    link.setAttribute("aria-describedby", definition.id);
    link.addEventListener("pointerenter", mouse(() => soon(() => open(link))));
    link.addEventListener("pointerleave", mouse(() => soon(close)));
    link.addEventListener("focus", () => link.matches(":focus-visible") && open(link));
    // The first tap shows the definition, the second follows the link.
    let first = false;
    link.addEventListener("pointerdown", ({ pointerType }) => {
      first = pointerType !== "mouse" && !isOpen(link);
    });
    link.addEventListener("click", (event) => {
      if (first) {
        event.preventDefault();
        open(link);
      }
      first = false;
    });
    const stays = ({ relatedTarget: next }) => next === link || definition.contains(next);
    for (const part of [link, definition])
      part.addEventListener("focusout", (event) => isOpen(link) && !stays(event) && soon(close));
  }
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  for (const definition of document.querySelectorAll(".definition")) {
    definition.addEventListener("pointerenter", mouse(() => clearTimeout(waiting)));
    definition.addEventListener("pointerleave", mouse(() => soon(close)));
  }
});
