// Remember which questions were answered right at first try: in this browser, and
// nowhere else. A chapter shows its count above its first question, the first page
// one on each card. Where nothing can be stored, nothing is shown.

// Other books of the same site share the store: each has a key of its own.
const KEY = `first answers ${new URL("..", document.currentScript.src)}`;

document.addEventListener("DOMContentLoaded", () => {
  const questions = [...document.querySelectorAll("article .question")];
  const nameOf = (address) => new URL(address, location).pathname.split("/").pop();
  const here = nameOf(location.href);

  // For each chapter: how many questions it has, and whether the first answers to
  // them, by their ids, were right.
  function recall() {
    const found = JSON.parse(localStorage.getItem(KEY));
    return found && typeof found === "object" ? found : {};
  }

  function recallSafely() {
    try {
      return recall();
    } catch (error) {
      if (!(error instanceof SyntaxError)) return null; // denied
      localStorage.removeItem(KEY);
      return {};
    }
  }

  function store(all) {
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // It is full: this answer is forgotten.
    }
  }

  const answersTo = (chapter) => Object.values(chapter?.first ?? {});
  const count = (chapter) => answersTo(chapter).filter(Boolean).length;

  // Without those to questions that the chapter has no longer.
  function recallHere(all) {
    const first = Object(all?.[here]?.first);
    const kept = questions.filter(({ id }) => id in first).map(({ id }) => [id, first[id]]);
    return { total: questions.length, first: Object.fromEntries(kept) };
  }

  function showOnPage(line) {
    const right = count(recallHere(recallSafely()));
    line.textContent = `${right} of ${questions.length} questions right at first try.`;
  }

  function watch(line) {
    for (const question of questions)
      for (const answer of question.querySelectorAll("details.answer"))
        // A toggle would also count what a search on the page opens.
        answer.querySelector("summary").addEventListener("click", () => {
          const all = recallSafely();
          const chapter = recallHere(all);
          if (!all || question.id in chapter.first) return;
          chapter.first[question.id] = answer.classList.contains("right");
          store({ ...all, [here]: chapter });
          showOnPage(line);
        });
  }

  function addLine() {
    const box = document.createElement("p");
    box.className = "progress";
    const line = document.createElement("span");
    line.role = "status";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Forget all chapters";
    button.addEventListener("click", () => {
      localStorage.removeItem(KEY);
      showOnPage(line);
    });
    box.append(line, " Only this browser remembers it. ", button);
    questions[0].before(box);
    showOnPage(line);
    watch(line);
  }

  function markCards(all) {
    for (const link of document.querySelectorAll(".chapter-cards .card a.reference")) {
      const chapter = all[nameOf(link.href)];
      if (!answersTo(chapter).length) continue;
      const mark = document.createElement("span");
      mark.className = "card-progress";
      mark.textContent = `${count(chapter)} of ${chapter.total}`;
      mark.title = "Questions right at first try";
      link.closest(".card").append(mark);
    }
  }

  const all = recallSafely();
  if (!all) return;
  if (questions.length) addLine();
  markCards(all);
});
