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
