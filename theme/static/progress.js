// Remember which questions were answered right at the first try, and what was predicted:
// in this browser, and nowhere else. A chapter shows its counts above its first
// question and below its last one, the first page one on each card. Where nothing can
// be stored, nothing is shown.

const memory = {
  // Other books of the same site share the store: each has a key of its own.
  key: `first answers ${new URL("..", document.currentScript.src)}`,

  nameOf: (address) => new URL(address, location).pathname.split("/").pop(),

  // For each chapter: how many questions it has; whether the first answers to them, by
  // their ids, were right; and what was predicted. Nothing if the browser denies it.
  recall() {
    try {
      return Object(JSON.parse(localStorage.getItem(this.key)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) return null;
      localStorage.removeItem(this.key);
      return {};
    }
  },

  recallHere() {
    return Object(this.recall()?.[this.nameOf(location.href)]);
  },

  // Add to what is known of this chapter.
  store(facts) {
    const chapter = { ...this.recallHere(), ...facts };
    const all = { ...this.recall(), [this.nameOf(location.href)]: chapter };
    try {
      localStorage.setItem(this.key, JSON.stringify(all));
    } catch {
      // It is full, or denied: this is forgotten.
    }
    document.dispatchEvent(new Event("remembered"));
  },

  forget() {
    localStorage.removeItem(this.key);
    document.dispatchEvent(new Event("forgotten"));
    document.dispatchEvent(new Event("remembered"));
  },
};

document.addEventListener("DOMContentLoaded", () => {
  const questions = [...document.querySelectorAll("article .question")];
  const predictions = document.querySelectorAll("article .prediction").length;
  const answersTo = (chapter) => Object.values(chapter?.first ?? {});
  const count = (chapter) => answersTo(chapter).filter(Boolean).length;
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // Without those to questions that the chapter has no longer.
  function firstAnswers() {
    const first = Object(memory.recallHere().first);
    const kept = questions.filter(({ id }) => id in first).map(({ id }) => [id, first[id]]);
    return Object.fromEntries(kept);
  }

  const right = () =>
    `${count({ first: firstAnswers() })} of ${questions.length} questions right at the first try.`;

  function predicted() {
    const made = Object.values(Object(memory.recallHere().predicted));
    return `${made.filter((it) => it !== null).length} of ${predictions} predictions made.`;
  }

  // Mark each question whose first answer is known, in its title.
  function markQuestions() {
    const first = firstAnswers();
    for (const { id, firstElementChild: title } of questions) {
      title.querySelector(".first-answer")?.remove();
      if (!(id in first)) continue;
      const [kind, text] = first[id] ? ["right", "right at the first try"] : ["wrong", "not at the first try"];
      title.append(make("span", { className: `first-answer ${kind}`, textContent: text }));
    }
  }

  function watch(announcement) {
    for (const question of questions)
      for (const answer of question.querySelectorAll("details.answer"))
        // A toggle would also count what a search on the page opens.
        answer.querySelector("summary").addEventListener("click", () => {
          if (answer.open) return; // it closes
          const isRight = answer.classList.contains("right");
          const first = firstAnswers();
          const isFirst = !(question.id in first);
          if (isFirst) {
            first[question.id] = isRight;
            memory.store({ total: questions.length, first });
          }
          announcement.textContent = `${isRight ? "Right." : "No."} ${isFirst ? right() : ""}`;
        });
  }

  function addLines() {
    const [top, end] = [0, 1].map(() => make("p", { className: "progress" }));
    const [counts, ending] = [0, 1].map(() => make("span", { className: "count" }));
    const announcement = make("span", { className: "announcement", role: "status" });
    const button = make("button", { type: "button", textContent: "Forget all chapters" });
    button.addEventListener("click", () => memory.forget());
    top.append(counts, " Only this browser remembers it. ", button, announcement);
    end.append(ending);
    questions[0].before(top);
    questions.at(-1).after(end);

    const show = () => {
      const answered = Object.keys(firstAnswers()).length;
      counts.textContent = predictions ? `${right()} ${predicted()}` : right();
      ending.textContent = `${answered} of ${questions.length} answered: ${right()}`;
      end.hidden = !answered;
      markQuestions();
    };
    show();
    document.addEventListener("remembered", show);
    watch(announcement);
  }

  function markCards(all) {
    for (const link of document.querySelectorAll(".chapter-cards .card a.reference")) {
      const chapter = all[memory.nameOf(link.href)];
      if (!answersTo(chapter).length) continue;
      const mark = make("span", { className: "card-progress", textContent: `${count(chapter)} of ${chapter.total}` });
      mark.title = "Questions right at the first try";
      link.closest(".card").append(mark);
    }
  }

  const all = memory.recall();
  if (!all) return;
  if (questions.length) addLines();
  markCards(all);
});
