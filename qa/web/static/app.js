// Answers without loading the page anew: what a link or a form leads to is fetched and put in place.
// Nothing needs this: the address and the page are the same without it.

const KEPT_PAGES = 20;
const NEAR_LIMIT = 200;
const PER_PAGE = "link[rel=canonical], meta[name=robots], meta[name=description], meta[property]";

const main = document.getElementById("main");
const said = document.getElementById("said");
const keys = document.getElementById("keys-dialog");
const singleKeys = document.getElementById("single-keys");
const home = new URL(document.querySelector("header .name").href).pathname;
const kept = new Map();
let shown = location.pathname + location.search;
let waiting = null;
let recalled = null;

const box = () => main.querySelector(".composer textarea");
const isConversation = (url) => url.origin === location.origin && url.pathname === home;
const pageOf = (url) => url.pathname + url.search;

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

// Citations are copied where they would be shown or saved. The clipboard is given a promise: to wait
// for the text first would cost the right to write there, which a click gives for a moment.

async function copy(link) {
  const text = fetch(link.href).then((response) => (response.ok ? response.blob() : Promise.reject(response)));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((blob) => new Blob([blob], { type: "text/plain" })) })]);
    link.dataset.copy = "done";
    said.textContent = `Copied: ${link.textContent}`;
    setTimeout(() => (link.dataset.copy = ""), 2000);
  } catch {
    location.assign(link.href);
  }
}

// Keys

document.addEventListener("keydown", (event) => {
  const field = box();
  if (event.isComposing || keys.open) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    if (field) field.focus();
    else location.assign(home);
  } else if (field && event.target === field) typing(event, field);
  else if (singleKeys.checked && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input:not([type=checkbox]), textarea, select")) {
    if (event.key === "?") keys.showModal();
    else if (event.key === "/" && field) field.focus();
    else return;
    event.preventDefault();
  }
});

function typing(event, field) {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  } else if (event.key === "Escape") field.blur();
  else if (event.key === "ArrowUp" && (!field.value || field.value === recalled)) recall(event, field);
}

function recall(event, field) {
  const asked = Array.from(field.form.querySelectorAll("[type=hidden][name=q]"), (input) => input.value);
  const before = field.value ? asked.lastIndexOf(recalled) : asked.length;
  if (before < 1) return;
  event.preventDefault();
  recalled = field.value = asked[before - 1];
  fit(field);
}

function remembered(value) {
  try {
    if (value) localStorage.setItem("single-keys", value);
    return localStorage.getItem("single-keys");
  } catch {
    return value;
  }
}

singleKeys.checked = remembered() !== "off";
singleKeys.addEventListener("change", () => remembered(singleKeys.checked ? "on" : "off"));

// The box grows with what is typed and tells when it is nearly full.

function fit(field) {
  if (!field) return;
  const left = field.maxLength < 0 ? Infinity : field.maxLength - field.value.length;
  if (left < NEAR_LIMIT) field.parentElement.dataset.left = `${left} left`;
  else delete field.parentElement.dataset.left;
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

main.addEventListener("input", (event) => event.target === box() && fit(event.target));
fit(box());
