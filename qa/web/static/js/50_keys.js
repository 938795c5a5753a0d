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
