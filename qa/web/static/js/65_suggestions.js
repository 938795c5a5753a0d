// Help while typing: questions, topics and documents of the index, and what this browser asked.
// The box stays a text box of several lines, which may not be called a combobox; it works as one.

const REST = 120;
const MOST_RECENT = 5;
const cachedSuggestions = new Map();
const suggestionList = element("div", "suggestions");
let restTimer = null;
let suggesting = null;

suggestionList.id = "suggestions";
suggestionList.setAttribute("role", "listbox");
suggestionList.setAttribute("aria-label", "Suggestions");

const isListOpen = () => suggestionList.isConnected;
const optionsOf = () => [...suggestionList.querySelectorAll("[role=option]")];
const activeOption = () => suggestionList.querySelector("[aria-selected=true]");

function scheduleSuggestions(field) {
  clearTimeout(restTimer);
  suggesting?.abort();
  if (!field.value.trim()) return closeList();
  restTimer = setTimeout(() => suggestFor(field), REST);
}

async function suggestFor(field) {
  const typed = field.value;
  const recent = recentQuestions(typed);
  const suggestions = await fetchSuggestions(typed);
  if (suggestions && field.value === typed && document.activeElement === field) openList(field, [...recent, ...suggestions]);
}

// Null where another request took the place of this one, or there was no answer.
async function fetchSuggestions(typed) {
  if (cachedSuggestions.has(typed)) return cachedSuggestions.get(typed);
  suggesting = new AbortController();
  const url = new URL("suggest", new URL(home, location));
  url.searchParams.set("q", typed.slice(0, 200));
  try {
    const response = await fetch(url, { signal: suggesting.signal });
    if (!response.ok) return null;
    const [, texts, notes, urls] = await response.json();
    const suggestions = texts.map((text, i) => suggestionOf(text, notes[i], urls[i]));
    cachedSuggestions.set(typed, suggestions);
    if (cachedSuggestions.size > 200) cachedSuggestions.delete(cachedSuggestions.keys().next().value);
    return suggestions;
  } catch {
    return null;
  }
}

function suggestionOf(text, note, url) {
  const [kind, ...more] = note.split(", ");
  return { kind: `${kind}s`, text, note: more.join(", "), url: kind === "Document" ? url : null };
}

// What was asked here before and has all the words that are typed, or begins with them.
function recentQuestions(typed) {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (question) => words.every((word) => question.toLocaleLowerCase().includes(word));
  const here = new Set(Array.from(box().form.querySelectorAll("[type=hidden][name=q]"), (input) => input.value));
  const questions = readHistory().map(([question]) => question).filter((question) => fits(question) && question !== typed.trim() && !here.has(question));
  return questions.slice(0, words.length ? 3 : MOST_RECENT).map((text) => ({ kind: "Asked here before", text, note: "", url: null }));
}

function openList(field, suggestions) {
  closeList();
  const texts = new Set();
  const unique = suggestions.filter(({ text }) => !texts.has(text) && texts.add(text));
  if (!unique.length) return;
  const kinds = new Set(unique.map(({ kind }) => kind));
  suggestionList.replaceChildren(...[...kinds].map((kind) => group(kind, unique.filter((each) => each.kind === kind))));
  optionsOf().forEach((option, i) => (option.id = `suggestion-${i}`));
  const frame = field.closest(".box");
  frame.append(suggestionList);
  const room = innerHeight - frame.getBoundingClientRect().bottom;
  suggestionList.classList.toggle("above", room < suggestionList.offsetHeight + 16 && frame.getBoundingClientRect().top > room);
  field.setAttribute("aria-controls", suggestionList.id);
  say(`${unique.length} suggestion${unique.length === 1 ? "" : "s"}; use the down arrow`);
}

function group(kind, suggestions) {
  const name = element("div", "kind", kind);
  name.setAttribute("role", "presentation");
  const made = element("div", "", name, ...suggestions.map(optionOf));
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", kind);
  if (kind === "Asked here before") {
    const clear = element("button", "plain", "Clear");
    clear.type = "button";
    clear.tabIndex = -1;
    name.append(clear);
  }
  return made;
}

function optionOf({ text, note, url }) {
  const words = element("span", "", text);
  words.dir = "auto";
  const option = element("div", "option", words, ...(note ? [element("span", "muted", note)] : []));
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  Object.assign(option.dataset, { text }, url ? { url } : {});
  return option;
}

function closeList() {
  clearTimeout(restTimer);
  // What comes late is for a question that was asked already.
  suggesting?.abort();
  // Nor is a list announced that is closed again.
  if (isListOpen()) clearTimeout(sayTimer);
  suggestionList.remove();
  const field = box();
  field?.removeAttribute("aria-activedescendant");
  field?.removeAttribute("aria-controls");
}

function activate(option) {
  activeOption()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) box().setAttribute("aria-activedescendant", option.id);
  else box().removeAttribute("aria-activedescendant");
}

function moveActive(direction) {
  const options = [null, ...optionsOf()];
  const place = options.indexOf(activeOption());
  activate(options[(place + direction + options.length) % options.length]);
}

// A question is asked, a document opened.
function choose(option) {
  const field = box();
  closeList();
  if (option.dataset.url) return location.assign(option.dataset.url);
  setText(field, option.dataset.text);
  field.form.requestSubmit();
}

function suggestRecent(field) {
  if (!field.value.trim() && !isListOpen()) openList(field, recentQuestions(""));
}

main.addEventListener("input", (event) => event.target === box() && !event.isComposing && scheduleSuggestions(event.target));
main.addEventListener("click", (event) => event.target === box() && suggestRecent(event.target));
main.addEventListener("submit", closeList, true);
main.addEventListener("focusout", (event) => event.target === box() && closeList());

// The list must not take the focus from the box.
suggestionList.addEventListener("pointerdown", (event) => event.preventDefault());
suggestionList.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) choose(option);
  else if (event.target.closest("button")) {
    closeList();
    clearHistory();
  }
});

document.addEventListener("keydown", (event) => {
  const field = box();
  if (event.target !== field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowDown" && !isListOpen()) return suggestRecent(field);
  if (!isListOpen()) return;
  if (event.key === "Tab") closeList();
  const action = listActions[event.key];
  if (!action || (event.key === "Enter" && (!activeOption() || event.shiftKey))) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}, true);

const listActions = {
  ArrowDown: () => moveActive(1),
  ArrowUp: () => moveActive(-1),
  Escape: closeList,
  Enter: () => choose(activeOption()),
};
