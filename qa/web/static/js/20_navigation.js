// From one conversation to the next

async function go(url, focus) {
  waiting?.abort();
  waiting = new AbortController();
  main.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" }, signal: waiting.signal });
    const html = await response.text();
    const address = new URL(response.url);
    if (!response.headers.get("Content-Type")?.startsWith("text/html") || !isConversation(address)) throw new Error("no conversation");
    address.hash = url.hash;
    keep(shown, document.documentElement.outerHTML);
    history[pageOf(address) === shown ? "replaceState" : "pushState"](null, "", address);
    show(html);
    arrive(focus);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

function keep(page, html) {
  kept.delete(page);
  kept.set(page, html);
  if (kept.size > KEPT_PAGES) kept.delete(kept.keys().next().value);
}

// A turn that is the same stays, with what was unfolded in it.
function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const source = (turn) => turn.outerHTML.replaceAll(' open=""', "");
  const standing = new Map(Array.from(main.querySelectorAll(".turn"), (turn) => [source(turn), turn]));
  for (const turn of next.querySelectorAll(".turn")) {
    const same = standing.get(source(turn));
    if (same) turn.replaceWith(same);
  }
  main.replaceChildren(...next.getElementById("main").childNodes);
  main.removeAttribute("aria-busy");
  document.title = next.title;
  document.head.querySelectorAll(PER_PAGE).forEach((old) => old.remove());
  document.head.append(...next.head.querySelectorAll(PER_PAGE));
  shown = location.pathname + location.search;
  recalled = null;
  fit(box());
}

// To the new question's heading; whoever types goes on typing, unless a keyboard would cover it.
function arrive(focus) {
  const target = document.getElementById(location.hash.slice(1));
  const typing = focus === "box" && !matchMedia("(pointer: coarse)").matches;
  if (target) target.scrollIntoView();
  else scrollTo(0, 0);
  (typing || !target ? box() : target)?.focus({ preventScroll: true });
  const turn = main.querySelector(".turn:last-of-type");
  const words = [".verdict", ".source, .why p"].map((part) => turn?.querySelector(part)?.textContent.replace(/\s+/g, " ").trim());
  said.textContent = "";
  if (turn && !main.querySelector(".problem")) setTimeout(() => (said.textContent = words.filter(Boolean).join(". ")), 50);
}

addEventListener("popstate", () => {
  const page = location.pathname + location.search;
  if (page === shown || !isConversation(location)) return;
  const html = kept.get(page);
  keep(shown, document.documentElement.outerHTML);
  if (html) show(html);
  else location.reload();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (link.hasAttribute("data-copy") && navigator.clipboard) {
    event.preventDefault();
    copy(link);
  } else if (link.dataset.opens) {
    event.preventDefault();
    keys.showModal();
  } else if (!link.target && !link.hasAttribute("download") && isConversation(url) && isConversation(location) && !(url.hash && pageOf(url) === shown)) {
    event.preventDefault();
    go(url, "heading");
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const url = new URL(form.action);
  if (!form.matches(".composer") || !isConversation(url) || !isConversation(location)) return;
  event.preventDefault();
  url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  go(url, "box");
});
