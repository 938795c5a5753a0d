// The list of documents while its title is typed: the same page, of which the list is put in place.

const LISTING_REST = 120;
const titleField = document.getElementById("title");
let listingTimer = null;
let listing = null;

async function updateListing() {
  const form = titleField.form;
  const url = new URL(form.action);
  url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  listing?.abort();
  listing = new AbortController();
  const part = document.getElementById("listing");
  part.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" }, signal: listing.signal });
    if (!response.ok) throw new Error(response.status);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    part.replaceWith(next.getElementById("listing"));
    replaceApplied(next);
    history.replaceState(null, "", next.querySelector("link[rel=canonical]").href);
    say(textOf(document.getElementById("listed")));
  } catch (error) {
    if (error.name !== "AbortError") part.removeAttribute("aria-busy");
  }
}

// The filters that are on are after the form.
function replaceApplied(next) {
  titleField.form.parentElement.querySelector(":scope > .under")?.remove();
  const applied = next.querySelector("form.choose ~ .under");
  if (applied) titleField.form.after(applied);
}

titleField?.closest("form.choose")?.addEventListener("input", (event) => {
  if (event.target !== titleField || event.isComposing) return;
  clearTimeout(listingTimer);
  listingTimer = setTimeout(updateListing, LISTING_REST);
});
