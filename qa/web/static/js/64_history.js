// The questions that this browser asked: kept in it alone, as long as nobody clears or forbids them.

const MOST_QUESTIONS = 50;
// Services at several paths of one host have a history each.
const HISTORY = home === "/" ? "history" : `history ${home}`;
const historyDialog = document.getElementById("history-dialog");
const keepsHistory = document.getElementById("keep-history");

function readHistory() {
  try {
    const entries = JSON.parse(remember("localStorage", HISTORY) ?? "[]");
    return Array.isArray(entries) ? entries.filter(([question, page]) => typeof question === "string" && page.startsWith("/")) : [];
  } catch {
    return [];
  }
}

const writeHistory = (entries) => remember("localStorage", HISTORY, entries.length ? JSON.stringify(entries) : null);

// The last question of the page, with the address that brings its conversation back.
function noteQuestion() {
  const heading = main.querySelector(".turn:last-of-type:not(.pending) h2[id]");
  if (!heading || !keepsHistory.checked || !isConversation(location)) return;
  const question = heading.textContent.trim();
  const others = readHistory().filter(([other]) => other !== question);
  const address = new URL(location);
  address.searchParams.delete("open");
  writeHistory([[question, pageOf(address)], ...others].slice(0, MOST_QUESTIONS));
}

function showHistory() {
  const entries = readHistory();
  const items = entries.map(([question, page]) => {
    const link = element("a", "", question);
    link.href = page;
    link.dir = "auto";
    return element("li", "", link);
  });
  historyDialog.querySelector("ol").replaceChildren(...items);
  historyDialog.querySelector(".empty").hidden = entries.length > 0;
  historyDialog.querySelector("[data-clear]").hidden = !entries.length;
}

function clearHistory() {
  writeHistory([]);
  showHistory();
  say("History cleared");
}

historyDialog.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) clearHistory();
  else if (event.target.closest("a")) historyDialog.close();
});

keepsHistory.checked = remember("localStorage", "keep-history") !== "off";
keepsHistory.addEventListener("change", () => {
  remember("localStorage", "keep-history", keepsHistory.checked ? "on" : "off");
  if (!keepsHistory.checked) clearHistory();
});

new MutationObserver(noteQuestion).observe(main, { childList: true });
noteQuestion();
