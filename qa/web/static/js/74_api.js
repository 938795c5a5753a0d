// Forms that try what programs call: the response is shown below them.

for (const field of document.querySelectorAll(".try-call [data-name]")) field.name = field.dataset.name;

const asText = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

async function tryCall(form) {
  const fields = [...new FormData(form)].filter(([, value]) => value.trim());
  const values = Object.fromEntries(fields);
  const url = new URL(form.action);
  const inPath = (name) => form.dataset.path?.includes(`{${name}}`);
  if (form.dataset.path) url.pathname = form.dataset.path.replace(/\{(\w+)\}/g, (_, name) => (values[name] ?? "").split("/").map(encodeURIComponent).join("/"));
  url.search = new URLSearchParams(fields.filter(([name]) => name !== "body" && !inPath(name)));
  const options = values.body ? { method: "POST", body: values.body, headers: { "Content-Type": "application/json" } } : {};
  const started = performance.now();
  const response = await fetch(url, options);
  const text = asText(await response.text());
  return [`${response.status} ${response.statusText}, ${Math.round(performance.now() - started)} ms, ${decodeURI(url.pathname)}${url.search}`, text.slice(0, 50_000)];
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const output = form.closest(".try-call")?.querySelector("output");
  if (!output) return;
  event.preventDefault();
  const [head, text] = await tryCall(form).catch(() => ["The service cannot be reached. Try again.", ""]);
  const shownText = element("pre", "code", text);
  shownText.tabIndex = 0;
  output.replaceChildren(element("p", "muted", head), ...(text ? [shownText] : []));
});
