// Answers without loading the page anew: what a link or a form leads to is fetched and put in place.
// Nothing needs this: the address and the page are the same without it.

const main = document.getElementById("main");
const said = document.getElementById("said");
const home = new URL(document.querySelector("header .name").href).pathname;
const wide = matchMedia("(min-width: 75rem)");
const touch = matchMedia("(pointer: coarse)");
let shown = location.pathname + location.search;

document.documentElement.classList.add("scripted");

const box = () => main.querySelector(".composer textarea");
const isConversation = (url) => url.origin === location.origin && url.pathname === home;
const pageOf = (url) => url.pathname + url.search;

// The one place that is read out; twice the same words are read twice, and only the last if two come at once.
let sayTimer = null;

function say(words) {
  clearTimeout(sayTimer);
  said.textContent = "";
  sayTimer = setTimeout(() => (said.textContent = words), 50);
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

// What this browser remembers; none of it leaves the browser, and nothing needs it.
function remember(kind, name, value) {
  try {
    const storage = window[kind];
    if (value === null) storage.removeItem(name);
    else if (value !== undefined) storage.setItem(name, value);
    return storage.getItem(name);
  } catch {
    return value;
  }
}
