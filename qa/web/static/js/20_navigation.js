// From one conversation to the next

const KEPT_PAGES = 20;
const PER_PAGE = "link[rel=canonical], meta[name=robots], meta[name=description], meta[property]";
const kept = new Map();
let waiting = null;

// A step: where to, what gets the focus there (the box, the heading, a panel, or what has it),
// the question that it asks, if any, and whether it takes the place of this page in the history.
async function go(step) {
  stopWaiting();
  waiting = new AbortController();
  main.setAttribute("aria-busy", "true");
  if (step.question) showPending(step.question);
  try {
    const response = await fetch(step.url, { headers: { Accept: "text/html" }, signal: waiting.signal });
    const html = await response.text();
    const address = new URL(response.url);
    const isPage = response.headers.get("Content-Type")?.startsWith("text/html") && isConversation(address);
    if (response.status === 401) location.assign(step.url);
    else if (!isPage || response.status === 429 || response.status >= 500) hold(step, response);
    else finish(step, address, html);
  } catch (error) {
    if (error.name !== "AbortError") hold(step);
  }
}

function finish(step, address, html) {
  keep(shown, document.documentElement.outerHTML);
  address.hash = step.url.hash;
  const replaces = step.replaces || pageOf(address) === shown;
  history[replaces ? "replaceState" : "pushState"](null, "", address);
  failures = 0;
  show(html);
  arrive(step.focus);
}

function stopWaiting() {
  waiting?.abort();
  waiting = null;
  main.removeAttribute("aria-busy");
  release();
  main.querySelector(".pending")?.remove();
}

function keep(page, html) {
  kept.delete(page);
  kept.set(page, html);
  if (kept.size > KEPT_PAGES) kept.delete(kept.keys().next().value);
}

// A turn that is the same stays, with what was unfolded in it; so does what is being typed.
function show(html) {
  stopWaiting();
  markOpen([]);
  const draft = draftOf(box());
  const active = document.activeElement;
  const places = panelPlaces();
  const next = new DOMParser().parseFromString(html, "text/html");
  const source = (turn) => turn.outerHTML.replaceAll(' open=""', "");
  const standing = new Map(Array.from(main.querySelectorAll(".turn"), (turn) => [source(turn), turn]));
  for (const turn of next.querySelectorAll(".turn")) {
    const same = standing.get(source(turn));
    if (same) turn.replaceWith(same);
  }
  main.replaceChildren(...next.getElementById("main").childNodes);
  document.title = next.title;
  document.head.querySelectorAll(PER_PAGE).forEach((old) => old.remove());
  document.head.append(...next.head.querySelectorAll(PER_PAGE));
  shown = location.pathname + location.search;
  if (active.isConnected && active !== document.body) active.focus({ preventScroll: true });
  putDraft(draft);
  settlePanels(places);
}

// To the new question's heading; whoever types goes on typing, unless a keyboard would cover it.
function arrive(focus) {
  if (focus === "stay") return;
  if (focus === "panel") return focusPanel();
  const target = document.getElementById(location.hash.slice(1));
  const typing = focus === "box" && !touch.matches;
  if (target) target.scrollIntoView();
  else scrollTo(0, 0);
  (typing || !target ? box() : target)?.focus({ preventScroll: true });
  const turn = main.querySelector(".turn:last-of-type");
  const words = [".verdict", ".source, .why p"].map((part) => turn?.querySelector(part));
  const spoken = words.map((part) => part && textOf(part)).filter(Boolean);
  if (turn && !main.querySelector(".problem")) say(spoken.join(". "));
}

function textOf(part) {
  const copy = part.cloneNode(true);
  copy.querySelectorAll(".number").forEach((number) => number.remove());
  return copy.textContent.replace(/\s+/g, " ").trim();
}

addEventListener("popstate", () => {
  const page = location.pathname + location.search;
  if (page === shown || !isConversation(location)) return;
  const html = kept.get(page);
  keep(shown, document.documentElement.outerHTML);
  if (html) show(html);
  else location.reload();
});

const isPlain = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || !isPlain(event)) return;
  const url = new URL(link.href);
  if (link.target || link.hasAttribute("download") || !isConversation(url) || !isConversation(location)) return;
  if (url.hash && pageOf(url) === shown) return;
  event.preventDefault();
  if (link.closest(".actions, .more")) openValues().forEach((value) => url.searchParams.append("open", value));
  const isStep = link.closest(".panel");
  const focus = "stay" in link.dataset ? "stay" : url.searchParams.has("open") ? "panel" : "heading";
  go({ url, focus, replaces: Boolean(isStep && link.rel) });
  if (link.matches(".close")) focusCard(link.closest(".panel").dataset.opened);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(".composer") || !isConversation(new URL(form.action)) || !isConversation(location)) return;
  event.preventDefault();
  send(form, event.submitter);
});

// A button with a name changes the filters or goes back: what is in the box is then no question.
function send(form, submitter, change) {
  const url = new URL(form.action);
  const fields = [...new FormData(form, submitter?.name ? submitter : null)];
  if (change) fields.push(["set", change]);
  const isChange = Boolean(submitter?.name || change);
  if (isChange) url.hash = location.hash;
  url.search = new URLSearchParams(isChange ? fields : fields.filter(([, value]) => value.trim()));
  const question = isChange ? "" : box().value.trim();
  submitter?.closest("[popover]:popover-open")?.hidePopover();
  go({ url, focus: isChange ? "stay" : "box", question });
}
