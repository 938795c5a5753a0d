// Documents beside the answer, where there is room; elsewhere their links lead to their pages.

const openValues = () => new URLSearchParams(location.search).getAll("open");
const panels = () => [...main.querySelectorAll(".panel")];

function openPassages(...values) {
  const url = new URL(location.href);
  url.searchParams.delete("open");
  values.forEach((value) => url.searchParams.append("open", value));
  url.hash = "";
  go({ url, focus: "panel" });
}

document.addEventListener("click", (event) => {
  if (!wide.matches || !isPlain(event) || !isConversation(location)) return;
  const card = event.target.closest(".card");
  const link = event.target.closest("[data-open], [data-compare]");
  if (link?.dataset.compare && openValues().length) {
    event.preventDefault();
    openPassages(openValues()[0], link.dataset.compare);
  } else if (link?.dataset.open) {
    event.preventDefault();
    openPassages(link.dataset.open);
  } else if (card && !event.target.closest("a, button, details, label") && getSelection().isCollapsed) {
    openPassages(card.dataset.rank);
  }
}, true);

// Each panel where it was, or at what is cited in it; the passages that are open are marked.
function settlePanels(places) {
  for (const panel of panels()) {
    const scroll = panel.querySelector(".scroll");
    const cited = panel.querySelector("[id$=cited]");
    const place = places?.get(panel.dataset.opened);
    if (place !== undefined) scroll.scrollTop = place;
    else if (cited && wide.matches) scroll.scrollTop = cited.getBoundingClientRect().top - scroll.getBoundingClientRect().top - scroll.clientHeight / 4;
  }
  markOpen(openValues());
}

function panelPlaces() {
  return new Map(panels().map((panel) => [panel.dataset.opened, panel.querySelector(".scroll").scrollTop]));
}

function markOpen(values) {
  const ranks = values.map((value) => value.split("~")[0]);
  for (const card of main.querySelectorAll("[data-rank]")) card.classList.toggle("open", ranks.includes(card.dataset.rank));
}

function focusPanel() {
  const last = panels().at(-1);
  if (!last) return;
  last.querySelector(".scroll").focus({ preventScroll: true });
  if (!wide.matches) last.scrollIntoView();
  const title = textOf(last.querySelector("h2"));
  say(`${title}. ${textOf(last.querySelector(".steps"))}`);
}

function focusCard(value) {
  const rank = value.split("~")[0];
  main.querySelector(`[data-open="${rank}"]`)?.focus({ preventScroll: true });
}

// The panel that has the focus, or the last that was opened.
const activePanel = () => document.activeElement?.closest(".panel") ?? panels().at(-1);

function stepMatch(direction) {
  const panel = activePanel() ?? document.querySelector(".matches");
  panel?.querySelector(`[rel=${direction}]`)?.click();
}

settlePanels();
