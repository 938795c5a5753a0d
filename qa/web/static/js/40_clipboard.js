// Citations are copied where they would be shown or saved. The clipboard is given a promise: to wait
// for the text first would cost the right to write there, which a click gives for a moment.

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-copy], [data-copy-link]");
  if (!link || !isPlain(event) || !navigator.clipboard) return;
  event.preventDefault();
  copy(link);
}, true);

async function copy(link) {
  const mark = "copy" in link.dataset ? "copy" : "copyLink";
  const plain = (text) => new Blob([text], { type: "text/plain" });
  const text = mark === "copyLink" ? Promise.resolve(link.href) : fetch(link.href).then((response) => (response.ok ? response.text() : Promise.reject(response)));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then(plain) })]);
    link.dataset[mark] = "done";
    say(`Copied: ${textOf(link)}`);
    setTimeout(() => (link.dataset[mark] = ""), 2000);
  } catch {
    location.assign(link.href);
  }
}
