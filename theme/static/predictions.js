// Ask for a prediction before the output that answers it opens, keep it with the
// answers to questions (progress.js), and compare it with what the cell has computed.

document.addEventListener("DOMContentLoaded", () => {
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // Read 0.5, 1,000, 1e-6, 2^20, 1/3, ln 10 or -log(1/2); anything else is not a number.
  function numberIn(text) {
    const bare = text.replaceAll(/(?<=\d),(?=\d{3})|\s|%/g, "").replaceAll("−", "-").toLowerCase();
    const read = (part) => {
      const inner = part.match(/^\(([^()]*)\)$/);
      if (inner) return read(inner[1]);
      const log = part.match(/^(-?)(?:ln|log)(\([^()]*\)|[^()]*)$/);
      if (log) return (log[1] ? -1 : 1) * Math.log(read(log[2]));
      const two = part.match(/^(.+?)(\/|\^|\*\*)(.+)$/);
      if (two) return two[2] === "/" ? read(two[1]) / read(two[3]) : read(two[1]) ** read(two[3]);
      return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(part) ? Number(part) : NaN;
    };
    return read(bare);
  }

  const digits = (x) => Number(x.toPrecision(2)).toLocaleString("en");

  // Say whether a number is right: to the three digits that the outcome is shown with.
  function compare(guess, { outcome, shown }) {
    const [mine, value] = [numberIn(guess), Number(outcome)];
    if (Number(mine.toPrecision(3)) === value || Math.abs(mine - value) <= 0.002 * Math.abs(value))
      return ["right", "Right", `it is ${shown}.`];
    const ratio = value / mine;
    if (!(ratio > 0 && isFinite(ratio))) return ["wrong", "No", `it is ${shown}.`];
    if (ratio > 0.9 && ratio < 1 / 0.9) return ["right", "Close", `it is ${shown}.`];
    const times = ratio > 1 ? `${digits(ratio)} times yours` : `yours is ${digits(1 / ratio)} times as large`;
    return ["wrong", "No", `it is ${shown}; ${times}.`];
  }

  function verdictOn(guess, { kind, ...facts }) {
    if (kind === "number") return compare(guess, facts);
    if (kind !== "choice") return ["told", "", "Compare:"];
    return guess === facts.outcome ? ["right", "Right", ""] : ["wrong", "No", `the answer is “${facts.shown}”.`];
  }

  for (const box of document.querySelectorAll(".prediction:has(form)")) {
    const form = box.querySelector("form");
    const fields = [...form.elements.guess.length ? form.elements.guess : [form.elements.guess]];
    const results = [...document.querySelectorAll(`[data-prediction="${box.id}"]`)];

    // Open the results, with what was predicted in front; null is no prediction.
    function open(guess) {
      const line = make("p", { className: "verdict", tabIndex: -1 });
      if (guess === null) line.append("You have seen this without a prediction.");
      else {
        const [kind, word, rest] = verdictOn(guess, form.dataset);
        const unit = form.dataset.unit ? ` ${form.dataset.unit}` : "";
        line.classList.add(kind);
        line.append(`You predicted: “${guess}${unit}”. `);
        if (word) line.append(make("strong", { textContent: rest ? word : `${word}.` }), rest ? `: ${rest}` : "");
        else line.append(rest);
      }
      results[0].querySelector("summary").after(line);
      for (const result of results) result.open = true;
      form.hidden = true;
      return line;
    }

    function settle(guess) {
      const known = memory.recallHere().predicted;
      memory.store({ predicted: { ...known, [box.id]: guess } });
      open(guess).focus();
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const guess = form.elements.guess.value.trim();
      if (form.dataset.kind === "number" && isNaN(numberIn(guess))) {
        fields[0].setCustomValidity("Write a number, such as 0.5, 1e-6 or 2^20.");
        fields[0].reportValidity();
      } else settle(guess);
    });
    form.addEventListener("input", () => fields[0].setCustomValidity(""));
    form.querySelector(".skip").addEventListener("click", () => settle(null));
    for (const result of results)
      result.querySelector("summary").addEventListener("click", (event) => {
        if (form.hidden) return;
        event.preventDefault(); // it is opened here, with all the others
        settle(null);
      });

    document.addEventListener("forgotten", () => {
      results[0].querySelector(".verdict")?.remove();
      for (const result of results) result.open = false;
      form.hidden = false;
      form.reset();
    });

    const said = Object(memory.recallHere().predicted)[box.id];
    if (said === null || typeof said === "string") open(said);
  }
});
