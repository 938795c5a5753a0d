// Keys: those of one letter can be switched off.

const keys = document.getElementById("keys-dialog");
const singleKeys = document.getElementById("single-keys");
const KEYS = {
  "?": () => keys.showModal(),
  "/": () => box()?.focus(),
  n: () => stepMatch("next"),
  p: () => stepMatch("prev"),
};

document.addEventListener("keydown", (event) => {
  const field = box();
  if (event.isComposing || keys.open) return;
  const isPlainKey = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    if (field) field.focus();
    else location.assign(home);
  } else if (field && event.target === field) typing(event, field);
  else if (event.key === "Escape" && !document.querySelector(":popover-open")) activePanel()?.querySelector(".close").click();
  else if (singleKeys.checked && isPlainKey && KEYS[event.key] && !event.target.closest("input:not([type=checkbox]), textarea, select")) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

function typing(event, field) {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  } else if (event.key === "Escape") {
    field.blur();
    main.querySelector(".turn:last-of-type h2")?.focus({ preventScroll: true });
  } else if (event.key === "ArrowUp" && (!field.value || field.value === recalled)) recall(event, field);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opens]");
  if (!link || !isPlain(event)) return;
  event.preventDefault();
  keys.showModal();
}, true);

singleKeys.checked = remember("localStorage", "single-keys") !== "off";
singleKeys.addEventListener("change", () => remember("localStorage", "single-keys", singleKeys.checked ? "on" : "off"));
